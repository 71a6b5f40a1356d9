//! Space exports, each for one behavior.

use std::fs;
use std::io::Write as _;

use tempfile::TempDir;
use trailblazer::normalize::{Options, Source};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::documents::read;

/// Returns a space export with one page that has the title `title`.
fn entities(page: u64, title: &str, body: &str, rest: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<hibernate-generic>\n\
         <object class=\"Page\"><id name=\"id\">{page}</id><property name=\"title\"><![CDATA[{title}]]></property></object>\n\
         <object class=\"BodyContent\"><id name=\"id\">{page}1</id><property name=\"bodyType\">2</property>\n\
         <property name=\"content\" class=\"Page\"><id name=\"id\">{page}</id></property>\n\
         <property name=\"body\"><![CDATA[{body}]]></property></object>\n{rest}</hibernate-generic>"
    )
}

fn attachment(id: u64, page: u64, name: &str) -> String {
    format!(
        "<object class=\"Attachment\"><id name=\"id\">{id}</id><property name=\"title\"><![CDATA[{name}]]></property>\
         <property name=\"version\">2</property>\
         <property name=\"containerContent\" class=\"Page\"><id name=\"id\">{page}</id></property></object>\n"
    )
}

#[test]
fn exports_among_page_files_are_read_as_exports_and_their_attachments_as_none() {
    let folder = TempDir::new().expect("a temporary folder");
    let space = folder.path().join("space");
    fs::create_dir_all(space.join("attachments/1/9")).expect("a folder");
    fs::write(space.join("entities.xml"), entities(1, "One", "<p>one</p>", "")).expect("a written file");
    fs::write(space.join("attachments/1/9/1.html"), "<p>attached</p>").expect("a written file");
    fs::write(folder.path().join("page.xml"), "<p>alone</p>").expect("a written file");
    let zip = |name: &str, entry: &str, content: &str| {
        fs::write(folder.path().join(name), zip_of(entry, content)).expect("a written file");
    };
    zip("other.zip", "export/entities.xml", &entities(2, "Two", "<p>two</p>", ""));
    zip("attached.zip", "readme.txt", "no export");
    let read = read(folder.path(), Source::Confluence, &Options::default());
    assert_eq!(read.failures, []);
    // The folder has a different name in every run.
    let name = |id: &'_ str| id.split_once('/').map_or(String::new(), |(_, name)| name.to_owned());
    let found: Vec<(String, &str, Option<&str>)> =
        read.documents.iter().map(|page| (name(&page.id), &*page.text_md, page.source_path.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("page".to_owned(), "alone", Some("page.xml")),
            ("2".to_owned(), "two", Some("other.zip/entities.xml")),
            ("1".to_owned(), "one", Some("space/entities.xml")),
        ]
    );
}

/// Returns a zip file with one entry.
fn zip_of(entry: &str, content: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file(entry, SimpleFileOptions::default()).expect("an entry");
    writer.write_all(content.as_bytes()).expect("a written entry");
    writer.finish().expect("a zip").into_inner()
}

#[test]
fn a_damaged_export_among_others_is_a_failure_with_its_name() {
    let folder = TempDir::new().expect("a temporary folder");
    let whole = |page, title| zip_of("entities.xml", &entities(page, title, "<p>x</p>", ""));
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a written file");
    write("a.zip", &whole(1, "One"));
    let cut = whole(2, "Two");
    write("b.zip", &cut[..cut.len() - 40]);
    fs::create_dir(folder.path().join("c")).expect("a folder");
    write("c/entities.xml", b"");
    let read = read(folder.path(), Source::Confluence, &Options::default());
    assert_eq!(read.documents.iter().map(|page| page.title.as_str()).collect::<Vec<_>>(), ["One"]);
    assert_eq!(read.failures.iter().map(|failure| failure.path.as_str()).collect::<Vec<_>>(), ["b.zip", "c"]);
    assert!(read.failures[0].message.contains("not a readable zip file"), "{:?}", read.failures);
}

#[test]
fn an_export_at_the_top_of_a_folder_hides_no_other_input() {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a written file");
    };
    let link = "<p><ac:link><ri:page ri:content-title=\"Two\"/></ac:link></p>";
    write("entities.xml", entities(1, "One", link, "").as_bytes());
    write("exportDescriptor.properties", b"source=server");
    write("attachments/1/9/1.html", b"<p>attached</p>");
    write("b.zip", &zip_of("entities.xml", &entities(2, "Two", "<p>two</p>", "")));
    write("sub/p.xml", b"<p>three</p>");
    write("sub/entities.xml", entities(4, "Four", "<p>four</p>", "").as_bytes());
    let read = read(folder.path(), Source::Confluence, &Options::default());
    assert_eq!(read.failures, []);
    let mut titles: Vec<&str> = read.documents.iter().map(|page| page.title.as_str()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["Four", "One", "Two", "p"]);
    let target = read.titled("One").links[0].target_id.as_deref();
    assert_eq!(target, Some(read.titled("Two").id.as_str()));
}

#[test]
fn bytes_that_are_not_utf_8_spoil_only_themselves() {
    let second = entities(2, "Two", "<p>two</p>", "");
    let second = second.split_once("<hibernate-generic>").expect("an export").1;
    // A long body is skipped in the first pass, which may end inside a character.
    let long = |shift: usize| format!("<p>{}{}</p>", "x".repeat(shift), "€".repeat(5_000));
    for body in ["<p>?</p>".to_owned(), long(0), long(1), long(2)] {
        let whole = entities(1, "One ?", &body, second)
            .replace("</hibernate-generic></hibernate-generic>", "</hibernate-generic>");
        let bytes: Vec<u8> = whole.bytes().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
        let header = whole.find('>').expect("a header");
        let bytes = [&whole.as_bytes()[..=header], &bytes[header + 1..]].concat();
        let folder = TempDir::new().expect("a temporary folder");
        fs::write(folder.path().join("entities.xml"), bytes).expect("a written file");
        let read = read(folder.path(), Source::Confluence, &Options::default());
        assert_eq!(read.failures, []);
        let [one, two] = read.documents.as_slice() else { panic!("{:?}", read.documents) };
        assert_eq!((one.title.as_str(), two.title.as_str(), two.text_md.as_str()), ("One \u{fffd}", "Two", "two"));
        let expected = body.trim_start_matches("<p>").trim_end_matches("</p>").replace('?', "\u{fffd}");
        assert_eq!(one.text_md, expected);
        let invalid = 1 + u64::from(body.contains('?'));
        assert_eq!((one.losses["invalid-bytes"], two.losses.get("invalid-bytes")), (invalid, None));
    }
}

#[test]
fn the_internal_key_of_a_person_is_no_author() {
    let key = "f".repeat(32);
    let user = |name: &str| {
        format!(
            "<object class=\"ConfluenceUserImpl\"><id name=\"key\">{key}</id><property name=\"name\"><![CDATA[{name}]]></property></object>\n"
        )
    };
    let comment = format!(
        "<object class=\"Comment\"><id name=\"id\">5</id>\
         <property name=\"containerContent\" class=\"Page\"><id name=\"id\">1</id></property>\
         <property name=\"creator\" class=\"ConfluenceUserImpl\"><id name=\"key\">{key}</id></property></object>\n\
         <object class=\"BodyContent\"><id name=\"id\">6</id><property name=\"bodyType\">2</property>\
         <property name=\"content\" class=\"Comment\"><id name=\"id\">5</id></property>\
         <property name=\"body\"><![CDATA[<p>c</p>]]></property></object>\n"
    );
    let body = format!("<p><ac:link><ri:user ri:userkey=\"{key}\"/></ac:link></p>");
    let mut options = Options::default();
    options.confluence.comments = true;
    for (users, author, shown) in
        [(String::new(), None, "unknown user"), (user(&key), None, "unknown user"), (user("ann"), Some("ann"), "ann")]
    {
        let modifier = format!(
            "<property name=\"lastModifier\" class=\"ConfluenceUserImpl\"><id name=\"key\">{key}</id></property></object>"
        );
        let whole = entities(1, "One", &body, &(users + &comment)).replacen("</object>", &modifier, 1);
        let folder = TempDir::new().expect("a temporary folder");
        fs::write(folder.path().join("entities.xml"), whole).expect("a written file");
        let page = &read(folder.path(), Source::Confluence, &options).documents[0];
        assert_eq!(page.meta.get("author").and_then(|name| name.as_str()), author);
        let label = author.unwrap_or("Comment");
        assert_eq!(page.text_md, format!("@{shown}\n\n## Comments\n\n> **{label}:** c"));
    }
}

#[test]
fn pages_that_are_not_current_are_counted_by_status() {
    let other = |id: u64, status: &str| {
        format!(
            "<object class=\"Page\"><id name=\"id\">{id}</id><property name=\"title\"><![CDATA[T{id}]]></property>\
             <property name=\"contentStatus\"><![CDATA[{status}]]></property></object>\n"
        )
    };
    let rest = other(2, "draft") + &other(3, "archived") + &other(4, "archived");
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("entities.xml"), entities(1, "One", "<p>x</p>", &rest)).expect("a written file");
    let read = read(folder.path(), Source::Confluence, &Options::default());
    assert_eq!(read.documents.len(), 1);
    let told: Vec<&str> = read.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert!(told.contains(&"omitted pages that are not current: 2 archived, 1 draft"), "{told:?}");
}

#[test]
fn a_body_beyond_the_cap_is_a_failure_with_its_line_and_the_rest_is_read() {
    let folder = TempDir::new().expect("a temporary folder");
    let giant = "<p>x</p>\n".repeat(2 << 20);
    let second = entities(2, "Two", "<p>two</p>", "");
    let second = second.split_once("<hibernate-generic>").expect("an export").1;
    let whole =
        entities(1, "One", &giant, second).replace("</hibernate-generic></hibernate-generic>", "</hibernate-generic>");
    fs::write(folder.path().join("entities.xml"), whole).expect("a written file");
    let read = read(folder.path(), Source::Confluence, &Options::default());
    assert_eq!(read.documents.iter().map(|page| page.text_md.as_str()).collect::<Vec<_>>(), ["two"]);
    let [failure] = read.failures.as_slice() else { panic!("{:?}", read.failures) };
    assert_eq!(failure.line, Some(6));
    assert!(failure.message.contains("page 1") && failure.message.contains("bytes"), "{}", failure.message);
}

#[test]
fn sources_of_diagrams_are_read_from_the_files_of_the_export() {
    // `<mxGraphModel>` with the labels `<b>Web</b><div>tier</div>` and `Web tier`, in the format of draw.io.
    let packed = "UzV2zq1wL0osyPDNT0nNUTV2VTV2LsrPL4GwciucU3NyVI0MMlNUjV1UjYwMgFgfh5yRKggZlCXmlKZCRFSNzHKAJjklARnpIEZ4ahJMTB8uCBNJySyDCZVkphbBFSKJQ21ILSpJrYBYYYjHQcYYDgLbbwAxHaZNH+FdfbSwAAA=";
    let drawing = format!(
        "<mxfile><diagram name=\"1\">{packed}</diagram><diagram name=\"2\"><mxGraphModel><root>\
         <object label=\"Data &amp;amp; more\" id=\"1\"><mxCell/></object></root></mxGraphModel></diagram></mxfile>"
    );
    let call = |name: &str, parameter: &str, value: &str| {
        format!(
            "<ac:structured-macro ac:name=\"{name}\"><ac:parameter ac:name=\"{parameter}\">{value}</ac:parameter></ac:structured-macro>"
        )
    };
    let body = call("mermaid-cloud", "filename", "flow") + &call("drawio", "diagramName", "D");
    let attached = attachment(7, 1, "flow") + &attachment(8, 1, "D");
    let folder = TempDir::new().expect("a temporary folder");
    let export = [
        ("entities.xml", entities(1, "One", &body, &attached)),
        ("attachments/1/7/2", "graph TD;\nA-->B;".to_owned()),
        ("attachments/1/8/2", drawing),
    ];
    let mut zip = ZipWriter::new(fs::File::create(folder.path().join("e.zip")).expect("a file"));
    for (name, content) in &export {
        let path = folder.path().join("unpacked").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, content).expect("a written file");
        zip.start_file(format!("top/{name}"), SimpleFileOptions::default()).expect("an entry");
        zip.write_all(content.as_bytes()).expect("a written entry");
    }
    zip.finish().expect("a zip");
    for input in ["unpacked", "e.zip"] {
        let read = read(&folder.path().join(input), Source::Confluence, &Options::default());
        let expected = "```mermaid\ngraph TD;\nA-->B;\n```\n\n![D](D.png)\n\n- Web tier\n- Data & more";
        assert_eq!(read.documents[0].text_md, expected, "{input}");
    }
}

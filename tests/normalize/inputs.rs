//! Inputs for one behavior each.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;
use trailblazer::config::Attachments;
use trailblazer::normalize::{self, Document, Options, Outcome, Source};

use crate::conformance::parsed::faults;
use crate::support::documents::{Read, read, read_files};

/// Reads a folder of files.
fn folder(files: &[(&str, &str)]) -> Read {
    read_files(files, &Options::default())
}

/// Reads one page of storage format.
fn page(storage: &str) -> Document {
    let mut read = folder(&[("page.xml", storage)]);
    assert_eq!(read.failures, []);
    read.documents.remove(0)
}

fn shallow(depth: usize, open: &str, close: &str) -> String {
    format!("{}x{}", open.repeat(depth), close.repeat(depth))
}

#[test]
fn parameters_of_unknown_macros_are_never_printed_and_bodies_always_are() {
    let document = page(
        r#"<ac:structured-macro ac:name="vendor"><ac:parameter ac:name="key">secret</ac:parameter>
        <ac:rich-text-body><p>shown</p></ac:rich-text-body></ac:structured-macro>"#,
    );
    assert_eq!(document.text_md, "shown");
    assert_eq!(document.losses["macro:vendor"], 1);
}

#[test]
fn pages_that_include_each_other_stop_at_the_cycle() {
    let include = |title: &str| {
        format!(
            r#"<ac:structured-macro ac:name="include"><ac:parameter ac:name=""><ac:link><ri:page ri:content-title="{title}"/></ac:link></ac:parameter></ac:structured-macro>"#
        )
    };
    let read = folder(&[
        ("a.xml", &format!("<p>of a</p>{}", include("b"))),
        ("b.xml", &format!("<p>of b</p>{}", include("a"))),
    ]);
    assert_eq!(read.documents[0].text_md, "of a\n\nof b\n\nIncluded: a");
    assert_eq!(read.documents[0].losses["include:cycle"], 1);
}

#[test]
fn an_excerpt_of_another_page_is_shown_even_when_it_is_hidden_there() {
    let read = folder(&[
        (
            "a.xml",
            r#"<ac:structured-macro ac:name="excerpt-include"><ac:parameter ac:name="">b</ac:parameter></ac:structured-macro>"#,
        ),
        (
            "b.xml",
            r#"<p>rest</p><ac:structured-macro ac:name="excerpt"><ac:parameter ac:name="hidden">true</ac:parameter><ac:rich-text-body><p>the gist</p></ac:rich-text-body></ac:structured-macro>"#,
        ),
    ]);
    assert_eq!(read.documents[0].text_md, "the gist");
    assert_eq!(read.documents[1].text_md, "rest");
}

#[test]
fn page_properties_become_lines_and_hidden_ones_metadata() {
    let details = |hidden: &str| {
        format!(
            r#"<ac:structured-macro ac:name="details">{hidden}<ac:rich-text-body><table><tbody><tr><th>Owner</th><td>Ada</td></tr><tr><th>State</th><td>done</td></tr></tbody></table></ac:rich-text-body></ac:structured-macro>"#
        )
    };
    assert_eq!(page(&details("")).text_md, "**Owner:** Ada\\\n**State:** done");
    let hidden = page(&details(r#"<ac:parameter ac:name="hidden">true</ac:parameter>"#));
    assert_eq!(hidden.text_md, "");
    assert_eq!(hidden.meta["properties"]["Owner"], "Ada");
}

#[test]
fn an_emoji_that_is_no_emoticon_is_shown_as_itself() {
    let emoticon =
        |attributes: &str| page(&format!("<p><ac:emoticon ac:name=\"blue-star\" {attributes}/></p>")).text_md;
    let custom = r#"ac:emoji-shortname=":partyparrot:" ac:emoji-id="5f-2" ac:emoji-fallback=":partyparrot:""#;
    assert_eq!(emoticon(custom), ":partyparrot:");
    assert_eq!(emoticon(r#"ac:emoji-shortname=":rocket:" ac:emoji-id="1f680" ac:emoji-fallback="🚀""#), "🚀");
    assert_eq!(emoticon(r#"ac:emoji-shortname=":blue_star:" ac:emoji-fallback=":blue_star:""#), "★");
    assert_eq!(emoticon(""), "★");
    let without_a_name = page("<p>a<ac:emoticon/>b</p>");
    assert_eq!((without_a_name.text_md.as_str(), without_a_name.losses["emoticon:unknown"]), ("ab", 1));
}

#[test]
fn a_status_without_a_title_says_its_color() {
    let status = |parameters: &str| {
        page(&format!(r#"<p>Is <ac:structured-macro ac:name="status">{parameters}</ac:structured-macro>.</p>"#))
    };
    let color = r#"<ac:parameter ac:name="colour">Red</ac:parameter>"#;
    assert_eq!(status(color).text_md, "Is **Red**.");
    let titled = format!(r#"{color}<ac:parameter ac:name="title">LATE</ac:parameter>"#);
    assert_eq!(status(&titled).text_md, "Is **LATE**.");
    assert_eq!(status("").losses["macro:status"], 1);
}

#[test]
fn an_empty_page_is_a_document_that_says_so() {
    for empty in ["", "<p />", "<h1>Only a title</h1>"] {
        let document = page(empty);
        assert_eq!((document.text_md.as_str(), document.losses["body:empty"]), ("", 1), "{empty}");
    }
    assert!(page("<p>Text.</p>").losses.is_empty());
}

#[test]
fn links_between_page_files_carry_the_id_of_their_target() {
    let read = folder(&[
        (
            "a.xml",
            r#"<p><ac:link><ri:page ri:content-title="Bee"/></ac:link> and <ac:link><ri:page ri:content-title="Gone"/></ac:link></p>"#,
        ),
        ("42.xml", "<html><head><title>Bee</title></head><body><p>x</p></body></html>"),
    ]);
    let a = &read.documents[1];
    assert_eq!(a.text_md, "Bee and Gone");
    assert_eq!((a.links[0].target_id.as_deref(), a.links[0].reason.as_deref()), (Some("input/42"), None));
    assert_eq!((a.links[1].target_id.as_deref(), a.links[1].reason.as_deref()), (None, Some("not in input")));
}

#[test]
fn a_file_that_cannot_be_read_is_a_failure_and_does_not_stop_the_others() {
    let deep = shallow(300, "<div>\n", "</div>");
    let read =
        folder(&[("a.json", "{\n\"id\": }"), ("b.xml", &deep), ("c.json", "{\"x\": 1}"), ("d.xml", "<p>fine</p>")]);
    assert_eq!(read.documents.len(), 1);
    let failures: Vec<(&str, Option<u64>)> = read.failures.iter().map(|f| (f.path.as_str(), f.line)).collect();
    assert_eq!(failures, [("a.json", Some(2)), ("b.xml", Some(257)), ("c.json", None)]);
}

#[test]
fn nesting_up_to_the_cap_is_converted() {
    for (open, close) in [
        ("<ul><li>", "</li></ul>"),
        ("<blockquote>", "</blockquote>"),
        ("<table><tr><td rowspan=\"2\">", "</td></tr><tr><td>y</td></tr></table>"),
        ("<strong><em>", "</em></strong>"),
        ("<ac:structured-macro ac:name=\"info\"><ac:rich-text-body>", "</ac:rich-text-body></ac:structured-macro>"),
    ] {
        let levels = 250 / open.matches('<').count();
        let document = page(&shallow(levels, open, close));
        assert!(document.text_md.contains('x'), "{open}");
    }
}

#[test]
fn a_table_whose_spans_would_fill_memory_is_written_all_the_same() {
    let mut rows = String::from("<tr><td colspan=\"1000\" rowspan=\"60000\">wide</td></tr>");
    rows.push_str(&"<tr><td rowspan=\"60000\">x</td></tr>".repeat(20_000));
    let document = page(&format!("<table>{rows}</table>"));
    assert!(document.text_md.matches('x').count() > 0);
    assert!(document.text_md.len() < 10_000_000, "{}", document.text_md.len());
}

#[test]
fn a_span_makes_no_columns_in_which_no_cell_begins() {
    let document = page("<table><tr><td colspan=\"100000\">wide</td></tr><tr><td>a</td><td>b</td></tr></table>");
    assert_eq!(document.text_md, "|  |  |\n| --- | --- |\n| wide | wide |\n| a | b |");
    assert_eq!(document.losses["table:wide-span"], 1);
}

#[test]
fn windows_and_utf_16_files_are_decoded() {
    let folder = TempDir::new().expect("a temporary folder");
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("<p>grün 日本</p>".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    fs::write(folder.path().join("a.xml"), utf16).expect("a written file");
    fs::write(folder.path().join("b.xml"), b"<p>gr\xfcn \x80</p>").expect("a written file");
    let html =
        b"<html><head><meta charset=\"iso-8859-2\"><title>Za\xbf\xf3\xb3\xe6</title></head><p>\xbf\xf3\xb3w</p></html>";
    fs::write(folder.path().join("c.html"), html).expect("a written file");
    let read = read(folder.path(), Source::Confluence, &Options::default());
    assert_eq!(read.documents[0].text_md, "grün 日本");
    assert_eq!(read.documents[1].text_md, "grün €");
    assert_eq!((read.documents[2].title.as_str(), read.documents[2].text_md.as_str()), ("Zażółć", "żółw"));
}

#[test]
fn a_byte_that_is_no_utf_8_spoils_nothing_but_itself() {
    let folder = TempDir::new().expect("a temporary folder");
    let page = ["<h1>Übersicht</h1><p>Größe".as_bytes(), b" \xfc</p>"].concat();
    fs::write(folder.path().join("a.xml"), &page).expect("a written file");
    let declared = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><p>\xfc</p>";
    fs::write(folder.path().join("b.xml"), declared).expect("a written file");
    let documents = read(folder.path(), Source::Confluence, &Options::default()).documents;
    assert_eq!((documents[0].title.as_str(), documents[0].text_md.as_str()), ("Übersicht", "Größe \u{fffd}"));
    assert_eq!(documents[1].text_md, "\u{fffd}");
    for document in documents {
        assert_eq!((document.losses["invalid-bytes"], document.losses.len()), (1, 1));
    }
}

#[test]
fn links_in_a_circle_are_told_and_passed_over() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::create_dir_all(folder.path().join("a/b")).expect("a folder");
    fs::create_dir(folder.path().join("c")).expect("a folder");
    for (path, text) in [("z.html", "top"), ("a/b/y.html", "below"), ("c/x.html", "beside")] {
        fs::write(folder.path().join(path), format!("<p>{text}</p>")).expect("a written file");
    }
    for (target, link) in [(".", "again"), ("../..", "a/b/up"), ("../../c", "a/b/c"), ("itself", "itself")] {
        symlink(target, folder.path().join(link)).expect("a link");
    }
    let read = read(folder.path(), Source::Confluence, &Options::default());
    let ids: Vec<&str> = read.documents.iter().filter_map(|page| Some(page.id.split_once('/')?.1)).collect();
    // A link to another folder is followed.
    assert_eq!(ids, ["a/b/c/x", "a/b/y", "c/x", "z"]);
    let told: Vec<(&str, &str)> =
        read.failures.iter().map(|failure| (failure.path.as_str(), failure.message.as_str())).collect();
    let message = "the folder is a link to one of its parent folders; remove the link";
    assert_eq!(told, [("a/b/up", message), ("again", message)]);
}

#[test]
fn symbolic_links_out_of_the_input_are_told_and_not_followed() {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a written file");
    };
    for (path, text) in [
        ("out/page.html", "<p>SECRET</p>"),
        ("out/folder/page.html", "<p>SECRET</p>"),
        ("out/notes.txt", "SECRET"),
        ("out/entities.xml", &entities().replace("Hello", "SECRET")),
        ("out/exportDescriptor.properties", "baseUrl=https://secret.example"),
        ("out/confluence.ndjson", r#"{"id":"1","title":"SECRET","body_storage":"<p>SECRET</p>"}"#),
        ("in/page.html", "<p><ac:link><ri:attachment ri:filename=\"notes.txt\"/></ac:link></p>"),
        ("in/below/shown.html", "<p>shown</p>"),
        ("in/space/entities.xml", &entities()),
        ("in/space/attachments/x", ""),
        ("in/ingest/x", ""),
    ] {
        write(path, text);
    }
    for (target, link) in [
        ("../out/page.html", "in/link.html"),
        ("../out/folder", "in/folder"),
        ("../out/notes.txt", "in/notes.txt"),
        ("../../out/entities.xml", "in/other/entities.xml"),
        ("../../out/exportDescriptor.properties", "in/space/exportDescriptor.properties"),
        ("../../out/confluence.ndjson", "in/ingest/confluence.ndjson"),
        ("../../out", "in/attachments/page"),
        ("below/shown.html", "in/inside.html"),
    ] {
        let link = folder.path().join(link);
        fs::create_dir_all(link.parent().expect("a parent")).expect("a folder");
        symlink(target, link).expect("a link");
    }
    let mut options = Options::default();
    options.confluence.attachments = Attachments::Text;
    let input = read(&folder.path().join("in"), Source::Confluence, &options);
    let ids: Vec<&str> = input.documents.iter().map(|page| page.id.as_str()).collect();
    assert_eq!(ids, ["in/below/shown", "in/inside", "in/page", "ENG/10", "ENG/11"]);
    let text = format!("{:?}", input.documents);
    assert!(!text.contains("SECRET") && !text.contains("secret"), "{text}");
    let told: Vec<&str> = input.failures.iter().map(|failure| failure.path.as_str()).collect();
    let links = [
        "attachments/page",
        "folder",
        "ingest/confluence.ndjson",
        "link.html",
        "other/entities.xml",
        "space/exportDescriptor.properties",
    ];
    assert_eq!(told, links);
    assert!(input.failures.iter().all(|failure| failure.message.contains("leads out of the input")));
    // The input itself may be a link.
    for (target, link) in [("in", "again"), ("out/page.html", "page.html")] {
        symlink(target, folder.path().join(link)).expect("a link");
        let read = read(&folder.path().join(link), Source::Confluence, &options);
        assert!(!read.documents.is_empty(), "{link}");
    }
}

/// Returns the failures of an input, or the error that concerns the whole input. Panics if the reader waits.
fn faults_in_time(path: &Path, source: Source) -> Vec<(String, String)> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let path = path.to_owned();
    std::thread::spawn(move || {
        let mut options = Options::default();
        options.confluence.attachments = Attachments::Text;
        let mut faults = Vec::new();
        let result = normalize::read(&path, source, &options, &mut |outcome| {
            if let Outcome::Failure(fault) | Outcome::Skipped(fault) = outcome {
                faults.push((fault.path, fault.message));
            }
            Ok(())
        });
        faults.extend(result.err().map(|error| (String::new(), error.to_string())));
        sender.send(faults)
    });
    receiver.recv_timeout(Duration::from_secs(60)).expect("the reader waits for no pipe")
}

#[test]
fn only_regular_files_are_opened() {
    let folder = TempDir::new().expect("a temporary folder");
    let pipe = |path: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        mkfifo(&path, Mode::S_IRWXU).expect("a pipe");
        path
    };
    let names = ["in/T.xml", "in/e.zip", "in/p.json", "in/space/exportDescriptor.properties", "in/sub/entities.xml"];
    for path in names {
        pipe(path);
    }
    for path in ["in/attachments/page/a.txt", "in/space/attachments/10/5/1"] {
        pipe(path);
    }
    fs::write(folder.path().join("in/page.html"), "<p>x</p>").expect("a written file");
    let attachment = r#"<object class="Attachment"><id name="id">5</id><property name="title"><![CDATA[b.txt]]></property><property name="containerContent" class="Page"><id name="id">10</id></property></object></hibernate-generic>"#;
    let export = entities().replace("</hibernate-generic>", attachment);
    fs::write(folder.path().join("in/space/entities.xml"), export).expect("a written file");
    let expected = |path: &str| (path.to_owned(), "it is not a regular file".to_owned());
    let missing = |path: &str| (path.to_owned(), "the attachment is not in the input".to_owned());
    let faults = faults_in_time(&folder.path().join("in"), Source::Confluence);
    let told: Vec<(String, String)> = names.map(|name| expected(name.trim_start_matches("in/"))).to_vec();
    assert_eq!(faults, [told, vec![missing("page/a.txt"), missing("Root/b.txt")]].concat());
    for (name, source) in [
        ("T.xml", Source::Confluence),
        ("e.zip", Source::Confluence),
        ("p.json", Source::Confluence),
        ("c.ndjson", Source::Confluence),
        ("t.dita", Source::Dita),
        ("m.ditamap", Source::Dita),
    ] {
        let faults = faults_in_time(&pipe(&format!("alone/{name}")), source);
        assert!(!faults.is_empty() && faults.iter().all(|(_, fault)| fault.contains("not a")), "{name}: {faults:?}");
    }
}

/// Returns an export with one object of each important kind.
fn entities() -> String {
    let body = r#"<p>Hello</p><ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[if [[ a ]] > b]] ></ac:plain-text-body></ac:structured-macro>"#;
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<hibernate-generic>
<object class="Space"><id name="id">1</id><property name="key"><![CDATA[ENG]]></property><property name="name"><![CDATA[Eng]]></property></object>
<object class="Page"><id name="id">10</id><property name="title"><![CDATA[Root]]></property><property name="space" class="Space"><id name="id">1</id></property><property name="version">3</property><property name="contentStatus"><![CDATA[current]]></property></object>
<object class="Page"><id name="id">11</id><property name="title"><![CDATA[Old]]></property><property name="parent" class="Page"><id name="id">10</id></property><property name="space" class="Space"><id name="id">1</id></property></object>
<object class="Page"><id name="id">12</id><property name="title"><![CDATA[Gone]]></property><property name="contentStatus"><![CDATA[deleted]]></property></object>
<object class="BodyContent"><id name="id">20</id><property name="body"><![CDATA[{body}]]></property><property name="content" class="Page"><id name="id">10</id></property><property name="bodyType">2</property></object>
<object class="BodyContent"><id name="id">21</id><property name="body"><![CDATA[h2. Wiki
* a *b*]]></property><property name="content" class="Page"><id name="id">11</id></property><property name="bodyType">0</property></object>
<object class="Label"><id name="id">30</id><property name="name"><![CDATA[howto]]></property><property name="namespace"><![CDATA[global]]></property></object>
<object class="Labelling"><id name="id">31</id><property name="label" class="Label"><id name="id">30</id></property><property name="content" class="Page"><id name="id">10</id></property></object>
</hibernate-generic>"#
    )
}

fn check_export(read: &Read) {
    assert_eq!(read.failures, []);
    let [root, old] = read.documents.as_slice() else { panic!("{:?}", read.documents) };
    assert_eq!(root.text_md, "Hello\n\n```\nif [[ a ]] > b\n```");
    assert_eq!((root.labels.as_slice(), root.version), (&["howto".to_owned()][..], Some(3)));
    assert_eq!(old.text_md, "## Wiki\n\n- a **b**");
    assert_eq!((old.breadcrumbs.as_slice(), old.body_repr.as_deref()), (&["Root".to_owned()][..], Some("wiki")));
}

#[test]
fn an_export_reads_the_same_from_a_file_a_folder_and_a_zip() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("entities.xml");
    fs::write(&file, entities()).expect("a written file");
    let beside = TempDir::new().expect("a temporary folder");
    let zip = beside.path().join("export.zip");
    let mut writer = zip::ZipWriter::new(fs::File::create(&zip).expect("a file"));
    let options = zip::write::SimpleFileOptions::default();
    writer.start_file("entities.xml", options).expect("an entry");
    writer.write_all(entities().as_bytes()).expect("a written entry");
    writer.finish().expect("a zip");
    let from = |path: &Path| read(path, Source::Confluence, &Options::default());
    for path in [file.as_path(), folder.path(), zip.as_path()] {
        check_export(&from(path));
    }
    // An export may stand next to the zip file from which it was unpacked.
    fs::copy(&zip, folder.path().join("export.zip")).expect("a copy");
    let both = from(folder.path());
    check_export(&both);
    let messages: Vec<&str> = both.notices.iter().map(|notice| notice.message.as_str()).collect();
    let expected = "export.zip/entities.xml is the same export as entities.xml, so it is not read";
    assert!(messages.contains(&expected), "{messages:?}");
}

#[test]
fn a_truncated_export_gives_the_pages_it_has_and_one_failure_with_its_line() {
    let folder = TempDir::new().expect("a temporary folder");
    let whole = entities();
    let cut = whole.find("<object class=\"Label\"").expect("a label") + 30;
    fs::write(folder.path().join("entities.xml"), &whole[..cut]).expect("a written file");
    let read = read(folder.path(), Source::Confluence, &Options::default());
    assert_eq!(read.documents.len(), 2);
    let [failure] = read.failures.as_slice() else { panic!("{:?}", read.failures) };
    assert_eq!((failure.path.as_str(), failure.line), ("entities.xml", Some(10)));
}

#[test]
fn the_older_ndjson_is_read_line_by_line() {
    let folder = TempDir::new().expect("a temporary folder");
    let ingest = folder.path().join("ingest");
    fs::create_dir(&ingest).expect("a folder");
    let lines = [
        r#"{"id":"1","title":"A","space_key":"ENG","body_repr":"storage","body_storage":"<p>one</p>","labels":["z","a"],"ancestors":[{"id":"9","title":"Top"}],"attachments":[{"filename":"f.png","download_url":"u"}]}"#,
        r#"{"id": "#,
        r#"{"id":"2","title":"B","body_repr":"adf","body_html":"{\"type\":\"doc\",\"version\":1,\"content\":[{\"type\":\"paragraph\",\"content\":[{\"type\":\"text\",\"text\":\"two\"}]}]}"}"#,
    ];
    fs::write(ingest.join("confluence.ndjson"), lines.join("\n")).expect("a written file");
    let read = read(folder.path(), Source::Confluence, &Options::default());
    let [a, b] = read.documents.as_slice() else { panic!("{:?}", read.documents) };
    assert_eq!((a.text_md.as_str(), b.text_md.as_str()), ("one", "two"));
    assert_eq!((a.labels.join(","), a.breadcrumbs.join(",")), ("a,z".to_owned(), "Top".to_owned()));
    assert_eq!(read.failures[0].line, Some(2));
    assert_eq!((a.losses["readers:not-fetched"], b.losses["readers:not-fetched"]), (1, 1));
}

#[test]
fn every_document_is_sealed_with_the_hash_of_title_and_body() {
    let document = page("<h1>T</h1><p>b</p>");
    let expected = trailblazer::normalize::document::content_sha256("T", "b");
    assert_eq!(document.content_sha256, Some(expected));
    assert_eq!(faults(&document.text_md), Vec::<String>::new());
}

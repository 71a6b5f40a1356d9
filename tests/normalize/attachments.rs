//! The text of files attached to pages.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use tempfile::TempDir;
use trailblazer::config::{Attachments, Confluence};
use trailblazer::normalize::{Options, Source};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::documents::{Read, read, read_files};

fn options() -> Options {
    let confluence = Confluence { attachments: Attachments::Text, ..Confluence::default() };
    Options {
        confluence,
        site_url: Some("https://x.atlassian.net".to_owned()),
        program: Some(env!("CARGO_BIN_EXE_trailblazer").into()),
        ..Options::default()
    }
}

fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        writer.write_all(content.as_bytes()).expect("a written entry");
    }
    writer.finish().expect("a package").into_inner()
}

fn docx() -> Vec<u8> {
    let paragraph = |style: &str, text: &str| {
        format!(
            "<w:p><w:pPr>{style}</w:pPr><w:r><w:t>{text}</w:t></w:r><w:r><w:t xml:space=\"preserve\"> end</w:t></w:r></w:p>"
        )
    };
    let body = paragraph("<w:pStyle w:val=\"berschrift2\"/>", "Rules")
        + &paragraph("", "Use R&amp;D")
        + &paragraph("<w:numPr/>", "one")
        + &paragraph("<w:numPr/>", "two")
        + &format!(
            "<w:tbl><w:tr><w:tc>{0}</w:tc><w:tc>{0}</w:tc></w:tr><w:tr><w:tc>{1}</w:tc><w:tc>{1}</w:tc></w:tr></w:tbl>",
            paragraph("", "A"),
            paragraph("", "1")
        );
    let twice = "<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Choice>\
        <mc:Fallback><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>";
    package(&[
        ("word/document.xml", &format!("<w:document xmlns:w=\"w\"><w:body>{body}{twice}</w:body></w:document>")),
        (
            "word/styles.xml",
            "<w:styles><w:style w:styleId=\"berschrift2\"><w:name w:val=\"heading 2\"/></w:style></w:styles>",
        ),
        (
            "word/footnotes.xml",
            "<w:footnotes><w:footnote><w:p><w:r><w:t>A note</w:t></w:r></w:p></w:footnote></w:footnotes>",
        ),
    ])
}

fn pptx() -> Vec<u8> {
    let slide = |kind: &str, text: &str| {
        format!(
            "<p:sld xmlns:a=\"a\" xmlns:p=\"p\"><p:sp><p:nvPr>{kind}</p:nvPr><a:p><a:r><a:t>{text}</a:t></a:r>\
             <a:fld type=\"slidenum\"><a:t>7</a:t></a:fld></a:p></p:sp></p:sld>"
        )
    };
    let relations = |all: &[(&str, &str)]| -> String {
        let one = |(id, target): &(&str, &str)| {
            let kind = if target.contains("notes") { "notesSlide" } else { "slide" };
            format!("<Relationship Id=\"{id}\" Type=\"http://schemas.example/{kind}\" Target=\"{target}\"/>")
        };
        format!("<Relationships>{}</Relationships>", all.iter().map(one).collect::<String>())
    };
    package(&[
        (
            "ppt/presentation.xml",
            "<p:presentation><p:sldId id=\"1\" r:id=\"r2\"/><p:sldId id=\"2\" r:id=\"r1\"/></p:presentation>",
        ),
        ("ppt/_rels/presentation.xml.rels", &relations(&[("r1", "slides/slide1.xml"), ("r2", "slides/slide2.xml")])),
        ("ppt/slides/slide1.xml", &slide("", "last")),
        ("ppt/slides/slide2.xml", &slide("<p:ph type=\"title\"/>", "first")),
        ("ppt/slides/_rels/slide2.xml.rels", &relations(&[("r9", "../notesSlides/notesSlide1.xml")])),
        ("ppt/notesSlides/notesSlide1.xml", &slide("", "note")),
    ])
}

fn xlsx() -> Vec<u8> {
    let sheet = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c><c r="B1" t="inlineStr"><is><t>Port</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>web</t></is></c><c r="B2"><v>8443</v></c></row></sheetData></worksheet>"#;
    let workbook = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Ports" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    let relations = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    let root = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    package(&[
        ("_rels/.rels", root),
        ("xl/workbook.xml", workbook),
        ("xl/_rels/workbook.xml.rels", relations),
        ("xl/worksheets/sheet1.xml", sheet),
    ])
}

/// A PDF file of one page with one line.
fn pdf(text: &str) -> Vec<u8> {
    let stream = format!("BT /F1 12 Tf 72 720 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", number + 1);
    }
    let start = out.len();
    let _ = write!(out, "xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        let _ = writeln!(out, "{offset:010} 00000 n ");
    }
    let _ = write!(out, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    out.into_bytes()
}

/// Reads a page of the REST interface with files attached to it.
fn read_with(files: &[(&str, Vec<u8>)], options: &Options) -> Read {
    let folder = TempDir::new().expect("a temporary folder");
    let attached = folder.path().join("attachments/7");
    fs::create_dir_all(&attached).expect("a folder");
    let results: Vec<_> = files.iter().map(|(name, _)| serde_json::json!({"title": name})).collect();
    let page = serde_json::json!({
        "id": "7", "type": "page", "title": "Plan", "space": {"key": "OPS"}, "body": {"storage": {"value": "<p>x</p>"}},
        "restrictions": {"read": {"restrictions": {"group": {"results": [{"name": "hr"}]}}}},
        "children": {"attachment": {"results": results}}, "ancestors": [{"id": "1", "title": "Home"}]
    });
    fs::write(folder.path().join("7.json"), page.to_string()).expect("a written file");
    for (name, bytes) in files {
        write(&attached.join(name), bytes);
    }
    read(folder.path(), Source::Confluence, options)
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a written file");
}

#[test]
fn the_text_of_each_file_is_a_document_below_its_page() {
    let files = [
        ("a.txt", b"One\r\nline\r\n\r\nTwo".to_vec()),
        ("b.md", b"---\ntitle: t\n---\n# B\n\n<!-- x -->\n\n- [c](javascript:x)".to_vec()),
        ("c.html", b"<p>d <b>e</b></p>".to_vec()),
        ("d.docx", docx()),
        ("e.pptx", pptx()),
        ("f.xlsx", xlsx()),
        ("g.pdf", pdf("Port 8443")),
        ("h.png", b"png".to_vec()),
    ];
    let read = read_with(&files, &options());
    assert_eq!(read.failures, []);
    let found: Vec<(&str, &str)> =
        read.documents.iter().skip(1).map(|file| (file.title.as_str(), file.text_md.trim())).collect();
    assert_eq!(
        found,
        [
            ("a.txt", "One\\\nline\n\nTwo"),
            ("b.md", "# B\n\n- c"),
            ("c.html", "d **e**"),
            (
                "d.docx",
                "## Rules end\n\nUse R&D end\n\n- one end\n- two end\n\n| A end | A end |\n| --- | --- |\n| 1 end | 1 end |\n\nbox\n\nA note"
            ),
            ("e.pptx", "## first\n\nnote\n\n## Slide 2\n\nlast"),
            ("f.xlsx", "## Ports\n\n| Name | Port |\n| --- | --- |\n| web | 8443 |"),
            ("g.pdf", "Port 8443"),
        ]
    );
    let file = read.titled("a.txt");
    assert_eq!(file.id, "x.atlassian.net/OPS/7/attachments/a.txt");
    assert_eq!(file.breadcrumbs, ["Home", "Plan"]);
    assert_eq!(file.readers.as_ref().map(|readers| readers.lists().concat()), Some(vec!["group:hr".to_owned()]));
    assert_eq!(file.url.as_deref(), Some("https://x.atlassian.net/wiki/download/attachments/7/a.txt"));
}

#[test]
fn files_are_named_only_unless_their_text_is_wanted() {
    let read = read_with(&[("a.txt", b"One".to_vec())], &Options::default());
    assert_eq!(read.documents.len(), 1);
    assert_eq!(read.documents[0].attachments[0].filename, "a.txt");
}

/// A PDF that draws itself, and one of which a dictionary lacks what the library expects.
fn hostile_pdfs() -> [String; 2] {
    let good = String::from_utf8(pdf("x")).expect("text");
    [
        good.replace("(x) Tj ET", "(x) Tj ET /F Do").replace("/Font <<", "/XObject << /F 4 0 R >> /Font <<"),
        good.replace("/MediaBox [0 0 612 792]", ""),
    ]
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_read() {
    let mut files = vec![
        ("a.pdf", b"%PDF-1.4 no".to_vec()),
        ("b.docx", b"PK no".to_vec()),
        ("c.xlsx", package(&[("x", "y")])),
        ("d.docx", package(&[("word/document.xml", &" ".repeat(65 * 1024 * 1024))])),
        ("e.doc.xlsx", b"\xd0\xcf\x11\xe0old".to_vec()),
        ("y.png", b"png".to_vec()),
        ("z.txt", b"d".to_vec()),
    ];
    files.extend(["f.pdf", "g.pdf"].into_iter().zip(hostile_pdfs().map(String::into_bytes)));
    let read = read_with(&files, &options());
    let failed: Vec<&str> = read.failures.iter().map(|failure| failure.path.as_str()).collect();
    assert!(
        failed.starts_with(&["Plan/a.pdf", "Plan/b.docx", "Plan/c.xlsx", "Plan/d.docx", "Plan/e.doc.xlsx"]),
        "{failed:?}"
    );
    assert_eq!(read.titled("z.txt").text_md, "d");
    let notices: Vec<&str> = read.notices.iter().map(|notice| notice.message.as_str()).collect();
    assert!(notices.contains(&"the text of 1 attachment is not read: 1 .png"), "{notices:?}");
    assert!(
        notices.iter().any(|notice| notice.starts_with("cannot read ") && notice.contains("Plan/a.pdf (")),
        "{notices:?}"
    );
}

#[test]
fn files_that_the_input_lacks_are_counted() {
    let page = r#"{"id": "7", "type": "page", "title": "Plan", "body": {"storage": {"value": "<p>x</p>"}},
        "children": {"attachment": {"results": [{"title": "a.pdf"}, {"title": "../b.pdf"}]}}}"#;
    let read = read_files(&[("7.json", page), ("b.pdf/c.txt", "")], &options());
    assert!(
        read.notices.iter().any(|notice| notice
            .message
            .contains("attachments missing in the input, so that their text is not searched: 2")),
        "{:?}",
        read.notices
    );
    assert_eq!(read.failures.len(), 2);
}

#[test]
fn page_files_have_the_files_that_they_name_beside_them_and_those_of_their_own_folder() {
    let guide = r#"<p>See <ac:link><ri:attachment ri:filename="a &amp; b.txt"/></ac:link></p>"#;
    let files = [
        ("Guide.xml", guide),
        ("attachments/a & b.txt", "One"),
        ("attachments/other.txt", "No page names it"),
        ("attachments/Guide/c.html", "<p>Three</p>"),
        ("Other.xml", "<p>y</p>"),
    ];
    let read = read_files(&files, &options());
    let found: Vec<(&str, &str)> = read.documents.iter().map(|file| (file.id.as_str(), file.text_md.trim())).collect();
    assert_eq!(
        found,
        [
            ("input/Guide", "See [a & b.txt](<a & b.txt>)"),
            ("input/Guide/attachments/a%20%26%20b.txt", "One"),
            ("input/Guide/attachments/c.html", "Three"),
            ("input/Other", "y"),
        ]
    );
}

#[test]
fn an_export_keeps_its_files_by_number() {
    let entities = r#"<hibernate-generic>
<object class="Space"><id name="id">9</id><property name="key"><![CDATA[OPS]]></property></object>
<object class="Page"><id name="id">7</id><property name="title"><![CDATA[Plan]]></property><property name="space" class="Space"><id name="id">9</id></property><collection name="bodyContents"><element class="BodyContent"><id name="id">71</id></element></collection><property name="contentStatus">current</property></object>
<object class="BodyContent"><id name="id">71</id><property name="body"><![CDATA[<p>x</p>]]></property><property name="bodyType">2</property></object>
<object class="Attachment"><id name="id">8</id><property name="title"><![CDATA[a.txt]]></property><property name="version">3</property><property name="containerContent" class="Page"><id name="id">7</id></property><property name="contentStatus">current</property></object>
<object class="Attachment"><id name="id">10</id><property name="title"><![CDATA[lost.txt]]></property><property name="version">1</property><property name="containerContent" class="Page"><id name="id">7</id></property></object>
</hibernate-generic>"#;
    let folder = [("entities.xml", entities), ("attachments/7/8/3", "Three"), ("attachments/7/8/2", "Two")];
    let unpacked = read_files(&folder, &options());
    let zip = TempDir::new().expect("a temporary folder");
    let path = zip.path().join("export.zip");
    write(&path, &package(&folder));
    for read in [unpacked, read(&path, Source::Confluence, &options())] {
        let file = read.titled("a.txt");
        assert_eq!((file.id.as_str(), file.text_md.as_str()), ("x.atlassian.net/OPS/7/attachments/a.txt", "Three"));
        assert!(read.notices.iter().any(|notice| {
            notice.message.contains("attachments missing in the input, so that their text is not searched: 1")
        }));
    }
}

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

#[test]
fn the_extension_decides_the_kind() {
    assert_eq!(Kind::of("Report.2024.PDF"), Some(Kind::Binary(Format::Pdf)));
    assert_eq!(Kind::of("macro.docm"), Some(Kind::Binary(Format::Docx)));
    assert_eq!(Kind::of("a.HTM"), Some(Kind::Html));
    assert_eq!(Kind::of("pdf"), None);
    assert_eq!(Kind::of("a.png"), None);
    for format in [Format::Pdf, Format::Docx, Format::Pptx, Format::Xlsx] {
        assert_eq!(format.name().parse(), Ok(format));
    }
}

#[test]
fn blank_lines_and_page_breaks_separate_paragraphs() {
    let text = markdown::write(&paragraphs("One\r\nline\r\n \r\nTwo\x0cThree # 3"));
    assert_eq!(text.trim(), "One line\n\nTwo\n\nThree # 3");
}

#[test]
fn lines_of_plain_text_stay_lines() {
    let text = markdown::write(&lines("Ports\n- 8443 web\n- 5432 db\n\nEnd"));
    assert_eq!(text, "Ports\\\n\\- 8443 web\\\n\\- 5432 db\n\nEnd");
}

fn package(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        writer.write_all(content.as_bytes()).expect("a written entry");
    }
    writer.finish().expect("a package").into_inner()
}

/// Returns relations with these ids, kinds and targets.
fn relations(all: &[(&str, &str, &str)]) -> String {
    let one = |(id, kind, target): &(&str, &str, &str)| {
        format!("<Relationship Id=\"{id}\" Type=\"http://schemas.example/{kind}\" Target=\"{target}\"/>")
    };
    format!("<Relationships>{}</Relationships>", all.iter().map(one).collect::<String>())
}

fn read(format: Format, parts: &[(&str, &str)]) -> (String, Losses) {
    extract(format, package(parts)).expect("readable")
}

fn docx(body: &str) -> (String, Losses) {
    let styles = "<w:styles><w:style w:styleId=\"Gone\"><w:name w:val=\"Gone\"/><w:rPr><w:vanish/></w:rPr></w:style>\
         <w:style w:styleId=\"H1\"><w:name w:val=\"heading 1\"/></w:style></w:styles>";
    read(
        Format::Docx,
        &[
            ("word/document.xml", &format!("<w:document><w:body>{body}</w:body></w:document>")),
            ("word/styles.xml", styles),
        ],
    )
}

#[test]
fn hidden_text_of_a_document_is_omitted_and_counted() {
    let run = |properties: &str| format!("<w:r><w:rPr>{properties}</w:rPr><w:t>4711 </w:t></w:r>");
    let shown = "<w:r><w:t>shown</w:t></w:r>";
    for hidden in [
        run("<w:vanish/>"),
        run("<w:vanish w:val=\"true\"/>"),
        run("<w:rStyle w:val=\"Gone\"/>"),
        format!("<w:r><w:rPr><w:vanish/></w:rPr><w:pict><w:p>{}</w:p></w:pict></w:r>", run("")),
    ] {
        let (text, losses) = docx(&format!("<w:p>{hidden}{shown}</w:p>"));
        assert_eq!((text.as_str(), losses["text:hidden"]), ("shown", 1), "{hidden}");
    }
    let (text, losses) = docx(&format!("<w:p><w:pPr><w:pStyle w:val=\"Gone\"/></w:pPr>{}</w:p>", run("")));
    assert_eq!((text.as_str(), losses["text:hidden"]), ("", 1));
    // A hidden paragraph mark does not hide the text.
    let mark = "<w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>";
    let (text, losses) = docx(&format!("<w:p>{mark}{}</w:p>", run("<w:vanish w:val=\"0\"/>")));
    assert_eq!((text.as_str(), losses.len()), ("4711", 0));
    let drawing =
        format!("<w:p><w:r><w:drawing><wp:docPr hidden=\"1\"/><w:p>{}</w:p></w:drawing></w:r>{shown}</w:p>", run(""));
    let (text, losses) = docx(&drawing);
    assert_eq!((text.as_str(), losses["shape:hidden"]), ("shown", 1));
}

#[test]
fn an_empty_paragraph_has_no_effect_on_the_next_one() {
    let paragraph =
        |properties: &str, text: &str| format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>");
    let body = paragraph("<w:pStyle w:val=\"H1\"/>", "")
        + &paragraph("", "a")
        + &paragraph("<w:numPr/>", "")
        + &paragraph("", "b");
    assert_eq!(docx(&body).0, "a\n\nb");
}

#[test]
fn moved_text_stands_only_at_its_new_place() {
    let moved = |name: &str| format!("<w:{name}><w:r><w:t>moved</w:t></w:r></w:{name}>");
    let body = format!("<w:p>{}</w:p><w:p><w:r><w:t>stays </w:t></w:r>{}</w:p>", moved("moveFrom"), moved("moveTo"));
    assert_eq!(docx(&body).0, "stays moved");
}

#[test]
fn cells_cover_rows_and_columns() {
    let cell = |properties: &str, text: &str| {
        format!("<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>")
    };
    let row = |cells: &[String]| format!("<w:tr>{}</w:tr>", cells.concat());
    let body = row(&[cell("<w:gridSpan w:val=\"2\"/>", "a")])
        + &row(&[cell("<w:vMerge w:val=\"restart\"/>", "b"), cell("", "c")])
        + &row(&[cell("<w:vMerge/>", ""), cell("", "d")]);
    assert_eq!(docx(&format!("<w:tbl>{body}</w:tbl>")).0, "| a | a |\n| --- | --- |\n| b | c |\n| b | d |");
    let text = |text: &str| format!("<a:p><a:r><a:t>{text}</a:t></a:r></a:p>");
    let table = format!(
        "<a:tbl><a:tr><a:tc gridSpan=\"2\">{}</a:tc><a:tc hMerge=\"1\"/></a:tr>\
         <a:tr><a:tc rowSpan=\"2\">{}</a:tc><a:tc>{}</a:tc></a:tr><a:tr><a:tc vMerge=\"1\"/><a:tc>{}</a:tc></a:tr></a:tbl>",
        text("a"),
        text("b"),
        text("c"),
        text("d")
    );
    let (text, _) = read(Format::Pptx, &[("ppt/slides/slide1.xml", &format!("<p:sld>{table}</p:sld>"))]);
    assert_eq!(text, "## Slide 1\n\n| a | a |\n| --- | --- |\n| b | c |\n| b | d |");
}

#[test]
fn the_main_part_may_have_any_name() {
    let root = relations(&[("r1", "officeDocument", "word/document2.xml")]);
    let own = relations(&[("r1", "footnotes", "notes2.xml")]);
    let paragraph = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
    let parts = [
        ("_rels/.rels", root.as_str()),
        ("word/_rels/document2.xml.rels", &own),
        ("word/document2.xml", &paragraph("main")),
        ("word/notes2.xml", &paragraph("note")),
    ];
    assert_eq!(read(Format::Docx, &parts).0, "main\n\nnote");
}

#[test]
fn words_of_a_diagram_are_kept() {
    let node = |text: &str| format!("<dgm:pt><dgm:t><a:p><a:r><a:t>{text}</a:t></a:r></a:p></dgm:t></dgm:pt>");
    let data = format!("<dgm:dataModel>{}{}</dgm:dataModel>", node("Plan"), node("Do"));
    let own = relations(&[("r5", "diagramData", "../diagrams/data1.xml")]);
    let slide = "<p:sld><p:graphicFrame><dgm:relIds r:dm=\"r5\"/></p:graphicFrame></p:sld>";
    let parts = [
        ("ppt/slides/slide1.xml", slide),
        ("ppt/slides/_rels/slide1.xml.rels", &own),
        ("ppt/diagrams/data1.xml", &data),
    ];
    assert_eq!(read(Format::Pptx, &parts).0, "## Slide 1\n\nPlan\n\nDo");
}

#[test]
fn hidden_slides_and_shapes_are_omitted_and_counted_and_an_empty_title_has_no_effect() {
    let shape = |properties: &str, text: &str| {
        format!("<p:sp><p:nvSpPr>{properties}</p:nvSpPr><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp>")
    };
    let title = "<p:cNvPr id=\"1\"/><p:nvPr><p:ph type=\"title\"/></p:nvPr>";
    let first =
        format!("<p:sld>{}{}{}</p:sld>", shape(title, ""), shape("", "text"), shape("<p:cNvPr hidden=\"1\"/>", "4711"));
    let second = format!("<p:sld show=\"0\">{}</p:sld>", shape("", "4711"));
    let third = format!("<p:sld show=\"1\">{}</p:sld>", shape(title, "Third"));
    let parts = [
        ("ppt/slides/slide1.xml", first.as_str()),
        ("ppt/slides/slide2.xml", &second),
        ("ppt/slides/slide3.xml", &third),
    ];
    let (text, losses) = read(Format::Pptx, &parts);
    assert_eq!(text, "## Slide 1\n\ntext\n\n## Third");
    assert_eq!((losses["slide:hidden"], losses["shape:hidden"]), (1, 1));
}

#[test]
fn hidden_sheets_rows_and_columns_are_omitted_and_counted() {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let cell = |place: &str, text: &str| format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let sheet = format!(
        "<worksheet xmlns=\"{main}\"><cols><col min=\"2\" max=\"3\" hidden=\"1\"/></cols><sheetData><row r=\"1\">{}{}</row>\
         <row r=\"2\" hidden=\"1\">{}</row><row r=\"3\">{}{}</row></sheetData></worksheet>",
        cell("A1", "Name"),
        cell("B1", "4711"),
        cell("A2", "4711"),
        cell("A3", "web"),
        cell("IW3", "wide")
    );
    let secret = format!(
        "<worksheet xmlns=\"{main}\"><sheetData><row r=\"1\">{}</row></sheetData></worksheet>",
        cell("A1", "4711")
    );
    let entry = |number: u8, state: &str| {
        format!("<sheet name=\"S{number}\" sheetId=\"{number}\" {state} r:id=\"rId{number}\"/>")
    };
    let workbook = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{of}\"><sheets>{}{}{}</sheets></workbook>",
        entry(1, ""),
        entry(2, "state=\"hidden\""),
        entry(3, "state=\"veryHidden\"")
    );
    let target = |number: u8| {
        format!("<Relationship Id=\"rId{number}\" Type=\"{of}/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>")
    };
    let targets = [1, 2, 3].map(target).concat();
    let own = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{targets}</Relationships>"
    );
    let root = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"{of}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let parts = [
        ("_rels/.rels", root.as_str()),
        ("xl/workbook.xml", &workbook),
        ("xl/_rels/workbook.xml.rels", &own),
        ("xl/worksheets/sheet1.xml", &sheet),
        ("xl/worksheets/sheet2.xml", &secret),
        ("xl/worksheets/sheet3.xml", &secret),
    ];
    let (text, losses) = read(Format::Xlsx, &parts);
    assert_eq!(text, "## S1\n\n| Name |\n| --- |\n| web |");
    let counted = ["sheet:hidden", "row:hidden", "column:hidden", "sheet:too-wide"].map(|name| losses[name]);
    assert_eq!(counted, [2, 1, 1, 1]);
}

#[test]
fn the_parts_of_a_workbook_are_found_by_their_relations() {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let of = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let workbook = format!(
        "<workbook xmlns=\"{main}\" xmlns:r=\"{of}\"><sheets><sheet name=\"Ports\" sheetId=\"1\" r:id=\"s1\"/></sheets></workbook>"
    );
    let strings = format!("<sst xmlns=\"{main}\"><si><t>Name</t></si><si><t>web</t></si></sst>");
    let cell = |place: &str, number: u8| format!("<c r=\"{place}\" t=\"s\"><v>{number}</v></c>");
    let sheet = format!(
        "<worksheet xmlns=\"{main}\"><sheetData><row r=\"1\">{}</row><row r=\"2\">{}</row></sheetData></worksheet>",
        cell("A1", 0),
        cell("A2", 1)
    );
    // The path of the workbook. For the sheet and the strings: the target as it is written, and the path in the package.
    for (place, [sheet_target, sheet_path], [strings_target, strings_path]) in [
        ("book/wb.xml", ["sheets/a.xml", "book/sheets/a.xml"], ["text/all.xml", "book/text/all.xml"]),
        ("book/wb.xml", ["../other/a.xml", "other/a.xml"], ["../s.xml", "s.xml"]),
        ("wb.xml", ["/x/a.xml", "x/a.xml"], ["/x/strings.xml", "x/strings.xml"]),
        ("xl/workbook.xml", ["../xl/worksheets/a.xml", "xl/worksheets/a.xml"], ["/xl/other.xml", "xl/other.xml"]),
    ] {
        let own = relations(&[("s1", "worksheet", sheet_target), ("s2", "sharedStrings", strings_target)]);
        let root = relations(&[("r", "relationships/officeDocument", place)]);
        let (folder, name) = place.rsplit_once('/').map_or((String::new(), place), |(f, n)| (format!("{f}/"), n));
        let parts = [
            ("_rels/.rels", root.as_str()),
            (place, &workbook),
            (&format!("{folder}_rels/{name}.rels"), &own),
            (sheet_path, &sheet),
            (strings_path, &strings),
        ];
        assert_eq!(read(Format::Xlsx, &parts).0, "## Ports\n\n| Name |\n| --- |\n| web |", "{place} {sheet_target}");
    }
}

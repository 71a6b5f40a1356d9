//! Office documents: the first byte is the format, the rest is the parts of a package, parted by NUL, or the file as it is.
#![no_main]

use std::io::{Cursor, Write as _};

use libfuzzer_sys::fuzz_target;
use trailblazer::normalize::extract::{Format, extract};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const DOCX: [&str; 3] = ["word/document.xml", "word/styles.xml", "word/footnotes.xml"];
const PPTX: [&str; 5] = [
    "ppt/slides/slide1.xml",
    "ppt/presentation.xml",
    "ppt/_rels/presentation.xml.rels",
    "ppt/slides/_rels/slide1.xml.rels",
    "ppt/notesSlides/notesSlide1.xml",
];
const XLSX: [&str; 5] = [
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (format, names) = match first % 3 {
        0 => (Format::Docx, &DOCX[..]),
        1 => (Format::Pptx, &PPTX[..]),
        _ => (Format::Xlsx, &XLSX[..]),
    };
    let file = if *first >= 128 { rest.to_vec() } else { package(names, rest) };
    match extract(format, file) {
        Ok((text, _)) => assert!(!text.contains('\0')),
        Err(reason) => assert!(!reason.is_empty()),
    }
});

fn package(names: &[&str], parts: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in names.iter().zip(parts.split(|byte| *byte == 0)) {
        writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        writer.write_all(part).expect("a written entry");
    }
    writer.finish().expect("a package").into_inner()
}

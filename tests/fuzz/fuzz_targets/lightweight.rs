//! Fuzzes Lightweight DITA: a Markdown topic, an HTML topic and a map, separated by NUL.
#![no_main]

mod folder;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    const MAP: &[u8] = b"<map><title>M</title><topicref href=\"note.md\" format=\"mdita\" keys=\"kk\"/>\
        <topicref href=\"page.html\" format=\"hdita\" keys=\"pp\"/></map>";
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let (note, page) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let map = parts.next().unwrap_or(MAP);
    folder::check(&[("note.md", note), ("page.html", page), ("map.ditamap", map)], false);
});

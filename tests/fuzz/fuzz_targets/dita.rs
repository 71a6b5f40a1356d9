//! Fuzzes a DITA folder: topic, map, ditaval, entity file, Markdown and HTML, separated by NUL.
#![no_main]

mod folder;

const NAMES: [&str; 6] =
    ["topic.dita", "map.ditamap", "filter.ditaval", "declared.ent", "note.mdita", "page.hdita"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(NAMES.len(), |byte| *byte == 0);
    let files = NAMES.map(|name| (name, parts.next().unwrap_or_default()));
    folder::check(&files, !files[2].1.is_empty());
});

//! Fuzzes document type declarations: the declarations of a topic, a DTD and an entity file, separated by NUL.
#![no_main]

mod folder;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == 0).map(Vec::from);
    let mut next = || parts.next().unwrap_or_default();
    let head = b"<!DOCTYPE topic PUBLIC \"x\" \"own.dtd\" [<!ENTITY % more SYSTEM \"more.ent\">".to_vec();
    let body = b"%more;]><topic id=\"t\"><title>&a;</title><body><p>&b; <x id=\"e\">y</x> <z k=\"1\"/></p></body></topic>";
    let topic = [head, next(), body.to_vec()].concat();
    folder::check(&[("topic.dita", &topic), ("own.dtd", &next()), ("more.ent", &next())], false);
});

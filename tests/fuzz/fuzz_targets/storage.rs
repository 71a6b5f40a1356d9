//! Storage format, and the wiki markup and Markdown that macros of it hold.
#![no_main]

mod page;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| page::check("page.xml", bytes));

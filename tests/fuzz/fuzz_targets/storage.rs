//! Fuzzes storage format, and the wiki markup and Markdown in its macros.
#![no_main]

mod page;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| page::check("page.xml", bytes));

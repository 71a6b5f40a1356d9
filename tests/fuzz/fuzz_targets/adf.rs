//! Fuzzes ADF documents and pages of the REST API.
#![no_main]

mod page;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| page::check("page.json", bytes));

//! ADF documents, and pages as the REST interface returns them.
#![no_main]

mod page;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| page::check("page.json", bytes));

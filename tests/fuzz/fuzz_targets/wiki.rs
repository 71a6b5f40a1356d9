//! Fuzzes wiki markup.
#![no_main]

mod page;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let markup = String::from_utf8_lossy(bytes).replace("]]>", "");
    let body = "<p>x</p><ac:structured-macro ac:name=\"unmigrated-wiki-markup\"><ac:plain-text-body><![CDATA[";
    let end = "]]></ac:plain-text-body></ac:structured-macro>";
    page::check("page.xml", [body, &markup, end].concat().as_bytes());
});

//! Excluded content never appears in the output.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{notices, read_folder, write};
use crate::normalize::Options;

const VAL: (&str, &str) = ("x.ditaval", "<val><prop att='product' val='internal' action='exclude'/></val>");

/// Map elements with a condition. `@` is the condition, and `SECRET` is text that must not appear.
const IN_MAP: [&str; 8] = [
    "<topicref href='a.dita' @><topicmeta><navtitle>SECRET</navtitle><shortdesc>SECRET</shortdesc></topicmeta></topicref>",
    "<topichead navtitle='SECRET' @><topicref href='only.dita'/></topichead>",
    "<keydef keys='k' @><topicmeta><keywords><keyword>SECRET</keyword></keywords><linktext>SECRET</linktext></topicmeta></keydef>",
    "<reltable @><relrow><relcell><topicref href='a.dita'/></relcell><relcell><topicref href='only.dita'/></relcell></relrow></reltable>",
    "<reltable><relrow><relcell><topicref href='a.dita'/></relcell><relcell><topicref href='only.dita' @/></relcell></relrow></reltable>",
    "<topicref href='a.dita'><topicmeta><keywords><keyword @>SECRET</keyword></keywords><othermeta name='x' content='SECRET' @/><data name='SECRET' value='SECRET' @/></topicmeta></topicref>",
    "<topicref href='a.dita'><topicmeta><author @>SECRET</author><audience type='SECRET' @/></topicmeta></topicref>",
    "<topicref href='root.dita' navtitle='SECRET'/>",
];
/// References that the map always excludes. A map that no other map includes would be a root map.
const EXCLUDED: &str = "<topicref href='secret.ditamap' format='ditamap' @/><topicref href='only.dita' @/>";
const IN_PROLOG: [&str; 6] = [
    "<author @>SECRET</author>",
    "<metadata @><keywords><keyword>SECRET</keyword><indexterm>SECRET</indexterm></keywords></metadata>",
    "<metadata><othermeta name='x' content='SECRET' @/></metadata>",
    "<metadata><audience type='SECRET' @/><category @>SECRET</category></metadata>",
    "<resourceid appid='SECRET' @/>",
    "<data name='x' value='SECRET' @/>",
];
const IN_BODY: [&str; 16] = [
    "<p @>SECRET</p>",
    "<p>a <ph @>SECRET</ph> <keyword keyref='k'/> <xref keyref='k'/></p>",
    "<p><xref href='only.dita'/> <xref href='root.dita'/> <xref href='root.dita#root/s'/></p>",
    "<note @>SECRET</note>",
    "<fn @>SECRET</fn>",
    "<image href='http://x/y.png' @><alt>SECRET</alt></image>",
    "<image href='http://x/y.png'><alt @>SECRET</alt></image>",
    "<ul><li>a</li><li @>SECRET</li></ul>",
    "<table><title @>SECRET</title><tgroup cols='1'><tbody><row @><entry>SECRET</entry></row></tbody></tgroup></table>",
    "<simpletable><strow><stentry @>SECRET</stentry></strow></simpletable>",
    "<p conref='b.dita#b/s'/>",
    "<ul><li conref='b.dita#b/one' conrefend='b.dita#b/three'/></ul>",
    "<codeblock>x <ph @>SECRET</ph></codeblock>",
    "<fig @><title>SECRET</title></fig>",
    "<dl><dlentry @><dt>SECRET</dt><dd>SECRET</dd></dlentry></dl>",
    "<p><include href='b.dita' parse='xml'><fallback>none</fallback></include></p>",
];

/// A topic whose content other topics reuse. A part of it is excluded.
const SHARED: &str = "<topic id='b'><title>B <ph @>SECRET</ph></title><shortdesc @>SECRET</shortdesc><body><p id='s' @>SECRET</p>\
    <ul><li id='one'>1</li><li @>SECRET</li><li id='three'>3</li></ul>\
    <ul @><li conaction='pushreplace' conref='a.dita#a/target'>SECRET</li></ul></body></topic>";

fn parts(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(of), 0..4).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_ditaval_excludes_is_nowhere(map in parts(&IN_MAP), prolog in parts(&IN_PROLOG), text in parts(&IN_BODY)) {
        let condition = "product='internal'";
        let map = format!("<map><title>M <ph @>SECRET</ph></title><topicref href='a.dita'/><topicref href='b.dita'/>{EXCLUDED}{map}</map>");
        let topic = format!(
            "<topic id='a'><title>A <ph @>SECRET</ph></title><titlealts @><searchtitle>SECRET</searchtitle></titlealts><prolog>{prolog}</prolog>\
             <body>{text}<ul><li id='target'>t</li></ul></body><related-links><link href='only.dita'/><link href='root.dita'><linktext>r</linktext></link></related-links></topic>"
        );
        let files = [
            ("m.ditamap", map.replace('@', condition)),
            ("a.dita", topic.replace('@', condition)),
            ("b.dita", SHARED.replace('@', condition)),
            ("root.dita", "<topic id='root' product='internal'><title>SECRET</title><body><p id='s'>SECRET</p></body></topic>".to_owned()),
            ("secret.ditamap", "<map><title>SECRET</title><topicref href='deep.dita'/><topichead navtitle='SECRET'/></map>".to_owned()),
            ("deep.dita", "<topic id='d' product='internal'><title>SECRET</title></topic>".to_owned()),
            ("only.dita", "<topic id='o'><title>O</title></topic>".to_owned()),
            (VAL.0, VAL.1.to_owned()),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let (documents, failures) = read_folder(&files, Some(VAL.0));
        prop_assert_eq!(failures, Vec::new());
        let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
        for document in &documents {
            let written = serde_json::to_string(document).unwrap();
            prop_assert!(!written.contains("SECRET"), "{}", written);
            for link in document.links.iter().filter_map(|link| link.target_id.as_deref()) {
                prop_assert!(ids.contains(&link), "{link} is no document");
            }
        }
    }
}

#[test]
fn an_excluded_submap_is_no_document_and_neither_is_what_it_brings() {
    let files = [
        (
            "root.ditamap",
            "<map><topicref href='a.dita'/><topicref href='secret.ditamap' format='ditamap' product='internal'/></map>",
        ),
        (
            "secret.ditamap",
            "<map><title>Secret</title><topicref href='s.dita'/><topicref href='deeper.ditamap' format='ditamap'/></map>",
        ),
        ("deeper.ditamap", "<map><title>Deeper</title></map>"),
        ("a.dita", "<topic id='a'><title>A</title></topic>"),
        ("s.dita", "<topic id='s'><title>S</title></topic>"),
        VAL,
    ];
    let ids = |documents: Vec<crate::normalize::Document>| documents.into_iter().map(|d| d.id).collect::<Vec<_>>();
    assert_eq!(ids(read_folder(&files, Some("x.ditaval")).0), ["topic:c/a", "map:c/root"]);
    assert_eq!(read_folder(&files, None).0.len(), 5);
}

#[test]
fn a_branch_whose_ditaval_cannot_be_read_is_left_out_and_reported() {
    let files = [
        (
            "m.ditamap",
            "<map><topicref href='a.dita'><ditavalref href='bad.ditaval'/></topicref><topicref href='b.dita'/></map>",
        ),
        ("a.dita", "<topic id='a'><title>A</title></topic>"),
        ("b.dita", "<topic id='b'><title>B</title></topic>"),
        ("bad.ditaval", "<val><prop att='product' val='internal' action='exclud'/></val>"),
    ];
    let (documents, failures) = read_folder(&files, None);
    assert_eq!(documents.iter().map(|d| d.id.as_str()).collect::<Vec<_>>(), ["topic:c/b", "map:c/m"]);
    assert_eq!(failures.len(), 1);
    assert!(failures[0].message.contains("unknown action \"exclud\""), "{}", failures[0].message);
    assert!(!documents[1].text_md.contains("topic:c/a"), "{}", documents[1].text_md);
}

#[test]
fn what_conditions_leave_out_is_counted_and_unused_filters_are_named() {
    let files = [
        (
            "m.ditamap",
            "<map><topicref href='a.dita'/><topicref href='b.dita'><ditavalref href='used.ditaval'/></topicref></map>",
        ),
        ("a.dita", "<topic id='a' product='internal'><title>A</title></topic>"),
        ("b.dita", "<topic id='b'><title>B</title></topic>"),
        ("used.ditaval", "<val/>"),
        (
            "rules/misspelled.txt",
            "<val><prop att='prodcut' val='internal' action='exclude'/><prop att='product' val='linux win' action='exclude'/></val>",
        ),
        VAL,
    ];
    let folder = write(&files);
    let notices = |input: &str, ditaval: &[&str]| {
        let ditaval = ditaval.iter().map(|name| folder.path().join(name)).collect();
        notices(&folder.path().join(input), &Options { ditaval, ..Options::default() })
    };
    let unused = "1 ditaval file is not used: x.ditaval; to filter the documents, pass --ditaval FILE";
    assert_eq!(notices("", &[]), [unused]);
    assert_eq!(notices("m.ditamap", &[]), [unused]);
    assert_eq!(notices("", &["x.ditaval"]), ["conditions exclude 1 topic or map"]);
    let misspelled = notices("", &["rules/misspelled.txt"]);
    assert_eq!(
        misspelled,
        ["2 rules of the ditaval match nothing in the input: prodcut=\"internal\", product=\"linux win\""]
    );
}

#[test]
fn a_link_to_an_excluded_element_is_filtered() {
    let a = "<topic id='a'><title>A</title><body><p><xref href='b.dita#b/s'>kept</xref> <xref href='b.dita#b/s'/></p></body></topic>";
    let b = "<topic id='b'><title>B</title><body><p>x</p><section id='s' product='internal'><title>SECRET</title></section></body></topic>";
    let (documents, _) = read_folder(&[("a.dita", a), ("b.dita", b), VAL], Some(VAL.0));
    assert_eq!(documents[0].text_md, "kept");
    assert_eq!((documents[0].losses["filtered:link"], documents[0].links.len()), (2, 0));
}

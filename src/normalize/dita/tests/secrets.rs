//! Excluded content never appears in the output.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{notices, read_folder, read_input, write};
use crate::normalize::Options;

const VAL: (&str, &str) = ("x.ditaval", "<val><prop att='product' val='internal' action='exclude'/></val>");

/// Map elements with a condition. `@` is the condition, and `SECRET` is text that must not appear.
const IN_MAP: [&str; 15] = [
    "<topicref href='a.dita' @><topicmeta><navtitle>SECRET</navtitle><shortdesc>SECRET</shortdesc></topicmeta></topicref>",
    "<topichead navtitle='SECRET' @><topicref href='only.dita'/></topichead>",
    "<keydef keys='k' @><topicmeta><keywords><keyword>SECRET</keyword></keywords><linktext>SECRET</linktext></topicmeta></keydef>",
    "<reltable @><relrow><relcell><topicref href='a.dita'/></relcell><relcell><topicref href='only.dita'/></relcell></relrow></reltable>",
    "<reltable><relrow><relcell><topicref href='a.dita'/></relcell><relcell><topicref href='only.dita' @/></relcell></relrow></reltable>",
    "<topicref href='a.dita'><topicmeta><keywords><keyword @>SECRET</keyword></keywords><othermeta name='x' content='SECRET' @/><data name='SECRET' value='SECRET' @/></topicmeta></topicref>",
    "<topicref href='a.dita'><topicmeta><author @>SECRET</author><audience type='SECRET' @/></topicmeta></topicref>",
    "<topicref href='root.dita' navtitle='SECRET'/>",
    "<reltable><relrow><relcell><topicref href='a.dita'/></relcell><relcell @><topicref href='cell.dita'/></relcell></relrow></reltable>",
    "<reltable><relheader><relcolspec/><relcolspec @/></relheader><relrow><relcell><topicref href='a.dita'/></relcell>\
     <relcell><topicref href='cell.dita'/></relcell></relrow></reltable>",
    "<topicref conref='frag.inc#f/x' @/>",
    "<topicref conref='frag.inc#f/y'/>",
    "<topicref conref='frag.inc#f/x' conrefend='frag.inc#f/y' @/>",
    "<hidden href='a.dita'><topicmeta><navtitle>SECRET</navtitle></topicmeta></hidden>",
    "<hidden navtitle='SECRET'><topicref href='a.dita'/></hidden>",
];
/// References that the map always excludes. A map that no other map includes would be a root map.
const EXCLUDED: &str = "<topicref href='secret.ditamap' format='ditamap' @/><topicref href='only.dita' @/>\
    <reltable @><relrow><relcell><topicref href='cell.dita'/></relcell></relrow></reltable>\
    <topicref conref='frag.inc#f/x' conrefend='frag.inc#f/y' @/>";
/// Elements that get the condition, or the role of a resource, from a document type definition.
const DEFAULTS: &str = "<!ATTLIST hidden class CDATA '- map/topicref my/hidden ' product (open|internal) 'internal'>\
    <!ATTLIST hiddenp class CDATA '- topic/p my/hiddenp ' product CDATA #FIXED 'internal'>";
/// Parts of a Markdown topic.
const IN_MARKDOWN: [&str; 9] = [
    "## SECRET {$}\n\nSECRET\n\n## After\n\n",
    "SECRET {$}\n\n",
    "- a\n- SECRET {$}\n\n",
    "[SECRET](http://x){$} a\n\n",
    "**SECRET**{$} `SECRET`{$}\n\n",
    "```text {$}\nSECRET\n```\n\n",
    "| a |\n|---|\n| SECRET {$} |\n\n",
    "<p $>SECRET</p>\n\n",
    "a <span $>SECRET</span>\n\n",
];
/// The forms of the condition in Markdown.
const MARKS: [&str; 4] = [
    "product=\"internal\"",
    "data-product=\"internal\"",
    "data-props=\"product(internal)\"",
    "DATA-product='internal'",
];
const IN_PROLOG: [&str; 6] = [
    "<author @>SECRET</author>",
    "<metadata @><keywords><keyword>SECRET</keyword><indexterm>SECRET</indexterm></keywords></metadata>",
    "<metadata><othermeta name='x' content='SECRET' @/></metadata>",
    "<metadata><audience type='SECRET' @/><category @>SECRET</category></metadata>",
    "<resourceid appid='SECRET' @/>",
    "<data name='x' value='SECRET' @/>",
];
const IN_BODY: [&str; 17] = [
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
    "<hiddenp>SECRET</hiddenp>",
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
    fn what_a_ditaval_excludes_is_nowhere(
        map in parts(&IN_MAP),
        prolog in parts(&IN_PROLOG),
        text in parts(&IN_BODY),
        markdown in parts(&IN_MARKDOWN),
        mark in prop::sample::select(&MARKS),
    ) {
        let condition = "product='internal'";
        let map = format!(
            "<!DOCTYPE map SYSTEM 'my.dtd'><map><title>M <ph @>SECRET</ph></title><topicref href='a.dita'/><topicref href='b.dita'/>\
             <topicref href='n.md' format='md'/>{EXCLUDED}{map}</map>"
        );
        let topic = format!(
            "<!DOCTYPE topic SYSTEM 'my.dtd'><topic id='a'><title>A <ph @>SECRET</ph></title><titlealts @><searchtitle>SECRET</searchtitle></titlealts><prolog>{prolog}</prolog>\
             <body>{text}<ul><li id='target'>t</li></ul></body><related-links><link href='only.dita'/><link href='root.dita'><linktext>r</linktext></link></related-links></topic>"
        );
        let secret = |id: &str| format!("<topic id='{id}'><title>SECRET</title></topic>");
        let frag = "<map id='f'><topicref id='x' href='fx.dita'/><topicref id='y' href='fy.dita' @/></map>";
        let files = [
            ("m.ditamap", map.replace('@', condition)),
            ("a.dita", topic.replace('@', condition)),
            ("b.dita", SHARED.replace('@', condition)),
            ("root.dita", "<topic id='root' product='internal'><title>SECRET</title><body><p id='s'>SECRET</p></body></topic>".to_owned()),
            ("secret.ditamap", "<map><title>SECRET</title><topicref href='deep.dita'/><topichead navtitle='SECRET'/></map>".to_owned()),
            ("deep.dita", "<topic id='d' product='internal'><title>SECRET</title></topic>".to_owned()),
            ("only.dita", "<topic id='o'><title>O</title></topic>".to_owned()),
            ("cell.dita", secret("cell")),
            ("fx.dita", secret("fx")),
            ("fy.dita", secret("fy")),
            ("frag.inc", frag.replace('@', condition)),
            ("n.md", format!("# N\n\n{}", markdown.replace('$', mark))),
            ("my.dtd", DEFAULTS.to_owned()),
            (VAL.0, VAL.1.to_owned()),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let folder = write(&files);
        for input in ["", "m.ditamap"] {
            let ditaval = vec![folder.path().join(VAL.0)];
            let (documents, failures) = read_input(&folder.path().join(input), &Options { ditaval, ..Options::default() });
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
}

/// Returns the ids of the documents of a map with these entries, and of a folder with this map.
fn ids_with(entries: &str, dtd: &str) -> [Vec<String>; 2] {
    let map = format!("<!DOCTYPE map [{dtd}]><map><topicref href='a.dita'/>{entries}</map>");
    let frag = "<map id='f'><topicref id='x' href='s.dita'/><topicref id='y' href='s.dita' product='internal'/></map>";
    let topic = |id: &str| format!("<topic id='{id}'><title>{id}</title></topic>");
    let (a, s) = (topic("a"), topic("s"));
    let folder = write(&[("m.ditamap", &map), ("a.dita", &a), ("s.dita", &s), ("frag.inc", frag), VAL]);
    ["", "m.ditamap"].map(|input| {
        let ditaval = vec![folder.path().join(VAL.0)];
        let options = Options { collection: Some("c".to_owned()), ditaval, ..Options::default() };
        let (documents, failures) = read_input(&folder.path().join(input), &options);
        assert_eq!(failures, [], "{entries}");
        documents.into_iter().map(|document| document.id).collect()
    })
}

#[test]
fn a_topic_is_no_document_if_all_references_to_it_are_excluded() {
    let row = |cells: &str| format!("<relrow><relcell><topicref href='a.dita'/></relcell>{cells}</relrow>");
    let cell = "<relcell><topicref href='s.dita'/></relcell>";
    let (table, column) = (format!("<reltable>{}</reltable>", row(cell)), "<relheader><relcolspec/><relcolspec");
    let internal = "product='internal'";
    let excluded = [
        format!("<topicref href='s.dita' {internal}/>"),
        format!("<hidden href='s.dita'/><!-- {internal} -->"),
        table.replace("<reltable", &format!("<reltable {internal}")),
        table.replace("<relrow", &format!("<relrow {internal}")),
        table.replace(cell, &cell.replace("<relcell", &format!("<relcell {internal}"))),
        table.replace("<topicref href='s", &format!("<topicref {internal} href='s")),
        table.replace("<relrow>", &format!("{column} {internal}/></relheader><relrow>")),
        format!("<topicref conref='frag.inc#f/x' {internal}/>"),
        format!("<topicgroup {internal}><topicref conref='frag.inc#f/x'/></topicgroup>"),
        "<topicref conref='frag.inc#f/y'/>".to_owned(),
    ];
    let dtd = "<!ATTLIST hidden class CDATA '- map/topicref my/hidden ' product CDATA 'internal'>";
    for entries in &excluded {
        for ids in ids_with(entries, dtd) {
            assert_eq!(ids, ["topic:c/a", "map:c/m"], "{entries}");
        }
        for ids in ids_with(&format!("{table}{entries}"), dtd) {
            assert!(ids.contains(&"topic:c/s".to_owned()), "a row keeps it: {entries}");
        }
    }
    assert!(ids_with("<topicref conref='frag.inc#f/x'/>", dtd).iter().all(|ids| ids.len() == 3));
}

#[test]
fn the_cells_of_a_relationship_table_keep_their_columns_if_others_are_excluded() {
    let related = |cell: &str| {
        let map = format!(
            "<map><reltable><relheader><relcolspec/><relcolspec/><relcolspec linking='none'/></relheader><relrow>\
             <relcell><topicref href='a.dita'/></relcell>{cell}<relcell><topicref href='b.dita'/></relcell></relrow></reltable></map>"
        );
        let topic = |id: &str| format!("<topic id='{id}'><title>{id}</title></topic>");
        let (a, b) = (topic("a"), topic("b"));
        let (documents, _) = read_folder(&[("m.ditamap", &map), ("a.dita", &a), ("b.dita", &b), VAL], Some(VAL.0));
        documents.iter().any(|document| document.meta.contains_key("related"))
    };
    assert!(!related("<relcell/>"));
    assert!(!related("<relcell product='internal'/>"));
}

#[test]
fn conditions_in_maps_of_markdown_and_html_apply_to_everything_inside() {
    let markdown = [
        "# M\n\n- [a](a.dita)\n- [SECRET](s.dita){$}\n",
        "# M\n\n- [a](a.dita)\n  - [SECRET](s.dita)\n  {$}\n",
        "# M\n\n- [a](a.dita)\n- SECRET {$}\n  - [SECRET](s.dita)\n",
        "# M\n\n- [a <span $>SECRET</span>](a.dita)\n\n<div $>\n\n- [SECRET](s.dita)\n\n</div>\n",
        "# SECRET {$}\n\n- [a](a.dita)\n\n## SECRET {$}\n\n- [SECRET](s.dita)\n",
    ];
    let html = [
        "<h1>M</h1><ul><li><a href='a.dita'>a</a></li></ul><ul $><li><a href='s.dita'>SECRET</a></li></ul>",
        "<h1>M <b $>SECRET</b></h1><div $><p>SECRET</p><ul><li><a href='s.dita'>SECRET</a></li></ul></div><ul><li><a href='a.dita'>a</a></li></ul>",
        "<h1>M</h1><ul><li><a href='a.dita'>a</a><div $><ul><li><a href='s.dita'>SECRET</a></li></ul></div></li></ul>",
        "<h1>M</h1><ul><li><a href='a.dita'>a</a></li><li $><a data-product='pro' href='s.dita'>SECRET</a></li></ul>",
    ];
    for (name, text) in
        markdown.iter().map(|text| ("m.mditamap", text)).chain(html.iter().map(|text| ("m.hditamap", text)))
    {
        let map = text.replace('$', "data-product=\"internal\"");
        let (a, s) = ("<topic id='a'><title>A</title></topic>", "<topic id='s'><title>SECRET</title></topic>");
        let (documents, failures) = read_folder(&[(name, &map), ("a.dita", a), ("s.dita", s), VAL], Some(VAL.0));
        assert_eq!(failures, []);
        let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
        assert_eq!(ids, ["topic:c/a", "map:c/m"], "{text}");
        let written = serde_json::to_string(&documents).unwrap();
        assert!(!written.contains("SECRET") && documents[1].text_md == "- [A](topic:c/a)", "{text}: {written}");
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

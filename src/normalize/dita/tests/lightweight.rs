//! Lightweight DITA together with other topics.

use super::super::library::Form;
use super::super::{output, scan};
use super::{document, read_folder, write};
use crate::normalize::Options;

const MAP: &str = "<map><title>LW</title><keydef keys='prod'><topicmeta><keywords><keyword>Acme</keyword></keywords></topicmeta></keydef>\
    <topicref href='a.md' format='markdown'/><topicref href='b.md' format='mdita'/><topicref href='c.html' format='hdita'/><topicref href='d.dita' keys='kk'/></map>";
const A: &str = "---\nid: amd\nauthor: Bob\nproduct: [pro, lite]\n---\n# Markdown topic {.concept #amd}\n\n\
    Short [link](d.dita), [b](b.md#sec), [ref][kk], [kk] <span data-keyref=\"prod\"></span> &nbsp;end\n\n## Section {#sec .example}\n\n\
    1. one\n   - two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```java\nint x;\n```\n\n<p id=\"shared\">from Markdown</p>\n";
const C: &str = "<!DOCTYPE html><html lang='en'><head><title>H</title><meta name='team' content='docs'></head><body><article id='c'><h1>H topic</h1>\
    <p>Para <b>x</b><br>y<p>two</p><h2>Sub</h2><table><tr><th>k</th></tr><tr><td>v</td></tr></table><img src='i.png'></article></body></html>";

fn files() -> [(&'static str, &'static str); 5] {
    [
        ("m.ditamap", MAP),
        ("a.md", A),
        ("b.md", "<!-- note -->\n# B topic\n\nText ![img](http://x/x.png)\n\n## Sec {#sec}\n\nfoo"),
        ("c.html", C),
        (
            "d.dita",
            "<topic id='d'><title>D</title><body><p><xref href='a.md'/> <xref href='b.md#sec'/> <xref href='c.html' format='html'/></p><p conref='a.md#amd/shared'/></body></topic>",
        ),
    ]
}

#[test]
fn markdown_topics_have_metadata_links_and_keys() {
    let read = document(&files(), "topic:c/a");
    assert_eq!((read.title.as_str(), read.body_repr.as_deref()), ("Markdown topic", Some("markdown")));
    assert_eq!(read.labels, ["product:lite", "product:pro"]);
    assert_eq!(read.meta["author"], "Bob");
    let expected = "Short [link](topic:c/d), [b](topic:c/b#sec), [ref](topic:c/d), [D](topic:c/d) Acme end\n\n## Section\n\n1. one\n   - two\n\n\
        | a | b |\n| --- | --- |\n| 1 | 2 |\n\n```java\nint x;\n```\n\nfrom Markdown";
    assert_eq!(read.text_md, expected);
    assert_eq!(document(&files(), "topic:c/b").title, "B topic");
}

#[test]
fn html_topics_are_converted() {
    let read = document(&files(), "topic:c/c");
    assert_eq!((read.title.as_str(), read.body_repr.as_deref()), ("H topic", Some("html")));
    assert_eq!(read.text_md, "Para **x**\\\ny\n\ntwo\n\n## Sub\n\n| k |\n| --- |\n| v |\n\n![](i.png)");
    assert_eq!((&read.meta["language"], &read.meta["team"]), (&"en".into(), &"docs".into()));
}

#[test]
fn other_topics_refer_to_them() {
    let read = document(&files(), "topic:c/d");
    assert_eq!(read.text_md, "[Markdown topic](topic:c/a) [Sec](topic:c/b#sec) [H topic](topic:c/c)\n\nfrom Markdown");
}

const VAL: (&str, &str) = ("x.ditaval", "<val><prop att='product' val='internal' action='exclude'/></val>");

/// Returns all text in the documents of an HTML topic and a Markdown topic after filtering.
fn filtered(html: &str, markdown: &str) -> String {
    let map =
        "<map><title>M</title><topicref href='a.html' format='hdita'/><topicref href='b.md' format='mdita'/></map>";
    let files = [("m.ditamap", map), ("a.html", html), ("b.md", markdown), VAL];
    let (documents, failures) = read_folder(&files, Some(VAL.0));
    assert_eq!(failures, []);
    format!("{documents:?}")
}

#[test]
fn conditions_of_html_elements_exclude_their_content() {
    for html in [
        "<html><body><article data-product='internal'><h1>SECRET</h1><p>SECRET</p></article></body></html>",
        "<html><body><article data-props='product(internal)'><h1>SECRET</h1></article></body></html>",
        "<html><body data-product='internal'><article data-product='pro'><h1>SECRET</h1></article></body></html>",
        "<html><body><article><h1 DATA-PRODUCT='internal'>SECRET</h1><p>SECRET</p></article></body></html>",
        "<html><body><article><h1>A</h1><h2 data-product='internal'>SECRET</h2><p>SECRET</p></article></body></html>",
        "<html><body><article><h1>A</h1><article product='internal'><h2>SECRET</h2></article></article></body></html>",
        "<html><body><h1>A</h1><div data-product='internal'><article data-product='pro'><h2>SECRET</h2></article></div></body></html>",
        "<html><body><h1>A</h1><pre><code>x <span data-product='internal'>SECRET</span></code></pre></body></html>",
        "<html><body><h1>A</h1><table><tbody data-product='internal'><tr><td>SECRET</td></tr></tbody></table></body></html>",
        "<html><body><h1>A</h1><dl><div data-product='internal'><dt>SECRET</dt><dd>SECRET</dd></div></dl></body></html>",
        "<html><body><h1>A</h1><dl><dt>b</dt><dd data-product='internal'>SECRET</dd></dl></body></html>",
    ] {
        assert!(!filtered(html, "# B").contains("SECRET"), "{html}: {}", filtered(html, "# B"));
    }
}

#[test]
fn attributes_in_markdown_exclude_their_content() {
    for markdown in [
        "# SECRET {product=\"internal\"}\n\nSECRET",
        "# B\n\n## SECRET {#s .c product=\"internal\"}\n\nSECRET",
        "# B\n\nSECRET {product=internal}\n=====\n\nSECRET",
        "# B\n\n## SECRET {#my_id props=\"product(internal) os(mac)\"}\n\nSECRET",
        "---\nproduct: internal\n---\n# SECRET\n",
        "# B\n\nSECRET\nSECRET {product=internal}",
        "# B\n\nx **SECRET {product=internal}** y",
        "# B\n\nx **SECRET**{product=internal} [SECRET](SECRET.md){product=internal} `SECRET`{product=internal}",
        "# B\n\n- a\n- SECRET {product=internal}\n  - SECRET\n",
        "# B\n\n- SECRET\n\n{product=internal}\n",
        "# B\n\n> SECRET\n\n{product=internal}\n",
        "# B\n\nterm\n: SECRET {product=internal}\n",
        "# B\n\n| a | b |\n|---|---|\n| x | SECRET {product=internal} |\n",
        "# B\n\n| SECRET |\n|---|\n| SECRET |\n{product=internal}\n",
        "# B\n\n``` {.java product=internal}\nSECRET\n```\n",
        "# B\n\n<div data-product='internal'>\n\nSECRET\n\n</div>\n",
    ] {
        assert!(
            !filtered("<h1>A</h1>", markdown).contains("SECRET"),
            "{markdown}: {}",
            filtered("<h1>A</h1>", markdown)
        );
    }
}

#[test]
fn conditions_of_headings_become_labels() {
    let files = [
        ("m.ditamap", "<map><topicref href='a.html' format='hdita'/><topicref href='b.md' format='mdita'/></map>"),
        ("a.html", "<article data-platform='osx'><h1>A</h1><h2 data-deliverytarget='web'>S</h2></article>"),
        ("b.md", "# B {product=\"pro lite\"}\n\n## S {audience=novice}\n\ntext {.c rev=1}"),
    ];
    assert_eq!(document(&files, "topic:c/a").labels, ["deliveryTarget:web", "platform:osx"]);
    let read = document(&files, "topic:c/b");
    assert_eq!(read.labels, ["audience:novice", "product:lite", "product:pro"]);
    assert_eq!(read.text_md, "## S\n\ntext");
}

#[test]
fn definition_lists_media_and_articles_of_html_are_converted() {
    let html = "<html><body><article id='a'><h1>A</h1><dl><dt>Port</dt><dd>8443</dd><dt>One</dt><dt>Two</dt><dd><p>x</p><p>y</p></dd></dl>\
        <video src='http://x/v.mp4'><track src='t.vtt'><p>Your browser cannot play this.</p></video>\
        <article id='in'><h2>Inner</h2><p>text <a href='#in'>up</a></p></article></article></body></html>";
    let files = [("m.ditamap", "<map><topicref href='a.html' format='hdita'/></map>"), ("a.html", html)];
    let read = document(&files, "topic:c/a");
    let expected =
        "- **Port**: 8443\n\n- **One**, **Two**: x\n\n  y\n\n[v.mp4](http://x/v.mp4)\n\n## Inner\n\ntext [up](#in)";
    assert_eq!((read.text_md.as_str(), read.losses.len()), (expected, 0), "{:?}", read.losses);
    let several = "<html><body><article id='a'><h1>A</h1><p>x</p></article><article id='b'><h1>B</h1><p>y</p></article></body></html>";
    let files = [files[0], ("a.html", several)];
    let read = document(&files, "topic:c/a");
    assert_eq!((read.title.as_str(), read.text_md.as_str()), ("A", "x\n\n## B\n\ny"));
}

#[test]
fn definition_lists_of_markdown_are_converted() {
    let files = [
        ("m.ditamap", "<map><topicref href='b.md' format='mdita'/></map>"),
        ("b.md", "# B\n\nPort\n: 8443\n: 443\n\nHost\n: db\n"),
    ];
    assert_eq!(document(&files, "topic:c/b").text_md, "- **Port**: 8443\n\n  443\n\n- **Host**: db");
}

#[test]
fn links_lead_to_any_element_with_an_id() {
    let files = [
        (
            "m.ditamap",
            "<map><topicref href='b.md' format='mdita'/><topicref href='c.html' format='hdita' keys='c'/><topicref href='d.dita'/></map>",
        ),
        (
            "b.md",
            "# B {#b}\n\nOne [own](#p) [other](c.html#q) [topic](#sec) [][c]\n\ntext {#p}\n\n## Sec {#sec}\n\n[gone](#none)\n",
        ),
        (
            "c.html",
            "<html><body><article id='c'><h1>C</h1><p id='q'>q</p><article id='in'><h2>In</h2><p id='r'>r</p></article>\
            <p data-conref='b.md#p'></p></article></body></html>",
        ),
        (
            "d.dita",
            "<topic id='d'><title>D</title><body><p><xref href='c.html#r'>r</xref> <ph keyref='c/q'/></p></body></topic>",
        ),
    ];
    let read = document(&files, "topic:c/b");
    let expected =
        "One [own](#p) [other](topic:c/c#q) [topic](#sec) [C](topic:c/c)\n\ntext\n\n## Sec\n\n[gone](topic:c/b)";
    assert_eq!((read.text_md.as_str(), read.losses.get("link:missing-element")), (expected, Some(&1)));
    let html = document(&files, "topic:c/c");
    assert_eq!(html.text_md, "q\n\n## In\n\nr\n\ntext");
    let topic = document(&files, "topic:c/d");
    assert_eq!(
        (topic.text_md.as_str(), topic.losses.len()),
        ("[r](topic:c/c#r) [C](topic:c/c#q)", 0),
        "{:?}",
        topic.losses
    );
}

#[test]
fn hidden_elements_are_omitted_but_may_be_reused() {
    let html = "<html><body><article id='a'><h1>A <span hidden>4711</span></h1><p hidden>4711</p><p style='display:none'>4711</p>\
        <ul><li>x</li><li hidden=''>4711</li></ul><table><tr><th>h</th></tr><tr><td>y</td></tr><tr style='display: none'><td>4711</td></tr></table>\
        <h2 hidden>4711</h2><div hidden><p id='shared'>Shared text</p></div><article hidden><h2>4711</h2><p>4711</p></article></article></body></html>";
    let files = [
        ("m.ditamap", "<map><topicref href='a.html' format='hdita'/><topicref href='b.md' format='mdita'/></map>"),
        ("a.html", html),
        ("b.md", "# B\n\n<p data-conref=\"a.html#a/shared\"></p>\n\n<p hidden>4711</p>\n"),
    ];
    let read = document(&files, "topic:c/a");
    assert_eq!((read.title.as_str(), read.text_md.as_str()), ("A", "- x\n\n| h |\n| --- |\n| y |"));
    assert!(!serde_json::to_string(&read).unwrap().contains("4711"), "{read:?}");
    assert_eq!(read.losses["element:hidden"], 8);
    assert_eq!(document(&files, "topic:c/b").text_md, "Shared text");
}

#[test]
fn check_boxes_of_markdown_are_no_references_to_keys() {
    let files = [
        ("m.ditamap", "<map><topicref href='b.md' format='mdita'/></map>"),
        ("b.md", "# B\n\n- [ ] open\n- [x] done\n"),
    ];
    let read = document(&files, "topic:c/b");
    assert_eq!((read.text_md.as_str(), read.losses.len()), ("- \\[ ] open\n- \\[x] done", 0));
}

#[test]
fn maps_in_markdown_and_html_bring_their_topics() {
    let files = [
        (
            "root.mditamap",
            "# Guide\n\n- [First](a.md)\n  - [Second](b.dita)\n- [Part](part.md){format=\"mditamap\"}\n- [Other](other.hditamap)\n",
        ),
        ("part.md", "# Part\n\n1. [Third](c.md)\n"),
        (
            "other.hditamap",
            "<html><body><nav><h1>Other</h1><ul><li><p><a href='d.html'>Fourth</a></p></li></ul></nav></body></html>",
        ),
        ("a.md", "# A\n\na\n"),
        ("b.dita", "<topic id='b'><title>B</title></topic>"),
        ("c.md", "# C\n\nc\n"),
        ("d.html", "<html><body><article><h1>D</h1><p>d</p></article></body></html>"),
    ];
    let folder = super::write(&files);
    for input in [folder.path().to_owned(), folder.path().join("root.mditamap")] {
        let options = crate::normalize::Options { collection: Some("c".to_owned()), ..Default::default() };
        let (documents, failures) = super::read_input(&input, &options);
        assert_eq!(failures, []);
        let mut titles: Vec<&str> = documents.iter().map(|document| document.title.as_str()).collect();
        titles.sort_unstable();
        assert_eq!(titles, ["A", "B", "C", "D", "Guide", "Other", "Part"]);
        let root = documents.iter().find(|document| document.title == "Guide").unwrap();
        let expected = "- [A](topic:c/a)\n  - [B](topic:c/b)\n- [Part](map:c/part)\n- [Other](map:c/other)";
        assert_eq!((root.text_md.as_str(), root.losses.len()), (expected, 0));
        let b = documents.iter().find(|document| document.title == "B").unwrap();
        assert_eq!(b.breadcrumbs, ["Guide", "A"]);
    }
}

#[test]
fn a_map_is_read_without_parsing_its_markdown_topics() {
    let map = "<map><title>M</title><topicref href='a.md' format='md'/><topicref href='b.md' format='md'/></map>";
    let folder = write(&[("m.ditamap", map), ("a.md", "# *A* a\n\ntext"), ("b.md", "# B [b]\n\n[b]: http://x")]);
    let options = Options { collection: Some("c".to_owned()), ..Options::default() };
    let library = scan::scan(folder.path(), &options).unwrap().library;
    let [map, a, b] = ["m.ditamap", "a.md", "b.md"].map(|name| library.inputs.file(name).unwrap());
    let documents = output::documents(&library, map, Form::Map);
    assert_eq!(documents[0].text_md, "- [A a](topic:c/a)\n- [B b](topic:c/b)");
    assert_eq!([a, b].map(|file| library.inputs.is_cached(file)), [false, true]);
}

#[test]
fn lists_begin_with_their_number_and_keywords_are_separate() {
    let html = "<html><head><title>T</title><meta name='Keywords' content='k1, k2'><meta name='x' content='SECRET' data-product='internal'></head>\
        <body><article><h1>T</h1><ol start='3'><li id='three'>a</li></ol><p><a href='#three'></a></p></article></body></html>";
    let map = "<map><topicref href='t.html' format='hdita'/><topicref href='n.md' format='md'/></map>";
    let files = [
        ("m.ditamap", map),
        ("t.html", html),
        ("n.md", "# N\n\n5. five\n6. six\n"),
        ("x.ditaval", "<val><prop att='product' val='internal' action='exclude'/></val>"),
    ];
    let (documents, _) = super::read_folder(&files, Some("x.ditaval"));
    let find = |id: &str| documents.iter().find(|document| document.id == id).unwrap();
    let read = find("topic:c/t");
    assert_eq!(read.meta["keywords"], serde_json::json!(["k1", "k2"]));
    assert!(!read.meta.contains_key("x") && read.text_md.starts_with("3. a\n"), "{read:?}");
    assert_eq!(find("topic:c/n").text_md, "5. five\n6. six");
}

//! Lightweight DITA together with other topics.

use super::document;

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

//! Checks that the Markdown contains every word that a reader of the published page sees.
//!
//! A separate scanner, which does not use the converter, finds the words of the source. It removes tags, keeps CDATA as
//! text, and ignores parameters and identifiers.

use std::collections::HashMap;
use std::fs;

use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::parsed::visible_text;
use super::super::word_order::WordOrder;

/// Elements whose text is not visible as text of the page.
const UNSEEN: &[&str] = &[
    "ac:parameter",
    "ac:task-id",
    "ac:task-uuid",
    "ac:task-status",
    "ac:placeholder",
    "title",
    "style",
    "script",
    "ac:adf-attribute",
    "ac:adf-fallback",
    "math",
];

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn every_word_of_storage_pages_is_in_the_markdown_in_its_place() {
    for (folder, endings) in [
        ("cf-for-obsidian", [".xml", ".xhtml"]),
        ("cf-md2conf", [".xml", ".xhtml"]),
        ("cf-mark", [".html", ".xhtml"]),
        ("cf-to-notion", [".xml", ".xhtml"]),
    ] {
        let corpus = corpus(folder);
        let mut order = WordOrder::default();
        for path in files_ending(&corpus, &endings) {
            let source = fs::read_to_string(&path).expect("a readable file");
            let read = read(&path, Source::Confluence, &Options::default());
            // If a page has no document, all of its words are lost.
            let kept = read.documents.first().map(|document| shown(&document.title, &document.text_md, &source));
            order.take(&path.display().to_string(), &owned(&source_text(&source)), &owned(&kept.unwrap_or_default()));
        }
        order.report(folder);
    }
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn every_word_of_a_space_export_is_in_the_markdown_in_its_place() {
    let corpus = corpus("cf-doctoolchain/src/test/testConfluenceSpace");
    let source = fs::read_to_string(corpus.join("entities.xml")).expect("a readable file");
    let read = read(&corpus, Source::Confluence, &Options::default());
    let mut order = WordOrder::default();
    for (id, body) in current_pages(&source) {
        let document = read.documents.iter().find(|document| document.id.ends_with(&format!("/{id}")));
        let kept = document.map(|document| visible_text(&document.text_md)).unwrap_or_default();
        order.take(id, &owned(&source_text(&body)), &owned(&kept));
    }
    order.report("cf-doctoolchain");
}

/// Returns id and body of each current page in an export. It only looks at the text between tags.
fn current_pages(entities: &str) -> Vec<(&str, String)> {
    let objects = || entities.split("<object class=\"").skip(1);
    let own_id = |object: &'_ str| -> Option<String> {
        Some(object.split_once("<id name=\"id\">")?.1.split_once('<')?.0.to_owned())
    };
    let bodies: HashMap<String, String> = objects()
        .filter(|object| object.starts_with("BodyContent\""))
        .filter_map(|object| {
            let (_, owner) = object.split_once("<property name=\"content\" class=\"Page\"")?;
            let (_, body) = object.split_once("<property name=\"body\"><![CDATA[")?;
            let (body, _) = body.split_once("]]></property>")?;
            Some((own_id(owner)?, body.replace("]] >", "]]>")))
        })
        .collect();
    objects()
        .filter(|object| object.starts_with("Page\""))
        .filter(|object| object.contains("name=\"contentStatus\"><![CDATA[current]]>"))
        .filter(|object| !object.contains("<property name=\"originalVersion\" class"))
        .filter_map(|object| {
            let id = object.split_once("<id name=\"id\">")?.1.split_once('<')?.0;
            Some((id, bodies.get(id)?.clone()))
        })
        .collect()
}

/// Returns the text that a reader of the Markdown sees. A title that the page itself does not show is excluded.
fn shown(title: &str, text_md: &str, source: &str) -> String {
    let shows_title = source.contains("<h1") || source.contains("<title");
    format!("{}\n{}", if shows_title { title } else { "" }, visible_text(text_md))
}

fn owned(text: &str) -> Vec<String> {
    words(text).map(str::to_owned).collect()
}

/// Returns the sequences of letters and digits.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

pub fn count(text: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in words(text) {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    counts
}

/// Returns the text between tags, without invisible elements.
pub fn source_text(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    // The current invisible element, and the number of open elements with the same name inside it.
    let mut unseen: Option<(String, usize)> = None;
    while let Some(at) = rest.find('<') {
        let (text, markup) = rest.split_at(at);
        if unseen.is_none() {
            out.push_str(&decode(text));
        }
        if let Some(body) = markup.strip_prefix("<![CDATA[") {
            let (body, after) = body.split_once("]]>").unwrap_or((body, ""));
            if unseen.is_none() {
                out.push_str(body);
            }
            rest = after;
            continue;
        }
        if let Some(comment) = markup.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let (tag, after) = markup.split_once('>').unwrap_or((markup, ""));
        rest = after;
        let name = tag.trim_start_matches(['<', '/']).split([' ', '/', '\n']).next().unwrap_or_default();
        let hidden = tag.contains("display: none") || tag.contains("aria-hidden=\"true\"");
        let (opens, closes) = (!tag.ends_with('/') && !tag.starts_with("</"), tag.starts_with("</"));
        match &mut unseen {
            None if opens && (UNSEEN.contains(&name) || hidden) => unseen = Some((name.to_owned(), 1)),
            Some((open, depth)) if open == name => {
                *depth = *depth + usize::from(opens) - usize::from(closes);
                if *depth == 0 {
                    unseen = None;
                }
            }
            _ => {}
        }
        let inside_words = [
            "strong",
            "b",
            "em",
            "i",
            "u",
            "s",
            "del",
            "sub",
            "sup",
            "span",
            "code",
            "a",
            "font",
            "ac:link",
            "ac:plain-text-link-body",
        ];
        if !inside_words.contains(&name) {
            out.push(' ');
        }
    }
    if unseen.is_none() {
        out.push_str(&decode(rest));
    }
    out
}

/// Replaces the character references that occur in the corpora.
fn decode(text: &str) -> String {
    const KNOWN: &[(&str, &str)] = &[
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&rsquo;", "’"),
        ("&lsquo;", "‘"),
        ("&ldquo;", "“"),
        ("&rdquo;", "”"),
        ("&ndash;", "–"),
        ("&mdash;", "—"),
        ("&hellip;", "…"),
        ("&copy;", "©"),
        ("&reg;", "®"),
        ("&trade;", "™"),
        ("&uuml;", "ü"),
        ("&ouml;", "ö"),
        ("&ccedil;", "ç"),
        ("&eacute;", "é"),
        ("&rarr;", "→"),
        ("&larr;", "←"),
        ("&#39;", "'"),
        ("&#160;", " "),
        ("&#8211;", "–"),
        ("&#8230;", "…"),
        ("&#x2019;", "’"),
        ("&#x21a9;", "↩"),
        ("&#xfe0e;", ""),
        ("&amp;", "&"),
    ];
    let text = KNOWN.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace(['\u{ad}', '\u{200b}', '\u{feff}'], "")
}

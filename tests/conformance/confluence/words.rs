//! Words kept: whatever a reader of the published page sees is in the Markdown.
//!
//! The words of the source are counted here by a scanner of its own, which knows nothing of the converter: tags fall
//! away, CDATA is text, parameters and identifiers are not.

use std::collections::HashMap;
use std::fs;

use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::parsed::visible_text;
use super::super::table::{percent, reaches, row};

/// Elements whose text no reader sees as text of the page.
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
fn every_word_of_storage_pages_is_in_the_markdown() {
    let (mut total, mut missing) = (0, Vec::new());
    for (folder, endings) in [
        ("cf-for-obsidian", [".xml", ".xhtml"]),
        ("cf-md2conf", [".xml", ".xhtml"]),
        ("cf-mark", [".html", ".xhtml"]),
        ("cf-to-notion", [".xml", ".xhtml"]),
    ] {
        let Some(corpus) = corpus(folder) else { return };
        let (mut of_corpus, before) = (0, missing.len());
        for path in files_ending(&corpus, &endings) {
            let source = fs::read_to_string(&path).expect("a readable file");
            let read = read(&path, Source::Confluence, &Options::default());
            let Some(document) = read.documents.first() else { panic!("{}: {:?}", path.display(), read.failures) };
            let mut kept = count(&format!("{}\n{}", document.title, visible_text(&document.text_md)));
            for (word, wanted) in count(&source_text(&source)) {
                of_corpus += wanted;
                let found = kept.get_mut(&word).map_or(0, std::mem::take);
                missing.extend((found..wanted).map(|_| format!("{}: {word} ({found} of {wanted})", path.display())));
            }
        }
        let kept = of_corpus - (missing.len() - before);
        row(folder, "words kept", &percent(kept, of_corpus), "99.9 %", reaches(kept, of_corpus, 999));
        total += of_corpus;
    }
    for line in missing.iter().take(60) {
        println!("{line}");
    }
    assert!(total > 5_000, "the corpora are read");
    assert!(missing.len() * 1_000 <= total, "at least 99.9 % of {total} words are kept");
}

/// Runs of letters and digits.
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

/// What stands between the tags, but for the elements that nobody sees.
pub fn source_text(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    // The element that nobody sees, and how many of its name are open inside.
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

/// Replaces the references that occur in the corpora.
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

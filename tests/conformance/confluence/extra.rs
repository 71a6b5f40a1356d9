//! Checks that a Markdown document contains no word that its source does not show.
//!
//! The scanners in [`words`](super::words) and [`adf`](super::adf) find the words of the source. In addition, the
//! specification allows the labels of callouts, names of files, addresses and titles of macros.

use std::fs;

use serde_json::Value;
use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::extra_words::WordTally;
use super::super::parsed::visible_text;
use super::adf::texts;
use super::words::{count, source_text, words};

/// Words that the writer adds.
const ADDED: &[&str] = &[
    "Info",
    "Note",
    "Tip",
    "Warning",
    "Success",
    "Error",
    "Jira",
    "query",
    "Included",
    "attachment",
    "Decision",
    "unknown",
    "user",
];

/// Parameters and attributes with visible text, according to the specification.
const SHOWN: &[&str] = &[
    "ac:name=\"title\">",
    "ac:name=\"\">",
    "ac:name=\"key\">",
    "ac:name=\"jqlQuery\">",
    "ac:name=\"body\">",
    "ac:name=\"name\">",
    "ac:name=\"diagramName\">",
    "ac:name=\"diagramDisplayName\">",
    "ac:name=\"filename\">",
    "ac:name=\"url\">",
    "ri:filename=\"",
    "ri:value=\"",
    "ri:content-title=\"",
    "ri:userkey=\"",
    "ri:account-id=\"",
    "ri:username=\"",
    "ri:space-key=\"",
    "ac:anchor=\"",
    "ac:alt=\"",
    "ac:title=\"",
    "datetime=\"",
    "alt=\"",
    "src=\"",
    "href=\"",
    "start=\"",
    "encoding=\"application/x-tex\">",
];

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn no_word_of_the_markdown_comes_from_parameters_or_ids() {
    for folder in ["cf-for-obsidian", "cf-md2conf", "cf-mark", "cf-to-notion"] {
        check(folder, &[".xml", ".html", ".xhtml"], |source| format!("{}\n{}", source_text(source), shown(source)));
    }
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn no_word_of_the_markdown_comes_from_parameters_or_ids_of_adf() {
    for folder in ["adf-atlaskit/packages", "adf-extended-parser", "adf-atlas-doc-parser"] {
        check(folder, &[".adf", ".json"], |source| {
            let value = serde_json::from_str(source).unwrap_or_default();
            let mut shown = String::new();
            shown_of_adf(&value, &mut shown);
            format!("{}\n{shown}", texts(&value))
        });
    }
}

/// Checks that `words_of` finds every word of a corpus' Markdown in its source, or that the writer adds it.
fn check(folder: &str, endings: &[&str], words_of: impl Fn(&str) -> String) {
    let corpus = corpus(folder);
    let mut tally = WordTally::default();
    for path in files_ending(&corpus, endings) {
        let source = fs::read_to_string(&path).expect("a readable file");
        let read = read(&path, Source::Confluence, &Options::default());
        let Some(document) = read.documents.first() else { continue };
        // Cells with spans repeat their words, so the number of occurrences is not checked.
        let known = count(&format!("{}\n{}", words_of(&source), ADDED.join(" ")));
        let words = words(&visible_text(&document.text_md)).map(str::to_owned).collect();
        tally.take(&path.display().to_string(), words, |word| known.contains_key(word));
    }
    tally.report(folder);
}

/// Adds the visible attributes of ADF according to the specification. Text nodes and attributes of marks are excluded.
fn shown_of_adf(node: &Value, out: &mut String) {
    const SHOWN: &[(&[&str], &[&str])] = &[
        (&["emoji"], &["/attrs/text", "/attrs/shortName"]),
        // The id is shown for a person without a name.
        (&["mention"], &["/attrs/id"]),
        (&["media", "mediaInline", "image"], &["/attrs/alt", "/attrs/url", "/attrs/__fileName"]),
        (&["panel"], &["/attrs/panelIconText", "/attrs/title"]),
        (
            &["inlineCard", "blockCard", "embedCard"],
            &["/attrs/url", "/attrs/data/url", "/attrs/data/name", "/attrs/datasource/parameters/jql"],
        ),
        (
            &["applicationCard"],
            &[
                "/attrs/text",
                "/attrs/title/text",
                "/attrs/description/text",
                "/attrs/details/0/title",
                "/attrs/details/1/title",
                "/attrs/details/0/text",
                "/attrs/details/0/lozenge/text",
            ],
        ),
        (
            &["extension", "bodiedExtension", "inlineExtension"],
            &[
                "/attrs/text",
                "/attrs/parameters/guestParams/diagramDisplayName",
                "/attrs/parameters/macroParams/title/value",
            ],
        ),
    ];
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    for (_, pointers) in SHOWN.iter().filter(|(kinds, _)| kinds.contains(&kind)) {
        for text in pointers.iter().filter_map(|pointer| node.pointer(pointer)?.as_str()) {
            out.push_str(text);
            out.push('\n');
        }
    }
    for child in node.get("content").and_then(Value::as_array).into_iter().flatten() {
        shown_of_adf(child, out);
    }
}

/// Returns the values of visible parameters and attributes.
fn shown(source: &str) -> String {
    let mut out = String::new();
    for mark in SHOWN {
        for part in source.split(mark).skip(1) {
            out.push_str(part.split(['"', '<']).next().unwrap_or_default());
            out.push('\n');
        }
    }
    // Names of emoticons become characters. Entities in attributes are the same as in text.
    source_text(&out.replace("&amp;", "&"))
}

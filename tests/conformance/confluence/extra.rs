//! Nothing extra: no word of a Markdown that its source does not show.
//!
//! The words of the source are counted by the scanner of [`words`](super::words); beside them only those may appear that
//! the specification asks for: labels of callouts, names of files, addresses, titles of macros.

use std::fs;

use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::parsed::visible_text;
use super::super::strangers::Census;
use super::words::{count, source_text, words};

/// Words that the writer adds by itself.
const ADDED: &[&str] =
    &["Info", "Note", "Tip", "Warning", "Success", "Error", "Jira", "query", "Included", "attachment"];

/// Parameters and attributes whose text a reader sees, by the specification.
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
fn no_word_of_the_markdown_comes_from_parameters_or_ids() {
    for folder in ["cf-for-obsidian", "cf-md2conf", "cf-mark", "cf-to-notion"] {
        let Some(corpus) = corpus(folder) else { return };
        let mut census = Census::default();
        for path in files_ending(&corpus, &[".xml", ".html", ".xhtml"]) {
            let source = fs::read_to_string(&path).expect("a readable file");
            let read = read(&path, Source::Confluence, &Options::default());
            let Some(document) = read.documents.first() else { continue };
            // Cells that span repeat their words: how often a word appears is not at issue here.
            let known = count(&format!("{}\n{}\n{}", source_text(&source), shown(&source), ADDED.join(" ")));
            let words = words(&visible_text(&document.text_md)).map(str::to_owned).collect();
            census.take(&path.display().to_string(), words, |word| known.contains_key(word));
        }
        census.report(folder);
    }
}

/// The values of parameters and attributes that are shown.
fn shown(source: &str) -> String {
    let mut out = String::new();
    for mark in SHOWN {
        for part in source.split(mark).skip(1) {
            out.push_str(part.split(['"', '<']).next().unwrap_or_default());
            out.push('\n');
        }
    }
    // Names of emoticons become signs; entities in attributes are those of the text.
    source_text(&out.replace("&amp;", "&"))
}

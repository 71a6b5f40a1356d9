//! Storage format with the Markdown that another converter publishes for it.
//!
//! The pairs write some things in a dialect of their own, which [`dialect`] translates; where our specification decides
//! otherwise, `differences.md` holds our text and the reason.

use std::collections::BTreeMap;
use std::fs;

use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, read};

const DIFFERENCES: &str = include_str!("differences.md");

#[test]
fn published_pairs_are_equal_or_listed_with_the_reason() {
    let Some(corpus) = corpus("cf-for-obsidian/tests/fixtures/storage") else { return };
    let listed = differences();
    let (mut equal, mut by_specification, mut wrong) = (0, 0, Vec::new());
    for entry in fs::read_dir(corpus).expect("a folder") {
        let folder = entry.expect("an entry").path();
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        // Two inputs have no Markdown: their publisher refuses them.
        let expected = fs::read_to_string(folder.join("expected.md")).unwrap_or_default();
        let ours = convert(&folder.join("input.xml"));
        if let Some(difference) = listed.get(&name) {
            assert!(!difference.reason.is_empty(), "{name} is listed without a reason");
            if same(&difference.ours, &ours) {
                by_specification += 1
            } else {
                wrong.push((name, difference.ours.clone(), ours))
            }
        } else if same(&dialect(&expected), &ours) {
            equal += 1;
        } else {
            wrong.push((name, dialect(&expected), ours));
        }
    }
    let total = equal + by_specification + wrong.len();
    println!(
        "cf-for-obsidian: {total} pairs, {equal} equal, {by_specification} by our specification, {} wrong",
        wrong.len()
    );
    for (name, expected, ours) in &wrong {
        println!("## {name}\n--- expected\n{expected}\n--- ours\n{ours}\n");
    }
    assert!(wrong.is_empty());
}

/// The Markdown of one file, its title back in place where it was the first heading.
fn convert(input: &std::path::Path) -> String {
    let options = Options {
        site_url: Some("https://confluence.example.com".to_owned()),
        collection: Some("ENG".to_owned()),
        ..Options::default()
    };
    let read = read(input, Source::Confluence, &options);
    assert_eq!(read.failures, [], "{}", input.display());
    let [document] = read.documents.as_slice() else { panic!("one document for {}", input.display()) };
    if document.title == "input" {
        return document.text_md.clone();
    }
    format!("# {}\n\n{}", document.title, document.text_md)
}

/// Blank space and the padding of tables make no difference.
fn same(a: &str, b: &str) -> bool {
    let normal = |text: &str| {
        let words = text.split_whitespace().map(|word| if word.trim_matches('-').is_empty() { "---" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    normal(a) == normal(b)
}

/// Translates what the pairs write in their own way to the same thing in GitHub-flavoured Markdown.
fn dialect(expected: &str) -> String {
    let mut text = expected.replace('\u{200b}', "");
    // Comments carry what their converter needs on the way back.
    while let Some((before, rest)) = text.split_once("<!--") {
        let after = rest.split_once("-->").map_or("", |(_, after)| after);
        text = format!("{before}{after}");
    }
    for (kind, label) in [("info", "Info"), ("note", "Note"), ("tip", "Tip"), ("warning", "Warning")] {
        text = text.replace(&format!("> [!{kind}] "), &format!("> **{label}:** "));
        text = text.replace(&format!("> [!{kind}]\n>\n> "), &format!("> **{label}:** "));
    }
    // Underline and colour are not part of the text.
    for tag in ["<u>", "</u>", "</span>"] {
        text = text.replace(tag, "");
    }
    while let Some((before, rest)) = text.split_once("<span ") {
        let after = rest.split_once('>').map_or("", |(_, after)| after);
        text = format!("{before}{after}");
    }
    text = text.replace(" theme=\"Midnight\"", "").replace(" linenumbers=\"true\"", "");
    anchors(&text)
}

/// `<a href="x">y</a>` as `[y](x)`.
fn anchors(text: &str) -> String {
    let mut out = text.to_owned();
    while let Some((before, rest)) = out.split_once("<a href=\"") {
        let Some((href, rest)) = rest.split_once("\">") else { break };
        let Some((words, after)) = rest.split_once("</a>") else { break };
        out = format!("{before}[{words}]({href}){after}");
    }
    out
}

/// A pair on which our specification decides otherwise.
struct Difference {
    reason: String,
    ours: String,
}

/// Reads `differences.md`: `## name`, the reason, and our Markdown in a fence.
fn differences() -> BTreeMap<String, Difference> {
    let sections = DIFFERENCES.split("\n## ").skip(1);
    sections
        .filter_map(|section| {
            let (name, rest) = section.split_once('\n')?;
            let (reason, rest) = rest.split_once("\n~~~~")?;
            let (_, rest) = rest.split_once('\n')?;
            let (ours, _) = rest.split_once("~~~~")?;
            Some((name.trim().to_owned(), Difference { reason: reason.trim().to_owned(), ours: ours.to_owned() }))
        })
        .collect()
}

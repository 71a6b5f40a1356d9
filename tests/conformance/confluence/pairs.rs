//! Compares storage format with the Markdown that another converter publishes for it.
//!
//! The pairs contain a different dialect, which [`dialect`](super::dialect) translates. If our specification requires a
//! different result, `differences.md` contains our text and the reason.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, read};
use super::super::table::{percent, reaches, row};
use super::dialect::{placeholders, translate};

const DIFFERENCES: &str = include_str!("differences.md");

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn published_pairs_are_equal_or_listed_with_the_reason() {
    let corpus = corpus("cf-for-obsidian/tests/fixtures/storage");
    let listed = differences();
    let (mut as_published, mut equal, mut total) = (0, 0, 0);
    let mut wrong = Vec::new();
    for entry in fs::read_dir(corpus).expect("a folder") {
        let folder = entry.expect("an entry").path();
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        // Two inputs have no Markdown, because their publisher rejects them.
        let published = fs::read_to_string(folder.join("expected.md")).unwrap_or_default();
        let ours = convert(&folder.join("input.xml"));
        let expected = translate(&specified(&placeholders(&published, &folder)));
        total += 1;
        as_published += usize::from(same(&published, &ours));
        match listed.get(&name) {
            None if same(&expected, &translate(&ours)) => equal += 1,
            None => wrong.push((name, expected, ours)),
            Some(known) if same(&expected, &translate(&ours)) => {
                wrong.push((format!("{name} is listed but equal: {}", known.reason), expected, ours));
            }
            Some(known) if !same(&known.ours, &ours) => wrong.push((name, known.ours.clone(), ours)),
            Some(known) => assert!(!known.reason.is_empty(), "{name} is listed without a reason"),
        }
    }
    for (name, expected, ours) in &wrong {
        println!("## {name}\n--- expected\n{expected}\n--- ours\n{ours}\n");
    }
    assert!(wrong.is_empty());
    let figure = format!("{}; {as_published} to the letter", percent(equal, total));
    row("cf-for-obsidian", "pairs equal, the rest listed", &figure, "95 %", reaches(equal, total, 950));
}

/// Replaces links inside a page with the anchor on the published page, and keys with names.
fn specified(markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = markdown;
    while let Some((before, after)) = rest.split_once("](") {
        let in_brackets = after.strip_prefix("<#").and_then(|inner| inner.split_once(">)"));
        let bare = || after.strip_prefix('#').and_then(|inner| inner.split_once(')'));
        out.push_str(before);
        out.push_str("](");
        rest = after;
        if let Some((anchor, tail)) = in_brackets.or_else(bare) {
            let anchor: String = anchor.split_whitespace().collect();
            // Every page in the corpus has the title `input`.
            let _ = write!(out, "#input-{anchor})");
            rest = tail;
        }
    }
    out.push_str(rest);
    let is_key = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let keys: Vec<String> = out
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| is_key(word))
        .map(|key| format!("@{key}"))
        .collect();
    keys.iter().fold(out, |text, key| text.replace(key, "@unknown user"))
}

/// Returns the Markdown of one file. If the title was the first heading, it is added again.
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

/// Compares two texts without spaces and the padding of tables.
fn same(a: &str, b: &str) -> bool {
    let normal = |text: &str| {
        let words = text.split_whitespace().map(|word| if word.trim_matches('-').is_empty() { "---" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    normal(a) == normal(b)
}

/// A pair for which our specification requires a different result.
struct Difference {
    reason: String,
    ours: String,
}

/// Reads `differences.md`. Each entry has `## name`, the reason, and our Markdown in a fence.
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

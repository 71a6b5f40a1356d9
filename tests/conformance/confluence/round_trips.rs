//! Compares Markdown with the result of converting it to storage format or ADF with another tool, and back with our reader.
//!
//! The comparison uses the output of an independent parser, so that markers, padding and wrapping do not matter.
//! `round_trips.md` lists every file that is not equal, with the number of different parts, a hash of them, and the
//! reason. All other parts of such a file must be equal.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::table::{percent, reaches, row};
use super::dialect::{SITE, SPACE, events};

const DIFFERENCES: &str = include_str!("round_trips.md");

/// Markdown files and their conversions.
struct Corpus {
    name: &'static str,
    markdown: &'static str,
    made: &'static str,
    endings: &'static [&'static str],
    /// Whether the kind of a callout is kept. Generators of storage format map kinds in their own way.
    kinds: bool,
}

const CORPORA: &[Corpus] = &[
    Corpus {
        name: "cf-md2conf",
        markdown: "cf-md2conf/tests/source",
        made: "cf-md2conf/tests/target",
        endings: &["xml"],
        kinds: false,
    },
    Corpus {
        name: "cf-mark",
        markdown: "cf-mark/testdata",
        made: "cf-mark/testdata",
        endings: &["html"],
        kinds: false,
    },
    Corpus {
        name: "adf-extended-parser",
        markdown: "adf-extended-parser/tests/fixtures/markdown",
        made: "adf-extended-parser/tests/fixtures/adf",
        endings: &["adf"],
        kinds: true,
    },
];

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn what_was_made_of_markdown_comes_back_as_the_same_markdown_or_is_listed() {
    let listed = differences();
    let mut unexpected = Vec::new();
    for pairs in CORPORA {
        let (markdown, made) = (corpus(pairs.markdown), corpus(pairs.made));
        let (mut total, mut equal, mut apart) = (0, 0, 0);
        let (mut parts, mut same_parts) = (0, 0);
        for source in files_ending(&markdown, &[".md"]) {
            let Some(made) = counterpart(&source, &markdown, &made, pairs.endings) else { continue };
            total += 1;
            let key = format!("{}/{}", pairs.name, source.strip_prefix(&markdown).expect("below").display());
            let original = events(&fs::read_to_string(&source).expect("a readable file"), pairs.kinds);
            let ours = events(&convert(&made), pairs.kinds);
            let (missing, added) = differing(&original, &ours);
            parts += original.len() + added;
            same_parts += original.len() - missing;
            let digest = digest_of_differences(&original, &ours);
            let figure = format!("{missing} missing, {added} more, of {}, {digest}", original.len());
            match (missing + added > 0, listed.get(&key)) {
                (false, None) => equal += 1,
                (true, Some((known, reason))) if *known == figure => {
                    apart += usize::from(!reason.starts_with("specification"));
                }
                (true, Some(_)) => unexpected.push(format!("{key} ({figure})")),
                (false, Some(_)) => unexpected.push(format!("{key} is listed but equal")),
                (true, None) => unexpected.push(format!("{key} ({figure}): {}", first_difference(&original, &ours))),
            }
        }
        if unexpected.is_empty() {
            let held = total - apart;
            let figure = format!("{}; {apart} of {total} cannot be", percent(equal, held));
            row(pairs.name, "round trips equal, the rest listed", &figure, "95 %", reaches(equal, held, 950));
            let figure = percent(same_parts, parts);
            row(pairs.name, "parts of all round trips equal", &figure, "80 %", reaches(same_parts, parts, 800));
        }
    }
    for line in &unexpected {
        println!("{line}");
    }
    assert!(unexpected.is_empty());
}

fn counterpart(source: &Path, from: &Path, to: &Path, endings: &[&str]) -> Option<PathBuf> {
    let relative = source.strip_prefix(from).ok()?;
    endings.iter().map(|ending| to.join(relative).with_extension(ending)).find(|path| path.is_file())
}

fn convert(made: &Path) -> String {
    let options = Options { site_url: Some(SITE.to_owned()), collection: Some(SPACE.to_owned()), ..Options::default() };
    let read = read(made, Source::Confluence, &options);
    let document = read.documents.into_iter().next().expect("a document");
    let stem = made.file_stem().expect("a name").to_string_lossy();
    // The generator adds a notice, which is not part of the original.
    let notice = "> **Info:** This page has been generated with a tool.\n\n";
    let text = document.text_md.strip_prefix(notice).unwrap_or(&document.text_md).to_owned();
    let plain = |line: &str| line.replace(['#', '*', '`', '\\'], "").trim().to_owned();
    let has_title = text.lines().any(|line| line.starts_with("# ") && plain(line) == plain(&document.title));
    if document.title == stem || has_title { text } else { format!("# {}\n\n{text}", document.title) }
}

fn first_difference(original: &[String], ours: &[String]) -> String {
    let at = original.iter().zip(ours).position(|(a, b)| a != b).unwrap_or(original.len().min(ours.len()));
    let show =
        |events: &[String]| events.iter().skip(at.saturating_sub(2)).take(7).cloned().collect::<Vec<_>>().join(" ");
    format!("{:.300}\n     | {:.300}", show(original), show(ours))
}

/// Returns how many parts of the original are missing in our result, and how many parts of our result are additional.
fn differing(original: &[String], ours: &[String]) -> (usize, usize) {
    capture_diff_slices(Algorithm::Myers, original, ours).iter().fold((0, 0), |(missing, added), op| match op {
        DiffOp::Equal { .. } => (missing, added),
        op => (missing + op.old_range().len(), added + op.new_range().len()),
    })
}

/// Returns a hash of the different parts, because other differences may have the same number.
fn digest_of_differences(original: &[String], ours: &[String]) -> String {
    let mut hasher = Sha256::new();
    for operation in capture_diff_slices(Algorithm::Myers, original, ours) {
        if let DiffOp::Equal { .. } = operation {
            continue;
        }
        let parts = [original.get(operation.old_range()), ours.get(operation.new_range())];
        hasher.update(format!("{parts:?}"));
    }
    hex::encode(hasher.finalize()).chars().take(8).collect()
}

/// Reads `round_trips.md`, with one `- file (number of different parts): reason` per line. Returns number and reason by file.
fn differences() -> BTreeMap<String, (String, String)> {
    let lines = DIFFERENCES.lines().filter_map(|line| line.strip_prefix("- "));
    let parts = lines.filter_map(|line| {
        let (head, reason) = line.split_once(": ")?;
        let (file, figure) = head.split_once(" (")?;
        Some((file.to_owned(), (figure.trim_end_matches(')').to_owned(), reason.to_owned())))
    });
    parts.collect()
}

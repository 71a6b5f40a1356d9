//! Round trips: Markdown with the storage format that others make of it, and back.
//!
//! Compared is what an independent parser sees, so that markers, padding and wrapping are a matter of style.
//! `round_trips.md` lists every file that is not equal, with the reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::parsed::structure;

const DIFFERENCES: &str = include_str!("round_trips.md");

#[test]
fn storage_made_of_markdown_comes_back_as_the_same_markdown_or_is_listed() {
    let Some(md2conf) = corpus("cf-md2conf/tests") else { return };
    let Some(mark) = corpus("cf-mark/testdata") else { return };
    let listed = differences();
    let mut unexpected = Vec::new();
    for (name, markdown, storage) in
        [("cf-md2conf", md2conf.join("source"), md2conf.join("target")), ("cf-mark", mark.clone(), mark)]
    {
        let (mut total, mut equal, mut known) = (0, 0, 0);
        for source in files_ending(&markdown, &[".md"]) {
            let Some(made) = counterpart(&source, &markdown, &storage) else { continue };
            total += 1;
            let key = format!("{name}/{}", source.strip_prefix(&markdown).expect("below").display());
            let original = body(&fs::read_to_string(&source).expect("a readable file"));
            let ours = convert(&made);
            let same = structure(&original) == structure(&ours);
            match (same, listed.get(&key)) {
                (true, None) => equal += 1,
                (false, Some(reason)) if !reason.is_empty() => known += 1,
                (true, Some(_)) => unexpected.push(format!("{key} is listed but equal")),
                (false, _) => {
                    unexpected.push(format!("{key}: {}", first_difference(&structure(&original), &structure(&ours))))
                }
            }
        }
        println!("{name}: {total} round trips, {equal} equal, {known} listed with the reason");
    }
    for line in &unexpected {
        println!("{line}");
    }
    assert!(unexpected.is_empty());
}

fn counterpart(source: &Path, from: &Path, to: &Path) -> Option<PathBuf> {
    let relative = source.strip_prefix(from).ok()?;
    ["xml", "html"].into_iter().map(|ending| to.join(relative).with_extension(ending)).find(|path| path.is_file())
}

fn convert(storage: &Path) -> String {
    let read = read(storage, Source::Confluence, &Options::default());
    let document = read.documents.into_iter().next().expect("a document");
    let stem = storage.file_stem().expect("a name").to_string_lossy();
    // The generator's own notice is not part of the original.
    let notice = "> **Info:** This page has been generated with a tool.\n\n";
    let text = document.text_md.strip_prefix(notice).unwrap_or(&document.text_md).to_owned();
    let plain = |line: &str| line.replace(['#', '*', '`', '\\'], "").trim().to_owned();
    let has_title = text.lines().any(|line| line.starts_with("# ") && plain(line) == plain(&document.title));
    if document.title == stem || has_title { text } else { format!("# {}\n\n{text}", document.title) }
}

/// The original without front matter and comments, which are not for readers.
fn body(markdown: &str) -> String {
    let mut text = markdown.replace("\r\n", "\n");
    if let Some(rest) = text.strip_prefix("---\n") {
        text = rest.split_once("\n---\n").map_or("", |(_, body)| body).to_owned();
    }
    while let Some((before, rest)) = text.split_once("<!--") {
        let after = rest.split_once("-->").map_or("", |(_, after)| after);
        text = format!("{before}{after}");
    }
    text
}

fn first_difference(original: &[String], ours: &[String]) -> String {
    let at = original.iter().zip(ours).position(|(a, b)| a != b).unwrap_or(original.len().min(ours.len()));
    let show = |events: &[String]| events.iter().skip(at).take(4).cloned().collect::<Vec<_>>().join(" ");
    format!("{:.160} | {:.160}", show(original), show(ours))
}

/// Reads `round_trips.md`: one `- file: reason` a line.
fn differences() -> BTreeMap<String, String> {
    let lines = DIFFERENCES.lines().filter_map(|line| line.strip_prefix("- "));
    lines.filter_map(|line| line.split_once(": ")).map(|(file, reason)| (file.to_owned(), reason.to_owned())).collect()
}

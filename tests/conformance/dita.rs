//! DITA: kept words, published pairs, and the fixtures of DITA-OT.

mod broken;
mod extra;
mod fixtures;
mod notation;
mod pages;
mod pairs;
mod source;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options as Dialect, Parser, Tag, TagEnd};
use trailblazer::normalize::{Document, Options, Source};

use super::corpora::{corpus, read};
use super::parsed::faults;
use super::table::{percent, row, share};
use source::{Sources, words};

fn files_below(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_below(&path, into);
        } else if path.extension().is_some_and(|e| e == "dita" || e == "xml" || e == "ditamap") {
            into.push(path);
        }
    }
}

fn convert(input: &Path, options: &Options) -> Vec<Document> {
    read(input, Source::Dita, options).documents
}

fn dialect() -> Dialect {
    Dialect::ENABLE_TABLES | Dialect::ENABLE_FOOTNOTES | Dialect::ENABLE_STRIKETHROUGH | Dialect::ENABLE_TASKLISTS
}

/// Returns the text that a Markdown reader shows, without addresses and formatting.
fn shown(markdown: &str) -> String {
    let mut text = String::new();
    for event in Parser::new_ext(markdown, dialect()) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::InlineHtml(html) | Event::Html(html) if html.starts_with("<br") => text.push(' '),
            // Formatting may be inside a word.
            Event::Start(Tag::Strong | Tag::Emphasis | Tag::Link { .. } | Tag::Strikethrough)
            | Event::End(TagEnd::Strong | TagEnd::Emphasis | TagEnd::Link | TagEnd::Strikethrough) => {}
            Event::Start(_) | Event::End(_) => text.push('\n'),
            _ => {}
        }
    }
    text
}

fn words_of(document: &Document) -> Vec<String> {
    let mut all = words(&document.title);
    all.extend(words(&shown(&document.text_md)));
    all
}

fn tally(words: &[String]) -> HashMap<&str, usize> {
    let mut tally = HashMap::new();
    for word in words {
        *tally.entry(word.as_str()).or_default() += 1;
    }
    tally
}

/// Returns the words of `expected` that are missing in `actual`, including repetitions.
fn lacking(expected: &[String], actual: &[String]) -> Vec<String> {
    let mut left = tally(actual);
    let mut lacking = Vec::new();
    for word in expected {
        match left.get_mut(word.as_str()) {
            Some(count) if *count > 0 => *count -= 1,
            _ => lacking.push(word.clone()),
        }
    }
    lacking
}

/// Returns how many words of `expected` are in `actual` in the same order. This is the longest common sequence.
fn kept_in_order(expected: &[String], actual: &[String]) -> usize {
    if expected == actual {
        return expected.len();
    }
    let common = similar::capture_diff_slices(similar::Algorithm::Myers, expected, actual);
    common.iter().map(|op| if op.tag() == similar::DiffTag::Equal { op.old_range().len() } else { 0 }).sum()
}

/// Returns how many of the visible words of the input its Markdown keeps in order, the number of all words, and the
/// files that lose most. If a file has no document, all of its words are lost.
fn words_kept(root: &Path, sets: &[PathBuf]) -> (usize, usize, String) {
    let sources = Sources::read(sets);
    let documents = convert(root, &Options::default());
    let mut by_path: BTreeMap<&str, Vec<&Document>> = BTreeMap::new();
    for document in &documents {
        by_path.entry(document.source_path.as_deref().unwrap_or_default()).or_default().push(document);
    }
    let (mut all, mut lost, mut report) = (0, 0, Vec::new());
    let mut files: Vec<_> = sources.files.iter().filter(|(_, tree)| !tree.is_map() && tree.is_topic()).collect();
    files.sort_by_key(|(file, _)| (*file).clone());
    for (file, tree) in files {
        let path = file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned();
        let documents = by_path.get(path.as_str()).map(Vec::as_slice).unwrap_or_default();
        let expected = sources.words(file, tree);
        all += expected.len();
        // A topic in several branches is complete only in all of them together, because each branch excludes something.
        let lacking = match documents {
            [only] => expected.len() - kept_in_order(&expected, &words_of(only)),
            several => several.iter().fold(expected.clone(), |left, copy| lacking(&left, &words_of(copy))).len(),
        };
        lost += lacking;
        if lacking > 0 {
            let sample =
                documents.iter().fold(expected.clone(), |left, document| self::lacking(&left, &words_of(document)));
            let sample: Vec<&str> = sample.iter().take(12).map(String::as_str).collect();
            report.push((lacking, format!("{path}: {lacking} of {}: {sample:?}", expected.len())));
        }
    }
    assert!(all > 0, "no words in {}", root.display());
    report.sort_by_key(|(lost, _)| std::cmp::Reverse(*lost));
    let report: Vec<String> = report.into_iter().take(15).map(|(_, line)| line).collect();
    (all - lost, all, report.join("\n"))
}

fn assert_words_kept(name: &str, sets: &[&str]) {
    let root = corpus(name);
    let sets: Vec<PathBuf> = sets.iter().map(|set| root.join(set)).collect();
    let sets = if sets.is_empty() { vec![root.clone()] } else { sets };
    let (kept, all, report) = words_kept(&root, &sets);
    eprintln!("{report}");
    let name = name.split('/').next().unwrap_or(name);
    share(name, "words kept, in order", (kept, all), &percent(kept, all), 99_995);
}

/// No paragraph begins with the punctuation of another one, and independent parsers agree on all formatting.
#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn dita_paragraphs_are_whole() {
    for name in ["dita-ot-docs", "dita-gnostyx-thunderbird", "dita-lwdita-tests/src/test/resources/dita"] {
        let root = corpus(name);
        let documents = convert(&root, &Options::default());
        let (mut paragraphs, mut torn) = (0, Vec::new());
        for document in documents.iter().filter(|document| document.body_repr.as_deref() == Some("dita")) {
            let mut is_start = false;
            for event in Parser::new_ext(&document.text_md, dialect()) {
                match event {
                    Event::Start(Tag::Paragraph) => is_start = true,
                    Event::Text(text) if std::mem::take(&mut is_start) => {
                        paragraphs += 1;
                        if text.starts_with([',', ')', ']']) || text.starts_with(". ") || &*text == "." {
                            torn.push(format!("{}: {text}", document.id));
                        }
                    }
                    _ => is_start = false,
                }
            }
        }
        let name = name.split('/').next().unwrap_or(name);
        assert!(torn.is_empty(), "{name}: {torn:?}");
        row(name, "paragraphs that begin with , . ) or ]", &format!("0 of {paragraphs}"), "0", paragraphs > 0);
    }
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn dita_ot_docs_keep_their_words() {
    assert_words_kept("dita-ot-docs", &[]);
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn thunderbird_guides_keep_their_words() {
    let sets = [
        "Thunderbird",
        "Thunderbird-dita-1.3",
        "Thunderbird-keys-resonly-every-topic",
        "Thunderbird-keys-reuse-only/en",
        "Thunderbird-keys-reuse-only/jp",
    ];
    assert_words_kept("dita-gnostyx-thunderbird", &sets);
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn lightweight_dita_fixtures_keep_their_words() {
    assert_words_kept("dita-lwdita-tests/src/test/resources/dita", &[]);
}

/// The text of a guide is the same in all ways of referring to its parts.
#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn variants_of_the_thunderbird_guide_read_the_same() {
    let root = corpus("dita-gnostyx-thunderbird");
    let text = |folder: &str| -> BTreeMap<String, Vec<String>> {
        let (set, part) = folder.split_once('/').unwrap_or((folder, ""));
        let documents = convert(&root.join(set), &Options::default());
        let in_part = |document: &Document| document.source_path.as_ref().is_some_and(|path| path.starts_with(part));
        let topics = documents.into_iter().filter(|document| document.id.starts_with("topic:") && in_part(document));
        topics.map(|topic| (topic.id.rsplit('/').next().unwrap().to_owned(), words_of(&topic))).collect()
    };
    let base = text("Thunderbird-dita-1.3");
    let variants =
        ["Thunderbird-keys-resonly-every-topic", "Thunderbird-keys-reuse-only/en", "Thunderbird-keys-reuse-only/jp"];
    for variant in variants {
        let other = text(variant);
        // Two topics in the reuse-only variant contain invalid addresses, which cannot be replaced with titles.
        let broken = ["c_common_tasks", "c_mv_organization"];
        let shared: Vec<&String> = base.keys().filter(|name| other.contains_key(*name)).collect();
        assert!(shared.len() > 80, "{variant}: {} topics", shared.len());
        for name in shared {
            if !(variant.ends_with("/en") && broken.contains(&name.as_str())) {
                assert_eq!(base[name], other[name], "{variant}/{name}");
            }
        }
    }
}

/// The author of a Markdown topic is responsible for its tables, so it is not checked.
#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn dita_documents_have_whole_tables_and_no_stray_markup() {
    for name in [
        "dita-ot-docs",
        "dita-gnostyx-thunderbird",
        "dita-lwdita-tests/src/test/resources/dita",
        "dita-ot-tests/src/test/resources",
    ] {
        let root = corpus(name);
        let documents = convert(&root, &Options::default());
        let converted = documents.iter().filter(|document| document.body_repr.as_deref() == Some("dita"));
        let faulty: Vec<String> = converted
            .clone()
            .map(|document| (document, faults(&document.text_md)))
            .filter(|(_, faults)| !faults.is_empty())
            .map(|(document, faults)| format!("{}: {faults:?}", document.id))
            .collect();
        assert!(converted.count() > 40, "{name}");
        assert!(faulty.is_empty(), "{} of {}:\n{}", faulty.len(), documents.len(), faulty.join("\n"));
    }
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn every_id_is_unique_and_every_link_into_the_input_leads_to_a_document() {
    for name in ["dita-ot-docs", "dita-gnostyx-thunderbird", "dita-ot-tests/src/test/resources"] {
        let root = corpus(name);
        let read = read(&root, Source::Dita, &Options::default());
        // A document with a duplicate id would be omitted.
        let left_out: Vec<_> = read.failures.iter().filter(|failure| failure.message.starts_with("left out")).collect();
        assert!(left_out.is_empty(), "{name}: {left_out:?}");
        let ids: BTreeSet<&str> = read.documents.iter().map(|document| document.id.as_str()).collect();
        let links = read.documents.iter().flat_map(|document| &document.links);
        let targets: BTreeSet<&str> = links.filter_map(|link| link.target_id.as_deref()).collect();
        assert!(targets.len() > 40, "{name}");
        let broken: Vec<&&str> = targets.difference(&ids).collect();
        assert!(broken.is_empty(), "{name}: {broken:?}");
    }
}

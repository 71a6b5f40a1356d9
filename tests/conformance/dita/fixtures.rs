//! DITA-OT's own fixtures: the text of our result is the text of what DITA-OT expects.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use trailblazer::normalize::Options;

use super::super::corpora::corpus;
use super::source::{Child, Element, parse, words};
use super::{convert, files_below, words_of};

/// Folders of fixtures, by what they test: in each of them `src` and `exp` stand side by side, for each case or once.
const FEATURES: [(&str, &[&str]); 7] = [
    ("conref", &["conref"]),
    ("conref push", &["ConrefPushModuleTest"]),
    ("keyref", &["keyref", "KeyrefParserTest"]),
    ("filter", &["filter"]),
    ("chunk", &["ChunkModuleTest"]),
    ("coderef", &["coderef_source"]),
    ("copy-to", &["copyto"]),
];

/// Differences that are meant to be, one line each: `case: reason`.
const DIFFERENT: &str = include_str!("fixtures.txt");

/// Words that a published topic has beside those of its source.
const LABELS: [&str; 14] = [
    "Related",
    "information",
    "Note",
    "Tip",
    "Fastpath",
    "Restriction",
    "Important",
    "Remember",
    "Attention",
    "Caution",
    "Danger",
    "Optional",
    "Required",
    "Also",
];

/// One case: a folder of sources and the folder of what they become.
struct Case {
    name: String,
    sources: PathBuf,
    expected: PathBuf,
}

fn cases(root: &Path, folder: &str) -> Vec<Case> {
    let folder_path = root.join(folder);
    let mut cases = Vec::new();
    let case = |name: String, sources: PathBuf, expected: PathBuf| Case { name, sources, expected };
    if folder_path.join("src").is_dir() {
        let (sources, expected) = (folder_path.join("src"), folder_path.join("exp"));
        let names: Vec<String> = folders(&expected).into_iter().filter(|name| sources.join(name).is_dir()).collect();
        if names.is_empty() || folder == "KeyrefParserTest" {
            return vec![case(folder.to_owned(), sources, flat(expected))];
        }
        for name in names {
            cases.push(case(format!("{folder}/{name}"), sources.join(&name), flat(expected.join(&name))));
        }
        return cases;
    }
    for name in folders(&folder_path) {
        let path = folder_path.join(&name);
        cases.push(case(format!("{folder}/{name}"), path.join("src"), flat(path.join("exp"))));
    }
    cases
}

/// Some expectations lie one level deeper, named after the pipeline that makes them.
fn flat(expected: PathBuf) -> PathBuf {
    let deeper = expected.join("preprocess");
    if deeper.is_dir() { deeper } else { expected }
}

fn folders(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Text of a processed topic; what DITA-OT left for a later step to fill stays empty.
fn text(element: &Element, into: &mut String) {
    if element.is_hidden() || element.attr("conaction") == Some("mark") {
        return;
    }
    let border = if element.is_inline() { "" } else { " " };
    into.push_str(border);
    for child in &element.children {
        match child {
            Child::Text(text) => into.push_str(text),
            Child::Element(child) => text(child, into),
        }
    }
    into.push_str(border);
}

/// Whether words may come in later: references that are still to be followed.
fn is_open(element: &Element) -> bool {
    let open = |element: &Element| {
        let refers =
            ["conref", "conkeyref", "keyref", "href", "conaction"].iter().any(|name| element.attr(name).is_some());
        refers && (element.is_blank() || element.attr("conref").is_some() || element.attr("conkeyref").is_some())
    };
    element.find(&open).is_some()
}

/// Checks a case; the lines say what is wrong.
fn check(case: &Case) -> Vec<String> {
    let ditaval = std::fs::read_dir(&case.sources).into_iter().flatten().flatten().map(|entry| entry.path());
    let ditaval = ditaval.filter(|path| path.extension().is_some_and(|extension| extension == "ditaval")).min();
    let options = Options { ditaval: ditaval.filter(|_| case.name.starts_with("filter")), ..Options::default() };
    let documents = convert(&case.sources, &options);
    let mut expected_files = Vec::new();
    files_below(&case.expected, &mut expected_files);
    expected_files.sort();
    let everywhere: BTreeSet<String> = documents.iter().flat_map(words_of).collect();
    let mut wrong = Vec::new();
    for path in &expected_files {
        let Some(root) =
            parse(path).filter(|root| !["map", "bookmap", "subjectScheme", "job"].contains(&root.name.as_str()))
        else {
            continue;
        };
        let name = path.strip_prefix(&case.expected).unwrap().to_string_lossy().into_owned();
        let mut expected = String::new();
        text(&root, &mut expected);
        let expected = words(&expected);
        let own = documents.iter().find(|document| document.source_path.as_deref() == Some(&name));
        let chunked = case.name.starts_with("Chunk") || case.name.starts_with("copyto");
        let (lacking, extra) = match own {
            Some(document) if !chunked => {
                let actual = words_of(document);
                let mut extra = super::lacking(&actual, &expected);
                extra.retain(|word| !LABELS.contains(&word.as_str()));
                (super::lacking(&expected, &actual), extra)
            }
            _ => (expected.into_iter().filter(|word| !everywhere.contains(word)).collect(), Vec::new()),
        };
        if !lacking.is_empty() || (!extra.is_empty() && !is_open(&root)) {
            let few = |words: Vec<String>| words.into_iter().take(12).collect::<Vec<_>>().join(" ");
            wrong.push(format!("  {name}: lacks <{}>, has more <{}>", few(lacking), few(extra)));
        }
    }
    wrong
}

#[test]
fn dita_ot_fixtures_read_as_expected() {
    let Some(root) = corpus("dita-ot-tests/src/test/resources") else { return };
    let known: Vec<&str> = DIFFERENT.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    let mut unexpected = Vec::new();
    for (feature, folders) in FEATURES {
        let (mut equal, mut all) = (0, 0);
        for case in folders.iter().flat_map(|folder| cases(&root, folder)) {
            all += 1;
            let wrong = check(&case);
            equal += usize::from(wrong.is_empty());
            match (wrong.is_empty(), known.contains(&case.name.as_str())) {
                (false, false) => unexpected.push(format!("{}\n{}", case.name, wrong.join("\n"))),
                (true, true) => unexpected.push(format!("{} is equal by now: take it out of fixtures.txt", case.name)),
                _ => {}
            }
        }
        eprintln!("fixtures equal: {feature} {equal} of {all}");
        assert!(all > 0, "no cases of {feature}");
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}

//! Compares the text of our result with the expected text in the fixtures of DITA-OT.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use trailblazer::normalize::{Document, Options};

use super::source::{Child, Element, parse, words};
use super::{convert, files_below, pages, words_of};
use crate::conformance::corpora::corpus;
use crate::conformance::table::row;

/// Folders of fixtures by feature. Each folder contains `src` and `exp`, for each case or once.
const FEATURES: [(&str, &[&str]); 8] = [
    ("conref", &["conref"]),
    ("conref push", &["ConrefPushModuleTest"]),
    ("keyref", &["keyref", "KeyrefParserTest"]),
    ("filter", &["filter", "subjectschema_case"]),
    ("chunk", &["ChunkModuleTest"]),
    ("coderef", &["coderef_source", "IncludeResolverTest"]),
    ("mapref", &["MaprefModuleTest"]),
    ("copy-to", &["copyto"]),
];

/// Folders whose cases are filtered by the ditaval beside their sources.
const FILTERED: [&str; 2] = ["filter", "subjectschema_case"];

/// Intended differences, one per line: `case: reason`.
const DIFFERENT: &str = include_str!("fixtures.txt");

/// Words that a published topic contains in addition to its source.
pub const LABELS: [&str; 14] = [
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

/// A case: a folder of sources, and the folder or the file with the expected result.
struct Case {
    name: String,
    sources: PathBuf,
    expected: PathBuf,
    file: Option<String>,
}

fn cases(root: &Path, folder: &str) -> Vec<Case> {
    let folder_path = root.join(folder);
    let mut cases = Vec::new();
    let case = |name: String, sources: PathBuf, expected: PathBuf| Case { name, sources, expected, file: None };
    if folder_path.join("src").is_dir() {
        let (sources, expected) = (folder_path.join("src"), folder_path.join("exp"));
        let names: Vec<String> = folders(&expected).into_iter().filter(|name| sources.join(name).is_dir()).collect();
        if folder == "subjectschema_case" || folder == "coderef_source" || folder == "KeyrefParserTest" {
            return vec![case(folder.to_owned(), sources, flat(expected))];
        }
        if folder == "IncludeResolverTest" {
            let files = std::fs::read_dir(&expected).into_iter().flatten().flatten();
            let mut files: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
            files.sort();
            let case = |file: String| Case {
                name: format!("{folder}/{file}"),
                sources: sources.clone(),
                expected: expected.clone(),
                file: Some(file),
            };
            return files.into_iter().map(case).collect();
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

/// Some expected results are in a subfolder with the name of the pipeline or, for published pages, of the format.
fn flat(expected: PathBuf) -> PathBuf {
    let deeper = ["preprocess", "xhtml"].map(|name| expected.join(name)).into_iter().find(|folder| folder.is_dir());
    deeper.unwrap_or(expected)
}

fn folders(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Adds the text of a processed topic. Text that DITA-OT fills in later is missing. Generated text is excluded: titles
/// and numbers of link targets, and links between the topics of a map.
fn text(element: &Element, into: &mut String) {
    if element.is_hidden() || element.attr("conaction") == Some("mark") || is_generated(element) {
        return;
    }
    let border = if element.is_inline() { "" } else { " " };
    into.push_str(border);
    let mut generated = false;
    for child in &element.children {
        match child {
            Child::Instruction(instruction) => generated = is_generation(instruction),
            Child::Text(_) | Child::Element(_) if generated => {}
            Child::Text(text) => into.push_str(text),
            Child::Element(child) => text(child, into),
        }
    }
    into.push_str(border);
}

/// Returns whether DITA-OT generates the text after an instruction.
fn is_generation(instruction: &str) -> bool {
    matches!(instruction, "ditaot gentext" | "ditaot genshortdesc")
}

/// Returns whether an element is a link from the map, or was added around flagged content.
fn is_generated(element: &Element) -> bool {
    element.attr("mapclass").is_some() || matches!(element.name.as_str(), "ditaval-startprop" | "ditaval-endprop")
}

/// Returns whether words may be added later, because the element contains unresolved references or generated names.
fn is_open(element: &Element) -> bool {
    let open = |element: &Element| {
        let refers =
            ["conref", "conkeyref", "keyref", "href", "conaction"].iter().any(|name| element.attr(name).is_some());
        let generated = |child: &Child| matches!(child, Child::Instruction(name) if is_generation(name));
        refers
            && (element.is_blank()
                || element.children.iter().any(generated)
                || element.attr("conref").is_some()
                || element.attr("conkeyref").is_some())
    };
    element.find(&open).is_some()
}

/// Adds the text of a map: titles, and the files that it includes.
fn map_text(element: &Element, into: &mut String) {
    if element.name == "reltable" || element.attr("processing-role") == Some("resource-only") {
        return;
    }
    if element.name.ends_with("title") {
        text(element, into);
    }
    for name in ["title", "navtitle", "href"] {
        into.push(' ');
        into.push_str(element.attr(name).unwrap_or_default());
    }
    element.elements().for_each(|child| map_text(child, into));
}

/// Files that are missing in the corpus, with their text in the expected result.
const TEXTS: [(&str, &str); 2] = [
    ("plain.txt", "first\nsecond\nthird\nfourth\nfifth\n"),
    ("range.txt", "# START-B\n# END-B\nfirst\n# START-A\nsecond\nthird\nfourth\n# END-A\nfifth\n"),
];

/// Returns a copy of a folder with these files added.
fn completed(sources: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(sources).unwrap().flatten() {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    for (name, text) in TEXTS {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The result of a case.
enum Verdict {
    /// The number of compared files.
    Equal(usize),
    /// The differences.
    Different(Vec<String>),
    /// All expected files are maps, which our result represents as lists of links.
    NotCompared,
}

/// Collects the topics in a file without their nested topics.
fn topics(root: &Element, into: &mut Vec<Element>) {
    let is_topic = |element: &Element| element.is_topic();
    let mut own = root.clone();
    own.children.retain(|child| !matches!(child, Child::Element(inner) if is_topic(inner) && !is_section(inner)));
    if root.name != "dita" {
        into.push(own);
    }
    for inner in root.elements().filter(|inner| is_topic(inner) && !is_section(inner)) {
        topics(inner, into);
    }
}

fn is_section(element: &Element) -> bool {
    matches!(element.name.as_str(), "section" | "example" | "fig" | "table" | "refsyn" | "note")
}

/// Returns whether `all` contains the sequence `part`.
fn holds(all: &[String], part: &[String]) -> bool {
    part.is_empty() || all.windows(part.len()).any(|window| window == part)
}

/// Checks a case.
fn check(case: &Case) -> Verdict {
    let ditaval = std::fs::read_dir(&case.sources).into_iter().flatten().flatten().map(|entry| entry.path());
    let ditaval = ditaval.filter(|path| path.extension().is_some_and(|extension| extension == "ditaval")).min();
    let options = Options {
        ditaval: ditaval.filter(|_| FILTERED.iter().any(|folder| case.name.starts_with(folder))).into_iter().collect(),
        ..Options::default()
    };
    let documents = match case.file {
        Some(_) => convert(completed(&case.sources).path(), &options),
        None => convert(&case.sources, &options),
    };
    let mut expected_files = Vec::new();
    files_below(&case.expected, &mut expected_files);
    pages::below(&case.expected, &mut expected_files);
    expected_files.retain(|path| case.file.as_ref().is_none_or(|file| path.ends_with(file)));
    expected_files.sort();
    let everywhere: BTreeSet<String> = documents.iter().flat_map(words_of).collect();
    let texts: Vec<Vec<String>> = documents.iter().map(words_of).collect();
    let maps = case.name.starts_with("Mapref");
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for path in &expected_files {
        if path.extension().is_some_and(|extension| extension == "html") {
            compared += 1;
            let name = path.strip_prefix(&case.expected).unwrap().to_string_lossy();
            wrong.extend(pages::difference(path, &name, &documents));
            continue;
        }
        let Some(root) = parse(path)
            .filter(|root| maps || !["map", "bookmap", "subjectScheme", "job"].contains(&root.name.as_str()))
        else {
            continue;
        };
        compared += 1;
        let name = path.strip_prefix(&case.expected).unwrap().to_string_lossy().into_owned();
        let few = |words: Vec<String>| words.into_iter().take(12).collect::<Vec<_>>().join(" ");
        // Chunks join or split topics, and copies are one document with several names. The words of each topic must be
        // in one document, in order.
        if case.name.starts_with("Chunk") || case.name.starts_with("copyto") {
            let mut expected = Vec::new();
            topics(&root, &mut expected);
            for topic in expected {
                let mut own = String::new();
                text(&topic, &mut own);
                let own = words(&own);
                if !texts.iter().any(|all| holds(all, &own)) {
                    wrong.push(format!("  {name}: no document has <{}>", few(own)));
                }
            }
            continue;
        }
        let mut expected = String::new();
        if maps {
            map_text(&root, &mut expected);
        } else {
            text(&root, &mut expected);
        }
        let expected = words(&expected);
        let own = documents.iter().find(|document| document.source_path.as_deref() == Some(&name));
        let (lacking, extra) = match own {
            Some(document) if !maps => {
                let actual = words_of(document);
                let mut extra = super::lacking(&actual, &expected);
                extra.retain(|word| !LABELS.contains(&word.as_str()));
                (super::lacking(&expected, &actual), extra)
            }
            _ => (expected.into_iter().filter(|word| !everywhere.contains(word)).collect(), Vec::new()),
        };
        if !lacking.is_empty() || (!extra.is_empty() && !is_open(&root)) {
            wrong.push(format!("  {name}: lacks <{}>, has more <{}>", few(lacking), few(extra)));
        }
    }
    match (wrong.is_empty(), compared) {
        (false, _) => Verdict::Different(wrong),
        (true, 0) => Verdict::NotCompared,
        (true, compared) => Verdict::Equal(compared),
    }
}

/// The way in which DITA-OT splits files is not compared. Our documents are the files of the source, regardless of `@chunk`.
#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn dita_ot_fixtures_read_as_expected() {
    let root = corpus("dita-ot-tests/src/test/resources");
    let known: Vec<(&str, &str)> = DIFFERENT.lines().filter_map(|line| line.split_once(": ")).collect();
    let (mut unexpected, mut rows) = (Vec::new(), Vec::new());
    for (feature, folders) in FEATURES {
        let (mut equal, mut different, mut not_compared, mut files) = (0, 0, 0, 0);
        for case in folders.iter().flat_map(|folder| cases(&root, folder)) {
            let listed = known.iter().find(|(name, _)| *name == case.name);
            match (check(&case), listed) {
                (Verdict::Equal(compared), None) => {
                    equal += 1;
                    files += compared;
                }
                (Verdict::NotCompared, None) => not_compared += 1,
                (Verdict::Different(wrong), Some((_, pinned))) => {
                    different += 1;
                    // The difference itself is fixed, so that it cannot become larger unnoticed.
                    let found = wrong.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
                    if !pinned.ends_with(&found) {
                        unexpected.push(format!("{}: pin {found}", case.name));
                    }
                }
                (Verdict::Different(wrong), None) => unexpected.push(format!("{}\n{}", case.name, wrong.join("\n"))),
                (_, Some(_)) => unexpected.push(format!("{} is equal by now: take it out of fixtures.txt", case.name)),
            }
        }
        let measure = format!("{feature}: cases that read as expected");
        let figure = format!(
            "{equal} of {} ({files} files); {different} differ as listed, {not_compared} not compared",
            equal + different
        );
        rows.push((measure, figure, format!("all but {different} listed"), equal > 0));
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    for (measure, figure, mark, holds) in rows {
        row("dita-ot-tests", &measure, &figure, &mark, holds);
    }
}

/// Documents of each branch have the same names and text as the copies of DITA-OT.
#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn branches_are_named_and_filtered_as_expected() {
    let root = corpus("dita-ot-tests/src/test/resources");
    let (sources, expected) = (root.join("BranchFilterModuleTest/src"), root.join("BranchFilterModuleTest/exp"));
    for map in ["input.ditamap", "inputNonDitaRes.ditamap"] {
        let documents = convert(&sources.join(map), &Options::default());
        let alias = |document: &Document| document.meta.get("aliases").and_then(|ids| ids.as_array().cloned());
        let aliases = documents.iter().filter_map(alias).flatten();
        let aliases = aliases.filter_map(|id| id.as_str().map(ToOwned::to_owned));
        let names: BTreeSet<String> = documents.iter().map(|document| document.id.clone()).chain(aliases).collect();
        let names: BTreeSet<&str> = names.iter().filter_map(|id| id.rsplit('/').next()).collect();
        let mut addresses = Vec::new();
        addresses_of(&parse(&expected.join(map)).unwrap(), &mut addresses);
        let there = |address: &&String| sources.join(address).exists() || address.contains('-');
        let addresses: Vec<&String> = addresses.iter().filter(there).collect();
        assert!(!addresses.is_empty(), "{map}");
        let missing: Vec<&&String> =
            addresses.iter().filter(|address| !names.contains(address.trim_end_matches(".dita"))).collect();
        // Some copies have different names than in DITA-OT today: copies of a topic that another branch already contains.
        let known = ["installation-procedure-mac.dita", "installation-procedure-win.dita"];
        let unknown = missing.iter().any(|address| !known.contains(&address.as_str()));
        assert!(!unknown, "{map}: {missing:?} not among {names:?}");
        eprintln!("branches named: {map} {} of {}", addresses.len() - missing.len(), addresses.len());
    }
    let topics = root.join("TopicBranchFilterModuleTest");
    let mut texts: Vec<String> = convert(&topics.join("src/test.ditamap"), &Options::default())
        .into_iter()
        .filter(|document| document.id.starts_with("topic:"))
        .map(|document| document.text_md)
        .collect();
    texts.sort();
    assert_eq!(texts, ["Expert", "Novice"]);
}

/// Collects the addresses of DITA topics in a map.
fn addresses_of(element: &Element, into: &mut Vec<String>) {
    let is_topic = element.name == "topicref" && element.attr("scope") != Some("external");
    let topic = element.attr("href").filter(|_| is_topic && element.attr("format").is_none());
    into.extend(topic.map(|href| href.split('#').next().unwrap_or(href).to_owned()));
    element.elements().for_each(|child| addresses_of(child, into));
}

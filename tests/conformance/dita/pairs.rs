//! Compares topics with the Markdown of DITA-OT.

use std::collections::BTreeMap;
use std::path::Path;

use trailblazer::normalize::Options;

use super::convert;
use super::notation::{equal, shape};
use super::source::{Element, parse};
use crate::conformance::corpora::{corpus, files_ending};
use crate::conformance::table::{percent, reaches, row};

/// Intended differences, one per line: `name: reason`.
const DIFFERENT: &str = include_str!("pairs.txt");

/// Collects the names of keys in otherwise empty elements. This corpus defines no keys, so our specification requires
/// the name of the key.
fn undefined_keys(element: &Element, into: &mut Vec<String>) {
    if element.is_blank() {
        into.extend(element.attr("keyref").map(ToOwned::to_owned));
    }
    element.elements().for_each(|child| undefined_keys(child, into));
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn lightweight_dita_pairs_are_equal_or_differ_for_a_known_reason() {
    let root = corpus("dita-lwdita-tests/src/test/resources");
    let reasons: BTreeMap<&str, &str> = DIFFERENT.lines().filter_map(|line| line.split_once(": ")).collect();
    let (mut same_pairs, mut unexpected, mut stale, mut all) = (0, Vec::new(), Vec::new(), 0);
    for source in files_ending(&root.join("dita"), &[".dita"]) {
        let name = source.strip_prefix(root.join("dita")).unwrap().with_extension("").to_string_lossy().into_owned();
        let Ok(expected) = std::fs::read_to_string(root.join("output/markdown").join(format!("{name}.md"))) else {
            continue;
        };
        // Convert each topic separately, as DITA-OT did. A folder would add keys of other maps.
        let documents = convert(&source, &Options::default());
        let [document] = documents.as_slice() else { panic!("{name}: {} documents", documents.len()) };
        all += 1;
        // The title of a topic without a title is its file name.
        let expected = expected.replace("\n# {#", "\n#  {#").replacen("#  {#", &format!("# {name} {{#"), 1);
        let (actual, expected) = (shape(&format!("# {}\n\n{}", document.title, document.text_md)), shape(&expected));
        let mut keys = Vec::new();
        undefined_keys(&parse(&source).unwrap_or_default(), &mut keys);
        let same = equal(&actual, &expected, &keys);
        same_pairs += usize::from(same);
        match (same, reasons.contains_key(name.as_str())) {
            (false, false) => unexpected.push(format!(
                "{name}\n  ours   {}\n  theirs {}",
                first_difference(&actual, &expected),
                first_difference(&expected, &actual)
            )),
            (true, true) => stale.push(name),
            _ => {}
        }
    }
    assert_eq!(all, 49);
    assert!(
        unexpected.is_empty(),
        "different without a reason in {}:\n{}",
        Path::new("pairs.txt").display(),
        unexpected.join("\n")
    );
    assert!(stale.is_empty(), "equal by now, to be taken out of pairs.txt: {stale:?}");
    let ok = reaches(same_pairs, all, 950);
    row("dita-lwdita-tests", "pairs equal, the rest listed", &percent(same_pairs, all), "95 %", ok);
}

/// Returns a few words around the first difference between two shapes.
fn first_difference(one: &[String], other: &[String]) -> String {
    let at = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    one.iter().skip(at.saturating_sub(3)).take(12).cloned().collect::<Vec<_>>().join(" ")
}

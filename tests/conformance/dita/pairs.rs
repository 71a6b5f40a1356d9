//! Topics with the Markdown that DITA-OT makes of them.

use std::collections::BTreeMap;
use std::path::Path;

use pulldown_cmark::{Event, HeadingLevel, Options as Dialect, Parser, Tag, TagEnd};
use trailblazer::normalize::Options;

use super::super::corpora::corpus;
use super::{convert, dialect};

/// Differences that are meant to be, one line each: `name: reason`.
const DIFFERENT: &str = include_str!("pairs.txt");

/// What Markdown says, without how it is written: headings, items, cells, code and marks in order, and the words.
fn shape(markdown: &str) -> Vec<String> {
    let mut shape: Vec<String> = Vec::new();
    let mut word = String::new();
    let end = |word: &mut String, shape: &mut Vec<String>| {
        shape.extend(word.split_whitespace().map(ToOwned::to_owned));
        word.clear();
    };
    for event in
        Parser::new_ext(markdown, dialect() | Dialect::ENABLE_HEADING_ATTRIBUTES | Dialect::ENABLE_DEFINITION_LIST)
    {
        match event {
            Event::Text(text) => word.push_str(&text),
            Event::Code(text) => word.extend(["`", &*text, "`"]),
            Event::Start(Tag::Strong) | Event::End(TagEnd::Strong) => word.push_str("**"),
            Event::Start(Tag::Emphasis) | Event::End(TagEnd::Emphasis) => word.push('*'),
            Event::Start(Tag::Link { .. }) => word.push('['),
            Event::Start(Tag::Image { .. }) => word.push_str("!["),
            Event::End(TagEnd::Link | TagEnd::Image) => word.push(']'),
            Event::FootnoteReference(label) => word.extend(["[^", &*label, "]"]),
            // Subscripts and the like are marks of ours alone.
            Event::Start(Tag::Strikethrough) | Event::End(TagEnd::Strikethrough) | Event::InlineHtml(_) => {}
            Event::Start(tag) => {
                end(&mut word, &mut shape);
                shape.extend(match tag {
                    Tag::Heading { level, .. } => Some("#".repeat(level_number(level))),
                    Tag::Item => Some("-".to_owned()),
                    Tag::List(Some(_)) => Some("1.".to_owned()),
                    Tag::CodeBlock(_) => Some("```".to_owned()),
                    Tag::TableCell => Some("|".to_owned()),
                    Tag::TableRow | Tag::TableHead => Some("||".to_owned()),
                    _ => None,
                });
            }
            _ => end(&mut word, &mut shape),
        }
    }
    end(&mut word, &mut shape);
    shape
}

fn level_number(level: HeadingLevel) -> usize {
    level as usize
}

#[test]
fn lightweight_dita_pairs_are_equal_or_differ_for_a_known_reason() {
    let Some(root) = corpus("dita-lwdita-tests/src/test/resources") else { return };
    let reasons: BTreeMap<&str, &str> = DIFFERENT.lines().filter_map(|line| line.split_once(": ")).collect();
    let documents = convert(&root.join("dita"), &Options::default());
    let (mut equal, mut unexpected, mut stale, mut all) = (0, Vec::new(), Vec::new(), 0);
    for document in &documents {
        let path = document.source_path.as_deref().unwrap_or_default();
        let name = path.trim_end_matches(".dita");
        let Ok(expected) = std::fs::read_to_string(root.join("output/markdown").join(format!("{name}.md"))) else {
            continue;
        };
        all += 1;
        let actual = shape(&format!("# {}\n\n{}", document.title, document.text_md));
        let same = actual == shape(&expected);
        equal += usize::from(same);
        match (same, reasons.contains_key(name)) {
            (false, false) => unexpected.push(format!(
                "{name}\n  ours   {}\n  theirs {}",
                first_difference(&actual, &shape(&expected)),
                first_difference(&shape(&expected), &actual)
            )),
            (true, true) => stale.push(name),
            _ => {}
        }
    }
    eprintln!("pairs equal: dita-lwdita-tests {equal} of {all}");
    assert_eq!(all, 49);
    assert!(
        unexpected.is_empty(),
        "different without a reason in {}:\n{}",
        Path::new("pairs.txt").display(),
        unexpected.join("\n")
    );
    assert!(stale.is_empty(), "equal by now, to be taken out of pairs.txt: {stale:?}");
}

/// A few words around the first place where two shapes part.
fn first_difference(one: &[String], other: &[String]) -> String {
    let at = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    one.iter().skip(at.saturating_sub(3)).take(12).cloned().collect::<Vec<_>>().join(" ")
}

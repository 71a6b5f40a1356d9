//! Finds the sections of a Markdown document: headings, anchors and ranges.

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A heading and its content, up to the next heading of the same or a higher level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The level of the heading, from 1 to 6.
    pub level: u8,
    /// The heading as plain text.
    pub title: String,
    /// The name of the section in a link. It is unique in the document.
    pub anchor: String,
    /// The range in the Markdown in bytes, including the heading.
    pub bytes: Range<usize>,
}

/// Returns the Markdown extensions that documents use.
#[must_use]
pub fn extensions() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// Returns the sections of `markdown`, in order.
#[must_use]
pub fn sections(markdown: &str) -> Vec<Section> {
    let mut anchors = Anchors::default();
    let mut sections: Vec<Section> = Vec::new();
    let mut heading: Option<(u8, usize, String)> = None;
    for (event, range) in Parser::new_ext(markdown, extensions()).into_offset_iter() {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { level, .. }), _) => {
                heading = Some((number(level), range.start, String::new()));
            }
            (Event::End(TagEnd::Heading(_)), open) => {
                let Some((level, start, title)) = open.take() else { continue };
                for section in sections.iter_mut().filter(|section| section.bytes.end == markdown.len()) {
                    if section.level >= level {
                        section.bytes.end = start;
                    }
                }
                let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
                let anchor = anchors.next(&title);
                sections.push(Section { level, title, anchor, bytes: start..markdown.len() });
            }
            (Event::Text(text) | Event::Code(text), Some((_, _, title))) => title.push_str(&text),
            (Event::SoftBreak | Event::HardBreak, Some((_, _, title))) => title.push(' '),
            _ => {}
        }
    }
    sections
}

/// Finds a section by its anchor, or by its heading regardless of case.
#[must_use]
pub fn find<'a>(sections: &'a [Section], name: &str) -> Option<&'a Section> {
    let name = name.trim_start_matches('#');
    sections
        .iter()
        .find(|section| section.anchor == name)
        .or_else(|| sections.iter().find(|section| section.title.to_lowercase() == name.to_lowercase()))
}

/// Finds the section that contains a chunk.
/// The heading path of a chunk consists of the document title and the headings from the top.
#[must_use]
pub fn of_heading_path<'a>(sections: &'a [Section], heading_path: &[String]) -> Option<&'a Section> {
    let mut within: Option<&Section> = None;
    for heading in heading_path.get(1..)? {
        let title = heading.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_below = |section: &&Section| {
            within.is_none_or(|outer| section.bytes.start > outer.bytes.start && section.bytes.end <= outer.bytes.end)
        };
        within = sections.iter().filter(is_below).find(|section| section.title == title).or(within);
    }
    within
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// Creates the anchors of a document: words in lower case, joined by hyphens. Repeated anchors get a number.
#[derive(Debug, Default)]
struct Anchors(HashMap<String, usize>);

impl Anchors {
    fn next(&mut self, title: &str) -> String {
        let words: Vec<String> = title
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let base = if words.is_empty() { "section".to_owned() } else { words.join("-") };
        let mut anchor = base.clone();
        let mut number = self.0.get(&base).copied().unwrap_or(0);
        while self.0.contains_key(&anchor) {
            number += 1;
            anchor = format!("{base}-{number}");
        }
        self.0.insert(base, number);
        self.0.entry(anchor.clone()).or_insert(0);
        anchor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Start.\n\n# One\n\na\n\n## Deep `code` *x*\n\nb\n\n```\n# no heading\n```\n\n# Two\n\nc\n\n## Deep code x\n\nd\n";

    #[test]
    fn a_section_ends_before_the_next_heading_of_its_level() {
        let found = sections(TEXT);
        let titles: Vec<&str> = found.iter().map(|section| section.title.as_str()).collect();
        assert_eq!(titles, ["One", "Deep code x", "Two", "Deep code x"]);
        assert!(TEXT[found[0].bytes.clone()].ends_with("# no heading\n```\n\n"));
        assert!(TEXT[found[1].bytes.clone()].starts_with("## Deep `code`"));
        assert_eq!(&TEXT[found[3].bytes.clone()], "## Deep code x\n\nd\n");
    }

    #[test]
    fn anchors_are_unique_even_where_a_heading_looks_like_a_numbered_one() {
        let found = sections("# A\n\n# A\n\n# A 1\n\n# A\n\n# !?\n\n# Über uns\n");
        let anchors: Vec<&str> = found.iter().map(|section| section.anchor.as_str()).collect();
        assert_eq!(anchors, ["a", "a-1", "a-1-1", "a-2", "section", "über-uns"]);
    }

    #[test]
    fn a_chunk_is_found_below_its_own_heading() {
        let found = sections(TEXT);
        let path = |headings: &[&str]| headings.iter().map(|&heading| heading.to_owned()).collect::<Vec<_>>();
        let anchor =
            |headings: &[&str]| of_heading_path(&found, &path(headings)).map(|section| section.anchor.as_str());
        assert_eq!(anchor(&["Title", "Two", "Deep code x"]), Some("deep-code-x-1"));
        assert_eq!(anchor(&["Title", "One"]), Some("one"));
        assert_eq!(anchor(&["Title"]), None);
        assert_eq!(anchor(&[]), None);
    }

    #[test]
    fn a_section_is_named_by_anchor_or_heading() {
        let found = sections(TEXT);
        assert_eq!(find(&found, "#deep-code-x-1"), found.get(3));
        assert_eq!(find(&found, "two"), found.get(2));
        assert_eq!(find(&found, "three"), None);
    }
}

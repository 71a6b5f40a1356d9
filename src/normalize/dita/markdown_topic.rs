//! Topics that a map takes from Markdown files: their title apart, their text as it is.

use super::include;

/// Formats under which maps refer to Markdown topics.
pub(super) const FORMATS: [&str; 3] = ["md", "markdown", "mdita"];

/// A Markdown file as a topic.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MarkdownTopic {
    pub title: Option<String>,
    pub body: String,
}

/// Reads a Markdown file: a front matter is taken off, the first heading of level 1 is the title.
pub(super) fn read(bytes: &[u8]) -> MarkdownTopic {
    let text = include::decode(bytes, None, None);
    let (front, text) = front_matter(&text);
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(0);
    let heading = lines.get(first).copied().unwrap_or_default();
    let underlined = lines.get(first + 1).is_some_and(|line| line.len() > 1 && line.chars().all(|c| c == '='));
    let (title, taken) = match heading.strip_prefix("# ") {
        Some(title) => (Some(title), first + 1),
        None if underlined => (Some(heading), first + 2),
        None => (None, first),
    };
    let in_front =
        || front.lines().find_map(|line| line.strip_prefix("title:")).map(|title| title.trim().trim_matches('"'));
    let title = title.or_else(in_front).map(clean_title).filter(|title| !title.is_empty());
    MarkdownTopic { title, body: lines.get(taken..).unwrap_or_default().join("\n").trim().to_owned() }
}

/// The front matter and what follows it.
fn front_matter(text: &str) -> (&str, &str) {
    let split = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    split.unwrap_or(("", text))
}

/// A heading's text without its attributes and marks.
fn clean_title(heading: &str) -> String {
    let text = heading.trim();
    let text = text.rsplit_once('{').filter(|(_, rest)| rest.ends_with('}')).map_or(text, |(text, _)| text);
    text.trim().trim_end_matches('#').trim().replace(['`', '*'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(text: &str) -> (Option<String>, String) {
        let topic = read(text.as_bytes());
        (topic.title, topic.body)
    }

    #[test]
    fn the_first_heading_is_the_title() {
        let expected = (Some("A b".to_owned()), "text\n\n## c".to_owned());
        assert_eq!(topic("# A `b` {#id .x}\n\ntext\n\n## c\n"), expected);
        assert_eq!(topic("---\nauthor: x\n---\n\nA b\n===\ntext\n\n## c"), expected);
        assert_eq!(topic("---\r\ntitle: \"A b\"\r\n---\r\ntext\r\n\r\n## c"), expected);
        assert_eq!(topic("text"), (None, "text".to_owned()));
    }
}

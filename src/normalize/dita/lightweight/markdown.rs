//! Converts Markdown topics. They become HTML first, so that HTML inside them is processed like other HTML.

use std::borrow::Cow;
use std::sync::Arc;

use pulldown_cmark::{BrokenLink, CowStr, Event, Options, Parser, TextMergeStream, html as writer};

use super::super::dom::{Element, FileId, Node};
use super::super::include;
use super::super::parse::{Parsed, XmlError};
use super::{OWN_ID, attributes, front_matter, html};
use crate::normalize::text::count;

/// A prefix for the address of a link to a key.
pub(super) const KEY: &str = "trailblazer-key:";

/// Returns whether the front matter says that the text is a map, or `None` if the text may be an HTML page.
pub(super) fn is_map(bytes: &[u8]) -> Option<bool> {
    let text = include::decode(bytes, None, None);
    let (yaml, body) = front_matter::split(&text);
    let may_be_page = body.contains("<html") || body.contains("<HTML");
    (!may_be_page).then(|| yaml.and_then(|yaml| front_matter::read(yaml, 0)).is_some_and(|front| front.is_map))
}

/// Returns the title of a topic that begins with a heading without links, HTML and attributes. The rest of the text cannot
/// change such a title, so it is not parsed.
pub(super) fn leading_title(bytes: &[u8], file: FileId) -> Option<Element> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains("<html") && !text.contains("<HTML"))?;
    let heading = front_matter::split(text).1.lines().find(|line| !line.trim().is_empty())?;
    let is_simple = heading.starts_with("# ") && !heading.contains(['[', ']', '<', '&', '{']);
    let parsed = is_simple.then(|| parse(heading.as_bytes(), file, false).ok()).flatten()?;
    parsed.root.child("title").cloned()
}

pub(super) fn parse(bytes: &[u8], file: FileId, is_map: bool) -> Result<Parsed, XmlError> {
    let text = include::decode(bytes, None, None);
    let (yaml, body) = front_matter::split(&text);
    let front = yaml.map(|yaml| front_matter::read(yaml, file));
    let is_unreadable = matches!(front, Some(None));
    let front = front.flatten().unwrap_or_default();
    let mut parsed = html::parse_text(&to_html(body), file, is_map || front.is_map)?;
    if is_unreadable {
        count(&mut parsed.losses, "front-matter:unreadable");
    }
    let mut root = Arc::unwrap_or_clone(std::mem::take(&mut parsed.root));
    if let Some(id) = front.id.filter(|_| root.attr(OWN_ID).is_none()) {
        root.set_attr("id", &id);
    }
    root.remove_attr(OWN_ID);
    root.attributes.extend(front.conditions);
    if let Some(language) = front.language {
        root.set_attr("xml:lang", &language);
    }
    let has_title = root.child("title").is_some_and(|title| !title.text().trim().is_empty());
    if let Some(title) = front.title.filter(|_| !has_title) {
        let mut element = Element::new("title", file, 1);
        element.children.push(Node::Text(title));
        root.children.retain(|child| child.element().is_none_or(|child| child.name != "title"));
        root.children.insert(0, Node::Element(element));
    }
    if let Some(mut prolog) = front.prolog {
        if root.name == "map" {
            "topicmeta".clone_into(&mut prolog.name);
            let is_meta = |node: &Node| node.element().is_some_and(|child| child.name == "topicmeta");
            let (meta, rest): (Vec<Node>, Vec<Node>) =
                std::mem::take(&mut root.children).into_iter().partition(is_meta);
            prolog.children.extend(meta.into_iter().flat_map(|node| match node {
                Node::Element(meta) => meta.children,
                Node::Text(_) => Vec::new(),
            }));
            root.children = rest;
        }
        let after_title = usize::from(root.child("title").is_some());
        root.children.insert(after_title, Node::Element(prolog));
    }
    parsed.root = Arc::new(root);
    Ok(parsed)
}

/// Converts Markdown to HTML. A reference without a definition refers to a key.
/// Only the attributes are removed from the text of a heading.
fn to_html(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_DEFINITION_LIST;
    let mut name_key = |link: BrokenLink<'_>| {
        let is_key = !link.reference.contains(char::is_whitespace) && !link.reference.starts_with(['!', '^']);
        is_key.then(|| (CowStr::from(format!("{KEY}{}", link.reference)), CowStr::from("")))
    };
    let markdown = admonitions(markdown);
    let parser = Parser::new_with_broken_link_callback(&markdown, options, Some(&mut name_key));
    let events: Vec<Event<'_>> = TextMergeStream::new(parser).collect();
    let mut out = String::with_capacity(markdown.len() * 2);
    writer::push_html(&mut out, attributes::apply(events).into_iter());
    out
}

/// Converts admonitions (`!!! note "Title"` above an indented block) to quotations that begin with a label.
fn admonitions(markdown: &str) -> Cow<'_, str> {
    if !markdown.contains("!!! ") && !markdown.contains("??? ") && !markdown.contains("???+ ") {
        return Cow::Borrowed(markdown);
    }
    let mut out = String::with_capacity(markdown.len() + 64);
    let (mut is_code, mut is_inside) = (false, false);
    for line in markdown.split_inclusive('\n') {
        let text = line.trim_end();
        if let Some(label) = admonition(text).filter(|_| !is_code) {
            out.extend(["> ", &label, "\n>\n"]);
            is_inside = true;
            continue;
        }
        if is_inside {
            if text.is_empty() {
                out.push_str(">\n");
                continue;
            }
            if let Some(content) = line.strip_prefix("    ").or_else(|| line.strip_prefix('\t')) {
                out.push_str("> ");
                out.push_str(content);
                continue;
            }
            out.push('\n');
            is_inside = false;
        }
        is_code ^= text.trim_start().starts_with("```") || text.trim_start().starts_with("~~~");
        out.push_str(line);
    }
    Cow::Owned(out)
}

/// Returns the label of an admonition that begins in this line.
fn admonition(line: &str) -> Option<String> {
    let rest = ["!!! ", "???+ ", "??? "].iter().find_map(|mark| line.strip_prefix(mark))?.trim();
    let (kind, title) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let is_word = !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || c == '-');
    let title = title.trim().trim_matches('"');
    let mut letters = kind.chars();
    let kind =
        letters.next().map(|first| first.to_uppercase().collect::<String>() + &letters.as_str().to_lowercase())?;
    is_word.then(|| if title.is_empty() { format!("**{kind}:**") } else { format!("**{kind}: {title}**") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(markdown: &str) -> Element {
        Element::clone(&parse(markdown.as_bytes(), 0, false).unwrap().root)
    }

    #[test]
    fn headings_keep_every_character_but_their_attributes() {
        for (heading, title, id) in [
            ("# C#", "C#", "c"),
            ("# GET /users/{id}", "GET /users/{id}", "get-users-id"),
            ("# A `b` {#own .concept}", "A b", "own"),
            ("<!-- note -->\n\n# After", "After", "after"),
        ] {
            let topic = topic(heading);
            assert_eq!(topic.child("title").unwrap().text(), title);
            assert_eq!(topic.attr("id"), Some(id), "{heading}");
        }
    }

    #[test]
    fn a_simple_title_is_read_without_the_text_below_it() {
        let leading = |markdown: &str| leading_title(markdown.as_bytes(), 0).map(|title| title.text());
        for markdown in ["# A *b* `c`\n\ntext", "---\ntitle: Other\n---\n\n# A #\nx", "\r\n# A\r\n\r\n## B", "# A\n# B"]
        {
            assert_eq!(leading(markdown), topic(markdown).child("title").map(Element::text), "{markdown}");
            assert!(leading(markdown).is_some(), "{markdown}");
        }
        for markdown in
            ["# A [b]\n\n[b]: x", "# A {#b}", "# A <i>b</i>", "text\n\n# A", "A\n===", "## A", "    # A", ""]
        {
            assert_eq!(leading(markdown), None, "{markdown}");
        }
    }

    #[test]
    fn headings_below_the_first_open_topics() {
        let topic = topic("# A\n\none\n\n## B {#sec}\n\ntwo\n\n### C\n\n## D\n");
        let inner: Vec<_> = topic.children_of("topic").collect();
        assert_eq!(inner.iter().map(|topic| topic.attr("id").unwrap()).collect::<Vec<_>>(), ["sec", "d"]);
        assert_eq!(inner[0].child("topic").unwrap().attr("id"), Some("c"));
    }

    #[test]
    fn references_without_a_definition_name_keys() {
        let topic = topic("# A\n\n[text][kk] [kk] [x y] <span data-keyref=\"prod\"></span>");
        let mut keys = Vec::new();
        topic.walk(&mut |element| keys.extend(element.attr("keyref").map(|key| (key.to_owned(), element.text()))));
        let expected = [("kk", "text"), ("kk", ""), ("prod", "")];
        assert_eq!(keys, expected.map(|(key, text)| (key.to_owned(), text.to_owned())));
        assert!(topic.text().contains("[x y]"));
    }

    #[test]
    fn attributes_and_admonitions_are_no_text() {
        let topic =
            topic("# A\n\nOne **two**{.red} {x} three {.draft #p}\n\n!!! note \"Mind\"\n    inside\n\nafter {id}\n");
        assert_eq!(
            topic.text().split_whitespace().collect::<Vec<_>>().join(" "),
            "A One two {x} three Note: Mind inside after {id}"
        );
        assert!(topic.child("lq").is_some());
    }

    #[test]
    fn front_matter_becomes_the_prolog() {
        let topic = topic("---\r\nid: a\r\nauthor: Bob\r\nproduct: [pro, lite]\r\nteam: docs\r\n---\r\n# T\r\n");
        assert_eq!(topic.attr("id"), Some("a"));
        let prolog = topic.child("prolog").unwrap();
        assert_eq!(prolog.child("author").unwrap().text(), "Bob");
        let metadata = prolog.child("metadata").unwrap();
        assert_eq!(topic.attr("product"), Some("pro lite"));
        assert_eq!(metadata.child("othermeta").unwrap().attr("content"), Some("docs"));
        let broken = parse(b"---\n: [\n---\n# T\n", 0, false).unwrap();
        assert_eq!(broken.losses.get("front-matter:unreadable"), Some(&1));
    }
}

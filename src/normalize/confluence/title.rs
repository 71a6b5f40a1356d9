//! Finds the title of a page that is only a body. The title is `<title>`, or a first-level heading before any text.

use serde_json::Value;

use super::super::text::{Losses, one_line};
use super::adf;
use super::dom::{Element, Node};
use super::macros::CONDITIONAL;
use super::parse;

/// Number of bytes at the start of a body in which the title is searched.
const HEAD: usize = 16 * 1024;

/// Returns the text of `<title>` in the head, or of an `<h1>` at the start of the page.
pub(super) fn of_markup(source: &str) -> Option<String> {
    let end = (0..=source.len().min(HEAD)).rev().find(|at| source.is_char_boundary(*at))?;
    let head = source.get(..end)?;
    let title =
        element_source(head, "title").filter(|(at, _)| !head.get(..*at).is_some_and(|before| before.contains("<body")));
    let named = title.and_then(|(_, markup)| text_of(markup));
    named.or_else(|| {
        let nodes = parse::fragment(head, &mut Losses::new()).ok().filter(|_| head.contains("<h1"))?;
        match first_shown(&nodes) {
            Shown::Title(title) => Some(title),
            Shown::Nothing | Shown::Other => None,
        }
    })
}

/// The first content that a reader sees.
enum Shown {
    Nothing,
    /// A heading of the first level.
    Title(String),
    Other,
}

fn first_shown(nodes: &[Node]) -> Shown {
    for node in nodes {
        let shown = match node {
            Node::Text(text) | Node::CData(text) if text.trim().is_empty() => Shown::Nothing,
            Node::Text(_) | Node::CData(_) => Shown::Other,
            Node::Element(element) if is_unseen(element) => Shown::Nothing,
            Node::Element(element) => match element.name.as_str() {
                "h1" => {
                    let mut text = String::new();
                    push_shown(&element.children, &mut text);
                    let title = one_line(&text);
                    if title.is_empty() { Shown::Nothing } else { Shown::Title(title) }
                }
                "ac:image" | "img" | "hr" | "table" => Shown::Other,
                _ => first_shown(&element.children),
            },
        };
        if !matches!(shown, Shown::Nothing) {
            return shown;
        }
    }
    Shown::Nothing
}

/// Returns whether an element is invisible, or visible only to some readers.
fn is_unseen(element: &Element) -> bool {
    const UNSEEN: [&str; 7] =
        ["ac:parameter", "ac:default-parameter", "head", "style", "script", "ac:adf-attribute", "ac:placeholder"];
    UNSEEN.contains(&element.name.as_str())
        || element.attribute("ac:name").is_some_and(|name| CONDITIONAL.contains(&name))
}

/// Returns the text of the first node if it is a heading.
pub(super) fn of_adf(first: &Value) -> Option<String> {
    let is_title = first.get("type")?.as_str() == Some("heading") && first.pointer("/attrs/level")?.as_u64() == Some(1);
    let title = one_line(&adf::text(first.get("content")?.as_array()?));
    Some(title).filter(|title| is_title && !title.is_empty())
}

/// Returns the position and the markup of the first `<name>` or `<name …>`.
fn element_source<'s>(source: &'s str, name: &str) -> Option<(usize, &'s str)> {
    let open = format!("<{name}");
    let mut from = 0;
    let at = loop {
        let at = source.get(from..)?.find(&open)? + from;
        from = at + open.len();
        if source.get(from..)?.starts_with(['>', ' ', '\n', '\t']) {
            break at;
        }
    };
    let end = source.get(at..)?.find(&format!("</{name}"))? + at;
    Some((at, source.get(at..end)?))
}

fn text_of(markup: &str) -> Option<String> {
    let nodes = parse::fragment(markup, &mut Losses::new()).ok()?;
    let mut text = String::new();
    push_shown(&nodes, &mut text);
    Some(one_line(&text)).filter(|title| !title.is_empty())
}

/// Adds the text that a reader sees. Parameters of macros and the head of a page are invisible.
fn push_shown(nodes: &[Node], out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) | Node::CData(text) => out.push_str(text),
            Node::Element(element) if is_unseen(element) => {}
            Node::Element(element) if element.name == "br" => out.push(' '),
            Node::Element(element) => push_shown(&element.children, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of_markup;

    #[test]
    fn a_heading_is_the_title_only_where_the_page_begins_with_it() {
        let anchor =
            r#"<ac:structured-macro ac:name="anchor"><ac:parameter ac:name="">x</ac:parameter></ac:structured-macro>"#;
        for (source, title) in [
            ("<h1>A <em>b</em><br/>c</h1><p>x</p>".to_owned(), Some("A b c")),
            (format!("<p> </p>{anchor}<h1>{anchor}Set-up</h1>"), Some("Set-up")),
            ("<html><head><title>T</title></head><h1>H</h1></html>".to_owned(), Some("T")),
            ("<p>First.</p><h1>Then</h1>".to_owned(), None),
            ("<ac:image/><h1>Then</h1>".to_owned(), None),
            ("<h1></h1><h2>x</h2>".to_owned(), None),
        ] {
            assert_eq!(of_markup(&source).as_deref(), title, "{source}");
        }
    }
}

//! Converts maps in Markdown and HTML. The items of their lists refer to topics.

use super::super::dom::{Element, FileId, Node, collapse};
use super::super::href;
use super::elements::{add_outer, with_name};
use super::markdown::KEY;
use super::{Notation, is_map_format};

/// Returns whether the body of a page contains only navigation.
pub(super) fn is_navigation(page: &Element) -> bool {
    let Some(body) = page.find(&|element| element.name == "body") else { return false };
    let mut parts = body.elements().filter(|part| !matches!(part.name.as_str(), "script" | "style")).peekable();
    parts.peek().is_some() && parts.all(|part| part.name == "nav" || is_heading(part)) && body.child("nav").is_some()
}

/// Converts a page to a map. Its title is the first heading.
pub(super) fn map(page: &Element, file: FileId) -> Element {
    let mut map = Element::new("map", file, 1);
    let body = page.find(&|element| element.name == "body").unwrap_or(page);
    add_outer(&mut map, page);
    add_outer(&mut map, body);
    let title = body.find(&is_heading).or_else(|| page.find(&|element| element.name == "title"));
    if let Some(title) = title {
        map.children.push(Node::Element(part_of_map("title", title, page)));
    }
    if let Some(about) = body.find(&|element| element.name == "p" && first_link(element).is_none())
        && body
            .find(&|element| element.name == "li" && element.find(&|inner| std::ptr::eq(inner, about)).is_some())
            .is_none()
    {
        let mut meta = Element::new("topicmeta", file, about.line);
        meta.children.push(Node::Element(part_of_map("shortdesc", about, page)));
        map.children.push(Node::Element(meta));
    }
    let mut entries = Vec::new();
    add_entries(body, title, &[], &mut entries);
    map.children.extend(entries.into_iter().map(Node::Element));
    map
}

/// Returns an element with the text of another element, and with the conditions of this element and of those around it.
fn part_of_map(name: &str, element: &Element, page: &Element) -> Element {
    let mut part = with_text(name, element);
    add_outer(&mut part, element);
    let mut around = Some(page);
    while let Some(outer) = around.filter(|outer| !std::ptr::eq(*outer, element)) {
        add_outer(&mut part, outer);
        around = outer.elements().find(|child| child.find(&|inner| std::ptr::eq(inner, element)).is_some());
    }
    part
}

/// Adds the entries of the lists in an element. A heading begins a group. The conditions of the elements `around` apply to
/// each entry.
fn add_entries(element: &Element, title: Option<&Element>, around: &[&Element], out: &mut Vec<Element>) {
    for child in element.elements() {
        match child.name.as_str() {
            "ul" | "ol" => {
                let entries = list_entries(child, around);
                match out.last_mut().filter(|last| last.attr(GROUP).is_some()) {
                    Some(group) => group.children.extend(entries.into_iter().map(Node::Element)),
                    None => out.extend(entries),
                }
            }
            _ if is_heading(child) => {
                if title.is_none_or(|title| !std::ptr::eq(title, child)) {
                    let mut group = inside(head(child), around);
                    group.set_attr(GROUP, "yes");
                    out.push(group);
                }
            }
            _ if child.attr("data-keys").is_some() => out.push(inside(key(child), around)),
            _ => add_entries(child, title, &[around, &[child]].concat(), out),
        }
    }
}

/// Returns the entries of a list.
fn list_entries(list: &Element, around: &[&Element]) -> Vec<Element> {
    let around = [around, &[list]].concat();
    list.elements().filter(|item| item.name == "li").map(|item| inside(entry(item), &around)).collect()
}

/// Adds the conditions of the elements around an entry.
fn inside(mut entry: Element, around: &[&Element]) -> Element {
    for outer in around.iter().rev() {
        add_outer(&mut entry, outer);
    }
    entry
}

/// Marks a group that a heading began.
const GROUP: &str = "trailblazer:group";

/// Converts a list item: a reference to a topic or, without a link, a heading for the items below it.
fn entry(item: &Element) -> Element {
    let mut entry = match first_link(item) {
        Some(around) => reference(item, &around),
        None => head(item),
    };
    let mut inner = Vec::new();
    add_nested(item, &[], &mut inner);
    entry.children.extend(inner.into_iter().map(Node::Element));
    entry
}

/// Adds the entries of the lists inside an item.
fn add_nested(element: &Element, around: &[&Element], out: &mut Vec<Element>) {
    for child in element.elements() {
        match child.name.as_str() {
            "ul" | "ol" => out.extend(list_entries(child, around)),
            _ => add_nested(child, &[around, &[child]].concat(), out),
        }
    }
}

/// Returns the first link outside of nested lists, and the elements around it, outermost first.
fn first_link(element: &Element) -> Option<Vec<&Element>> {
    element.elements().filter(|child| !matches!(child.name.as_str(), "ul" | "ol")).find_map(|child| {
        if child.name == "a" {
            return Some(vec![child]);
        }
        let mut below = first_link(child)?;
        below.insert(0, child);
        Some(below)
    })
}

/// Converts an item with a link. The attributes of the link have priority over those of the elements around it, but each
/// condition applies.
fn reference(item: &Element, around: &[&Element]) -> Element {
    let mut topicref = with_name("topicref", item);
    for element in around {
        let outer = std::mem::replace(&mut topicref.attributes, with_name("", element).attributes);
        topicref.attributes.extend(outer);
    }
    let link = around.last().copied().unwrap_or(item);
    let address = topicref.attr("href").unwrap_or_default().to_owned();
    if let Some(key) = address.strip_prefix(KEY) {
        topicref.remove_attr("href");
        topicref.set_attr("keyref", key);
    } else if href::is_absolute(&address) {
        topicref.set_attr("scope", "external");
        topicref.set_attr("format", "html");
    } else if topicref.attr("format").is_none() {
        let path = href::split(&address).path;
        if let Some(format) = format_of(&path) {
            topicref.set_attr("format", format);
        }
    }
    add_title(&mut topicref, link);
    topicref
}

/// Returns the format of a reference to a path, or `None` for topics and maps in XML.
fn format_of(path: &str) -> Option<&str> {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension)?;
    match (extension, Notation::of(path)) {
        (extension, _) if is_map_format(extension) => Some(extension),
        (_, Some(Notation::Markdown)) => Some("mdita"),
        (_, Some(Notation::Html)) => Some("hdita"),
        ("dita" | "ditamap" | "bookmap" | "xml", None) => None,
        (extension, None) => Some(extension),
    }
}

fn key(element: &Element) -> Element {
    let around = first_link(element);
    let mut definition = match &around {
        Some(around) => reference(element, around),
        None => with_name("topicref", element),
    };
    "keydef".clone_into(&mut definition.name);
    if let Some(meta) =
        definition.children.iter().position(|node| node.element().is_some_and(|e| e.name == "topicmeta"))
    {
        definition.children.remove(meta);
    }
    let mut meta = Element::new("topicmeta", element.file, element.line);
    let text = with_text("linktext", element);
    if !text.is_blank() {
        meta.children.push(Node::Element(text));
    }
    definition.children.push(Node::Element(meta));
    definition
}

fn head(element: &Element) -> Element {
    let mut head = with_name("topichead", element);
    add_title(&mut head, element);
    head
}

fn add_title(entry: &mut Element, text: &Element) {
    let mut meta = Element::new("topicmeta", text.file, text.line);
    meta.children.push(Node::Element(with_text("navtitle", text)));
    entry.children.push(Node::Element(meta));
}

/// Returns an element that contains the text of another element, except the text in lists.
fn with_text(name: &str, element: &Element) -> Element {
    let mut out = with_parts(name, element);
    if collapse(&out.text()).is_empty() {
        out.children.clear();
    }
    if let Some(Node::Text(first)) = out.children.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Node::Text(last)) = out.children.last_mut() {
        *last = last.trim_end().to_owned();
    }
    out
}

fn with_parts(name: &str, element: &Element) -> Element {
    let mut out = Element::new(name, element.file, element.line);
    for child in &element.children {
        match child {
            Node::Text(text) => out.children.push(Node::Text(text.clone())),
            Node::Element(child) if matches!(child.name.as_str(), "ul" | "ol") => {}
            Node::Element(child) => {
                let mut part = with_parts("ph", child);
                add_outer(&mut part, child);
                // The link of an entry is its address.
                part.remove_attr("href");
                out.children.push(Node::Element(part));
            }
        }
    }
    out
}

fn is_heading(element: &Element) -> bool {
    matches!(element.name.as_str(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

#[cfg(test)]
mod tests {
    use super::super::super::dom::Element;
    use super::super::Notation;

    fn outline(element: &Element) -> String {
        let shown = |name: &str| element.attr(name).map(|value| format!(" {name}={value}")).unwrap_or_default();
        let title = element.child("topicmeta").map(|meta| format!(" '{}'", meta.text().trim())).unwrap_or_default();
        let own = ["href", "keyref", "keys", "format", "product"].map(shown).concat();
        let inner: Vec<String> = element
            .elements()
            .filter(|e| e.name.starts_with("topic") && e.name != "topicmeta" || e.name == "keydef")
            .map(outline)
            .collect();
        format!("{}{own}{title}({})", element.name, inner.join(", "))
    }

    #[test]
    fn lists_of_markdown_become_references() {
        let map = "---\nauthor: Ann\n$schema: urn:oasis:names:tc:mdita:rng:map.rng\n---\n# Guide\n\n- [First](a.md)\n  - [Second](sub/b.dita){product=\"pro\"}\n- Heading\n  1. [x][k]\n- [Web](https://x.org)\n";
        for is_map in [true, false] {
            let root = Notation::Markdown.parse(map.as_bytes(), 0, is_map).unwrap().root;
            assert_eq!(root.child("title").unwrap().text(), "Guide");
            assert_eq!(root.child("topicmeta").unwrap().child("author").unwrap().text(), "Ann");
            assert_eq!(
                outline(&root),
                "map 'Ann'(topicref href=a.md format=mdita 'First'(topicref href=sub/b.dita product=pro 'Second'()), \
                 topichead 'Heading'(topicref keyref=k 'x'()), topicref href=https://x.org format=html 'Web'())"
            );
        }
    }

    #[test]
    fn navigation_of_html_is_a_map() {
        let html = "<!DOCTYPE html><html><head><title>T</title></head><body><nav><h1>Nav</h1><div data-keys='v'>One</div>\
            <ul><li><p><a href='a.html'>A</a></p><ul><li><a href='s.hditamap'>S</a></li></ul></li></ul></nav></body></html>";
        let root = Notation::Html.parse(html.as_bytes(), 0, false).unwrap().root;
        assert_eq!(root.child("title").unwrap().text(), "Nav");
        assert_eq!(
            outline(&root),
            "map(keydef keys=v 'One'(), topicref href=a.html format=hdita 'A'(topicref href=s.hditamap format=hditamap 'S'()))"
        );
        let page = html.replace("</nav>", "</nav><p>text</p>");
        assert_eq!(Notation::Html.parse(page.as_bytes(), 0, false).unwrap().root.name, "topic");
    }
}

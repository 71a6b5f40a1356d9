//! Applies the attributes in Markdown, such as `{#id .class product="internal"}`, to the element that they describe.

use std::collections::{HashMap, HashSet};

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Tag, TagEnd};
use quick_xml::escape::escape;

/// Attributes without a meaning for the text.
const LAYOUT: [&str; 3] = ["class", "width", "height"];

/// The attributes of one element.
#[derive(Debug, Default, PartialEq, Eq)]
struct Attributes {
    id: Option<String>,
    classes: Vec<String>,
    pairs: Vec<(String, String)>,
}

impl Attributes {
    /// Parses the text between braces. Returns `None` for other text in braces.
    fn parse(text: &str) -> Option<Self> {
        let mut attributes = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let mut after = after;
            if let Some(id) = word.strip_prefix('#').filter(|id| !id.is_empty()) {
                attributes.id = Some(id.to_owned());
            } else if let Some(class) = word.strip_prefix('.').filter(|class| !class.is_empty()) {
                attributes.classes.push(class.to_owned());
            } else {
                let (name, value) = rest.split_once('=')?;
                let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
                if name.is_empty() || !name.chars().all(is_name) {
                    return None;
                }
                let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.split_once(quote));
                let (value, behind) = quoted.or_else(|| value.split_once(char::is_whitespace)).unwrap_or((value, ""));
                after = behind;
                match without_data(name) {
                    "id" => attributes.id = Some(value.to_owned()),
                    name if LAYOUT.contains(&name) => {}
                    name => attributes.pairs.push((name.to_owned(), value.to_owned())),
                }
            }
            rest = after.trim_start();
        }
        (attributes != Self::default() || text.contains('=')).then_some(attributes)
    }

    /// Splits the attributes from the end of a text.
    fn at_end(text: &str) -> Option<(&str, Self)> {
        let (before, inside) = text.trim_end().strip_suffix('}').and_then(|text| text.rsplit_once('{'))?;
        Some((before.trim_end(), Self::parse(inside)?))
    }

    /// Splits the attributes from the start of a text.
    fn at_start(text: &str) -> Option<(Self, &str)> {
        let (inside, after) = text.strip_prefix('{')?.split_once('}')?;
        Some((Self::parse(inside)?, after))
    }

    fn add(&mut self, other: Self) {
        self.id = self.id.take().or(other.id);
        self.pairs.extend(other.pairs);
    }

    /// Returns the attributes in HTML, or an empty string if the element needs none.
    fn html(&self) -> String {
        let id = self.id.iter().map(|id| format!(" id=\"{}\"", escape(id)));
        let pairs = self.pairs.iter().map(|(name, value)| format!(" data-{name}=\"{}\"", escape(value)));
        id.chain(pairs).collect()
    }
}

/// Returns the name of an attribute without the prefix that it needs in HTML.
fn without_data(name: &str) -> &str {
    match name.get(..5) {
        Some(prefix) if prefix.eq_ignore_ascii_case("data-") => name.get(5..).unwrap_or_default(),
        _ => name,
    }
}

/// The events of a Markdown text, with the attributes that were found in them.
struct Marker<'t> {
    events: Vec<Event<'t>>,
    /// The attributes of an element, by the place of its start.
    marks: HashMap<usize, Attributes>,
    /// The start of the element that ends at a place.
    starts: HashMap<usize, usize>,
    /// The open elements.
    open: Vec<usize>,
    /// Events that are only attributes.
    dropped: HashSet<usize>,
}

/// Removes the attributes from the text and applies them.
pub(super) fn apply(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut marker =
        Marker { events, marks: HashMap::new(), starts: HashMap::new(), open: Vec::new(), dropped: HashSet::new() };
    for place in 0..marker.events.len() {
        marker.take(place);
    }
    marker.write()
}

impl<'t> Marker<'t> {
    fn take(&mut self, place: usize) {
        match self.events.get(place) {
            Some(Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info)))) => {
                if let Some((language, mut attributes)) = Attributes::at_end(info) {
                    let class = std::mem::take(&mut attributes.classes).into_iter().next();
                    let language = if language.is_empty() { class.unwrap_or_default() } else { language.to_owned() };
                    let block = Tag::CodeBlock(CodeBlockKind::Fenced(CowStr::from(language)));
                    self.set(place, Event::Start(block));
                    self.marks.insert(place, attributes);
                }
                self.open.push(place);
            }
            Some(Event::Start(Tag::TableRow)) => {
                self.open.push(place);
                self.table_attributes(place);
            }
            Some(Event::Start(_)) => self.open.push(place),
            Some(Event::End(_)) => {
                if let Some(start) = self.open.pop() {
                    self.starts.insert(place, start);
                }
            }
            Some(Event::Text(text)) => {
                let text = text.to_string();
                let text = self.after_mark(place, &text);
                self.at_end_of_block(place, &text);
            }
            _ => {}
        }
    }

    fn set(&mut self, place: usize, event: Event<'t>) {
        if let Some(old) = self.events.get_mut(place) {
            *old = event;
        }
    }

    fn set_text(&mut self, place: usize, text: &str) {
        self.set(place, Event::Text(CowStr::from(text.to_owned())));
    }

    fn mark(&mut self, start: usize, attributes: Attributes) {
        self.marks.entry(start).or_default().add(attributes);
    }

    /// Takes the attributes after a link, an image, formatted text or code, and at the start of a cell. Returns the rest of the text.
    fn after_mark(&mut self, place: usize, text: &str) -> String {
        let described = place.checked_sub(1).and_then(|before| match self.events.get(before)? {
            Event::End(TagEnd::Link | TagEnd::Image | TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough) => {
                self.starts.get(&before).copied()
            }
            Event::Code(_) | Event::Start(Tag::TableCell) => Some(before),
            _ => None,
        });
        let (Some(start), Some((attributes, after))) = (described, Attributes::at_start(text)) else {
            return text.to_owned();
        };
        self.mark(start, attributes);
        self.set_text(place, after);
        after.to_owned()
    }

    /// Takes the attributes at the end of a block, a cell or formatted text. Attributes alone describe the block before them.
    fn at_end_of_block(&mut self, place: usize, text: &str) {
        let is_last = match self.events.get(place + 1) {
            Some(Event::End(end)) => matches!(
                end,
                TagEnd::Paragraph
                    | TagEnd::Item
                    | TagEnd::Heading(_)
                    | TagEnd::DefinitionListTitle
                    | TagEnd::DefinitionListDefinition
                    | TagEnd::TableCell
                    | TagEnd::Strong
                    | TagEnd::Emphasis
                    | TagEnd::Strikethrough
            ),
            Some(Event::Start(Tag::List(_))) => true,
            _ => false,
        };
        let Some((before, attributes)) = Attributes::at_end(text).filter(|_| is_last) else { return };
        self.set_text(place, before);
        let Some(&around) = self.open.last() else { return };
        let is_alone = before.is_empty()
            && around + 1 == place
            && matches!(self.events.get(around), Some(Event::Start(Tag::Paragraph)));
        let described =
            if is_alone { around.checked_sub(1).and_then(|end| self.starts.get(&end)) } else { Some(&around) };
        if let Some(&start) = described {
            self.mark(start, attributes);
        }
    }

    /// Takes the attributes of a table from a row that contains nothing else.
    fn table_attributes(&mut self, row: usize) {
        let rest = self.events.get(row..).unwrap_or_default();
        let Some(length) = rest.iter().position(|event| matches!(event, Event::End(TagEnd::TableRow))) else { return };
        let mut content = rest.iter().take(length).filter(|event| !matches!(event, Event::Start(_) | Event::End(_)));
        let (Some(Event::Text(text)), None) = (content.next(), content.next()) else { return };
        let Some(("", attributes)) = Attributes::at_end(text) else { return };
        let table = self.open.iter().rev().nth(1).copied();
        self.dropped.extend(row..=row + length);
        if let Some(table) = table {
            self.mark(table, attributes);
        }
    }

    /// Returns the events with the attributes as HTML.
    fn write(self) -> Vec<Event<'t>> {
        let mut out = Vec::with_capacity(self.events.len());
        let kept = self.events.into_iter().enumerate().filter(|(place, _)| !self.dropped.contains(place));
        for (place, event) in kept {
            let start = self.starts.get(&place).copied().unwrap_or(place);
            let mark = self.marks.get(&start).map(|mark| (mark, mark.html())).filter(|(_, html)| !html.is_empty());
            let Some((mark, html)) = mark else {
                out.push(event);
                continue;
            };
            let raw = |html: String| Event::Html(CowStr::from(html));
            match event {
                Event::Start(Tag::Heading { level, classes, .. }) => {
                    let pair = |(name, value): &(String, String)| {
                        (CowStr::from(format!("data-{name}")), Some(CowStr::from(value.clone())))
                    };
                    let (id, attrs) = (mark.id.clone().map(CowStr::from), mark.pairs.iter().map(pair).collect());
                    out.push(Event::Start(Tag::Heading { level, id, classes, attrs }));
                }
                Event::End(TagEnd::Heading(_)) => out.push(event),
                Event::Start(Tag::TableCell) => out.extend([event, raw(format!("<span{html}>"))]),
                Event::End(TagEnd::TableCell) => out.extend([raw("</span>".to_owned()), event]),
                Event::Code(_) => out.extend([raw(format!("<span{html}>")), event, raw("</span>".to_owned())]),
                Event::Start(tag) => match own_name(tag.to_end()) {
                    Some(name) => out.push(raw(format!("\n<{name}{html}>"))),
                    None => out.extend([raw(format!("<{}{html}>", wrapper(tag.to_end()))), Event::Start(tag)]),
                },
                Event::End(end) => {
                    if let Some(name) = own_name(end) {
                        out.push(raw(format!("</{name}>\n")));
                    } else {
                        let close = raw(format!("</{}>", wrapper(end)));
                        out.extend([Event::End(end), close]);
                    }
                }
                event => out.push(event),
            }
        }
        out
    }
}

/// Returns the HTML element of a block that has its own attributes.
fn own_name(block: TagEnd) -> Option<&'static str> {
    match block {
        TagEnd::Paragraph => Some("p"),
        TagEnd::Item => Some("li"),
        TagEnd::DefinitionListTitle => Some("dt"),
        TagEnd::DefinitionListDefinition => Some("dd"),
        _ => None,
    }
}

/// Returns the HTML element around another element.
fn wrapper(of: TagEnd) -> &'static str {
    match of {
        TagEnd::Link | TagEnd::Image | TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough => "span",
        _ => "div",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_contain_blanks_in_quotes() {
        let read = Attributes::parse("#a .b props=\"product(internal pro)\" os='x' rev=1 width=2").unwrap();
        assert_eq!((read.id.as_deref(), read.classes.as_slice()), (Some("a"), ["b".to_owned()].as_slice()));
        let pairs: Vec<(&str, &str)> = read.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("props", "product(internal pro)"), ("os", "x"), ("rev", "1")]);
    }

    #[test]
    fn other_text_in_braces_is_not_an_attribute() {
        for text in ["", "id", "#", "a b", "x y=1", "=1"] {
            assert_eq!(Attributes::parse(text), None, "{text}");
        }
    }
}

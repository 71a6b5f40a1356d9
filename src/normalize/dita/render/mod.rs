//! Converts a resolved topic to the document tree.

mod figure;
mod flow;
mod inline;
mod link;
mod list;
mod note;
mod plain;
mod syntax;
mod table;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::dom::{Element, Node};
use super::resolve::Resolver;
use super::vocabulary::Kind;
use crate::normalize::document::{Attachment, Link};
use crate::normalize::text::{Losses, count};
use crate::normalize::tree::{Block, Inline};
use flow::{flush, has_text, is_list_like};

pub(super) use list::first_number;
pub(super) use plain::plain_text;

/// Renders one document.
pub(super) struct Renderer<'r, 'l> {
    pub resolver: &'r mut Resolver<'l>,
    /// The id of the document.
    pub id: String,
    pub losses: Losses,
    pub links: Vec<Link>,
    pub attachments: Vec<Attachment>,
    /// The headings in order, with the anchors that DITA-OT creates. The anchor of a heading without an id is empty.
    headings: Vec<(Vec<Inline>, String)>,
    /// Id of the current topic.
    topic: String,
    /// Whether the current topic has the heading of its related links.
    has_related: bool,
    /// The level of the heading above the current text. The title of the document has level 1.
    level: u8,
    /// Whether line breaks are kept, as in `lines`.
    keep_lines: bool,
    footnotes: Footnotes,
}

/// Footnotes. A footnote with an id appears only where it is referenced.
#[derive(Default)]
struct Footnotes {
    by_id: BTreeMap<String, Element>,
    referenced: BTreeSet<String>,
    labels: BTreeMap<String, String>,
    next: u32,
    definitions: Vec<Block>,
}

impl<'r, 'l> Renderer<'r, 'l> {
    pub fn new(resolver: &'r mut Resolver<'l>, id: String) -> Self {
        Self {
            resolver,
            id,
            losses: Losses::new(),
            links: Vec::new(),
            attachments: Vec::new(),
            headings: Vec::new(),
            topic: String::new(),
            has_related: false,
            level: 1,
            keep_lines: false,
            footnotes: Footnotes::default(),
        }
    }

    /// Returns the body of a document: the content of the first topic without its title, and then the other topics.
    pub fn document(&mut self, root: &Element) -> Vec<Block> {
        self.find_footnotes(root);
        let mut blocks = Vec::new();
        if Kind::of(root) == Kind::Topic {
            self.first_topic(root, &mut blocks);
        } else {
            let mut topics = root.elements();
            if let Some(first) = topics.next() {
                self.first_topic(first, &mut blocks);
            }
            for topic in topics {
                self.block(topic, Kind::of(topic), &mut blocks);
            }
        }
        blocks.append(&mut self.footnotes.definitions);
        blocks
    }

    /// Renders the topic whose title is the title of the document. A title is plain text, so its footnotes are below it.
    fn first_topic(&mut self, topic: &Element, out: &mut Vec<Block>) {
        if let Some(title) = topic.elements().find(|child| Kind::of(child) == Kind::Title) {
            self.footnotes_below(title, out);
        }
        self.topic_body(topic, out);
    }

    fn find_footnotes(&mut self, root: &Element) {
        root.walk(&mut |element| match Kind::of(element) {
            Kind::Footnote => {
                if let Some(id) = element.attr("id") {
                    self.footnotes.by_id.insert(id.to_owned(), element.clone());
                }
            }
            Kind::CrossReference => {
                let id = element.attr("href").and_then(|href| href.rsplit(['/', '#']).next());
                self.footnotes.referenced.extend(id.map(ToOwned::to_owned));
            }
            _ => {}
        });
    }

    fn topic_body(&mut self, topic: &Element, out: &mut Vec<Block>) {
        let around = std::mem::replace(&mut self.topic, topic.attr("id").unwrap_or_default().to_owned());
        let had_related = std::mem::take(&mut self.has_related);
        let title = topic.elements().find(|child| Kind::of(child) == Kind::Title);
        if has_text(&topic.children) {
            out.append(&mut self.flow(&without(topic, title), true));
        } else {
            for child in topic.elements().filter(|child| !title.is_some_and(|title| std::ptr::eq(title, *child))) {
                self.block(child, Kind::of(child), out);
            }
        }
        self.topic = around;
        self.has_related = had_related;
    }

    /// Adds a heading, and its anchor.
    fn heading(&mut self, level: u8, content: Vec<Inline>, anchor: String, out: &mut Vec<Block>) {
        if !link::is_blank(&content) {
            self.headings.push((content.clone(), anchor));
            out.push(Block::Heading { level, content });
        }
    }

    /// Returns the anchors of the headings outside of notes, lists and tables.
    pub fn anchors(&self, blocks: &[Block]) -> Vec<String> {
        let mut known = self.headings.iter();
        let headings = blocks.iter().filter_map(|block| match block {
            Block::Heading { content, .. } => Some(content),
            _ => None,
        });
        let anchor =
            |heading: &Vec<Inline>| known.find(|(content, _)| content == heading).map(|(_, anchor)| anchor.clone());
        headings.map(anchor).map(Option::unwrap_or_default).collect()
    }

    fn count_unknown(&mut self, element: &Element) {
        if Kind::of(element) == Kind::Unknown {
            count(&mut self.losses, format!("element:{}", element.name));
        }
    }

    fn block(&mut self, element: &Element, kind: Kind, out: &mut Vec<Block>) {
        match kind {
            Kind::Topic => self.nested_topic(element, out),
            Kind::Section => self.section(element, out),
            Kind::Title => {
                let content = self.inlines(&element.children);
                out.push(Block::Paragraph(vec![Inline::Strong(content)]));
            }
            Kind::Paragraph => out.append(&mut self.flow(&element.children, true)),
            Kind::Wrapper | Kind::Item | Kind::Phrase => out.append(&mut self.blocks(&element.children)),
            Kind::LongQuote => self.long_quote(element, out),
            Kind::Lines => {
                let before = std::mem::replace(&mut self.keep_lines, true);
                out.append(&mut self.blocks(&element.children));
                self.keep_lines = before;
            }
            Kind::CodeBlock => {
                out.push(self.code_block(element));
                self.footnotes_below(element, out);
            }
            Kind::Syntax => {
                out.push(syntax::diagram(element));
                self.footnotes_below(element, out);
            }
            Kind::Bullets | Kind::Numbers => out.push(self.list(element, kind)),
            Kind::Steps => self.steps(element, out),
            Kind::Definitions => out.push(self.definitions(element)),
            Kind::Note => out.push(self.note(element)),
            Kind::Hazard => out.push(self.hazard(element)),
            Kind::Table => self.table(element, out),
            Kind::SimpleTable => self.simple_table(element, out),
            Kind::Figure => self.figure(element, out),
            Kind::ImageMap => self.image_map(element, out),
            Kind::Media => self.media(element, out),
            Kind::RelatedLinks => self.related_links(element, out),
            Kind::LinkList => self.link_list(element, out),
            Kind::Link => {
                let mut items = Vec::new();
                self.link_item(element, &mut items);
                out.push(list::bullets(items));
            }
            Kind::GlossaryAlternative => self.glossary_alternative(element, out),
            Kind::MathBlock => self.math_block(element, out),
            Kind::Dropped if formula(element).is_none() => {
                count(&mut self.losses, format!("element:{}", element.name));
                if let Some(words) = fallback(element) {
                    out.append(&mut self.blocks(&words.children));
                }
            }
            Kind::Unknown => self.unknown_block(element, out),
            _ => {
                let mut run = Vec::new();
                self.inline(element, kind, &mut run);
                flush(&mut run, out);
            }
        }
    }

    fn unknown_block(&mut self, element: &Element, out: &mut Vec<Block>) {
        self.count_unknown(element);
        if is_list_like(element) {
            for child in element.elements() {
                self.block(child, Kind::of(child), out);
            }
        } else {
            out.append(&mut self.blocks(&element.children));
        }
    }

    fn nested_topic(&mut self, topic: &Element, out: &mut Vec<Block>) {
        self.level = self.level.saturating_add(1);
        if let Some(title) = topic.elements().find(|child| Kind::of(child) == Kind::Title) {
            let content = self.inlines(&title.children);
            self.heading(self.level, content, topic.attr("id").unwrap_or_default().to_owned(), out);
        }
        self.topic_body(topic, out);
        self.level -= 1;
    }

    /// Renders a section. A section without a title gets no heading.
    fn section(&mut self, section: &Element, out: &mut Vec<Block>) {
        let title = section.elements().find(|child| Kind::of(child) == Kind::Title);
        let heading = match (title, section.attr("spectitle")) {
            (Some(title), _) => self.inlines(&title.children),
            (None, Some(title)) => vec![Inline::Text(title.to_owned())],
            (None, None) => Vec::new(),
        };
        let anchor = section.attr("id").map(|id| format!("{}__{id}", self.topic)).unwrap_or_default();
        self.heading(self.level.saturating_add(1), heading, anchor, out);
        out.append(&mut self.blocks(&without(section, title)));
    }

    fn long_quote(&mut self, quote: &Element, out: &mut Vec<Block>) {
        let reference = quote.child("longquoteref");
        let mut content = self.blocks(&without(quote, reference));
        let source = quote.attr("reftitle").map(|title| vec![Inline::Text(title.to_owned())]);
        let address = reference.filter(|reference| reference.attr("href").is_some()).unwrap_or(quote);
        if address.attr("href").is_some() || source.is_some() {
            let mut run = Vec::new();
            self.linked(address, source.unwrap_or_default(), &mut run);
            flush(&mut run, &mut content);
        }
        out.push(Block::Quote(content));
    }

    fn code_block(&mut self, code: &Element) -> Block {
        let text = self.code_text(code);
        let text = text.strip_prefix('\n').unwrap_or(&text).trim_end().to_owned();
        let classes = code.attr("outputclass").unwrap_or_default();
        let language = classes.split_whitespace().find_map(|class| class.strip_prefix("language-")).unwrap_or_default();
        Block::Code { language: language.to_owned(), text }
    }

    fn math_block(&mut self, equation: &Element, out: &mut Vec<Block>) {
        for block in self.blocks(&equation.children) {
            out.push(match block {
                Block::Paragraph(content) => Block::Paragraph(content.into_iter().map(inline::displayed).collect()),
                other => other,
            });
        }
    }

    /// Renders `glossAlt`, the other names of a term.
    fn glossary_alternative(&mut self, alternative: &Element, out: &mut Vec<Block>) {
        let is_name = |child: &Element| {
            ["glossAcronym", "glossAbbreviation", "glossShortForm", "glossSynonym"].iter().any(|name| child.is(name))
        };
        let mut names = Vec::new();
        for name in alternative.elements().filter(|child| is_name(child)) {
            names.push(Inline::Text(if names.is_empty() { "Also: ".to_owned() } else { ", ".to_owned() }));
            names.append(&mut self.inlines(&name.children));
        }
        flush(&mut names, out);
        let rest: Vec<Node> =
            alternative.elements().filter(|child| !is_name(child)).cloned().map(Node::Element).collect();
        out.append(&mut self.blocks(&rest));
    }
}

/// Returns the content that stands for an element that is not converted.
fn fallback(element: &Element) -> Option<&Element> {
    element.child("fallback").or_else(|| element.child("desc")).filter(|words| !words.is_blank())
}

/// Returns the formula in an element with content from another vocabulary.
fn formula(element: &Element) -> Option<&Element> {
    let is_formula = |inner: &Element| inner.name == "math" || inner.name.ends_with(":math");
    element.is("foreign").then(|| element.find(&is_formula)).flatten()
}

/// Returns the visible child elements. Text between them becomes an element with this name.
fn parts_of<'e>(element: &'e Element, name: &str) -> Vec<Cow<'e, Element>> {
    let mut parts = Vec::new();
    for child in &element.children {
        match child {
            Node::Element(part) if Kind::of(part).is_hidden() => {}
            Node::Element(part) => parts.push(Cow::Borrowed(part)),
            Node::Text(text) if text.trim().is_empty() => {}
            Node::Text(_) => {
                let children = vec![child.clone()];
                parts.push(Cow::Owned(Element { children, ..Element::new(name, element.file, element.line) }));
            }
        }
    }
    parts
}

/// Returns the children of an element except `child`.
fn without(element: &Element, child: Option<&Element>) -> Vec<Node> {
    let is_child = |node: &&Node| !matches!((node.element(), child), (Some(a), Some(b)) if std::ptr::eq(a, b));
    element.children.iter().filter(is_child).cloned().collect()
}

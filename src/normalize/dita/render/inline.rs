//! Renders inline content.

use super::super::dom::{Element, Node, collapse};
use super::super::vocabulary::Kind;
use super::plain::{marks, plain_text, push_element, sign, state};
use super::{Renderer, fallback, flush, formula};
use crate::normalize::text::count;
use crate::normalize::tree::{Block, Inline};

impl Renderer<'_, '_> {
    /// Renders children as inline content. Blocks among them keep only their text.
    pub(super) fn inlines(&mut self, children: &[Node]) -> Vec<Inline> {
        let mut run = Vec::new();
        let mut before: Option<&Node> = None;
        for child in children {
            match child {
                Node::Text(text) => {
                    let is_after_block = before.and_then(Node::element).is_some_and(|last| Kind::of(last).is_block());
                    if is_after_block && text.starts_with(char::is_alphanumeric) {
                        run.push(Inline::Text(" ".to_owned()));
                    }
                    self.text(text, &mut run);
                }
                Node::Element(element) => {
                    keep_apart(before, element, &mut run);
                    self.inline(element, Kind::of(element), &mut run);
                }
            }
            before = Some(child);
        }
        run
    }

    pub(super) fn text(&self, text: &str, run: &mut Vec<Inline>) {
        if !self.keep_lines {
            run.push(Inline::Text(text.to_owned()));
            return;
        }
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                run.push(Inline::Break);
            }
            run.push(Inline::Text(line.to_owned()));
        }
    }

    pub(super) fn inline(&mut self, element: &Element, kind: Kind, run: &mut Vec<Inline>) {
        match kind {
            Kind::Metadata => {}
            Kind::Dropped => match (formula(element), fallback(element)) {
                (Some(formula), _) => self.math(formula, run),
                (None, words) => {
                    count(&mut self.losses, format!("element:{}", element.name));
                    run.append(&mut words.map(|words| self.inlines(&words.children)).unwrap_or_default());
                }
            },
            Kind::Strong => self.mark(element, run, Inline::Strong),
            Kind::Emphasis => self.mark(element, run, Inline::Emphasis),
            Kind::Strike => self.mark(element, run, Inline::Strike),
            Kind::Subscript => self.mark(element, run, Inline::Subscript),
            Kind::Superscript => self.mark(element, run, Inline::Superscript),
            Kind::Code
            | Kind::CodeBlock
            | Kind::XmlElement
            | Kind::XmlAttribute
            | Kind::TextEntity
            | Kind::ParameterEntity
            | Kind::CharacterReference => self.code(element, kind, run),
            Kind::EquationNumber if element.is_blank() => {}
            Kind::Quotation | Kind::EquationNumber => {
                let (open, close) = marks(kind);
                run.push(Inline::Text(open.to_owned()));
                run.append(&mut self.inlines(&element.children));
                run.push(Inline::Text(close.to_owned()));
            }
            Kind::MenuCascade => self.menu(element, run),
            Kind::Trademark => {
                run.append(&mut self.inlines(&element.children));
                run.push(Inline::Text(sign(element).to_owned()));
            }
            Kind::State => {
                run.push(Inline::Code(if element.is_blank() { state(element) } else { collapse(&element.text()) }));
            }
            Kind::CrossReference => self.cross_reference(element, run),
            Kind::Image => self.image(element, run),
            Kind::Footnote => self.footnote(element, run),
            Kind::Math => self.math(element, run),
            Kind::Svg => self.svg(element, run),
            Kind::LineBreak => run.push(Inline::Break),
            Kind::Media => self.inline_media(element, run),
            Kind::Include => {
                let text = self.included(element);
                run.push(Inline::Text(text));
            }
            Kind::Unknown => {
                self.count_unknown(element);
                run.append(&mut self.inlines(&element.children));
            }
            _ => {
                let content = self.inlines(&element.children);
                self.linked(element, content, run);
            }
        }
    }

    fn inline_media(&mut self, element: &Element, run: &mut Vec<Inline>) {
        let title = element.elements().find(|child| Kind::of(child) == Kind::Title);
        if !self.media_link(element, title.or(element.child("desc")), run) {
            run.append(&mut self.inlines(&element.children));
        }
    }

    fn mark(&mut self, element: &Element, run: &mut Vec<Inline>, wrap: fn(Vec<Inline>) -> Inline) {
        let content = self.inlines(&element.children);
        self.linked(element, vec![wrap(content)], run);
    }

    fn code(&mut self, element: &Element, kind: Kind, run: &mut Vec<Inline>) {
        let written = plain_text(element);
        let text = collapse(&written);
        // Spaces at the ends of a code span would be invisible, so they are moved outside.
        let space = |blank: bool, run: &mut Vec<Inline>| run.extend(blank.then(|| Inline::Text(" ".to_owned())));
        let is_blank = char::is_whitespace;
        space(written.starts_with(is_blank), run);
        let (before, after) = marks(kind);
        let code = Inline::Code(format!("{before}{text}{after}"));
        // If the whole name is a link, the link is kept.
        let mut inside = element.elements();
        match (inside.next(), inside.next()) {
            (Some(only), None)
                if Kind::of(only) == Kind::CrossReference && !only.is_blank() && is_text_of(only, &text) =>
            {
                self.linked(only, vec![code], run);
            }
            _ if text.is_empty() => run.append(&mut self.inlines(&element.children)),
            _ => self.linked(element, vec![code], run),
        }
        if !text.is_empty() {
            self.footnotes_of_code(element, run);
        }
        space(written.ends_with(is_blank), run);
    }

    /// Adds references to the footnotes in code, and counts the descriptions of its links.
    fn footnotes_of_code(&mut self, code: &Element, run: &mut Vec<Inline>) {
        for child in code.elements() {
            match Kind::of(child) {
                Kind::Footnote => self.footnote(child, run),
                Kind::CrossReference if child.child("desc").is_some_and(|desc| !desc.is_blank()) => {
                    count(&mut self.losses, "xref:description");
                }
                Kind::Image => count(&mut self.losses, format!("element:{}", child.name)),
                _ => self.footnotes_of_code(child, run),
            }
        }
    }

    /// Adds references to the footnotes of a code block or of the document title. The references follow the block or the title.
    pub(super) fn footnotes_below(&mut self, code: &Element, out: &mut Vec<Block>) {
        let mut run = Vec::new();
        self.footnotes_of_code(code, &mut run);
        flush(&mut run, out);
    }

    /// Renders `menucascade`. Its parts are separated by `>`.
    fn menu(&mut self, menu: &Element, run: &mut Vec<Inline>) {
        let mut first = true;
        for child in &menu.children {
            match child {
                // Spaces between the parts are only layout.
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Text(text) => self.text(text, run),
                Node::Element(item) => {
                    if !std::mem::take(&mut first) {
                        run.push(Inline::Text(" > ".to_owned()));
                    }
                    self.inline(item, Kind::of(item), run);
                }
            }
        }
    }

    fn footnote(&mut self, footnote: &Element, run: &mut Vec<Inline>) {
        match footnote.attr("id") {
            Some(id) if self.footnotes.referenced.contains(id) => {}
            _ => {
                let label = self.define_footnote(footnote);
                run.push(Inline::FootnoteReference(label));
            }
        }
    }

    /// Adds a reference to a footnote. Returns false if there is no footnote with this id.
    pub(super) fn footnote_reference(&mut self, id: &str, run: &mut Vec<Inline>) -> bool {
        let Some(footnote) = self.footnotes.by_id.get(id).cloned() else { return false };
        let label = match self.footnotes.labels.get(id) {
            Some(label) => label.clone(),
            None => self.define_footnote(&footnote),
        };
        run.push(Inline::FootnoteReference(label));
        true
    }

    fn define_footnote(&mut self, footnote: &Element) -> String {
        self.footnotes.next += 1;
        let label = self.footnotes.next.to_string();
        if let Some(id) = footnote.attr("id") {
            self.footnotes.labels.insert(id.to_owned(), label.clone());
        }
        let content = self.blocks(&footnote.children);
        self.footnotes.definitions.push(Block::Footnote { label: label.clone(), content });
        label
    }

    /// Renders a formula as TeX if its source contains TeX, and otherwise as the text of its symbols.
    fn math(&mut self, math: &Element, run: &mut Vec<Inline>) {
        let is_tex = |element: &Element| {
            local_name(element) == "annotation"
                && element.attr("encoding").is_some_and(|encoding| encoding.to_lowercase().contains("tex"))
        };
        if let Some(tex) = math.find(&is_tex) {
            run.push(Inline::Math { tex: tex.text().trim().to_owned(), display: false });
            return;
        }
        count(&mut self.losses, "mathml:as-text");
        let mut words = Vec::new();
        math.walk(&mut |element| {
            if matches!(local_name(element), "mi" | "mn" | "mo" | "mtext" | "ms") {
                words.push(collapse(&element.text()));
            }
        });
        let text = if words.is_empty() { collapse(&math.text()) } else { words.join(" ") };
        run.push(Inline::Text(text));
    }

    /// Adds the words in a drawing. The drawing itself is omitted and counted in the losses.
    fn svg(&mut self, svg: &Element, run: &mut Vec<Inline>) {
        count(&mut self.losses, "element:svg");
        let mut words = Vec::new();
        svg.walk(&mut |element| {
            if matches!(local_name(element), "title" | "desc" | "text") {
                words.push(collapse(&element.text()));
            }
        });
        if words.is_empty() {
            words.push(collapse(&svg.text()));
        }
        run.push(Inline::Text(words.join(" ")));
    }

    /// Adds inline content as a separate paragraph.
    pub(in super::super) fn paragraph_of(&mut self, element: &Element, out: &mut Vec<Block>) {
        let mut run = self.inlines(&element.children);
        flush(&mut run, out);
    }
}

/// Adds a space between an element and the content before it if they would otherwise become one word.
/// Only known inline elements can be part of a word.
pub(super) fn keep_apart(before: Option<&Node>, element: &Element, run: &mut Vec<Inline>) {
    let parts = |element: &Element| {
        let kind = Kind::of(element);
        matches!(kind, Kind::Unknown | Kind::MenuCascade) || kind.is_block()
    };
    let is_apart = match before {
        Some(Node::Element(before)) => {
            let is_link = |element: &Element| Kind::of(element) == Kind::CrossReference;
            parts(before) || parts(element) || (is_link(before) && is_link(element))
        }
        Some(Node::Text(_)) => Kind::of(element).is_block(),
        None => false,
    };
    if is_apart {
        run.push(Inline::Text(" ".to_owned()));
    }
}

/// Returns whether the visible text of an element is `text`.
fn is_text_of(element: &Element, text: &str) -> bool {
    let mut own = String::new();
    push_element(element, &mut own);
    !text.is_empty() && collapse(&own) == text
}

/// Converts a formula to a displayed formula.
pub(super) fn displayed(inline: Inline) -> Inline {
    match inline {
        Inline::Math { tex, .. } => Inline::Math { tex, display: true },
        other => other,
    }
}

fn local_name(element: &Element) -> &str {
    element.name.rsplit(':').next().unwrap_or(&element.name)
}

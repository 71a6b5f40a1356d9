//! Extracts visible text without markup: titles, code and alternative texts.

use super::super::dom::{Element, Node};
use super::super::vocabulary::Kind;
use super::without;

/// Returns the visible text in an element. Spaces are kept.
pub(in super::super) fn plain_text(element: &Element) -> String {
    let mut text = String::new();
    push(element, &mut text);
    text
}

fn push(element: &Element, into: &mut String) {
    let mut is_after_unknown = false;
    for child in &element.children {
        match child {
            Node::Text(text) => {
                into.push_str(text);
                is_after_unknown = false;
            }
            Node::Element(child) => {
                let is_unknown = Kind::of(child) == Kind::Unknown;
                if is_after_unknown {
                    into.push(' ');
                }
                push_element(child, into);
                is_after_unknown = is_unknown;
            }
        }
    }
}

/// Adds the text of one element, with the characters that its type adds.
pub(super) fn push_element(element: &Element, into: &mut String) {
    let kind = Kind::of(element);
    let (before, after) = marks(kind);
    match kind {
        kind if kind.is_hidden() => {}
        Kind::Footnote => {}
        Kind::EquationNumber if element.is_blank() => {}
        Kind::Image => push_alternative(element, into),
        Kind::LineBreak => into.push('\n'),
        Kind::State => into.push_str(&state(element)),
        Kind::Trademark => {
            push(element, into);
            into.push_str(sign(element));
        }
        Kind::CrossReference if element.is_blank() => into.push_str(element.attr("href").unwrap_or_default()),
        // A browser shows the description as a tooltip.
        Kind::CrossReference => {
            let children = without(element, element.child("desc"));
            push(&Element { children, ..element.clone() }, into);
        }
        kind if kind.is_block() && kind != Kind::CodeBlock => {
            into.push(' ');
            push(element, into);
            into.push(' ');
        }
        _ => {
            into.push_str(before);
            push(element, into);
            into.push_str(after);
        }
    }
}

/// Adds the alternative text of an image.
fn push_alternative(image: &Element, into: &mut String) {
    match image.child("alt") {
        Some(alternative) => push(alternative, into),
        None => into.push_str(image.attr("alt").unwrap_or_default()),
    }
}

/// Returns the characters before and after the text of a markup name.
pub(super) fn marks(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::XmlElement => ("<", ">"),
        Kind::XmlAttribute => ("@", ""),
        Kind::TextEntity => ("&", ";"),
        Kind::ParameterEntity => ("%", ";"),
        Kind::CharacterReference => ("&#", ";"),
        Kind::Quotation => ("\u{201c}", "\u{201d}"),
        Kind::EquationNumber => (" (", ") "),
        _ => ("", ""),
    }
}

/// Returns `name=value` of a state or a boolean.
pub(super) fn state(element: &Element) -> String {
    match (element.attr("name"), element.attr("value").or(element.attr("state"))) {
        (Some(name), Some(value)) => format!("{name}={value}"),
        (one, other) => one.or(other).unwrap_or_default().to_owned(),
    }
}

/// Returns the symbol of a trademark.
pub(super) fn sign(trademark: &Element) -> &'static str {
    match trademark.attr("tmtype") {
        Some("reg") => "\u{ae}",
        Some("service") => "\u{2120}",
        _ => "\u{2122}",
    }
}

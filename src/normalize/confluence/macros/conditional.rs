//! Omits parts of a page that Confluence shows only to some readers, unless the configuration keeps them. A search cannot
//! restrict access to a part of a document.

use serde_json::Value;

use super::super::convert::Converter;
use super::super::dom::Element;
use super::super::flow::Flow;
use super::super::{adf, wiki};
use super::{Call, Parameter, body, macro_name, parameters};
use crate::config::ConditionalContent;

/// The macros that show or hide their body under a condition.
pub(in super::super) const NAMES: &[&str] = &["show-if", "hide-if", "show-to", "hide-from"];
/// Conditions that do not depend on the reader, but on the page or on the output format.
const FOR_EVERYBODY: &[&str] = &[
    "space", "spaces", "label", "labels", "action", "match", "mode", "type", "display", "content", "format", "output",
];

pub(super) fn conditional(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    if is_closed(cx, &call.name, &call.parameters) {
        cx.count(format!("conditional:{}", call.name));
    } else {
        body(cx, call, flow);
    }
}

/// Returns whether the body of a macro is omitted because it is visible only to some readers. Other pages must not include
/// content from it either.
pub(super) fn is_closed(cx: &Converter<'_>, name: &str, parameters: &[Parameter]) -> bool {
    NAMES.contains(&name)
        && cx.library.options.conditional_content == ConditionalContent::Drop
        && parameters.iter().any(depends_on_the_reader)
}

/// Returns whether a macro in storage format is closed.
pub(super) fn is_closed_element(cx: &Converter<'_>, element: &Element) -> bool {
    let name = macro_name(element);
    NAMES.contains(&name) && is_closed(cx, name, &parameters(element))
}

/// Returns whether a macro in ADF is closed.
pub(super) fn is_closed_node(cx: &Converter<'_>, node: &Value) -> bool {
    let name = adf::macro_name(node);
    NAMES.contains(&name) && is_closed(cx, name, &adf::parameters(node))
}

/// Returns whether wiki markup contains a closed macro.
pub(super) fn has_closed(cx: &Converter<'_>, wiki: &str) -> bool {
    let mut calls = wiki::tags(wiki);
    calls.any(|(name, parameters)| is_closed(cx, &name, &parameters))
}

fn depends_on_the_reader(parameter: &Parameter) -> bool {
    let is_set = !parameter.value.trim().is_empty() || !parameter.resources.is_empty();
    let is_general =
        FOR_EVERYBODY.contains(&parameter.name.as_str()) || parameter.name.starts_with("atlassian-macro-output-type");
    is_set && !is_general
}

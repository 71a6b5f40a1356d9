//! Omits parts of a page that Confluence shows only to some readers, unless the configuration keeps them. A search cannot
//! restrict access to a part of a document.

use super::super::convert::Converter;
use super::super::flow::Flow;
use super::{Call, body};
use crate::config::ConditionalContent;

/// The macros that show or hide their body under a condition.
pub(in super::super) const NAMES: &[&str] = &["show-if", "hide-if", "show-to", "hide-from"];
/// Conditions that do not depend on the reader, but on the page or on the output format.
const FOR_EVERYBODY: &[&str] = &[
    "space", "spaces", "label", "labels", "action", "match", "mode", "type", "display", "content", "format", "output",
];

pub(super) fn conditional(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let depends_on_the_reader = call.parameters.iter().any(|parameter| {
        let is_set = !parameter.value.trim().is_empty() || !parameter.resources.is_empty();
        let is_general = FOR_EVERYBODY.contains(&parameter.name.as_str())
            || parameter.name.starts_with("atlassian-macro-output-type");
        is_set && !is_general
    });
    if depends_on_the_reader && cx.library.options.conditional_content == ConditionalContent::Drop {
        cx.count(format!("conditional:{}", call.name));
    } else {
        body(cx, call, flow);
    }
}

/// Returns whether other pages must not include content from a macro with this name.
pub(in super::super) fn is_closed(name: &str, cx: &Converter<'_>) -> bool {
    NAMES.contains(&name) && cx.library.options.conditional_content == ConditionalContent::Drop
}

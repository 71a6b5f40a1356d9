//! Parts of a page that Confluence shows to some readers only.
//!
//! Search cannot restrict a part of a document, so such a part is left out, unless the configuration keeps it.

use super::super::convert::Converter;
use super::super::flow::Flow;
use super::{Call, body};
use crate::config::ConditionalContent;

/// The macros that show or hide their body by a condition.
pub(in super::super) const NAMES: &[&str] = &["show-if", "hide-if", "show-to", "hide-from"];
/// Conditions that do not depend on who reads the page.
const FOR_EVERYBODY: &[&str] = &["space", "spaces", "label", "labels", "action", "match", "mode", "type"];

pub(super) fn conditional(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let depends_on_the_reader = call.parameters.iter().any(|parameter| {
        let is_set = !parameter.value.trim().is_empty() || parameter.resource.is_some();
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

/// Whether what a macro of that name holds must not be looked at from outside.
pub(in super::super) fn is_closed(name: &str, cx: &Converter<'_>) -> bool {
    NAMES.contains(&name) && cx.library.options.conditional_content == ConditionalContent::Drop
}

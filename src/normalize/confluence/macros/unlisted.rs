//! Converts macros that are not in the table, and macros that only frame their body: their titles, their body and their link.

use super::super::super::tree::{Block, Inline};
use super::super::convert::Converter;
use super::super::flow::Flow;
use super::super::links::{self, Resource};
use super::{Call, Content, body, text};

/// Parameters that contain a visible title, in lower case.
const TITLES: &[&str] = &[
    "title",
    "heading",
    "header",
    "headline",
    "caption",
    "label",
    "text",
    "buttontext",
    "linktext",
    "displaytext",
    "tabtitle",
    "summary",
    "subtitle",
    "description",
    "tooltip",
    "author",
];
/// Parameters that contain an address, in lower case.
const ADDRESSES: &[&str] = &["url", "link", "href", "src", "target", "page"];

/// Converts an unknown macro. Parameters that are neither a title nor an address are ignored.
pub(super) fn unlisted(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    cx.count(format!("macro:{}", call.name));
    framed(cx, call, flow);
}

/// Adds the titles, the body and the link of a macro.
pub(super) fn framed(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let titles = titles(call);
    let resource = address(call);
    let has_body = match &call.body {
        Content::None => false,
        Content::Plain(text) => !text.trim().is_empty(),
        Content::Wiki(text) => !text.trim().is_empty(),
        Content::Storage(nodes) => !nodes.is_empty(),
        Content::Adf(nodes) => !nodes.is_empty(),
    };
    if has_body {
        for title in &titles {
            flow.block(Block::Paragraph(vec![Inline::Strong(vec![text(title)])]));
        }
    }
    body(cx, call, flow);
    let content = if has_body || titles.is_empty() { Vec::new() } else { vec![text(&titles.join(": "))] };
    if resource.is_none() && content.is_empty() {
        return;
    }
    flow.apart();
    match resource {
        Some(resource) => links::to_resource(cx, &resource, None, content, flow),
        None => flow.inlines(content),
    }
    flow.apart();
}

/// Returns whether a macro that is not in the table has text besides its body.
pub(super) fn has_words(call: &Call<'_>) -> bool {
    !titles(call).is_empty() || address(call).is_some()
}

/// Returns the titles of a macro, without duplicates.
pub(super) fn titles<'c>(call: &'c Call<'_>) -> Vec<&'c str> {
    let named = |name: &&str| {
        let found = call.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name))?;
        Some(found.value.trim()).filter(|value| !value.is_empty())
    };
    let mut titles: Vec<&str> = Vec::new();
    for title in TITLES.iter().filter_map(named) {
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    titles
}

/// Returns the target of a macro's link.
pub(super) fn address(call: &Call<'_>) -> Option<Resource> {
    let resource = call.resource().filter(|resource| !matches!(resource, Resource::User(_) | Resource::Space(_)));
    resource.cloned().or_else(|| {
        let is_address = |name: &str| ADDRESSES.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut named = call.parameters.iter().filter(|parameter| is_address(&parameter.name));
        let is_url = |value: &&str| value.contains("://") || value.starts_with('/');
        let url = named.find_map(|parameter| Some(parameter.value.trim()).filter(is_url))?;
        Some(Resource::Url(url.to_owned()))
    })
}

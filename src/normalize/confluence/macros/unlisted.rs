//! Converts macros that are not in the table: their title, their body and their link.

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
];
/// Parameters that contain an address, in lower case.
const ADDRESSES: &[&str] = &["url", "link", "href", "src", "target", "page"];

/// Converts an unknown macro. Parameters that are neither a title nor an address are ignored.
pub(super) fn unlisted(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    cx.count(format!("macro:{}", call.name));
    let title = title(call);
    let resource = address(call);
    let has_body = match &call.body {
        Content::None => false,
        Content::Plain(text) => !text.trim().is_empty(),
        Content::Wiki(text) => !text.trim().is_empty(),
        Content::Storage(nodes) => !nodes.is_empty(),
        Content::Adf(nodes) => !nodes.is_empty(),
    };
    if has_body && let Some(title) = title {
        flow.block(Block::Paragraph(vec![Inline::Strong(vec![text(title)])]));
    }
    body(cx, call, flow);
    let content = title.filter(|_| !has_body).map(text).into_iter().collect::<Vec<_>>();
    flow.apart();
    match resource {
        Some(resource) => links::to_resource(cx, &resource, None, content, flow),
        None => flow.inlines(content),
    }
    flow.apart();
}

/// Returns whether a macro that is not in the table has text besides its body.
pub(super) fn has_words(call: &Call<'_>) -> bool {
    title(call).is_some() || address(call).is_some()
}

fn title<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    TITLES.iter().find_map(|name| {
        let named = call.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name))?;
        Some(named.value.trim()).filter(|value| !value.is_empty())
    })
}

fn address(call: &Call<'_>) -> Option<Resource> {
    let resource = call.resource().filter(|resource| !matches!(resource, Resource::User(_) | Resource::Space(_)));
    resource.cloned().or_else(|| {
        let is_address = |name: &str| ADDRESSES.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut named = call.parameters.iter().filter(|parameter| is_address(&parameter.name));
        let url = named.find_map(|parameter| Some(parameter.value.trim()).filter(|value| value.contains("://")))?;
        Some(Resource::Url(url.to_owned()))
    })
}

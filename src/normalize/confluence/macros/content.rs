//! Converts macros with content: code, panels, formulas and files.

use super::super::super::tree::{Block, Inline};
use super::super::convert::Converter;
use super::super::flow::Flow;
use super::super::library::percent_decode;
use super::super::links::{self, Resource};
use super::super::markdown;
use super::super::parse;
use super::super::storage;
use super::{Call, Content, body, body_blocks, text, unlisted};

/// Returns a line in bold.
fn title_line(title: &str) -> Block {
    Block::Paragraph(vec![Inline::Strong(vec![text(title)])])
}

pub(super) fn code(call: &Call<'_>, flow: &mut Flow) {
    let body = call.plain();
    if body.trim().is_empty() {
        return;
    }
    if let Some(title) = call.parameter("title") {
        flow.block(title_line(title));
    }
    let language = call.any(&["language", "lang", ""]).unwrap_or_default().to_owned();
    flow.block(Block::Code { language, text: body });
}

pub(super) fn fence(cx: &mut Converter<'_>, call: &Call<'_>, language: &str, flow: &mut Flow) {
    if let Some(title) = call.parameter("title") {
        flow.block(title_line(title));
    }
    match &call.body {
        Content::Storage(_) => body(cx, call, flow),
        _ => flow.block(Block::Code { language: language.to_owned(), text: call.plain() }),
    }
}

pub(super) fn admonition(cx: &mut Converter<'_>, call: &Call<'_>, label: &str, flow: &mut Flow) {
    let mut content = body_or_text(cx, call);
    if let Some(title) = call.parameter("title") {
        content.insert(0, Block::Paragraph(vec![text(title)]));
    }
    if !content.is_empty() {
        flow.block(Block::Admonition { label: label.to_owned(), content });
    }
}

pub(super) fn panel(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let content = body_or_text(cx, call);
    let label = call.parameter("title").unwrap_or_default().to_owned();
    if !content.is_empty() || !label.is_empty() {
        flow.block(Block::Admonition { label, content });
    }
}

/// Returns the body. A plain text body becomes a paragraph.
fn body_or_text(cx: &mut Converter<'_>, call: &Call<'_>) -> Vec<Block> {
    match &call.body {
        Content::Plain(plain) => vec![Block::Paragraph(vec![text(plain)])],
        _ => body_blocks(cx, call),
    }
}

pub(super) fn titled(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let content = body_or_text(cx, call);
    if let Some(title) = call.any(&["title", "name", "label", ""]) {
        flow.block(title_line(title));
    }
    flow.block(Block::Group(content));
}

/// Converts a status. If it has no title, its color is shown.
pub(super) fn status(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    match call.any(&["title", "", "colour", "color"]) {
        Some(title) => flow.boxed(Inline::Strong(vec![text(title)])),
        None => cx.count(format!("macro:{}", call.name)),
    }
}

pub(super) fn jira(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let query = call.any(&["jqlQuery", "jql"]);
    if let Some(key) = call.any(&["key", "issueKey"]) {
        issue(cx, key, flow);
    } else if let Some(query) = query {
        flow.boxed(text("Jira query: "));
        flow.inline(Inline::Code(query.to_owned()));
    } else if let Some(url) = call.any(&["url", ""]).filter(|url| url.starts_with("http")) {
        let link = cx.link(url, Vec::new());
        flow.boxed(link);
    } else if let Some(key) = call.parameter("") {
        issue(cx, key, flow);
    } else {
        cx.count(format!("macro:{}", call.name));
    }
}

/// Adds an issue by its key. It becomes a link if the address of Jira is known.
fn issue(cx: &mut Converter<'_>, key: &str, flow: &mut Flow) {
    let is_key = key.split_once('-').is_some_and(|(project, number)| {
        !project.is_empty()
            && project.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    match cx.site().issue_url(key).filter(|_| is_key) {
        Some(url) => {
            let link = cx.link(&url, vec![text(key)]);
            flow.boxed(link);
        }
        None => flow.boxed(text(key)),
    }
}

pub(super) fn math(call: &Call<'_>, display: bool, flow: &mut Flow) {
    let plain = call.plain();
    let tex = if plain.trim().is_empty() { call.any(&["body", "equation", ""]).unwrap_or_default() } else { &plain };
    // One formula editor writes this prefix.
    let tex = tex.trim().strip_prefix("--uriencoded--").map_or(std::borrow::Cow::Borrowed(tex), percent_decode);
    let tex = tex.trim().trim_matches('$').trim().to_owned();
    if tex.is_empty() {
        return;
    }
    let formula = Inline::Math { tex, display };
    if display {
        flow.block(Block::Paragraph(vec![formula]));
    } else {
        flow.inline(formula);
    }
}

/// Adds a link to a file that the page displays.
pub(super) fn file(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let named = call.any(&["name", "filename", "file", ""]).map(str::to_owned);
    let resource = call.resource().cloned();
    let resource = resource.or_else(|| named.map(|filename| Resource::Attachment { filename, page: None }));
    match resource {
        Some(resource) => {
            flow.apart();
            links::to_resource(cx, &resource, None, Vec::new(), flow);
            flow.apart();
        }
        None => address(cx, call, flow),
    }
}

/// Adds a link to content from another address.
pub(super) fn address(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let named = call.any(&["url", "src", "link", "specUrl", "href", ""]).map(str::to_owned);
    let resource = call.resource().cloned().or_else(|| named.map(Resource::Url));
    let titles = unlisted::titles(call);
    let title = if titles.is_empty() { Vec::new() } else { vec![text(&titles.join(": "))] };
    if let Some(resource) = resource {
        links::to_resource(cx, &resource, None, title, flow);
    } else {
        cx.count(format!("macro:{}", call.name));
        flow.apart();
        flow.inlines(title);
        flow.apart();
    }
    body(cx, call, flow);
}

/// Adds the text of raw HTML.
pub(super) fn html(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let Content::Plain(source) = &call.body else { return body(cx, call, flow) };
    match parse::fragment(source, &mut cx.losses) {
        Ok(nodes) => {
            flow.flush();
            storage::nodes(cx, &nodes, flow);
        }
        Err(_) => cx.count("html:unreadable"),
    }
}

pub(super) fn markdown(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let text = markdown::cleaned(&call.plain(), &mut cx.losses);
    if !text.trim().is_empty() {
        flow.block(Block::Markdown(text));
    }
}

/// Adds the people in the parameters of a macro, separated by commas.
pub(super) fn person(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let mut people: Vec<Resource> =
        call.parameters.iter().flat_map(|parameter| parameter.resources.iter().cloned()).collect();
    if people.is_empty() {
        let names = call.any(&["users", "user", "username", "usernames", "name", ""]).unwrap_or_default();
        let names = names.split([',', ';']).map(str::trim).filter(|name| !name.is_empty());
        people = names.map(|name| Resource::User(name.to_owned())).collect();
    }
    if people.is_empty() {
        cx.count(format!("macro:{}", call.name));
    }
    for (number, person) in people.iter().enumerate() {
        if number > 0 {
            flow.text(", ");
        }
        links::to_resource(cx, person, None, Vec::new(), flow);
    }
}

/// Adds a quotation with its author and its source.
pub(super) fn quote(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let mut quoted = Flow::default();
    body(cx, call, &mut quoted);
    quoted.flush();
    let source = unlisted::address(call);
    let named = call.any(&["author", "by", "source", "title"]);
    if named.is_some() || source.is_some() {
        quoted.text("— ");
    }
    let named: Vec<Inline> = named.map(text).into_iter().collect();
    match source {
        Some(source) => links::to_resource(cx, &source, None, named, &mut quoted),
        None => quoted.inlines(named),
    }
    flow.block(Block::Quote(quoted.finish()));
}

/// Adds text and its tooltip.
pub(super) fn tooltip(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let content = body_or_text(cx, call);
    flow.in_line(content);
    let mut tips = unlisted::titles(call);
    tips.extend(call.any(&["content", ""]).filter(|_| tips.is_empty()));
    if !tips.is_empty() {
        flow.text(&format!(" ({})", tips.join("; ")));
    }
}

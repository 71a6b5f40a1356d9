//! Includes pages and excerpts of other pages.

use serde_json::Value;

use super::super::super::tree::Block;
use super::super::convert::Converter;
use super::super::dom::{Element, Node};
use super::super::flow::Flow;
use super::super::library::{Body, PageName};
use super::super::links::{self, Resource};
use super::super::parse;
use super::super::{adf, storage, wiki};
use super::{Call, Content, Parameter, body, body_blocks, conditional, macro_name, text};

/// Converts an excerpt of this page. A hidden excerpt appears only on other pages.
pub(super) fn excerpt(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    if call.flag("hidden") {
        cx.count("excerpt:hidden");
    } else if let Content::Plain(plain) = &call.body {
        flow.block(Block::Paragraph(vec![text(plain)]));
    } else if call.parameter("atlassian-macro-output-type").is_some_and(|kind| kind.eq_ignore_ascii_case("inline")) {
        let blocks = body_blocks(cx, call);
        flow.in_line(blocks);
    } else {
        body(cx, call, flow);
    }
}

/// Includes the whole body of another page.
pub(super) fn page(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let Some(name) = target(cx, call, PAGE) else {
        cx.count("include:without-page");
        return;
    };
    let found = cx.library.find(&name, cx.page);
    let blocks = found.and_then(|index| cx.include(index, |cx, body| cx.body(body).ok())).flatten();
    match blocks {
        Some(blocks) => flow.block(Block::Group(blocks)),
        None => stub(cx, found, name, flow),
    }
}

/// Includes an excerpt of another page.
pub(super) fn excerpt_include(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let Some(target) = target(cx, call, PAGE) else {
        cx.count("include:without-page");
        return;
    };
    let name = call.parameter("name").map(str::to_owned);
    let in_line = call.flag("nopanel");
    part(cx, target, &Part { macros: &["excerpt"], name, in_line }, flow);
}

/// The body of a macro that other pages can include.
pub(super) struct Part {
    /// The possible names of the macro.
    pub macros: &'static [&'static str],
    /// The name of the part. Without a name, the first part is used.
    pub name: Option<String>,
    /// Whether a part that is one paragraph belongs to the line of the macro.
    pub in_line: bool,
}

/// Includes a part of another page. If it is missing, adds a reference instead.
pub(super) fn part(cx: &mut Converter<'_>, target: PageName, part: &Part, flow: &mut Flow) {
    let found = cx.library.find(&target, cx.page);
    let blocks = found.and_then(|index| cx.include(index, |cx, body| part_of(cx, body, part))).flatten();
    match blocks {
        Some(blocks) if part.in_line => flow.in_line(blocks),
        Some(blocks) => flow.block(Block::Group(blocks)),
        None => stub(cx, found, target, flow),
    }
}

/// Returns the excerpt of page number `index`, if it has one.
pub(super) fn excerpt_of(cx: &mut Converter<'_>, index: usize) -> Option<Vec<Block>> {
    cx.include(index, |cx, body| part_of(cx, body, &Part { macros: &["excerpt"], name: None, in_line: false }))
        .flatten()
}

/// Adds a reference to missing content: `Included: Title`, with a link if possible.
/// If some readers of the document may not read the page, nothing is added, because they may not know its title.
fn stub(cx: &mut Converter<'_>, found: Option<usize>, name: PageName, flow: &mut Flow) {
    if found.is_some_and(|index| !cx.library.may_show(cx.document, index)) {
        return;
    }
    cx.count("include:unresolved");
    let content = vec![text(&format!("Included: {}", name.title))];
    flow.flush();
    links::to_resource(cx, &Resource::Page(name), None, content, flow);
    flow.flush();
}

/// Parameters that contain the page to include.
const PAGE: &[&str] = &["", "page", "pageTitle", "default-parameter"];

/// Returns the page in one of the parameters `names`. It is a resource or has the form `SPACE:Title`.
pub(super) fn target(cx: &Converter<'_>, call: &Call<'_>, names: &[&str]) -> Option<PageName> {
    let mut resources = call.parameters.iter().flat_map(|parameter| &parameter.resources);
    let of_page = resources.find_map(|resource| match resource {
        Resource::Page(name) => Some(name.clone()),
        _ => None,
    });
    of_page.or_else(|| Some(cx.library.name_of(call.any(names)?, cx.page)))
}

/// Finds a part in a body and converts it, without content that is hidden from some readers.
fn part_of(cx: &mut Converter<'_>, body: &Body, part: &Part) -> Option<Vec<Block>> {
    match body {
        Body::Storage(source) => {
            let nodes = parse::fragment(source, &mut cx.losses).ok()?;
            let found = find_storage(cx, &nodes, part)?;
            Some(storage::blocks(cx, &found.children))
        }
        Body::Adf(value) => {
            let parsed = value.as_str().and_then(|json| serde_json::from_str::<Value>(json).ok());
            let content = find_adf(cx, parsed.as_ref().unwrap_or(value), part)?;
            let mut flow = Flow::default();
            adf::nodes(cx, content, &mut flow);
            Some(flow.finish())
        }
        Body::Wiki(source) => {
            if conditional::has_closed(cx, source) {
                return None;
            }
            let is_named = |parameters: &[Parameter]| {
                let is_name = |one: &Parameter| NAMES.contains(&&*one.name) && Some(&one.value) == part.name.as_ref();
                part.name.is_none() || parameters.iter().any(is_name)
            };
            let inner = wiki::body(source, |name, parameters| part.macros.contains(&name) && is_named(parameters))?;
            let mut flow = Flow::default();
            wiki::document(cx, inner, &mut flow);
            Some(flow.finish())
        }
    }
}

fn find_storage<'n>(cx: &Converter<'_>, nodes: &'n [Node], part: &Part) -> Option<&'n Element> {
    nodes.iter().find_map(|node| {
        let Node::Element(element) = node else { return None };
        let name = macro_name(element);
        if conditional::is_closed_element(cx, element) {
            return None;
        }
        let is_part = part.macros.contains(&name)
            && part.name.as_deref().is_none_or(|wanted| NAMES.iter().any(|name| has_parameter(element, name, wanted)));
        if is_part { element.child("ac:rich-text-body") } else { find_storage(cx, &element.children, part) }
    })
}

/// Parameters that contain the name of a part.
const NAMES: &[&str] = &["name", "MultiExcerptName"];

fn has_parameter(element: &Element, name: &str, value: &str) -> bool {
    element.elements().any(|child| {
        child.name == "ac:parameter" && child.attribute("ac:name") == Some(name) && child.text().trim() == value
    })
}

fn find_adf<'v>(cx: &Converter<'_>, value: &'v Value, part: &Part) -> Option<&'v [Value]> {
    let content = value.get("content").and_then(Value::as_array)?;
    let key = adf::macro_name(value);
    if conditional::is_closed_node(cx, value) {
        return None;
    }
    let parameter =
        |name: &str| value.pointer(&format!("/attrs/parameters/macroParams/{name}/value")).and_then(Value::as_str);
    let is_named = |wanted: &str| NAMES.iter().any(|name| parameter(name) == Some(wanted));
    if part.macros.contains(&key) && part.name.as_deref().is_none_or(is_named) {
        return Some(content);
    }
    content.iter().find_map(|child| find_adf(cx, child, part))
}

//! Creates the lists of pages that the server would compute. The lists include only pages in the input.

use std::collections::HashSet;

use super::super::super::tree::{Block, Cell, Inline, List, ListItem, Table};
use super::super::convert::Converter;
use super::super::flow::Flow;
use super::super::library::PageName;
use super::super::links;
use super::{Call, dropped, include, properties, query, text};

/// Maximum number of pages in a list.
const MAX_PAGES: usize = 1_000;
/// Maximum number of levels in a tree of pages.
const MAX_LEVELS: usize = 20;
/// Default number of pages in a list by label, as in Confluence.
const LABELED: usize = 15;

/// Converts `children` to a list of the pages below this page or a named page.
pub(super) fn children(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let root = match include::target(cx, call, &["page"]) {
        Some(name) if name.title != "/" => cx.library.find(&name, cx.page),
        Some(_) => home(cx),
        None => cx.library.number_of(cx.page),
    };
    let levels = if call.flag("all") { MAX_LEVELS } else { number(call, "depth").unwrap_or(1) };
    tree(cx, call, root, levels, flow);
}

/// Converts `pagetree` to a list of the pages below a named page or the home page of the space.
pub(super) fn page_tree(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let current = cx.library.number_of(cx.page);
    let root = match include::target(cx, call, &["root"]) {
        None => home(cx),
        Some(name) => match name.title.as_str() {
            "@home" | "@none" => home(cx),
            "@self" => current,
            "@parent" => current.and_then(|current| cx.library.parent(current)),
            _ => cx.library.find(&name, cx.page),
        },
    };
    tree(cx, call, root, number(call, "startDepth").unwrap_or(1), flow);
}

fn home(cx: &Converter<'_>) -> Option<usize> {
    let id = cx.library.homes.get(cx.page.space_key.as_deref()?)?;
    cx.library.index_of(id, cx.page)
}

fn number(call: &Call<'_>, name: &str) -> Option<usize> {
    call.parameter(name)?.parse().ok().filter(|number| *number > 0)
}

/// Adds a nested list of the pages below `root`.
fn tree(cx: &mut Converter<'_>, call: &Call<'_>, root: Option<usize>, levels: usize, flow: &mut Flow) {
    let Some(root) = root.filter(|root| !cx.library.children(*root).is_empty()) else {
        return dropped(cx, call, flow);
    };
    let mut budget = MAX_PAGES;
    let mut seen = HashSet::from([root]);
    if let Some(list) = branch(cx, call, root, levels.min(MAX_LEVELS), &mut seen, &mut budget) {
        flow.block(Block::List(list));
    }
    if budget == 0 {
        cx.count("list:too-long");
    }
}

fn branch(
    cx: &mut Converter<'_>,
    call: &Call<'_>,
    parent: usize,
    levels: usize,
    seen: &mut HashSet<usize>,
    budget: &mut usize,
) -> Option<List> {
    if levels == 0 {
        return None;
    }
    let mut pages = cx.library.children(parent).to_vec();
    sort(cx, call, &mut pages);
    if let Some(first) = number(call, "first") {
        pages.truncate(first);
    }
    let mut list = List { ordered: false, start: 1, items: Vec::new() };
    for page in pages {
        if !seen.insert(page) || *budget == 0 {
            continue;
        }
        if !cx.library.may_show(cx.document, page) {
            cx.count("list:restricted");
            continue;
        }
        *budget -= 1;
        let mut content = listed(cx, call, page);
        content.extend(branch(cx, call, page, levels - 1, seen, budget).map(Block::List));
        list.items.push(ListItem { checked: None, content });
    }
    (!list.items.is_empty()).then_some(list)
}

/// Returns a link to a page of a list, and its excerpt if the list shows excerpts.
fn listed(cx: &mut Converter<'_>, call: &Call<'_>, page: usize) -> Vec<Block> {
    let has_excerpts = call.flag("excerpt")
        || call.parameter("excerptType").is_some_and(|kind| matches!(kind, "simple" | "rich content"));
    let mut content = vec![Block::Paragraph(vec![links::to_known(cx, page)])];
    content.extend(has_excerpts.then(|| include::excerpt_of(cx, page)).flatten().unwrap_or_default());
    content
}

fn sort(cx: &Converter<'_>, call: &Call<'_>, pages: &mut [usize]) {
    let page = |index: &usize| cx.library.page(*index);
    match call.parameter("sort") {
        Some("title") => pages.sort_by_cached_key(|index| page(index).map(|page| page.title.to_lowercase())),
        Some("creation") => pages.sort_by_cached_key(|index| page(index).map(|page| page.created.clone())),
        Some("modified") => pages.sort_by_cached_key(|index| page(index).map(|page| page.updated.clone())),
        _ => {}
    }
    if call.flag("reverse") {
        pages.reverse();
    }
}

/// Converts `contentbylabel` to a list of the pages with a label.
pub(super) fn by_label(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let current = cx.library.number_of(cx.page);
    let pages = query::pages(cx, call);
    let pages = pages.map(|pages| pages.into_iter().filter(|page| Some(*page) != current).collect::<Vec<_>>());
    let Some(mut pages) = pages.filter(|pages| !pages.is_empty()) else {
        return dropped(cx, call, flow);
    };
    sort(cx, call, &mut pages);
    let most = number(call, "max").unwrap_or(LABELED);
    if pages.len() > most {
        cx.count("list:too-long");
    }
    pages.truncate(most);
    if let Some(title) = call.parameter("title") {
        flow.block(Block::Paragraph(vec![Inline::Strong(vec![text(title)])]));
    }
    let items = pages.into_iter().map(|page| ListItem { checked: None, content: listed(cx, call, page) }).collect();
    flow.block(Block::List(List { ordered: false, start: 1, items }));
}

/// Converts `detailssummary` to a table of the properties of all pages with a label.
pub(super) fn report(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let Some(mut pages) = query::pages(cx, call) else { return dropped(cx, call, flow) };
    let id = call.parameter("id").map(str::to_owned);
    sort(cx, call, &mut pages);
    let mut rows = Vec::new();
    for page in pages {
        let of_page = cx.include(page, |cx, body| properties::of_body(cx, body, id.as_deref())).flatten();
        if let Some(properties) = of_page {
            rows.push((page, properties));
        }
    }
    if rows.is_empty() {
        return dropped(cx, call, flow);
    }
    let columns = columns(call, &rows);
    let filled =
        |content: Vec<Inline>, header| Cell { header, content: vec![Block::Paragraph(content)], ..Cell::default() };
    let first = call.parameter("firstcolumn").unwrap_or("Title");
    let mut table = Table { caption: Vec::new(), header_rows: 1, rows: Vec::new() };
    table.rows.push(
        std::iter::once(first)
            .chain(columns.iter().map(String::as_str))
            .map(|name| filled(vec![text(name)], true))
            .collect(),
    );
    for (page, properties) in rows {
        let mut row = vec![filled(vec![links::to_known(cx, page)], false)];
        row.extend(columns.iter().map(|column| {
            let value = properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(column));
            let content = value.map(|(_, value)| value.content.clone()).unwrap_or_default();
            Cell { content, ..Cell::default() }
        }));
        table.rows.push(row);
    }
    flow.block(Block::Table(table));
}

/// Returns the properties in the parameters of the report. If they name no properties, returns all in order of appearance.
fn columns(call: &Call<'_>, rows: &[(usize, Vec<(String, Cell)>)]) -> Vec<String> {
    if let Some(headings) = call.parameter("headings") {
        return headings
            .split(',')
            .map(|heading| heading.trim().trim_matches('"').to_owned())
            .filter(|name| !name.is_empty())
            .collect();
    }
    let mut columns: Vec<String> = Vec::new();
    for (key, _) in rows.iter().flat_map(|(_, properties)| properties) {
        if !columns.iter().any(|known| known.eq_ignore_ascii_case(key)) {
            columns.push(key.clone());
        }
    }
    columns
}

/// Converts `multiexcerpt-include` to a named part of another page.
pub(super) fn multi_excerpt(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let name = call.any(&["MultiExcerptName", "name", "multiexcerptName"]).map(str::to_owned);
    let target = include::target(cx, call, &["PageWithExcerpt", "page", "pageTitle", ""]);
    let target = target.unwrap_or_else(|| PageName::of(cx.page));
    let in_line = !call.flag("addpanel");
    include::part(cx, target, &include::Part { macros: &["multiexcerpt", "multiexcerpt-macro"], name, in_line }, flow);
}

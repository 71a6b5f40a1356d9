//! The guide as a static site: one HTML file for each page, with nothing to load from elsewhere.

use std::collections::HashMap;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Parser, Tag, TagEnd};
use trailblazer::sections;

use crate::pages::{Page, START, anchors, relative};

const STYLE: &str = include_str!("style.css");

/// Returns path and content of each page's HTML file. The pages follow the order of the table of contents.
pub fn site(pages: &[Page]) -> Vec<(String, String)> {
    let Some(start) = pages.first() else { return Vec::new() };
    let order = reading_order(start, pages);
    let place: HashMap<&str, usize> = order.iter().enumerate().map(|(place, page)| (&*page.path, place)).collect();
    let neighbor = |page: &Page, step: isize| {
        let place = place.get(&*page.path)?.checked_add_signed(step)?;
        order.get(place).copied()
    };
    let written = pages.iter().map(|page| {
        let content = document(start, page, neighbor(page, -1), neighbor(page, 1));
        (html_path(&page.path), content.into_string())
    });
    written.collect()
}

/// The start page, then the pages in the order in which it links to them.
fn reading_order<'p>(start: &'p Page, pages: &'p [Page]) -> Vec<&'p Page> {
    let mut order = vec![start];
    for event in Parser::new_ext(&start.body, sections::extensions()) {
        let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
        let Some(page) = pages.iter().find(|page| *page.path == *dest_url) else { continue };
        if !order.iter().any(|known| known.path == page.path) {
            order.push(page);
        }
    }
    order
}

fn document(start: &Page, page: &Page, before: Option<&Page>, after: Option<&Page>) -> Markup {
    let to = |path: &str| html_path(&relative(&page.path, path));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) @if page.path != START { " · " (start.title) } }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to content" }
                header { a href=(to(START)) { (start.title) } }
                div.columns {
                    @if page.path != START {
                        details.contents {
                            summary { "Contents" }
                            nav aria-label="Contents" { (contents(start, page)) }
                        }
                        nav.contents aria-label="Contents" { (contents(start, page)) }
                    }
                    main #content {
                        @if !page.crumbs.is_empty() {
                            p.crumbs {
                                @for (place, (title, path)) in page.crumbs.iter().enumerate() {
                                    @if place > 0 { " / " }
                                    @if let Some(path) = path { a href=(to(path)) { (title) } } @else { (title) }
                                }
                            }
                        }
                        h1 { (page.title) }
                        (rendered(&page.body, &str::to_owned))
                        @if !page.related.is_empty() {
                            h2 #related { "Related pages" }
                            ul { @for (title, path) in &page.related { li { a href=(to(path)) { (title) } } } }
                        }
                        nav.neighbors aria-label="Pages before and after" {
                            @if let Some(before) = before { a rel="prev" href=(to(&before.path)) { "← " (before.title) } }
                            @if let Some(after) = after { a rel="next" href=(to(&after.path)) { (after.title) " →" } }
                        }
                    }
                }
            }
        }
    }
}

/// The table of contents of the start page, as `page` links to it.
fn contents(start: &Page, page: &Page) -> Markup {
    let list = rendered(&start.body, &|address| relative(&page.path, address)).into_string();
    let own = format!("<a href=\"{}\">", html_path(&relative(&page.path, &page.path)));
    PreEscaped(list.replace(&own, &own.replace("<a ", "<a aria-current=\"page\" ")))
}

/// Markdown as HTML. `address` changes the address of a link to another page.
fn rendered(markdown: &str, address: &dyn Fn(&str) -> String) -> Markup {
    let mut anchors = anchors(markdown).into_iter();
    let mut depth = 0_usize;
    let events = Parser::new_ext(markdown, sections::extensions()).flat_map(|event| {
        match &event {
            Event::Start(Tag::List(_) | Tag::BlockQuote(_)) => depth += 1,
            Event::End(TagEnd::List(_) | TagEnd::BlockQuote(_)) => depth -= 1,
            _ => {}
        }
        match event {
            Event::Start(Tag::Heading { level, classes, attrs, .. }) if depth == 0 => {
                vec![Event::Start(Tag::Heading { level, id: anchors.next().map(CowStr::from), classes, attrs })]
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let is_page = !dest_url.contains("://") && !dest_url.starts_with('#');
                let dest_url = if is_page { html_path(&address(&dest_url)).into() } else { dest_url };
                vec![Event::Start(Tag::Link { link_type, dest_url, title, id })]
            }
            // A wide table scrolls by itself.
            Event::Start(table @ Tag::Table(_)) => {
                vec![Event::Html("<div class=\"scroll\" tabindex=\"0\">".into()), Event::Start(table)]
            }
            Event::End(TagEnd::Table) => vec![Event::End(TagEnd::Table), Event::Html("</div>".into())],
            // Only what trailblazer writes into cells and formulas is passed on.
            Event::InlineHtml(tag) if matches!(&*tag, "<br>" | "<sub>" | "</sub>" | "<sup>" | "</sup>") => {
                vec![Event::InlineHtml(tag)]
            }
            Event::Html(text) | Event::InlineHtml(text) => vec![Event::Text(text)],
            other => vec![other],
        }
    });
    let mut text = String::new();
    pulldown_cmark::html::push_html(&mut text, events);
    PreEscaped(text)
}

/// Returns the name of the HTML file of a page.
fn html_path(address: &str) -> String {
    let (path, anchor) = address.split_once('#').map_or((address, None), |(path, anchor)| (path, Some(anchor)));
    let path = match path.strip_suffix(START) {
        Some(folder) => format!("{folder}index.html"),
        None => path.strip_suffix(".md").map_or_else(|| path.to_owned(), |stem| format!("{stem}.html")),
    };
    anchor.map_or_else(|| path.clone(), |anchor| format!("{path}#{anchor}"))
}

//! Converts links, images and the resources that they refer to.

use super::super::document::NOT_IN_INPUT;
use super::super::tree::{Block, Inline};
use super::convert::Converter;
use super::dom::Element;
use super::flow::{Flow, plain};
use super::library::{PageName, PageRef, day_of};
use super::storage;

/// The target of an `ri:` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resource {
    Page(PageName),
    /// A file. It may be attached to another page.
    Attachment {
        filename: String,
        page: Option<PageName>,
    },
    User(String),
    Space(String),
    Shortcut {
        key: String,
        parameter: String,
    },
    Content(String),
    Url(String),
}

/// Parses an `ri:` element.
pub(super) fn resource(element: &Element) -> Option<Resource> {
    let text = |name: &str| element.attribute(name).map(str::to_owned);
    match element.name.as_str() {
        "ri:page" | "ri:blog-post" => page_name(element).map(Resource::Page),
        "ri:attachment" => {
            let owner = element.elements().find_map(page_name);
            text("ri:filename").map(|filename| Resource::Attachment { filename, page: owner })
        }
        "ri:user" => {
            text("ri:account-id").or_else(|| text("ri:userkey")).or_else(|| text("ri:username")).map(Resource::User)
        }
        "ri:space" => text("ri:space-key").map(Resource::Space),
        "ri:shortcut" => {
            text("ri:key").map(|key| Resource::Shortcut { key, parameter: text("ri:parameter").unwrap_or_default() })
        }
        "ri:content-entity" => text("ri:content-id").map(Resource::Content),
        "ri:url" => text("ri:value").map(Resource::Url),
        _ => None,
    }
}

/// Returns the page or the blog post that an `ri:` element names.
fn page_name(element: &Element) -> Option<PageName> {
    Some(PageName {
        space: element.attribute("ri:space-key").filter(|key| !key.is_empty()).map(str::to_owned),
        title: element.attribute("ri:content-title")?.to_owned(),
        is_post: element.name == "ri:blog-post",
        day: element.attribute("ri:posting-day").and_then(day_of),
    })
}

/// Converts `<a>`, which is a link or an invisible anchor.
pub(super) fn anchor(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let Some(href) = element.attribute("href") else {
        storage::nodes(cx, &element.children, flow);
        return;
    };
    let (content, rest) = storage::flow(cx, &element.children).split();
    let text = element.text();
    if content.is_empty() && rest.is_empty() && !text.is_empty() && text.trim().is_empty() {
        // A link whose text is blank is invisible.
        flow.text(" ");
        return;
    }
    let link = cx.link(href, content);
    // A card is displayed in a box.
    if element.attribute("data-card-appearance").is_some() {
        flow.boxed(link);
    } else {
        flow.inline(link);
    }
    if !rest.is_empty() {
        flow.block(Block::Group(rest));
    }
}

/// Converts `<ac:link>`, which leads to a page, a file, a person, a space, or an anchor on this page.
pub(super) fn link(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let (content, rest) = match element.elements().find(|child| is_link_body(child)) {
        Some(body) => storage::flow(cx, &body.children).split(),
        None => (Vec::new(), Vec::new()),
    };
    let anchor = element.attribute("ac:anchor");
    match element.elements().find_map(resource) {
        Some(resource) => to_resource(cx, &resource, anchor, content, flow),
        None => {
            if let Some(anchor) = anchor {
                let content = if plain(&content).trim().is_empty() { text(anchor) } else { content };
                let anchor = cx.anchor_of(cx.page, anchor);
                let link = cx.link(&format!("#{anchor}"), content);
                flow.inline(link);
            } else {
                flow.inlines(content);
            }
        }
    }
    if !rest.is_empty() {
        flow.block(Block::Group(rest));
    }
}

fn is_link_body(element: &Element) -> bool {
    matches!(element.name.as_str(), "ac:plain-text-link-body" | "ac:link-body")
}

fn text(text: &str) -> Vec<Inline> {
    vec![Inline::Text(text.to_owned())]
}

/// Adds a link to a resource. `content` is empty if the link has no text.
pub(super) fn to_resource(
    cx: &mut Converter<'_>,
    resource: &Resource,
    anchor: Option<&str>,
    content: Vec<Inline>,
    flow: &mut Flow,
) {
    let named = |fallback: &str| if content.is_empty() { text(fallback) } else { content.clone() };
    match resource {
        Resource::Page(name) => to_page(cx, name, anchor, content, flow),
        Resource::Attachment { filename, page } => {
            let target = attachment(cx, filename, page.as_ref());
            cx.record(&target, None, Some("attachment"));
            flow.inline(Inline::Link { target, content: named(filename) });
        }
        // The page contains its own text for the person.
        Resource::User(_) if !content.is_empty() => flow.inlines(content),
        Resource::User(user) => {
            let name = cx.library.users.get(user).cloned();
            if name.is_none() {
                cx.count("user:unknown");
            }
            let name = name.unwrap_or_else(|| shown_name(user).to_owned());
            flow.boxed(Inline::Text(format!("@{name}")));
        }
        Resource::Space(key) => {
            let name = cx.library.spaces.get(key).cloned().unwrap_or_else(|| key.clone());
            let url = cx.site().space_url(key);
            unresolved(cx, url, key, named(&name), flow);
        }
        Resource::Shortcut { key, parameter } => {
            let shortcut = format!("{key}@{parameter}");
            unresolved(cx, None, &shortcut, named(&shortcut), flow);
        }
        Resource::Content(id) => {
            let known = cx.library.index_of(id, cx.page);
            if let Some((index, page)) = known.and_then(|index| Some((index, cx.library.page(index)?))) {
                if cx.library.may_show(cx.document, index) {
                    known_page(cx, page, anchor, named(&page.title), flow);
                } else {
                    restricted_page(cx, page, anchor, content, flow);
                }
            } else {
                let url = cx.site().id_url(id).map(|url| with_anchor(&url, anchor));
                let href = format!("content-id {id}");
                unresolved(cx, url, &href, content, flow);
            }
        }
        Resource::Url(url) => {
            let link = cx.link(&with_anchor(url, anchor), content);
            flow.boxed(link);
        }
    }
}

/// Returns the text for a person whose display name is unknown. It is the user name, but never an internal key.
pub(super) fn shown_name(id: &str) -> &str {
    if is_internal_key(id) { "unknown user" } else { id }
}

/// Returns whether the id of a person is a key that readers never see.
pub(super) fn is_internal_key(id: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_account = |(directory, uuid): (&str, &str)| {
        directory.bytes().all(|byte| byte.is_ascii_alphanumeric()) && uuid.len() == 36 && is_hex(&uuid.replace('-', ""))
    };
    matches!(id.len(), 24 | 32) && is_hex(id) || id.split_once(':').is_some_and(is_account)
}

/// Returns the title of the page at an address, if every reader of the document may read that page.
pub(super) fn title_of(cx: &Converter<'_>, url: &str) -> Option<String> {
    let index = cx.library.find_url(url, cx.page).filter(|index| cx.library.may_show(cx.document, *index))?;
    cx.library.page(index).map(|page| page.title.clone())
}

fn to_page(cx: &mut Converter<'_>, name: &PageName, anchor: Option<&str>, content: Vec<Inline>, flow: &mut Flow) {
    let PageName { space, title, day, .. } = name;
    let found = cx.library.find(name, cx.page);
    if let Some((index, page)) = found.and_then(|index| Some((index, cx.library.page(index)?))) {
        if !cx.library.may_show(cx.document, index) {
            restricted_page(cx, page, anchor, content, flow);
            return;
        }
        let content = if content.is_empty() { text(title) } else { content };
        known_page(cx, page, anchor, content, flow);
        return;
    }
    let content = if content.is_empty() { text(title) } else { content };
    let key = space.as_deref().or(cx.page.space_key.as_deref());
    let url = key.and_then(|key| cx.site().display_url(key, *day, title));
    let url = url.map(|url| {
        // The input does not contain the page, but it is on the same site.
        let page = PageRef { title: title.clone(), site: cx.page.site, ..PageRef::default() };
        with_anchor(&url, anchor.map(|anchor| cx.anchor_of(&page, anchor)).as_deref())
    });
    let space = space.as_ref().map(|space| format!("{space}:")).unwrap_or_default();
    let href = with_anchor(&format!("{space}{title}"), anchor);
    unresolved(cx, url, &href, content, flow);
}

/// Adds a link to a page that some readers of this document may not read. The link does not contain the title of the page.
fn restricted_page(
    cx: &mut Converter<'_>,
    page: &PageRef,
    anchor: Option<&str>,
    content: Vec<Inline>,
    flow: &mut Flow,
) {
    cx.count("link:restricted");
    let url = page.url.as_ref().map(|url| with_anchor(url, anchor));
    let href = url.clone().unwrap_or_else(|| format!("content-id {}", page.content_id));
    cx.record(&href, Some(page.id.clone()), None);
    flow.inlines(match url {
        Some(target) => vec![Inline::Link { target, content }],
        None => content,
    });
}

fn known_page(cx: &mut Converter<'_>, page: &PageRef, anchor: Option<&str>, content: Vec<Inline>, flow: &mut Flow) {
    let anchor = anchor.map(|anchor| cx.anchor_of(page, anchor));
    if let Some(url) = &page.url {
        let target = with_anchor(url, anchor.as_deref());
        cx.record(&target, Some(page.id.clone()), None);
        flow.inline(Inline::Link { target, content });
    } else if let Some(anchor) = anchor.as_ref().filter(|_| page.id == cx.page.id) {
        let target = format!("#{anchor}");
        cx.record(&target, Some(page.id.clone()), None);
        flow.inline(Inline::Link { target, content });
    } else {
        cx.record(&with_anchor(&page.title, anchor.as_deref()), Some(page.id.clone()), None);
        flow.inlines(content);
    }
}

/// Returns a link to a page of the input. Its text is the title.
pub(super) fn to_known(cx: &mut Converter<'_>, index: usize) -> Inline {
    let mut flow = Flow::default();
    if let Some(page) = cx.library.page(index) {
        known_page(cx, page, None, text(&page.title), &mut flow);
    }
    let (mut content, _) = flow.split();
    content.pop().unwrap_or(Inline::Break)
}

/// Adds a link to a target outside the input. If the address is unknown, only the text is added.
fn unresolved(cx: &mut Converter<'_>, url: Option<String>, href: &str, content: Vec<Inline>, flow: &mut Flow) {
    cx.count("link:unresolved");
    if let Some(target) = url {
        cx.record(&target, None, Some(NOT_IN_INPUT));
        flow.inline(Inline::Link { target, content });
    } else {
        cx.record(href, None, Some(NOT_IN_INPUT));
        flow.inlines(content);
    }
}

fn with_anchor(url: &str, anchor: Option<&str>) -> String {
    anchor.map_or_else(|| url.to_owned(), |anchor| format!("{url}#{anchor}"))
}

/// Returns the address of a file. If the site is unknown, returns the name of the file.
pub(super) fn attachment(cx: &mut Converter<'_>, filename: &str, page: Option<&PageName>) -> String {
    let owner = match page {
        None => {
            if cx.is_own_page() && !cx.files.iter().any(|known| known == filename) {
                cx.files.push(filename.to_owned());
            }
            Some(cx.page)
        }
        Some(name) => cx.library.find(name, cx.page).and_then(|index| cx.library.page(index)),
    };
    let url = owner.and_then(|owner| cx.library.site(owner).attachment_url(&owner.content_id, filename));
    url.unwrap_or_else(|| filename.to_owned())
}

/// Converts `<ac:image>` to an image. Its caption becomes a paragraph below the image.
pub(super) fn image(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let caption = element.child("ac:caption").map(|caption| storage::flow(cx, &caption.children).split().0);
    let resource = element.elements().find_map(resource);
    let (source, filename) = match resource {
        Some(Resource::Attachment { filename, page }) => (attachment(cx, &filename, page.as_ref()), filename),
        Some(Resource::Url(url)) => {
            let name = url.split(['?', '#']).next().unwrap_or(&url);
            let name = name.rsplit('/').next().unwrap_or(name).to_owned();
            (cx.site().absolute(&url), name)
        }
        _ => {
            cx.count("image:without-source");
            (String::new(), String::new())
        }
    };
    let words = caption.as_deref().map(plain).unwrap_or_default();
    let given = [element.attribute("ac:alt"), element.attribute("ac:title"), Some(words.trim())];
    let alt = given.into_iter().flatten().find(|text| !text.is_empty()).unwrap_or(&filename).to_owned();
    flow.inline(Inline::Image { source, alt });
    if let Some(caption) = caption.filter(|_| !words.trim().is_empty()) {
        flow.block(Block::Paragraph(vec![Inline::Emphasis(caption)]));
    }
}

/// Converts `<img>`, which older editors and generators write.
pub(super) fn html_image(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let source = cx.site().absolute(element.attribute("src").unwrap_or_default());
    // A `data:` address contains an image, not text.
    let source = if source.starts_with("data:") { String::new() } else { source };
    let alt = element.attribute("alt").or_else(|| element.attribute("title"));
    let file = source.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let alt = alt.unwrap_or(file).to_owned();
    flow.inline(Inline::Image { source, alt });
}

/// Adds a link to content that the page embeds.
pub(super) fn embedded(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let source = element.attribute("src").or_else(|| element.attribute("data"));
    if let Some(source) = source.filter(|source| !source.starts_with("data:")) {
        let title = element.attribute("title").map(text).unwrap_or_default();
        let link = cx.link(source, title);
        flow.inline(link);
    }
    storage::nodes(cx, &element.children, flow);
}

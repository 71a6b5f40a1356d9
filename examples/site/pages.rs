//! The pages of the user guide: trailblazer's own documentation as Markdown files that link to each other.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use trailblazer::normalize::tree::{Block, Inline};
use trailblazer::normalize::{self, Document, Options, Outcome, Source, markdown};
use trailblazer::sections;

/// The start page, in the root folder of the guide.
pub const START: &str = "README.md";
/// Id of the map that orders the user guide. Its document becomes the start page.
const MAP: &str = "map:dita/guide";

/// A page of the guide.
#[derive(Debug, Clone)]
pub struct Page {
    /// Path below the root folder of the guide, `/` between its parts, with the extension `.md`.
    pub path: String,
    /// Source file, from the root of the repository.
    pub source: String,
    /// Plain text.
    pub title: String,
    /// Headings of the table of contents above the page, each with the path of its page if it has one.
    pub crumbs: Vec<(String, Option<String>)>,
    /// Markdown below the title. Its links are relative to the folder of the page.
    pub body: String,
    /// Title and path of the pages that are related to this page.
    pub related: Vec<(String, String)>,
}

/// An input of the guide.
struct Part {
    kind: Source,
    /// Folder of the sources, from the root of the repository.
    folder: &'static str,
    /// Folder of the pages, below the root folder of the guide.
    target: &'static str,
}

const PARTS: [Part; 2] = [
    Part { kind: Source::Dita, folder: "examples/docs/dita", target: "" },
    Part { kind: Source::Confluence, folder: "examples/docs/confluence", target: "handbook/" },
];

/// Normalizes the documentation of the repository at `root`, and returns its pages. The start page is the first one.
///
/// Fails if a source file yields no document.
pub fn guide(root: &Path) -> Result<Vec<Page>, String> {
    let mut documents = Vec::new();
    for part in &PARTS {
        documents.extend(read(root, part)?.into_iter().filter(is_page).map(|document| (part, document)));
    }
    let targets: HashMap<&str, (String, &Document)> =
        documents.iter().map(|(part, document)| (document.id.as_str(), (path_of(part, document), document))).collect();
    let mut pages: Vec<Page> =
        documents.iter().map(|(part, document)| page(part, document, &targets)).collect::<Result<_, _>>()?;
    pages.sort_by_key(|page| page.path != START);
    let handbook = contents_of_the_handbook(&pages);
    if let Some(start) = pages.first_mut() {
        start.body.push_str(&handbook);
    }
    Ok(pages)
}

impl Page {
    /// Returns the content of the page's Markdown file.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = format!("<!-- Rendered from {} by `make guide`. -->\n\n", self.source);
        if !self.crumbs.is_empty() {
            let crumbs = self.crumbs.iter().map(|(title, path)| match path {
                Some(path) => link(title, &relative(&self.path, path)),
                None => escaped(title),
            });
            text.push_str(&crumbs.collect::<Vec<_>>().join(" / "));
            text.push_str("\n\n");
        }
        text.push_str(&heading(1, &self.title));
        text.push_str("\n\n");
        text.push_str(&self.body);
        text.push('\n');
        if !self.related.is_empty() {
            text.push_str("\n**Related pages**\n\n");
            for (title, path) in &self.related {
                let _ = writeln!(text, "- {}", link(title, &relative(&self.path, path)));
            }
        }
        text
    }
}

/// Reads the documents of a part.
fn read(root: &Path, part: &Part) -> Result<Vec<Document>, String> {
    let mut documents = Vec::new();
    let mut failures = Vec::new();
    normalize::read(&root.join(part.folder), part.kind, &Options::default(), &mut |outcome| {
        match outcome {
            Outcome::Document(document) => documents.push(*document),
            Outcome::Failure(fault) | Outcome::Skipped(fault) => {
                failures.push(format!("{}/{}: {}", part.folder, fault.path, fault.message));
            }
            Outcome::Notice(_) => {}
        }
        Ok(())
    })
    .map_err(|error| error.to_string())?;
    if failures.is_empty() { Ok(documents) } else { Err(failures.join("\n")) }
}

/// Maps of keys and topics that only lend their content to others are not pages.
fn is_page(document: &Document) -> bool {
    document.source_system != "dita" || document.id == MAP || !document.breadcrumbs.is_empty()
}

fn path_of(part: &Part, document: &Document) -> String {
    if document.id == MAP {
        return START.to_owned();
    }
    let source = document.source_path.as_deref().unwrap_or(&document.id);
    let stem = source.rsplit_once('.').map_or(source, |(stem, _)| stem);
    format!("{}{stem}.md", part.target)
}

/// Path and document of each page, by id.
type Targets<'a> = HashMap<&'a str, (String, &'a Document)>;

fn page(part: &Part, document: &Document, targets: &Targets<'_>) -> Result<Page, String> {
    let path = path_of(part, document);
    let mut crumbs = Vec::new();
    for (depth, title) in document.breadcrumbs.iter().enumerate() {
        let is_crumb = |target: &&(String, &Document)| {
            target.1.title == *title && target.1.breadcrumbs == document.breadcrumbs[..depth]
        };
        crumbs.push((title.clone(), targets.values().find(is_crumb).map(|(path, _)| path.clone())));
    }
    if crumbs.is_empty() && path != START {
        crumbs.push(("User guide".to_owned(), Some(START.to_owned())));
    }
    let related = related(document).into_iter().filter_map(|id| targets.get(id));
    Ok(Page {
        source: format!("{}/{}", part.folder, document.source_path.as_deref().unwrap_or_default()),
        title: document.title.clone(),
        crumbs,
        body: with_links_to_files(document, &path, targets)?,
        related: related.map(|(path, other)| (other.title.clone(), path.clone())).collect(),
        path,
    })
}

/// The ids of related documents. A Confluence page file has no address, so the text does not link to it; the links are listed here.
fn related(document: &Document) -> Vec<&str> {
    let in_map = document.meta.get("related").and_then(serde_json::Value::as_array);
    let in_map = in_map.into_iter().flatten().filter_map(serde_json::Value::as_str);
    let is_confluence = document.source_system == "confluence";
    let linked = document.links.iter().filter(|_| is_confluence).filter_map(|link| link.target_id.as_deref());
    let mut related = Vec::new();
    for id in in_map.chain(linked) {
        if id != document.id && !related.contains(&id) {
            related.push(id);
        }
    }
    related
}

/// Replaces the ids of documents in links by relative paths, and the anchors of the source by those of the headings.
fn with_links_to_files(document: &Document, path: &str, targets: &Targets<'_>) -> Result<String, String> {
    let mut body = document.text_md.clone();
    for (range, address) in destinations(&document.text_md).into_iter().rev() {
        if address.contains("://") || address.starts_with("mailto:") {
            continue;
        }
        let (id, anchor) = address.split_once('#').map_or((&*address, None), |(id, anchor)| (id, Some(anchor)));
        let (file, target) = match targets.get(id) {
            Some((file, target)) => (relative(path, file), *target),
            None if id.is_empty() => (String::new(), document),
            None => return Err(format!("{path}: the link to {address} leads to no page")),
        };
        let anchor = match anchor {
            None => String::new(),
            Some(anchor) => heading_anchor(target, anchor)
                .ok_or_else(|| format!("{path}: the link to {address} leads to no heading"))?,
        };
        body.replace_range(range, &format!("{file}{anchor}"));
    }
    Ok(body)
}

/// Returns where each link's address stands in `markdown`, in order, and the address.
fn destinations(markdown: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(markdown, sections::extensions()).into_offset_iter() {
        let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
        // The writer of trailblazer writes `[text](address)` or `[text](<address>)`, never a title or a reference.
        let Some(start) = markdown[range.clone()].rfind("](") else { continue };
        found.push((range.start + start + 2..range.end - 1, dest_url.into_string()));
    }
    found
}

/// Returns `#` and the anchor of the heading that has `anchor` at the source.
fn heading_anchor(document: &Document, anchor: &str) -> Option<String> {
    let place = document.anchors.iter().position(|known| known == anchor)?;
    anchors(&document.text_md).get(place).map(|anchor| format!("#{anchor}"))
}

/// Returns the anchors of the headings of `markdown` that stand outside of lists, tables and quotations, as GitHub makes them: letters,
/// digits, hyphens and underscores in lower case, hyphens for spaces, and a number where an anchor repeats.
#[must_use]
pub fn anchors(markdown: &str) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut anchors = Vec::new();
    let mut heading: Option<String> = None;
    let mut depth = 0_usize;
    for event in Parser::new_ext(markdown, sections::extensions()) {
        match event {
            Event::Start(Tag::List(_) | Tag::BlockQuote(_)) => depth += 1,
            Event::End(TagEnd::List(_) | TagEnd::BlockQuote(_)) => depth -= 1,
            Event::Start(Tag::Heading { .. }) if depth == 0 => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let Some(text) = heading.take() else { continue };
                let kept = text.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
                let anchor = kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>().to_lowercase();
                let earlier = seen.entry(anchor.clone()).and_modify(|earlier| *earlier += 1).or_default();
                anchors.push(if *earlier == 0 { anchor } else { format!("{anchor}-{earlier}") });
            }
            _ => {}
        }
    }
    anchors
}

/// The handbook has no map: its home page and then its other pages, by title.
fn contents_of_the_handbook(pages: &[Page]) -> String {
    let mut handbook: Vec<&Page> = pages.iter().filter(|page| page.path.starts_with("handbook/")).collect();
    handbook.sort_by_key(|page| (!page.path.ends_with("handbook.md"), &page.title));
    let mut text = String::new();
    for (place, page) in handbook.into_iter().enumerate() {
        let indent = if place == 0 { "" } else { "  " };
        let _ = write!(text, "\n{indent}- {}", link(&page.title, &page.path));
    }
    text
}

/// Returns the path of the file `to` as a link in the file `from` writes it.
#[must_use]
pub fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let folders = from.len().min(to.len()) - 1;
    let shared = (0..folders).take_while(|&place| from[place] == to[place]).count();
    let up = std::iter::repeat_n("..", from.len() - 1 - shared);
    up.chain(to[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

fn heading(level: u8, title: &str) -> String {
    markdown::write(&[Block::Heading { level, content: vec![Inline::Text(title.to_owned())] }])
}

fn link(title: &str, target: &str) -> String {
    let content = vec![Inline::Text(title.to_owned())];
    markdown::write(&[Block::Paragraph(vec![Inline::Link { target: target.to_owned(), content }])])
}

fn escaped(text: &str) -> String {
    markdown::write(&[Block::Paragraph(vec![Inline::Text(text.to_owned())])])
}

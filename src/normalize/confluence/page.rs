//! Converts a page with its metadata and body into a document.

use serde_json::{Map, Value};

use super::super::document::{Attachment, Document};
use super::super::markdown;
use super::super::parallel;
use super::super::text::{Losses, clean, count_many, one_line};
use super::super::tree::{Block, Inline};
use super::super::{FileError, Outcome, Readers};
use super::convert::Converter;
use super::flow::plain;
use super::headings;
use super::library::{Body, Library, PageRef};
use super::site::is_number;

/// A page before its conversion.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The document without its body, links and losses, and without data from the library.
    pub document: Document,
    /// `None` if the input does not contain a body.
    pub body: Option<Body>,
    /// The comments in the order in which they were written. A reply follows its parent comment.
    pub comments: Vec<Comment>,
    /// The number of comments whose text is missing.
    pub unread_comments: usize,
    /// The path for error messages.
    pub path: String,
    /// The line of the file where the body begins.
    pub line: u64,
    /// Whether the body occupies one line of the file, even if it contains line breaks.
    pub is_one_line: bool,
    /// Whether to remove the first heading because it repeats the title.
    pub title_in_body: bool,
}

/// A comment on a page.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    /// Display name, if it is known.
    pub author: Option<String>,
    pub body: Body,
}

/// The text of a document, which is written block by block.
#[derive(Default)]
struct Text {
    writer: markdown::Writer,
    headings: Vec<String>,
    /// The title, if the first block must be omitted when it repeats the title.
    title: Option<String>,
    is_begun: bool,
}

impl Text {
    fn push(&mut self, block: &Block) {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        if is_first && self.title.as_ref().is_some_and(|title| repeats_title(block, title)) {
            return;
        }
        headings::collect(std::slice::from_ref(block), &mut self.headings);
        self.writer.push(block);
    }
}

/// Converts the page with number `index` in the library.
pub(super) fn convert(library: &Library<'_>, index: usize) -> Outcome {
    match library.turn(index) {
        None => convert_here(library, index),
        // The new thread reuses the memory of the thread that converted the last large page. Otherwise, the allocator would keep
        // the memory of a large page for each worker.
        Some(_turn) => parallel::on_new_thread(&|| convert_here(library, index)),
    }
}

fn convert_here(library: &Library<'_>, index: usize) -> Outcome {
    let unreadable = || {
        let message = "the page cannot be read".to_owned();
        FileError { path: String::new(), line: None, message }
    };
    let Some(reference) = library.page(index) else { return Outcome::Failure(unreadable()) };
    let read = || library.read(index).unwrap_or_else(|| Err(unreadable()));
    let page = match read() {
        Ok(page) => page,
        Err(error) => return Outcome::Failure(error),
    };
    let mut document = page.document;
    let mut losses = std::mem::take(&mut document.losses);
    identify(&mut document, library, index, reference, &mut losses);
    let mut cx = Converter::new(library, reference, Some(index));
    let title = page.title_in_body.then(|| document.title.clone());
    let mut text = Text { title, ..Text::default() };
    if let Some(body) = &page.body {
        document.body_repr = Some(body.representation().to_owned());
        if let Err(error) = cx.each_block(body, &mut |block| text.push(&block)) {
            let lines = if page.is_one_line { 0 } else { error.line - 1 };
            let line = Some(page.line.max(1) + lines);
            let message = match reference.content_id.as_str() {
                id if is_number(id) => format!("page {id} \"{}\": {}", document.title, error.message),
                // The path is the name of the page.
                _ => error.message,
            };
            return Outcome::Failure(FileError { path: page.path, line, message });
        }
    }
    let comments = page.comments.len() + page.unread_comments;
    if library.options.comments {
        add_comments(&mut cx, &page.comments, &mut text);
        count_many(&mut losses, "comment", page.unread_comments as u64);
    } else {
        count_many(&mut losses, "comment", comments as u64);
    }
    document.text_md = text.writer.finish();
    if document.text_md.is_empty() {
        let name = if page.body.is_some() { "body:empty" } else { "body:missing" };
        count_many(&mut losses, name, 1);
    }
    document.anchors = headings::anchors(library.site(reference), reference, &text.headings);
    document.links = std::mem::take(&mut cx.links);
    add_files(&mut document, &cx);
    if !cx.properties.is_empty() {
        document.meta.insert("properties".to_owned(), Value::Object(std::mem::take(&mut cx.properties)));
    }
    for (name, amount) in cx.losses {
        count_many(&mut losses, name, amount);
    }
    document.losses = losses;
    document.seal();
    Outcome::Document(Box::new(document))
}

/// Adds what the library knows about a page: its title, place, labels and readers.
fn identify(document: &mut Document, library: &Library<'_>, index: usize, reference: &PageRef, losses: &mut Losses) {
    document.title = one_line(&clean(&reference.title, losses));
    document.id.clone_from(&reference.id);
    document.url = document.url.take().or_else(|| reference.url.clone());
    document.space_key.clone_from(&reference.space_key);
    document.labels.clone_from(&reference.labels);
    document.breadcrumbs = library.breadcrumbs(index);
    document.readers = library.readers(index).cloned();
    "confluence".clone_into(&mut document.source_system);
    if library.has_unknown_ancestor(index) {
        count_many(losses, "readers:unknown-ancestor", 1);
    }
    if document.readers.as_ref().is_some_and(Readers::is_nobody) {
        count_many(losses, "readers:nobody", 1);
    }
}

/// Adds the comments below the body. Each comment is a quotation with the name of its author.
fn add_comments(cx: &mut Converter<'_>, comments: &[Comment], text: &mut Text) {
    let mut quoted: Vec<Block> = Vec::new();
    for comment in comments {
        match cx.body(&comment.body) {
            Ok(content) => {
                let label = comment.author.clone().unwrap_or_else(|| "Comment".to_owned());
                quoted.push(Block::Admonition { label, content });
            }
            Err(_) => cx.count("comment:unreadable"),
        }
    }
    if !quoted.is_empty() {
        text.push(&Block::Heading { level: 2, content: vec![Inline::Text("Comments".to_owned())] });
        for comment in &quoted {
            text.push(comment);
        }
    }
}

/// Adds files that the page displays but that its list of attachments does not contain.
fn add_files(document: &mut Document, cx: &Converter<'_>) {
    for filename in &cx.files {
        if document.attachments.iter().all(|known| known.filename != *filename) {
            let url = cx.site().attachment_url(&cx.page.content_id, filename);
            document.attachments.push(Attachment { filename: filename.clone(), url });
        }
    }
}

/// Returns whether a heading repeats the title.
fn repeats_title(block: &Block, title: &str) -> bool {
    let Block::Heading { level: 1, content } = block else { return false };
    one_line(&plain(content)) == title && !content.iter().any(|inline| matches!(inline, Inline::Image { .. }))
}

/// Adds a string to the metadata of a document if it is present.
pub(super) fn add_meta(meta: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
        meta.insert(name.to_owned(), Value::String(value.to_owned()));
    }
}

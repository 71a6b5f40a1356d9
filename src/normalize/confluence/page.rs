//! One page: what is known of it and its body become a document.

use serde_json::{Map, Value};

use super::super::document::{Attachment, Document};
use super::super::markdown;
use super::super::text::{Losses, clean, count_many, one_line};
use super::super::tree::{Block, Inline};
use super::super::{FileError, Outcome};
use super::convert::Converter;
use super::flow::plain;
use super::library::{Body, Library, PageRef};

/// A page about to be converted.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Everything of the document but title, body, links and losses.
    pub document: Document,
    /// `None` where the input holds none.
    pub body: Option<Body>,
    /// Where a failure is reported.
    pub path: String,
    /// Line of the file at which the body begins.
    pub line: u64,
    /// Whether the first heading repeats the title and goes.
    pub title_in_body: bool,
}

/// Converts a page.
pub(super) fn convert(library: &Library<'_>, reference: &PageRef, page: Page) -> Outcome {
    let mut document = page.document;
    let mut losses = std::mem::take(&mut document.losses);
    document.title = title(&reference.title, &mut losses);
    document.id.clone_from(&reference.id);
    document.url = document.url.or_else(|| reference.url.clone());
    document.space_key.clone_from(&reference.space_key);
    "confluence".clone_into(&mut document.source_system);
    let Some(body) = page.body else {
        count_many(&mut losses, "body:missing", 1);
        document.losses = losses;
        document.seal();
        return Outcome::Document(Box::new(document));
    };
    document.body_repr = Some(body.representation().to_owned());
    let mut cx = Converter::new(library, reference);
    let mut blocks = match cx.body(&body) {
        Ok(blocks) => blocks,
        Err(error) => {
            let line = Some(page.line.max(1) + error.line - 1);
            return Outcome::Failure(FileError { path: page.path, line, message: error.message });
        }
    };
    if page.title_in_body {
        drop_title(&mut blocks, &document.title);
    }
    document.text_md = markdown::write(&blocks);
    if document.text_md.is_empty() {
        count_many(&mut losses, "body:empty", 1);
    }
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

fn title(title: &str, losses: &mut Losses) -> String {
    one_line(&clean(title, losses))
}

/// Adds the files that the page shows and that no list of attachments names.
fn add_files(document: &mut Document, cx: &Converter<'_>) {
    for filename in &cx.files {
        if document.attachments.iter().all(|known| known.filename != *filename) {
            let url = cx.library.attachment_url(&document.id, filename);
            document.attachments.push(Attachment { filename: filename.clone(), url });
        }
    }
}

/// Drops a first heading that says what the title says.
fn drop_title(blocks: &mut Vec<Block>, title: &str) {
    if let Some(Block::Heading { level: 1, content }) = blocks.first()
        && one_line(&plain(content)) == title
        && !content.iter().any(|inline| matches!(inline, Inline::Image { .. }))
    {
        blocks.remove(0);
    }
}

/// Adds a string to a document's metadata, if there is one.
pub(super) fn add_meta(meta: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
        meta.insert(name.to_owned(), Value::String(value.to_owned()));
    }
}

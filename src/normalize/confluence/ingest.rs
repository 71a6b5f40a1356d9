//! Older artifacts: `ingest/confluence.ndjson`, one page a line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::document::{Attachment, Document};
use super::super::ndjson::{self, Line, lines, load, strings, text};
use super::super::text::one_line;
use super::super::{Emit, FileError, Options, Outcome, ReadError};
use super::library::{Bodies, Body, Library, PageRef};
use super::page::{self, Page, add_meta};
use super::{io_error, send};

/// Finds the artifact: the file itself, or in a run folder or its `ingest`.
pub(super) fn find(input: &Path) -> Option<PathBuf> {
    ndjson::find(input, "confluence.ndjson")
}

/// Emits one outcome for every line that is not blank.
pub(super) fn read(input: &Path, options: &Options, mut emit: Emit<'_>) -> Result<(), ReadError> {
    let path = input.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let fail = |line: u64, message: String| FileError { path: path.clone(), line: Some(line), message };
    let lines = lines(input).map_err(io_error(input))?;
    let mut pages = Vec::new();
    let mut failures = Vec::new();
    let mut references = Vec::new();
    for line in lines {
        match load(input, &line) {
            Ok(value) if value.get("id").is_some() => {
                references.push(reference(&value));
                pages.push(line);
            }
            Ok(_) => failures.push(fail(line.number, "the object has no `id`".to_owned())),
            Err(message) => failures.push(fail(line.number, message)),
        }
    }
    let bodies = Lines { path: input, pages: &pages };
    let mut library = Library::new(options.site_url.as_deref(), &bodies);
    for reference in references {
        library.add(reference);
    }
    let mut failures = failures.into_iter().peekable();
    for (number, line) in pages.iter().enumerate() {
        while let Some(failure) = failures.next_if(|failure| failure.line < Some(line.number)) {
            send(&mut emit, Outcome::Failure(failure))?;
        }
        let Some(reference) = library.page(number) else { continue };
        let outcome = match load(input, line) {
            Ok(value) => {
                let page = Page {
                    document: document(&value),
                    body: body(&value),
                    path: path.clone(),
                    line: line.number,
                    title_in_body: false,
                };
                at_line(page::convert(&library, reference, page), line.number)
            }
            Err(message) => Outcome::Failure(fail(line.number, message)),
        };
        send(&mut emit, outcome)?;
    }
    failures.try_for_each(|failure| send(&mut emit, Outcome::Failure(failure)))
}

/// A page is one line of the file, whatever line of the body is at fault.
fn at_line(outcome: Outcome, line: u64) -> Outcome {
    match outcome {
        Outcome::Failure(error) => Outcome::Failure(FileError { line: Some(line), ..error }),
        other => other,
    }
}

fn reference(value: &Value) -> PageRef {
    PageRef {
        id: text(value, "id").unwrap_or_default(),
        title: one_line(&text(value, "title").unwrap_or_default()),
        space_key: text(value, "space_key").filter(|key| key != "__unknown__"),
        url: text(value, "url"),
    }
}

/// The body by what the line says it is; else ADF before storage format.
fn body(value: &Value) -> Option<Body> {
    let html = text(value, "body_html");
    let storage = text(value, "body_storage");
    let adf = value.get("body_adf").filter(|adf| adf.is_object()).cloned();
    let parsed = || html.as_deref().and_then(as_adf);
    match text(value, "body_repr").as_deref() {
        Some("storage") => storage.or(html).map(Body::Storage),
        Some("adf") => adf.or_else(parsed).map(Body::Adf).or_else(|| html.clone().map(Body::Storage)),
        _ => adf.or_else(parsed).map(Body::Adf).or_else(|| storage.or(html.clone()).map(Body::Storage)),
    }
}

/// ADF that stands in the line as a string.
fn as_adf(text: &str) -> Option<Value> {
    let value = text.trim_start().starts_with('{').then(|| serde_json::from_str::<Value>(text).ok())??;
    (value.get("type").and_then(Value::as_str) == Some("doc")).then_some(value)
}

fn document(value: &Value) -> Document {
    let objects = |name: &str| value.get(name).and_then(Value::as_array).into_iter().flatten();
    let mut labels = strings(value, "labels");
    labels.sort();
    labels.dedup();
    let mut document = Document {
        version: value.get("version").and_then(Value::as_i64),
        created_at: text(value, "created_at"),
        updated_at: text(value, "updated_at"),
        breadcrumbs: objects("ancestors").filter_map(|ancestor| text(ancestor, "title")).collect(),
        attachments: objects("attachments")
            .filter_map(|file| Some(Attachment { filename: text(file, "filename")?, url: text(file, "download_url") }))
            .collect(),
        labels,
        ..Document::default()
    };
    add_meta(&mut document.meta, "space_name", text(value, "space_name").as_deref());
    let author = value.pointer("/updated_by/display_name").or_else(|| value.pointer("/created_by/display_name"));
    add_meta(&mut document.meta, "author", author.and_then(Value::as_str));
    document
}

/// Bodies by their lines.
struct Lines<'a> {
    path: &'a Path,
    pages: &'a [Line],
}

impl Bodies for Lines<'_> {
    fn body(&self, index: usize) -> Option<Body> {
        body(&load(self.path, self.pages.get(index)?).ok()?)
    }
}

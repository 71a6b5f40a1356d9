//! Reads older artifacts: `ingest/confluence.ndjson`, one page per line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::document::{Attachment, Document};
use super::super::ndjson::{self, Line, lines, load, strings, text};
use super::super::text::one_line;
use super::super::{FileError, Options, Outcome, ReadError};
use super::io_error;
use super::library::{Ancestor, Body, Kind, Library, PageRef, Source, Task};
use super::naming::Naming;
use super::page::{Page, add_meta};
use super::site::Site;

/// Finds the artifact. The input is the file itself, a run folder, or the `ingest` folder of a run.
pub(super) fn find(input: &Path) -> Option<PathBuf> {
    ndjson::find(input, "confluence.ndjson")
}

/// An older artifact.
pub(super) struct Ingest {
    path: PathBuf,
    /// The name of the artifact in error messages.
    name: String,
    site: Site,
    /// The lines with a page, and the entry of each page in the library.
    pages: Vec<(Line, PageRef)>,
    failures: Vec<FileError>,
}

/// Reads the id and the title of every line that is not blank.
pub(super) fn open(path: &Path, options: &Options, naming: &Naming) -> Result<Ingest, ReadError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let fail = |line: u64, message: String| FileError { path: name.clone(), line: Some(line), message };
    let (mut pages, mut failures) = (Vec::new(), Vec::new());
    for line in lines(path).map_err(io_error(path))? {
        match load(path, &line) {
            Ok(value) if value.get("id").is_some() => {
                let reference = reference(&value, naming);
                pages.push((line, reference));
            }
            Ok(_) => failures.push(fail(line.number, "the object has no `id`".to_owned())),
            Err(message) => failures.push(fail(line.number, message)),
        }
    }
    let site = Site::new(options.site_url.as_deref(), None);
    Ok(Ingest { path: path.to_owned(), name, site, pages, failures })
}

impl Source for Ingest {
    fn register(&self, library: &mut Library<'_>, agenda: &mut Vec<Task>) {
        let site = library.add_site(self.site.clone());
        let mut failures = self.failures.iter().peekable();
        for (number, (line, reference)) in self.pages.iter().enumerate() {
            while let Some(failure) = failures.next_if(|failure| failure.line < Some(line.number)) {
                agenda.push(Task::Told(Outcome::Failure(failure.clone())));
            }
            agenda.push(Task::Page(library.add(PageRef { site, ..reference.clone() }, number)));
        }
        agenda.extend(failures.map(|failure| Task::Told(Outcome::Failure(failure.clone()))));
    }

    fn body(&self, number: usize) -> Option<Body> {
        body(&load(&self.path, &self.pages.get(number)?.0).ok()?)
    }

    fn page(&self, _: &Library<'_>, reference: &PageRef, number: usize) -> Result<Page, FileError> {
        let fail = |line: Option<u64>, message: String| FileError { path: self.name.clone(), line, message };
        let Some((line, _)) = self.pages.get(number) else {
            return Err(fail(None, format!("page {} is no longer in the input", reference.content_id)));
        };
        let value = load(&self.path, line).map_err(|message| fail(Some(line.number), message))?;
        Ok(Page {
            document: document(&value),
            body: body(&value),
            path: self.name.clone(),
            line: line.number,
            is_one_line: true,
            ..Page::default()
        })
    }
}

fn reference(value: &Value, naming: &Naming) -> PageRef {
    let content_id = text(value, "id").unwrap_or_default();
    let ancestors = value.get("ancestors").and_then(Value::as_array).into_iter().flatten();
    let mut labels = strings(value, "labels");
    labels.sort();
    labels.dedup();
    PageRef {
        // Earlier artifacts that were made from these lines contain the unchanged ids.
        id: if naming.collection().is_some() { naming.file_id(&content_id) } else { content_id.clone() },
        content_id,
        kind: Kind::Unknown,
        title: one_line(&text(value, "title").unwrap_or_default()),
        space_key: text(value, "space_key").filter(|key| key != "__unknown__"),
        url: text(value, "url"),
        labels,
        ancestors: ancestors
            .filter_map(|ancestor| {
                let title = text(ancestor, "title")?;
                Some(Ancestor { content_id: text(ancestor, "id").unwrap_or_default(), title, restriction: None })
            })
            .collect(),
        has_cloud_body: text(value, "body_repr").as_deref() == Some("adf"),
        ..PageRef::default()
    }
}

/// Returns the body in the representation that the line names. Otherwise, ADF has priority over storage format.
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

/// Parses `text` as an ADF document. Returns `None` if it is not one.
fn as_adf(text: &str) -> Option<Value> {
    let value = text.trim_start().starts_with('{').then(|| serde_json::from_str::<Value>(text).ok())??;
    (value.get("type").and_then(Value::as_str) == Some("doc")).then_some(value)
}

fn document(value: &Value) -> Document {
    let objects = |name: &str| value.get(name).and_then(Value::as_array).into_iter().flatten();
    let mut document = Document {
        version: value.get("version").and_then(Value::as_i64),
        created_at: text(value, "created_at"),
        updated_at: text(value, "updated_at"),
        attachments: objects("attachments")
            .filter_map(|file| Some(Attachment { filename: text(file, "filename")?, url: text(file, "download_url") }))
            .collect(),
        ..Document::default()
    };
    add_meta(&mut document.meta, "space_name", text(value, "space_name").as_deref());
    let author = value.pointer("/updated_by/display_name").or_else(|| value.pointer("/created_by/display_name"));
    add_meta(&mut document.meta, "author", author.and_then(Value::as_str));
    // These artifacts do not contain the restrictions of the pages.
    document.losses.insert("readers:not-fetched".to_owned(), 1);
    document
}

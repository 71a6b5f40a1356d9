//! Converts files attached to pages. Each file with readable text becomes a document below its page.

use std::collections::BTreeMap;

use super::super::decode::decode;
use super::super::document::Document;
use super::super::extract::{Kind, MAX_FILE, MAX_TEXT, lines, process};
use super::super::markdown;
use super::super::text::{clean, count_many, one_line};
use super::super::tree::Block;
use super::super::{FileError, Notice, Outcome};
use super::convert::Converter;
use super::library::{Body, Library, PageRef, Task, percent_encode};
use super::markdown as foreign_markdown;
use crate::config::Attachments;

/// Maximum number of files that the final notice names.
const NAMED: usize = 5;

/// A file attached to a page.
#[derive(Debug, Clone)]
pub(super) struct AttachedFile {
    pub filename: String,
    /// The address of the file for readers, if the page contains it.
    pub url: Option<String>,
    /// Time of the last change in RFC 3339.
    pub updated: Option<String>,
}

impl AttachedFile {
    /// Returns a file with only its name.
    pub(super) fn named(filename: &str) -> Self {
        Self { filename: filename.to_owned(), url: None, updated: None }
    }
}

/// The attached files that did not become documents.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Number of files of other kinds, by extension.
    other_kinds: BTreeMap<String, usize>,
    missing: usize,
    /// Files that could not be read, with the reason.
    broken: Vec<String>,
}

impl Library<'_> {
    /// Adds the files of page number `page` whose text should be read to the agenda. `has` returns whether the input contains a file.
    pub(super) fn add_files(
        &mut self,
        page: usize,
        files: impl IntoIterator<Item = AttachedFile>,
        has: impl Fn(&str) -> bool,
        agenda: &mut Vec<Task>,
    ) {
        if self.options.attachments != Attachments::Text {
            return;
        }
        let title = self.page(page).map(|page| page.title.clone()).unwrap_or_default();
        for file in files {
            if Kind::of(&file.filename).is_none() {
                let extension = file.filename.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
                *self.unread.other_kinds.entry(extension.unwrap_or_default()).or_default() += 1;
            } else if has(&file.filename) {
                agenda.push(Task::File(page, file));
            } else {
                self.unread.missing += 1;
                let path = format!("{title}/{}", file.filename);
                agenda.push(Task::Told(skipped(path, "the attachment is not in the input")));
            }
        }
    }
}

impl Unread {
    /// Records that a file could not be read.
    pub(super) fn add(&mut self, error: &FileError) {
        self.broken.push(format!("{} ({})", error.path, error.message));
    }

    /// Returns notices for the owner of the input.
    pub(super) fn notices(self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let mut tell = |is_warning, message| notices.push(Notice { is_warning, message });
        let others: usize = self.other_kinds.values().sum();
        if others > 0 {
            let mut kinds: Vec<(String, usize)> = self.other_kinds.into_iter().collect();
            kinds.sort_by_key(|(extension, count)| (std::cmp::Reverse(*count), extension.clone()));
            let named: Vec<String> = kinds
                .iter()
                .take(NAMED)
                .map(|(extension, count)| match extension.as_str() {
                    "" => format!("{count} without an extension"),
                    extension => format!("{count} .{extension}"),
                })
                .collect();
            let rest = if kinds.len() > NAMED { ", …" } else { "" };
            tell(false, format!("the text of {} is not read: {}{rest}", files(others), named.join(", ")));
        }
        if self.missing > 0 {
            tell(
                true,
                format!("attachments missing in the input, so that their text is not searched: {}", self.missing),
            );
        }
        if !self.broken.is_empty() {
            let named: Vec<&str> = self.broken.iter().take(NAMED).map(String::as_str).collect();
            let rest = if self.broken.len() > NAMED { ", …" } else { "" };
            tell(true, format!("cannot read {}: {}{rest}", files(self.broken.len()), named.join(", ")));
        }
        notices
    }
}

fn files(count: usize) -> String {
    if count == 1 { "1 attachment".to_owned() } else { format!("{count} attachments") }
}

fn skipped(path: String, message: &str) -> Outcome {
    Outcome::Skipped(FileError { path, line: None, message: message.to_owned() })
}

/// Converts a file attached to page number `index`.
pub(super) fn convert(library: &Library<'_>, index: usize, file: &AttachedFile) -> Outcome {
    let Some(page) = library.page(index) else {
        return skipped(file.filename.clone(), "the page of the attachment is not in the input");
    };
    let path = format!("{}/{}", page.title, file.filename);
    let mut cx = Converter::new(library, page, Some(index));
    match text(&mut cx, index, file) {
        Ok(text) => Outcome::Document(Box::new(document(library, index, page, file, cx, text))),
        Err(reason) => skipped(path, &reason),
    }
}

/// Returns the text of a file as Markdown.
fn text(cx: &mut Converter<'_>, index: usize, file: &AttachedFile) -> Result<String, String> {
    let kind = Kind::of(&file.filename).ok_or("files of this kind are not supported")?;
    let bytes = cx.library.file(index, &file.filename);
    let bytes = bytes.ok_or_else(|| format!("it cannot be opened or has more than {MAX_FILE} bytes"))?;
    let blocks = match kind {
        Kind::Text => lines(&decode(&bytes, &mut cx.losses)),
        Kind::Markdown => {
            let source = decode(&bytes, &mut cx.losses);
            let body = foreign_markdown::without_front_matter(&source, &mut cx.losses);
            vec![Block::Markdown(foreign_markdown::cleaned(body, &mut cx.losses))]
        }
        Kind::Html => {
            let source = decode(&bytes, &mut cx.losses);
            cx.body(&Body::Storage(source)).map_err(|error| error.message)?
        }
        Kind::Binary(format) => {
            let program = cx.library.program.as_deref().ok_or("the program that reads it was not found")?;
            let (text, losses) = process::run(program, format, &bytes)?;
            for (name, amount) in losses {
                count_many(&mut cx.losses, name, amount);
            }
            return Ok(text);
        }
    };
    let text = markdown::write(&blocks);
    if text.len() as u64 > MAX_TEXT {
        return Err(format!("it has more than {MAX_TEXT} bytes of text"));
    }
    Ok(clean(&text, &mut cx.losses).into_owned())
}

fn document(
    library: &Library<'_>,
    index: usize,
    page: &PageRef,
    file: &AttachedFile,
    cx: Converter<'_>,
    text_md: String,
) -> Document {
    let mut losses = cx.losses;
    let mut breadcrumbs = library.breadcrumbs(index);
    breadcrumbs.push(page.title.clone());
    let site = library.site(page);
    let url = file.url.as_deref().map(|url| site.absolute(url)).filter(|url| url.contains("://"));
    let mut document = Document {
        id: format!("{}/attachments/{}", page.id, percent_encode(&file.filename)),
        title: one_line(&clean(&file.filename, &mut losses)),
        text_md,
        source_system: "confluence".to_owned(),
        body_repr: Some("attachment".to_owned()),
        url: url.or_else(|| site.attachment_url(&page.content_id, &file.filename)),
        source_path: Some(format!("{}/{}", page.title, file.filename)),
        space_key: page.space_key.clone(),
        updated_at: file.updated.clone(),
        labels: page.labels.clone(),
        breadcrumbs,
        readers: library.readers(index).cloned(),
        links: cx.links,
        ..Document::default()
    };
    document.meta.insert("type".to_owned(), "attachment".into());
    document.meta.insert("parent_id".to_owned(), page.content_id.clone().into());
    if document.text_md.is_empty() {
        count_many(&mut losses, "body:empty", 1);
    }
    document.losses = losses;
    document.seal();
    document
}

//! Reads older artifacts: `ingest/dita.ndjson`, one topic or map per line.
//!
//! A line contains only the first body of a topic, and a long body is incomplete. The reader converts the existing part, and
//! reports where it ends. Each line becomes a file at its path, so that links between the lines work.
//! Labels, metadata and breadcrumbs that are missing in the lines come from [`sidecars`](super::sidecars).

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

use quick_xml::escape::escape;
use serde_json::Value;

use super::dom::FileId;
use super::input_files::InputFiles;
use super::parse::parse;
use super::scan::Scan;
use super::sidecars::{Sidecar, Sidecars};
use super::specializations::Specializations;
use crate::normalize::document::{Attachment, Document};
use crate::normalize::ndjson::{lines, load, strings, text};
use crate::normalize::{FileError, Options, ReadError};

pub(super) const NAME: &str = "dita.ndjson";

/// The data of lines and sidecars besides the body, by file.
pub(super) type Additions = HashMap<FileId, Addition>;

/// The data of a line and its sidecars besides the body.
#[derive(Debug, Default)]
pub(super) struct Addition {
    id: String,
    labels: Vec<String>,
    attachments: Vec<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    sidecar: Sidecar,
}

impl Addition {
    pub fn add_to(&self, document: &mut Document) {
        self.sidecar.add_to(document);
        document.labels.extend(self.labels.iter().cloned());
        document.labels.sort();
        document.labels.dedup();
        document.created_at = document.created_at.take().or_else(|| self.created_at.clone());
        document.updated_at = document.updated_at.take().or_else(|| self.updated_at.clone());
        for href in &self.attachments {
            let filename = href.rsplit('/').next().unwrap_or(href).to_owned();
            if document.attachments.iter().all(|attachment| attachment.filename != filename) {
                document.attachments.push(Attachment { filename, url: Some(href.clone()) });
            }
        }
        document.meta.insert("ingest_id".to_owned(), self.id.clone().into());
    }
}

/// Reads an artifact as if its lines were files.
pub(super) fn scan(artifact: &Path, options: &Options) -> Result<(Scan, Additions), ReadError> {
    let io = |source| ReadError::Io { path: artifact.to_owned(), source };
    let name = artifact.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fail = |line: u64, message: String| FileError { path: name.clone(), line: Some(line), message };
    // There are no files below a file, so only the lines are found.
    let inputs = InputFiles::new(artifact, &Specializations::new(&options.dita.specializations));
    let mut additions = Additions::new();
    let (mut files, mut failures) = (Vec::new(), Vec::new());
    let mut sidecars = Sidecars::read(artifact.parent().unwrap_or(Path::new("")), &mut failures);
    for line in lines(artifact).map_err(io)? {
        let value = match load(artifact, &line) {
            Ok(value) => value,
            Err(message) => {
                failures.push(fail(line.number, message));
                continue;
            }
        };
        let Some(id) = text(&value, "id") else {
            failures.push(fail(line.number, "the object has no `id`".to_owned()));
            continue;
        };
        let path = text(&value, "source_path").unwrap_or_else(|| id.split(['#', ':']).nth(1).unwrap_or(&id).to_owned());
        let path = path.replace('\\', "/").trim_start_matches('/').to_owned();
        match inputs.hold(&path, |file| parse(source(&value, &id).as_bytes(), file)) {
            Ok(file) => {
                if let Some(fault) = inputs.load(file).ok().and_then(|tree| tree.fault.clone()) {
                    failures.push(fail(line.number, format!("{path}: {fault}; only the readable part was converted")));
                }
                let sidecar = sidecars.take(&id);
                if additions.insert(file, addition(&value, id, sidecar)).is_some() {
                    failures.push(fail(
                        line.number,
                        format!("{path}: an earlier line has the same path; this line replaces it"),
                    ));
                } else {
                    files.push(file);
                }
            }
            Err(error) => failures.push(fail(line.number, format!("{path}: {error}"))),
        }
    }
    // With the name of the run, the same documents would have different ids in every run.
    let mut scan = Scan::of(inputs, files, OsStr::new("dita"), options)?;
    // Errors contain the line number in the artifact.
    scan.failures = failures.into_iter().map(|failure| (FileId::MAX, failure)).collect();
    Ok((scan, additions))
}

/// Returns the path of the source file of a line, if the line contains it.
fn source(value: &Value, id: &str) -> String {
    let doctype = text(value, "doctype").unwrap_or_default();
    let root = match doctype.as_str() {
        "concept" | "task" | "reference" | "map" => &doctype,
        _ if id.starts_with("map:") => "map",
        _ => "topic",
    };
    let own_id = id.split_once('#').map_or("", |(_, id)| id);
    let title = text(value, "title").unwrap_or_default();
    let body = text(value, "body_dita_xml").or_else(|| text(value, "body_xml")).unwrap_or_default();
    format!("<{root} id=\"{}\"><title>{}</title>{body}</{root}>", escape(own_id), escape(&*title))
}

fn addition(value: &Value, id: String, sidecar: Sidecar) -> Addition {
    Addition {
        id,
        labels: strings(value, "labels"),
        attachments: strings(value, "attachments"),
        created_at: text(value, "created_at"),
        updated_at: text(value, "updated_at"),
        sidecar,
    }
}

//! Reads the files next to an older `dita.ndjson`. Each line of `meta.jsonl` describes a document, and each line of
//! `breadcrumbs.jsonl` describes the use of a document in a map.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Map, Value};

use super::prolog;
use crate::normalize::FileError;
use crate::normalize::document::Document;
use crate::normalize::ndjson::{lines, load, strings, text};

/// The data in the sidecars of a run.
#[derive(Debug, Default)]
pub(super) struct Sidecars {
    by_id: HashMap<String, Sidecar>,
}

/// The data of one document.
#[derive(Debug, Default)]
pub(super) struct Sidecar {
    labels: Vec<String>,
    meta: Map<String, Value>,
    created_at: Option<String>,
    updated_at: Option<String>,
    /// For each use, the titles from the map to the parent.
    breadcrumbs: Vec<Vec<String>>,
}

impl Sidecars {
    /// Reads the sidecars in a folder, if they exist.
    pub fn read(folder: &Path, failures: &mut Vec<FileError>) -> Self {
        let mut sidecars = Self::default();
        each(folder, "meta.jsonl", failures, |id, value| sidecars.of(id).add_meta(value));
        each(folder, "breadcrumbs.jsonl", failures, |id, value| sidecars.of(id).add_place(value));
        sidecars
    }

    fn of(&mut self, id: &str) -> &mut Sidecar {
        self.by_id.entry(of_file(id).to_owned()).or_default()
    }

    /// Returns the data of a document.
    pub fn take(&mut self, id: &str) -> Sidecar {
        self.by_id.remove(of_file(id)).unwrap_or_default()
    }
}

/// Returns the part of an id that identifies the file. Uses in maps do not include the id of the topic.
fn of_file(id: &str) -> &str {
    id.split('#').next().unwrap_or(id)
}

/// Calls `take` with every line of a sidecar and the id of its document.
fn each(folder: &Path, name: &str, failures: &mut Vec<FileError>, mut take: impl FnMut(&str, &Value)) {
    let path = folder.join(name);
    let mut fail = |line, message| failures.push(FileError { path: name.to_owned(), line, message });
    let lines = match lines(&path) {
        Ok(lines) => lines,
        Err(error) if error.kind() == ErrorKind::NotFound => return,
        Err(error) => return fail(None, format!("cannot read the file: {error}")),
    };
    for line in lines {
        match load(&path, &line) {
            Ok(value) => match text(&value, "page_id") {
                Some(id) => take(&id, &value),
                None => fail(Some(line.number), "the object has no `page_id`".to_owned()),
            },
            Err(message) => fail(Some(line.number), message),
        }
    }
}

impl Sidecar {
    fn add_meta(&mut self, value: &Value) {
        self.labels.extend(strings(value, "labels"));
        let fields = value.get("meta").and_then(Value::as_object).into_iter().flatten();
        let beside = ["collection", "path_tags"].into_iter().filter_map(|name| Some((name, value.get(name)?)));
        let fields = fields.map(|(name, value)| (name.as_str(), value)).chain(beside);
        self.meta.extend(fields.filter(|(_, value)| says(value)).map(|(name, value)| (name.to_owned(), value.clone())));
        let date = |name: &str| prolog::date(value.pointer(&format!("/meta/critdates/{name}"))?.as_str()?);
        self.created_at = date("created");
        self.updated_at = date("modified");
    }

    fn add_place(&mut self, value: &Value) {
        let mut titles = strings(value, "breadcrumbs");
        // The last title is the document itself.
        titles.pop();
        if !titles.is_empty() && !self.breadcrumbs.contains(&titles) {
            self.breadcrumbs.push(titles);
        }
    }

    /// Adds the data to a document. The data of the document has priority.
    pub fn add_to(&self, document: &mut Document) {
        document.labels.extend(self.labels.iter().cloned());
        document.created_at = document.created_at.take().or_else(|| self.created_at.clone());
        document.updated_at = document.updated_at.take().or_else(|| self.updated_at.clone());
        for (name, value) in &self.meta {
            match (document.meta.get_mut(name), value) {
                (Some(Value::Array(own)), Value::Array(more)) => {
                    let new: Vec<Value> = more.iter().filter(|value| !own.contains(value)).cloned().collect();
                    own.extend(new);
                }
                (Some(_), _) => {}
                (None, value) => drop(document.meta.insert(name.clone(), value.clone())),
            }
        }
        if let (true, Some(first)) = (document.breadcrumbs.is_empty(), self.breadcrumbs.first()) {
            document.breadcrumbs.clone_from(first);
            if self.breadcrumbs.len() > 1 {
                document.meta.insert("parents".to_owned(), self.breadcrumbs.clone().into());
            }
        }
    }
}

/// Returns whether a value is not just a placeholder.
fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(says),
        Value::Object(fields) => fields.values().any(says),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

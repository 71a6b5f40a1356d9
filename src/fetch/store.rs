//! Stores pages on disk. Each page is a JSON file in the format of the API.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::FetchError;
use super::listing::{LISTED_FIELDS, Listed, mark};

/// The folder of a source's pages.
pub(super) struct Store {
    folder: PathBuf,
    /// Version and mark of each page.
    known: BTreeMap<String, (i64, String)>,
}

impl Store {
    /// Opens the folder. With `create`, creates it if it is missing.
    /// A file that is not a valid page is ignored, and its page is fetched again.
    pub fn open(folder: &Path, create: bool) -> Result<Self, FetchError> {
        if create {
            fs::create_dir_all(folder).map_err(FetchError::file(folder))?;
        }
        let mut known = BTreeMap::new();
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !create => {
                return Ok(Self { folder: folder.to_owned(), known });
            }
            Err(error) => return Err(FetchError::file(folder)(error)),
        };
        for entry in entries {
            let path = entry.map_err(FetchError::file(folder))?.path();
            let is_left_over = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".page-"));
            if is_left_over && create {
                let _ = fs::remove_file(&path);
            }
            let Some(id) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else { continue };
            if id.starts_with('.') {
                continue;
            }
            let page = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            let version = page.as_ref().and_then(|page| page.pointer("/version/number")?.as_i64());
            // No page has this version. Therefore the page is fetched again, or removed if it no longer exists.
            let page_mark = page.as_ref().map(mark).unwrap_or_default();
            known.insert(id.to_owned(), (version.unwrap_or(-1), page_mark));
        }
        Ok(Self { folder: folder.to_owned(), known })
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    pub fn version(&self, id: &str) -> Option<i64> {
        self.known.get(id).map(|(version, _)| *version)
    }

    pub fn mark(&self, id: &str) -> Option<String> {
        self.known.get(id).map(|(_, mark)| mark.clone())
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// Writes a page: the data from the listing, and the body and other data in `answer`.
    pub fn write(&self, listed: &Listed, answer: &Value) -> Result<(), FetchError> {
        let mut page = answer.as_object().cloned().unwrap_or_default();
        copy_listed(&listed.value, &mut page);
        self.put(&self.path(&listed.id), &Value::Object(page))
    }

    /// Updates the data from the listing for a page whose body did not change.
    pub fn touch(&self, listed: &Listed) -> Result<(), FetchError> {
        let path = self.path(&listed.id);
        let bytes = fs::read(&path).map_err(FetchError::file(&path))?;
        let mut page: Map<String, Value> = serde_json::from_slice(&bytes).unwrap_or_default();
        copy_listed(&listed.value, &mut page);
        self.put(&path, &Value::Object(page))
    }

    pub fn remove(&self, id: &str) -> Result<(), FetchError> {
        let path = self.path(id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(FetchError::file(&path)(error)),
            _ => Ok(()),
        }
    }

    /// Writes a file so that it is complete or absent, even if the process is killed.
    fn put(&self, path: &Path, value: &Value) -> Result<(), FetchError> {
        let mut file =
            tempfile::Builder::new().prefix(".page-").tempfile_in(&self.folder).map_err(FetchError::file(path))?;
        serde_json::to_writer(&mut file, value).map_err(|error| FetchError::file(path)(error.into()))?;
        file.persist(path).map_err(|error| FetchError::file(path)(error.error))?;
        Ok(())
    }
}

fn copy_listed(listed: &Value, page: &mut Map<String, Value>) {
    for name in LISTED_FIELDS {
        match listed.get(name) {
            Some(value) => page.insert(name.to_owned(), value.clone()),
            None => page.remove(name),
        };
    }
}

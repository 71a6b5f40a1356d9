//! Stores pages on disk. Each page is a JSON file in the format of the API.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::FetchError;
use super::listing::{LISTED_FIELDS, Listed, mark};
use crate::normalize::ATTACHMENTS;

/// The folder of a source's pages.
pub(super) struct Store {
    folder: PathBuf,
    /// The address of the site.
    site: String,
    known: BTreeMap<String, Known>,
    /// The permissions of the spaces at the last fetch, by key.
    permissions: BTreeMap<String, Value>,
    /// Whether attached files are downloaded.
    wants_files: bool,
}

/// The stored data of a page.
struct Known {
    /// The version. If `fetch` did not write the file, this is a number that no page has.
    version: i64,
    mark: String,
    /// The list of attached files, if their bytes were fetched.
    files: Option<Value>,
}

/// The key of a page for the list of downloaded files.
const FILES: &str = "attachments";
/// The key of a page for the address of the site that it was fetched from.
const SITE: &str = "fetched_from";

impl Store {
    /// Opens the folder. With `create`, creates it if necessary. Files that `fetch` did not write are ignored, so their pages are fetched
    /// again. So are the pages of another site, because the same ids and versions are other pages there.
    pub fn open(folder: &Path, site: &str, create: bool, wants_files: bool) -> Result<Self, FetchError> {
        if create {
            fs::create_dir_all(folder).map_err(FetchError::file(folder))?;
        }
        let mut known = BTreeMap::new();
        let mut permissions = BTreeMap::new();
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !create => {
                return Ok(Self { folder: folder.to_owned(), site: site.to_owned(), known, permissions, wants_files });
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
            let of_site = page.as_ref().filter(|page| fetched_from(page).is_none_or(|from| from == site));
            let version = of_site.and_then(|page| page.pointer("/version/number")?.as_i64());
            // If `fetch` did not write the file, its page is fetched again. If the page is deleted, the file is removed.
            let mark = page.as_ref().map(mark).unwrap_or_default();
            let space = page.as_ref().and_then(|page| page.get("space"));
            let of_space = space.and_then(|space| Some((space.get("key")?.as_str()?, space.get("permissions")?)));
            if let Some((key, found)) = of_space.filter(|(key, _)| !permissions.contains_key(*key)) {
                permissions.insert(key.to_owned(), found.clone());
            }
            let files = page.and_then(|mut page| page.get_mut(FILES).map(Value::take));
            known.insert(id.to_owned(), Known { version: version.unwrap_or(-1), mark, files });
        }
        Ok(Self { folder: folder.to_owned(), site: site.to_owned(), known, permissions, wants_files })
    }

    pub fn len(&self) -> usize {
        self.known.len()
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    pub fn version(&self, id: &str) -> Option<i64> {
        self.known.get(id).map(|known| known.version)
    }

    pub fn mark(&self, id: &str) -> Option<String> {
        self.known.get(id).map(|known| known.mark.clone())
    }

    /// Returns the permissions of a space at the last fetch.
    pub fn permissions(&self, space: &str) -> Option<&Value> {
        self.permissions.get(space)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// Writes a page: the data from the listing, and the body and other data in `answer`.
    pub fn write(&self, listed: &Listed, answer: &Value) -> Result<(), FetchError> {
        let mut page = answer.as_object().cloned().unwrap_or_default();
        copy_listed(&listed.value, &mut page);
        page.insert(SITE.to_owned(), self.site.as_str().into());
        if let Some(files) = self.files(&listed.id).filter(|_| self.wants_files) {
            page.insert(FILES.to_owned(), files.clone());
        }
        self.put(&self.path(&listed.id), &Value::Object(page))
    }

    /// Returns the downloaded files of a page, as listed by the last fetch.
    pub fn files(&self, id: &str) -> Option<&Value> {
        self.known.get(id)?.files.as_ref()
    }

    /// Writes the list of a page's attached files, and removes files that are not in it.
    pub fn set_files(&self, id: &str, files: Value, names: &BTreeSet<String>) -> Result<(), FetchError> {
        let path = self.path(id);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            // The page has been deleted in the meantime.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(FetchError::file(&path)(error)),
        };
        let mut page: Map<String, Value> = serde_json::from_slice(&bytes).unwrap_or_default();
        page.insert(FILES.to_owned(), files);
        self.put(&path, &Value::Object(page))?;
        let folder = self.files_of(id);
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_none_or(|name| !names.contains(name)) {
                let path = entry.path();
                fs::remove_file(&path).map_err(FetchError::file(&path))?;
            }
        }
        Ok(())
    }

    /// Returns whether the folder has an attached file.
    pub fn has_file(&self, id: &str, name: &str) -> bool {
        self.files_of(id).join(name).is_file()
    }

    /// Writes an attached file.
    pub fn put_file(&self, id: &str, name: &str, bytes: &[u8]) -> Result<(), FetchError> {
        let folder = self.files_of(id);
        fs::create_dir_all(&folder).map_err(FetchError::file(&folder))?;
        let path = folder.join(name);
        let mut file =
            tempfile::Builder::new().prefix(".file-").tempfile_in(&folder).map_err(FetchError::file(&path))?;
        file.write_all(bytes).map_err(FetchError::file(&path))?;
        file.persist(&path).map_err(|error| FetchError::file(&path)(error.error))?;
        Ok(())
    }

    /// The folder of a page's attached files.
    fn files_of(&self, id: &str) -> PathBuf {
        self.folder.join(ATTACHMENTS).join(id)
    }

    /// Writes the data from the listing for a page whose body has not changed.
    pub fn touch(&self, listed: &Listed) -> Result<(), FetchError> {
        let path = self.path(&listed.id);
        let bytes = fs::read(&path).map_err(FetchError::file(&path))?;
        let mut page: Map<String, Value> = serde_json::from_slice(&bytes).unwrap_or_default();
        copy_listed(&listed.value, &mut page);
        if !self.wants_files {
            page.remove(FILES);
        }
        self.put(&path, &Value::Object(page))
    }

    pub fn remove(&self, id: &str) -> Result<(), FetchError> {
        let folder = self.files_of(id);
        if folder.is_dir() {
            fs::remove_dir_all(&folder).map_err(FetchError::file(&folder))?;
        }
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

/// Returns the address of the site that a page was fetched from. Earlier versions stored it only as the start of its links.
fn fetched_from(page: &Value) -> Option<&str> {
    page.get(SITE).or_else(|| page.pointer("/_links/base"))?.as_str()
}

fn copy_listed(listed: &Value, page: &mut Map<String, Value>) {
    for name in LISTED_FIELDS {
        match listed.get(name) {
            Some(value) => page.insert(name.to_owned(), value.clone()),
            None => page.remove(name),
        };
    }
}

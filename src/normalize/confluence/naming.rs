//! Creates the ids of documents. An id consists of site, space and page id, or of the collection and the name of the page.

use std::path::Path;

use super::super::Options;
use super::super::text::{Losses, clean};
use super::site::Site;

/// The rules for document ids in a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Naming {
    /// The configured collection.
    given: Option<String>,
    /// The name of the input, which distinguishes pages that have no other unique name.
    input: String,
}

impl Naming {
    pub(super) fn new(input: &Path, options: &Options) -> Self {
        let given = options.collection.clone().filter(|name| !name.is_empty());
        let path = input.canonicalize().unwrap_or_else(|_| input.to_owned());
        // A page must have the same id whether the input is its file or the folder of the file.
        let is_container =
            path.is_dir() || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
        let named = if is_container { Some(path.as_path()) } else { path.parent() };
        let name = if path.is_dir() {
            named.and_then(Path::file_name)
        } else {
            named.and_then(|path| if is_container { path.file_stem() } else { path.file_name() })
        };
        Self { given, input: name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default() }
    }

    /// Returns the rules for pages that are in memory.
    pub(super) fn held(options: &Options) -> Self {
        Self { given: options.collection.clone(), input: String::new() }
    }

    /// Returns the configured collection.
    pub(super) fn collection(&self) -> Option<&str> {
        self.given.as_deref()
    }

    /// Returns the id of a page with a numeric id on its site.
    pub(super) fn page_id(&self, site: &Site, space: Option<&str>, content_id: &str) -> String {
        if self.given.is_some() {
            return self.file_id(content_id);
        }
        match (site.name(), space) {
            (Some(site), Some(space)) => format!("{site}/{space}/{content_id}"),
            (Some(prefix), None) => format!("{prefix}/{content_id}"),
            (None, Some(space)) => format!("{space}/{content_id}"),
            (None, None) => self.file_id(content_id),
        }
    }

    /// Returns the id of a page that is identified only by its file.
    pub(super) fn file_id(&self, path: &str) -> String {
        // A name without visible characters cannot be used.
        if clean(path, &mut Losses::new()).trim().is_empty() {
            return String::new();
        }
        match self.given.as_deref().unwrap_or(&self.input) {
            "" => path.to_owned(),
            collection => format!("{collection}/{path}"),
        }
    }
}

//! Files that are attached to the pages of page files.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::super::super::text::one_line;
use super::super::attached::AttachedFile;
use super::super::library::{Library, Task};
use super::Pages;
use super::contents::{File, Origin};
use crate::config::Attachments;

/// The folder, next to the pages, with their attached files. The files of a page are in this folder, or in a subfolder with
/// the page's id or name.
pub(crate) const ATTACHMENTS: &str = "attachments";

/// Maximum length of an attached file's name in bytes.
const LONGEST_NAME: usize = 200;

/// Files attached to pages.
impl Pages {
    /// Adds the files that page number `number` names. If the page names none, adds the files in its folder.
    pub(super) fn add_files(
        &self,
        library: &mut Library<'_>,
        index: usize,
        number: usize,
        mut files: Vec<AttachedFile>,
        agenda: &mut Vec<Task>,
    ) {
        let Some(content_id) = library.page(index).map(|page| page.content_id.clone()) else { return };
        if library.options.attachments == Attachments::Names {
            return;
        }
        for folder in self.own_folders(number, &content_id) {
            let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
            let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
            names.sort();
            names
                .retain(|name| !name.starts_with('.') && files.iter().all(|file| stored_name(&file.filename) != *name));
            files.extend(names.iter().map(|name| AttachedFile::named(name)));
        }
        library.add_files(index, files, |name| self.attached_path(number, &content_id, name).is_some(), agenda);
    }

    /// Returns the folders that contain only files of page number `number`.
    fn own_folders(&self, number: usize, content_id: &str) -> Vec<PathBuf> {
        let file = self.slots.get(number).and_then(|(file, _)| self.files.get(*file));
        let Some(File { origin: Origin::Disk(path), .. }) = file else { return Vec::new() };
        let Some(root) = &self.root else { return Vec::new() };
        let attachments = path.with_file_name(ATTACHMENTS);
        let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '\\', '\0']) && !name.starts_with('.');
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let mut folders = Vec::new();
        for name in [content_id, stem].into_iter().filter(|name| is_name(name)) {
            let folder = attachments.join(name);
            if folder.is_dir() && !root.is_left_by(&folder) && !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }

    /// Returns the path of a file that is attached to page number `number`.
    pub(super) fn attached_path(&self, number: usize, content_id: &str, filename: &str) -> Option<PathBuf> {
        let mut folders = self.own_folders(number, content_id);
        if let Some(File { origin: Origin::Disk(path), .. }) = self.files.get(self.slots.get(number)?.0) {
            folders.extend([path.with_file_name(ATTACHMENTS), path.parent()?.to_owned()]);
        }
        let name = stored_name(filename);
        let root = self.root.as_ref()?;
        folders.into_iter().map(|folder| folder.join(&*name)).find(|path| root.has(path))
    }
}

/// Returns the name under which an attached file is stored. If the file's own name is not allowed or too long, this is a
/// hash of the name with the same extension.
pub(crate) fn stored_name(filename: &str) -> Cow<'_, str> {
    let is_name = !filename.contains(['/', '\\', '\0']) && !filename.starts_with('.') && !filename.is_empty();
    if is_name && filename.len() <= LONGEST_NAME {
        return Cow::Borrowed(filename);
    }
    let extension = filename.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
    Cow::Owned(format!("{}.{extension}", hex::encode(Sha256::digest(filename))))
}

/// Returns the names of files that a body shows or links to.
pub(super) fn attached_names(source: &str) -> Vec<String> {
    let names = source.split("ri:filename=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut names: Vec<String> = names
        .filter_map(|name| quick_xml::escape::unescape(name).ok())
        .map(|name| one_line(&name))
        .filter(|name| !name.is_empty())
        .collect();
    names.sort();
    names.dedup();
    names
}

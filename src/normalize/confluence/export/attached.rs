//! Reads the attached files of an export: `attachments/<page>/<attachment>/<version>`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::Mutex;

use zip::ZipArchive;

use crate::lock::locked;
use crate::normalize::extract::MAX_FILE;
use crate::normalize::files::Root;

/// The location of the attached files.
pub(super) enum Attached {
    /// The folder that contains `entities.xml`, and the folder of the input.
    Folder(PathBuf, Root),
    /// The zip file, and the path of the folder that contains `entities.xml`. The path is empty or ends with a slash.
    Zip(Box<Mutex<ZipArchive<BufReader<File>>>>, String),
}

/// An attachment. The path of its file consists of its id and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attachment {
    pub id: String,
    pub version: String,
    /// Time of the last change in the format of the export.
    pub updated: Option<String>,
}

impl Attached {
    /// Returns a file, if the export contains it.
    pub(super) fn read(&self, page: &str, attachment: &Attachment) -> Option<Vec<u8>> {
        let path = path(page, attachment)?;
        match self {
            Self::Folder(folder, root) => bytes(root.open(&folder.join(path)).ok()?),
            Self::Zip(archive, prefix) => {
                let mut archive = locked(archive);
                bytes(archive.by_name(&format!("{prefix}{path}")).ok()?)
            }
        }
    }

    /// Returns whether the export contains a file.
    pub(super) fn has(&self, page: &str, attachment: &Attachment) -> bool {
        path(page, attachment).is_some_and(|path| match self {
            Self::Folder(folder, root) => root.has(&folder.join(path)),
            Self::Zip(archive, prefix) => {
                let archive = locked(archive);
                archive.index_for_name(&format!("{prefix}{path}")).is_some()
            }
        })
    }
}

/// Returns the path of a file in the export.
fn path(page: &str, attachment: &Attachment) -> Option<String> {
    let parts = [page, &attachment.id, &attachment.version];
    // Check the numbers, because they come from the export and must not lead to a path outside of it.
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.iter().all(is_number).then(|| format!("attachments/{}", parts.join("/")))
}

fn bytes(file: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = file.take(MAX_FILE + 1).read_to_end(&mut bytes).ok()?;
    (length as u64 <= MAX_FILE).then_some(bytes)
}

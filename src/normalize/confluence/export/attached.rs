//! Files attached to pages, as an export keeps them: `attachments/<page>/<attachment>/<version>`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use zip::ZipArchive;

/// Bytes of one file; a larger one is no text.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Where an export keeps the files.
pub(super) enum Attached {
    /// In a folder, beside `entities.xml`.
    Folder(PathBuf),
    /// In the zip, below the folder that `entities.xml` is in; that one is empty or ends in a slash.
    Zip(Box<Mutex<ZipArchive<BufReader<File>>>>, String),
}

/// An attachment: its id and its version, which name its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attachment {
    pub id: String,
    pub version: String,
}

impl Attached {
    /// Returns a file, if the export holds it.
    pub(super) fn read(&self, page: &str, attachment: &Attachment) -> Option<Vec<u8>> {
        let parts = [page, &attachment.id, &attachment.version];
        // The numbers come from the export: no path may lead out of it.
        if !parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())) {
            return None;
        }
        let path = format!("attachments/{}", parts.join("/"));
        match self {
            Self::Folder(folder) => bytes(File::open(folder.join(path)).ok()?),
            Self::Zip(archive, prefix) => {
                let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
                bytes(archive.by_name(&format!("{prefix}{path}")).ok()?)
            }
        }
    }
}

fn bytes(file: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = file.take(MAX_FILE + 1).read_to_end(&mut bytes).ok()?;
    (length as u64 <= MAX_FILE).then_some(bytes)
}

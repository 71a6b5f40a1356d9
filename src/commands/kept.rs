//! Keeps the earlier documents of input files that can no longer be read.
//!
//! A damaged file is no reason to remove its pages. They are kept until the file can be read again or is deleted.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use crate::artifact::{Reader, Writer};
use crate::error::{Error, Result};
use crate::normalize::Document;

/// Copies the documents of `failed` files from the earlier artifact to `writer`, unless the file has yielded a document this
/// time. Returns their number.
pub fn keep(earlier: &Path, failed: &BTreeSet<String>, writer: &mut Writer) -> Result<u64> {
    if failed.is_empty() || !earlier.is_file() {
        return Ok(0);
    }
    let mut unread: BTreeSet<&String> = failed.iter().collect();
    let mut ids = HashSet::new();
    let written = writer.written()?.to_owned();
    each(&written, |document| {
        unread.retain(|path| !is_of(&document, path));
        ids.insert(document.id);
        Ok(())
    })?;
    let mut kept = 0;
    each(earlier, |document| {
        if !ids.contains(&document.id) && unread.iter().any(|path| is_of(&document, path)) {
            writer.write(&document).map_err(Error::file(earlier))?;
            kept += 1;
        }
        Ok(())
    })?;
    Ok(kept)
}

fn each(path: &Path, mut see: impl FnMut(Document) -> Result<()>) -> Result<()> {
    let mut reader = Reader::open(path)?;
    while let Some(line) = reader.read()? {
        if let Ok(document) = line {
            see(document)?;
        }
    }
    Ok(())
}

/// Returns whether a document comes from the file at `path`, or from a file in that archive.
fn is_of(document: &Document, path: &str) -> bool {
    let rest = document.source_path.as_deref().and_then(|source| source.strip_prefix(path));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(id: &str, source_path: &str) -> Document {
        Document { id: id.to_owned(), source_path: Some(source_path.to_owned()), ..Document::default() }
    }

    fn artifact(path: &Path, documents: &[Document]) -> Writer {
        let mut writer = Writer::create(path).expect("a writer");
        for document in documents {
            writer.write(document).expect("a written document");
        }
        writer
    }

    #[test]
    fn documents_of_unreadable_files_are_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("run/normalized.ndjson");
        let earlier = folder.path().join("earlier.ndjson");
        let old = [
            ("1", "a.zip/entities.xml"),
            ("2", "b.zip/entities.xml"),
            ("3", "p.xml"),
            ("4", "gone.xml"),
            ("5", "q.json"),
        ];
        let mut writer = artifact(&earlier, &old.map(|(id, path)| document(id, path)));
        std::fs::copy(writer.written().expect("a file"), &earlier).expect("a copy");
        let new = [("1", "a.zip/entities.xml"), ("6", "q.json")].map(|(id, path)| document(id, path));
        let mut writer = artifact(&path, &new);
        let failed = ["b.zip", "p.xml", "q.json", "b"].map(str::to_owned).into_iter().collect();
        assert_eq!(keep(&earlier, &failed, &mut writer).expect("kept"), 2);
        let mut ids = Vec::new();
        let written = writer.written().expect("a file").to_owned();
        each(&written, |document| {
            ids.push(document.id);
            Ok(())
        })
        .expect("readable");
        assert_eq!(ids, ["1", "6", "2", "3"]);
        assert_eq!(keep(&folder.path().join("none"), &failed, &mut writer).expect("nothing"), 0);
    }
}

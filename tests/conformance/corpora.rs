//! Finds the corpora and reads parts of them.

use std::path::{Path, PathBuf};

pub use crate::support::documents::read;

/// Returns the folder of a corpus. If there are no corpora, prints that the test is skipped. If only one corpus is
/// missing, the test fails, because nobody would notice that it is skipped.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let root = std::env::var_os("TRAILBLAZER_CORPORA").map_or_else(beside, PathBuf::from);
    let path = root.join(name);
    // The path must not contain `..`, because paths are compared.
    if let Ok(path) = path.canonicalize() {
        return Some(path);
    }
    assert!(!root.exists(), "{} is not there, but other corpora are", path.display());
    super::table::skipped(name);
    eprintln!("skipped: {} is not there (set TRAILBLAZER_CORPORA)", path.display());
    None
}

/// Returns every file below `folder`, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Returns the files whose name ends with one of `endings`.
pub fn files_ending(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let ends = |path: &PathBuf| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending));
    files(folder).into_iter().filter(ends).collect()
}

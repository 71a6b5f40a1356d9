//! Finds the corpora and reads parts of them.

use std::path::{Path, PathBuf};

use crate::support::corpora;
pub use crate::support::documents::read;

/// Returns the folder of a corpus. Its path holds no `..`, because paths are compared.
pub fn corpus(name: &str) -> PathBuf {
    let path = corpora().join(name);
    path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
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

//! Checks conditions that must be true for every DITA folder.

use std::cell::OnceCell;
use std::fs;
use std::num::NonZeroUsize;

use tempfile::TempDir;
use trailblazer::normalize::{self, Options, Outcome, Source};

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

/// Reads a folder with these files. An empty file is not written. With `is_filtered`, the file `filter.ditaval` applies.
pub fn check(files: &[(&str, &[u8])], is_filtered: bool) {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| TempDir::new().expect("a temporary folder")).path();
        for (name, content) in files {
            if content.is_empty() {
                drop(fs::remove_file(folder.join(name)));
            } else {
                fs::write(folder.join(name), content).expect("a written file");
            }
        }
        let ditaval = is_filtered.then(|| folder.join("filter.ditaval")).into_iter().collect();
        let options = Options { ditaval, threads: NonZeroUsize::new(1), ..Options::default() };
        // A folder without topics and an invalid ditaval are valid errors. Nothing else may fail.
        let _ = normalize::read(folder, Source::Dita, &options, &mut |outcome| {
            if let Outcome::Document(document) = outcome {
                assert!(!document.text_md.contains('\0') && !document.title.contains('\0'));
            }
            Ok(())
        });
    });
}

//! Fuzzes a DITA folder: topic, map, ditaval, entity file, Markdown and HTML, separated by NUL.
#![no_main]

use std::cell::OnceCell;
use std::fs;
use std::num::NonZeroUsize;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use trailblazer::normalize::{self, Options, Outcome, Source};

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| TempDir::new().expect("a temporary folder")).path();
        let mut parts = bytes.splitn(6, |byte| *byte == 0);
        let mut write = |name: &str| {
            let part = parts.next().filter(|part| !part.is_empty());
            match part {
                Some(part) => fs::write(folder.join(name), part).expect("a written file"),
                None => drop(fs::remove_file(folder.join(name))),
            }
            part.is_some()
        };
        write("topic.dita");
        write("map.ditamap");
        let ditaval = write("filter.ditaval").then(|| folder.join("filter.ditaval")).into_iter().collect();
        for name in ["declared.ent", "note.mdita", "page.hdita"] {
            write(name);
        }
        let options = Options { ditaval, threads: NonZeroUsize::new(1), ..Options::default() };
        // A folder without topics and an invalid ditaval are valid errors. Nothing else may fail.
        let _ = normalize::read(folder, Source::Dita, &options, &mut |outcome| {
            if let Outcome::Document(document) = outcome {
                assert!(!document.text_md.contains('\0') && !document.title.contains('\0'));
            }
            Ok(())
        });
    });
});

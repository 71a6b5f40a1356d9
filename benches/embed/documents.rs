//! The documents of the corpora, without duplicates.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use trailblazer::normalize::{self, Document, Options, Outcome, Source};

/// Returns the folder of the corpora: `$TRAILBLAZER_CORPORA`, or the folder beside the checkout.
fn corpora() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find_map(|folder| {
        let corpora = folder.join("../shared/corpora");
        corpora.is_dir().then_some(corpora)
    });
    std::env::var_os("TRAILBLAZER_CORPORA").map(PathBuf::from).or(beside).unwrap_or_default()
}

/// Normalizes the corpora. Returns all documents without repeated bodies.
pub fn documents() -> Vec<Document> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(corpora()).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let mut seen = HashSet::new();
    let mut documents = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let source = if name.starts_with("dita-") { Source::Dita } else { Source::Confluence };
        let emit = &mut |outcome| {
            if let Outcome::Document(document) = outcome
                && seen.insert(document.text_md.clone())
            {
                documents.push(*document);
            }
            Ok(())
        };
        // A folder without documents does not matter for this benchmark.
        let _ = normalize::read(&folder, source, &Options::default(), emit);
    }
    documents
}

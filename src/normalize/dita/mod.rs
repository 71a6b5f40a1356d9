//! Reads DITA topics, maps or folders of them, and the older `dita.ndjson`, and converts them to documents.
//!
//! The steps: [`scan`] finds and classifies the files. [`maps`] expands maps and reads their [`keys`].
//! [`filter`] removes content that a ditaval excludes. [`push`] and [`resolve`] insert reused content, and [`keyref`]
//! inserts text. [`render`] builds the document tree. A new element needs only a line in [`vocabulary`].

mod branches;
mod crawl;
mod ditaval;
mod document_ids;
mod dom;
mod dtd;
mod entities;
mod filter;
mod href;
mod include;
mod ingest;
mod input_files;
mod keyref;
mod keys;
mod library;
mod lightweight;
mod map_document;
mod maps;
mod output;
mod parse;
mod prolog;
mod push;
mod render;
mod resolve;
mod scan;
mod sidecars;
mod specializations;
mod subjects;
mod targets;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::collections::HashSet;
use std::path::Path;

use super::{Emit, Options, Outcome, ReadError, ndjson, parallel};

/// Reads `input` and emits its documents and errors, sorted by path.
pub(super) fn read(input: &Path, options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    let (scan, additions) = match ndjson::find(input, ingest::NAME) {
        Some(artifact) => ingest::scan(&artifact, options)?,
        None => (scan::scan(input, options)?, ingest::Additions::new()),
    };
    let notices = scan.notices();
    let scan::Scan { mut library, failures, skipped, .. } = scan;
    if library.documents.is_empty() && failures.is_empty() {
        let first = skipped.first().map(|first| format!(" ({}: {})", first.path, first.message)).unwrap_or_default();
        let message =
            format!("{} contains no DITA topic or map{first}; pass a topic, a map, or a folder", input.display());
        return Err(ReadError::Input { message });
    }
    let told: HashSet<String> =
        failures.iter().map(|(_, failure)| failure.path.trim_end_matches('/').to_owned()).collect();
    let mut failures = failures.into_iter().map(|(_, failure)| failure).peekable();
    library.number_ids(options);
    let mut files: Vec<_> = library.documents.iter().map(|(&file, &form)| (file, form)).collect();
    files.sort_by_key(|(file, _)| library.inputs.path(*file));
    let convert = |place: usize| {
        let (file, form) = files[place];
        let mut documents = output::documents(&library, file, form);
        if let Some(addition) = additions.get(&file) {
            for document in &mut documents {
                addition.add_to(document);
            }
        }
        (library.inputs.path(file), documents)
    };
    parallel::in_order(options.threads, files.len(), convert, |(path, documents)| {
        while let Some(failure) = failures.next_if(|failure| *failure.path < *path) {
            emit(Outcome::Failure(failure)).map_err(ReadError::Emit)?;
        }
        for document in documents {
            emit(Outcome::Document(Box::new(document))).map_err(ReadError::Emit)?;
        }
        Ok(())
    })?;
    // Targets of links are searched while documents are written.
    let unread = library.inputs.unread().into_iter().filter(|failure| !told.contains(&failure.path));
    for failure in failures.chain(unread) {
        emit(Outcome::Failure(failure)).map_err(ReadError::Emit)?;
    }
    for skipped in skipped {
        emit(Outcome::Skipped(skipped)).map_err(ReadError::Emit)?;
    }
    for notice in notices {
        emit(Outcome::Notice(notice)).map_err(ReadError::Emit)?;
    }
    Ok(())
}

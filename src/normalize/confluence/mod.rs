//! Confluence in: a space export, a folder of page files, or an older `confluence.ndjson`.
//!
//! Bodies come as storage format ([`storage`]), ADF ([`adf`]) or wiki markup ([`wiki`]). All three build the same tree
//! and send macros through the same table ([`macros`]).

mod adf;
mod convert;
mod dom;
mod emoji;
mod export;
mod flow;
mod foreign;
mod ingest;
mod library;
mod links;
mod macros;
mod page;
mod pages;
mod rest;
mod storage;
mod wiki;

use std::path::Path;

use super::{Emit, Options, Outcome, ReadError};

/// Reads `input` and emits its documents.
///
/// `input` is a space export (zip, unpacked folder or its `entities.xml`), a `confluence.ndjson` or a run folder that
/// holds one, a page file, or a folder of page files.
pub(super) fn read(input: &Path, options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    if !input.exists() {
        let message = format!("{} does not exist: give a space export or a folder of pages", input.display());
        return Err(ReadError::Input { message });
    }
    if let Some(export) = export::find(input)? {
        return export::read(export, options, emit);
    }
    if let Some(ndjson) = ingest::find(input) {
        return ingest::read(&ndjson, options, emit);
    }
    pages::read(input, options, emit)
}

/// Reads a page file that is in memory; its name says how it is written.
pub(super) fn read_page(name: &str, bytes: &[u8], options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    pages::read_held(name, bytes, options, emit)
}

/// Hands an outcome to the caller.
fn send(emit: &mut Emit<'_>, outcome: Outcome) -> Result<(), ReadError> {
    emit(outcome).map_err(ReadError::Emit)
}

/// A failure of the file system, with the path it is about.
fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> ReadError {
    let path = path.to_owned();
    move |source| ReadError::Io { path, source }
}

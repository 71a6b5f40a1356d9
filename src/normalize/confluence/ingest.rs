//! Older artifacts: `ingest/confluence.ndjson`.

use std::path::{Path, PathBuf};

use super::super::{Emit, Options, ReadError};

pub(super) fn find(_input: &Path) -> Option<PathBuf> {
    None
}

pub(super) fn read(_input: &Path, _options: &Options, _emit: Emit<'_>) -> Result<(), ReadError> {
    Ok(())
}

//! Space exports.

use std::path::{Path, PathBuf};

use super::super::{Emit, Options, ReadError};

pub(super) fn find(_input: &Path) -> Result<Option<PathBuf>, ReadError> {
    Ok(None)
}

pub(super) fn read(_export: PathBuf, _options: &Options, _emit: Emit<'_>) -> Result<(), ReadError> {
    Ok(())
}

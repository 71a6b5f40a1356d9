//! Reader for dita input.

mod decode;
mod dom;
mod entities;
mod parse;

use std::path::Path;

use super::{Emit, Options, ReadError};

/// Reads `input` and emits its documents.
pub(super) fn read(_input: &Path, _options: &Options, _emit: Emit<'_>) -> Result<(), ReadError> {
    todo!()
}

//! Deterministic vectors without a model, for development and tests.

/// The `hash` provider.
#[derive(Debug)]
pub struct Hash;

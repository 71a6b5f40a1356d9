//! All tests that need a database, the command or the corpora, in one binary.

mod chunk;
mod cli;
mod conformance;
mod docs;
mod faults;
mod normalize;
#[cfg(feature = "serve")]
mod serve;
mod sql;
mod support;

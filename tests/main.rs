//! All tests that need a database, the command or the corpora, in one binary.

mod cli;
mod conformance;
mod sql;
mod support;

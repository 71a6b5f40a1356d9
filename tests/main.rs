//! All tests that need a database or the command, in one binary.

mod cli;
mod sql;
mod support;

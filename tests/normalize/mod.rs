//! Normalizes inputs that the tests create.

mod attachments;
mod export;
mod ids;
mod inputs;
mod macros;
mod queries;
mod readers;
mod rest;
mod spaces;
mod words;

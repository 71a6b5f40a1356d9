//! Normalizes inputs that the tests create.

mod export;
mod ids;
mod inputs;
mod macros;
mod queries;
mod readers;
mod rest;
mod words;

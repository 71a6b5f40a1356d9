//! Normalizing inputs that the tests make themselves.

mod export;
mod ids;
mod inputs;
mod macros;
mod queries;
mod readers;
mod rest;

//! The database: the private local server.

pub mod local;

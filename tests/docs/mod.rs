//! Checks that generated documents match their source.

mod sql_api;

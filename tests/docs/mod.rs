//! Checks that generated documents match their source.

mod guide;
mod guide_commands;
mod sql_api;

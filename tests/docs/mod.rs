//! Checks that generated documents match their source.

mod guide;
mod guide_commands;
mod packaging;
mod sql_api;

//! Checks that generated documents match their source, and that the modules are layered.

mod guide;
mod guide_commands;
mod modules;
mod packaging;
mod sql_api;

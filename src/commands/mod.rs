//! The commands. Each file contains the arguments of one command and its implementation, without SQL.

pub mod ask;
pub mod completions;
pub mod db;
mod deliverables;
pub mod embed;
pub mod eval;
pub mod extract;
pub mod fetch;
mod indexes;
mod ingest;
mod kept;
pub mod man;
#[cfg(feature = "serve")]
pub mod mcp;
mod model;
pub mod models;
mod names;
pub mod normalize;
mod others;
mod reading;
pub mod report;
pub mod rerank;
pub mod run;
pub mod runs;
#[cfg(feature = "serve")]
pub mod serve;
pub mod setup;
pub mod show;
pub mod status;
pub mod sync;
pub mod workers;

use std::path::Path;

use crate::config::{self, Config};
use crate::error::Result;
use crate::events::EventWriter;
use crate::options::Global;
use crate::terminal;

/// The context of every command.
#[derive(Debug)]
pub struct Context<'a> {
    /// The validated configuration, with environment variables applied.
    pub config: Config,
    /// Writes events to standard output.
    pub events: &'a EventWriter,
    /// Whether to print only warnings and errors.
    pub quiet: bool,
    /// Whether to print details.
    pub verbose: bool,
    /// Whether standard output supports bold text.
    pub bold: bool,
}

impl<'a> Context<'a> {
    /// Loads the configuration from the file in `--config`, or from the nearest file in the working
    /// directory and the folders above it.
    pub fn new(global: &Global, events: &'a EventWriter) -> Result<Self> {
        let path = global.config.clone().or_else(|| config::find(&std::env::current_dir().ok()?));
        config::check_text(std::env::vars_os(), |name| name.starts_with("TRAILBLAZER_"))?;
        let config = config::load(path.as_deref(), |name| std::env::var(name).ok())?;
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for (name, nearest) in config::unknown_variables(names) {
            let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
            log::warn!("{name} sets nothing{hint}");
        }
        log::debug!("configuration: {}", path.as_deref().map_or_else(|| "defaults".into(), Path::to_string_lossy));
        Ok(Self {
            config,
            events,
            quiet: global.quiet,
            verbose: global.verbose > 0,
            bold: terminal::shows_bold(global),
        })
    }
}

//! The commands, one file each: its arguments, and how it uses the layers below. They contain no SQL.

pub mod ask;
pub mod completions;
pub mod db;
mod deliverables;
pub mod embed;
pub mod eval;
pub mod fetch;
mod indexes;
mod ingest;
#[cfg(feature = "serve")]
pub mod mcp;
mod model;
mod names;
pub mod normalize;
pub mod run;
pub mod runs;
#[cfg(feature = "serve")]
pub mod serve;
pub mod show;
pub mod status;
pub mod sync;

use std::path::Path;

use crate::config::{self, Config};
use crate::error::Result;
use crate::events::EventWriter;
use crate::options::Global;
use crate::terminal;

/// What every command receives.
#[derive(Debug)]
pub struct Context<'a> {
    /// The validated configuration, with environment variables applied.
    pub config: Config,
    /// Writes events to standard output.
    pub events: &'a EventWriter,
    /// Print only warnings and errors.
    pub quiet: bool,
    /// Print details.
    pub verbose: bool,
    /// Standard output can show bold text.
    pub bold: bool,
}

impl<'a> Context<'a> {
    /// Loads the configuration file that `--config` names, or the nearest one upward from the working directory.
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

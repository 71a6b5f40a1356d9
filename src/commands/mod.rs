//! One file a command: its arguments, and what it does with the layers below. No SQL.

pub mod ask;
pub mod completions;
pub mod db;
mod indexes;
mod model;
mod names;
pub mod normalize;
pub mod run;
pub mod runs;
pub mod status;

use std::path::Path;

use crate::config::{self, Config};
use crate::error::Result;
use crate::events::EventWriter;
use crate::options::Global;
use crate::terminal;

/// What every command gets.
#[derive(Debug)]
pub struct Context<'a> {
    /// Validated, with the environment applied.
    pub config: Config,
    /// Standard output.
    pub events: &'a EventWriter,
    /// No talk but warnings and errors.
    pub quiet: bool,
    /// Details for those who ask for more.
    pub verbose: bool,
    /// Standard output shows bold text.
    pub bold: bool,
}

impl<'a> Context<'a> {
    /// Loads the configuration that `global` and the working directory lead to.
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

//! Summarizes what was read: documents, errors, skipped files and lost content.

use std::collections::{BTreeMap, BTreeSet};

use super::Input;
use crate::db::stage::Loaded;
use crate::normalize;
use crate::terminal::counted;

/// Maximum number of losses and failed files that the summary lists.
const NAMED: usize = 10;

/// Losses without lost content: invisible characters that were removed, and text that was kept.
const CLEANED: [&str; 4] = ["zero-width-characters", "control-characters", "conref:other-type", "conref:excluded"];

#[derive(Default)]
pub(super) struct Summary {
    pub documents: u64,
    pub failed: u64,
    pub skipped: u64,
    pub losses: BTreeMap<String, u64>,
    /// The files with errors. An error belongs to a file or to a page in it.
    pub failed_files: BTreeSet<String>,
    /// The first skipped file, and the reason.
    pub first_skipped: Option<String>,
}

impl Summary {
    pub fn print(&self, input: &Input<'_>, loaded: &Loaded) {
        let Input { run_id, dry_run, .. } = *input;
        let documents = counted(self.documents, "document");
        let Loaded { outcome, added, changed, removed, unchanged, .. } = loaded;
        let would = if dry_run { "would be " } else { "" };
        let changes = match outcome.as_str() {
            "changed" => format!(": {added} added, {changed} changed, {removed} removed, {unchanged} unchanged"),
            _ => String::new(),
        };
        let names = if outcome == "changed" && added + changed + removed > 0 { " (-v names them)" } else { "" };
        let names = if log::log_enabled!(log::Level::Debug) { "" } else { names };
        log::info!("run {run_id}: {documents}, {would}{outcome}{changes}{names}");
        if self.failed > 0 {
            let (files, rest) = (self.failed_files.len(), if is_named(self.failed) { "" } else { " (-v names all)" });
            let several = if self.failed > files as u64 { format!(": {} errors", self.failed) } else { String::new() };
            let failed = counted(files, "input file");
            log::warn!("{failed} could not be converted completely{several}{rest}");
        }
        if self.skipped > 0 {
            let (files, is_one) = (counted(self.skipped, "file"), self.skipped == 1);
            let why = match (input.source, is_one) {
                (normalize::Source::Dita, true) => "it is not DITA",
                (normalize::Source::Dita, false) => "they are not DITA",
                (normalize::Source::Confluence, true) => "it has no page or readable text",
                (normalize::Source::Confluence, false) => "they have no page or readable text",
            };
            log::info!("skipped {files}, because {why} (-v names {})", if is_one { "it" } else { "them" });
        }
        self.warn_of_losses();
    }

    pub fn warn_of_losses(&self) {
        let filtered = |name: &str| name.starts_with("filtered:");
        let references: u64 = self.losses.iter().filter(|(name, _)| filtered(name)).map(|(_, count)| count).sum();
        if references > 0 {
            log::info!("conditions filtered out {}", counted(references, "reference"));
        }
        let is_lost = |name: &str| !filtered(name) && !CLEANED.contains(&name);
        let mut losses: Vec<_> = self.losses.iter().filter(|(name, _)| is_lost(name)).collect();
        losses.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
        if !losses.is_empty() {
            let named = listed(losses.iter().take(NAMED).copied());
            let rest = losses.len().saturating_sub(NAMED);
            let rest = if rest > 0 { format!(", and {} more", counted(rest, "kind")) } else { String::new() };
            log::info!("dropped or unresolved: {named}{rest} (-v names the documents)");
        }
    }
}

/// Returns whether the error with this number is printed.
pub(super) fn is_named(number: u64) -> bool {
    number <= NAMED as u64 || log::log_enabled!(log::Level::Debug)
}

pub(super) fn listed<'a>(losses: impl Iterator<Item = (&'a String, &'a u64)>) -> String {
    losses.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

//! `trailblazer runs list`

use super::super::{Context, names};
use super::WideSelection;
use crate::db::Connector;
use crate::db::calls::{self, Run};
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::options::Answer;
use crate::terminal::{counted, print_table_of_ids};

/// List runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  trailblazer runs list --status failed --from 2026-01-01")]
pub struct Args {
    /// Output.
    #[command(flatten)]
    pub answer: Answer,
    /// Which runs.
    #[command(flatten)]
    pub selection: WideSelection,
}

/// Runs `trailblazer runs list`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let filter = args.selection.filter()?;
    let mut client = Connector::new(&context.config)?.connect_ready()?;
    names::warn_of_some_unknown(&mut client, &filter.source, &[]);
    let runs = calls::list_runs(&mut client, &filter)?;
    if runs.is_empty() {
        names::warn_of_unknown(&mut client, &filter, &[]);
    }
    if context.events.is_on() {
        for run in &runs {
            context.events.emit(&event(run, None));
        }
        return Ok(Exit::Done);
    }
    let has_failures = runs.iter().any(|run| run.attempts > 0);
    let columns = ["run", "source", "status", "normalized", "docs", "chunks", "embedded", "attempts"];
    let columns = &columns[..if has_failures { 8 } else { 7 }];
    let mut rows = vec![columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>()];
    rows.extend(runs.iter().map(|run| row(run).into_iter().take(columns.len()).collect()));
    print_table_of_ids(&rows, &[1])?;
    log::info!("{}", counted(runs.len(), "run"));
    Ok(Exit::Done)
}

fn row(run: &Run) -> Vec<String> {
    let count = |count: Option<i32>| count.map_or_else(|| "-".into(), |count| count.to_string());
    vec![
        run.run_id.to_string(),
        run.source.clone(),
        if run.paused_at.is_some() { format!("{}, paused", run.status) } else { run.status.to_string() },
        run.normalized_at.format("%Y-%m-%d %H:%M").to_string(),
        run.total_docs.to_string(),
        count(run.total_chunks),
        count(run.embedded_chunks),
        run.attempts.to_string(),
    ]
}

/// Returns the run as an event, with its input if the caller looked it up.
pub(super) fn event<'a>(run: &'a Run, input: Option<&'a str>) -> Event<'a> {
    Event::RunRow {
        run_id: &run.run_id,
        source: &run.source,
        input,
        status: run.status,
        normalized_at: run.normalized_at,
        total_docs: run.total_docs,
        total_chunks: run.total_chunks,
        embedded_chunks: run.embedded_chunks,
        embedding_model: run.embedding_model.as_deref(),
        attempts: run.attempts,
        claimed_by: run.claimed_by.as_deref(),
        claim_expires_at: run.claim_expires_at,
        available_at: run.available_at,
        priority: run.priority,
        paused_at: run.paused_at,
        pause_reason: run.pause_reason.as_deref(),
        last_error: run.last_error.as_deref(),
    }
}

//! Compares an input with the inputs of other runs. Their documents may have the same ids, or one may replace the other.

use std::path::Path;

use postgres::Client;

use super::Context;
use super::ingest::Input;
use crate::artifact;
use crate::db::calls::{self, Filter, Run};
use crate::error::{Error, Result};
use crate::events::Event;
use crate::ids::RunId;
use crate::terminal::{counted, printable};

/// Handles documents that have the same ids as documents of another input. Searches return only one of the two.
/// Without `--run-id`, the input is rejected. With it, the documents may be versions of the same pages, so this is reported.
pub fn meet(tx: &mut postgres::Transaction<'_>, input: &Input<'_>, context: &Context<'_>) -> Result<()> {
    let overlapping = calls::overlapping_runs(tx, input.run_id)?;
    if overlapping.is_empty() {
        return Ok(());
    }
    let run_ids = overlapping.iter().map(|(run_id, _)| run_id.clone()).collect();
    let runs = calls::list_runs(tx, &Filter { run_ids, ..Filter::default() })?;
    for (other, documents) in &overlapping {
        let Some(run) = runs.iter().find(|run| run.run_id == *other) else { continue };
        let Some(other_input) = input_of(run, context) else { continue };
        if is_same_input(&other_input, &input.description) {
            continue;
        }
        let (run_id, documents) = (input.run_id, counted(*documents, "document"));
        let (new, old) = (printable(&input.description), printable(&other_input));
        if input.is_derived {
            return Err(Error::Usage {
                message: format!(
                    "{documents} of {new} would hide documents of {old} in run {other}, because they have the same ids"
                ),
                hint: Some(format!(
                    "To keep both, name this input with --collection NAME. To replace the other run, pass --run-id {other}. \
                     To keep versions of the same documents, pass another --run-id."
                )),
            });
        }
        let message = format!(
            "{documents} of {new} have the same ids as documents of {old} in run {other}, so search shows only the newer ones; \
             if they are different documents, normalize one of the inputs again with --collection NAME"
        );
        log::warn!("{message}");
        context.events.emit(&Event::NormalizeNotice { run_id, is_warning: true, message: &message });
    }
    Ok(())
}

/// Returns the input of a run, if it is known.
pub fn input_of(run: &Run, context: &Context<'_>) -> Option<String> {
    run.input.clone().or_else(|| {
        let path = artifact::path(&artifact::runs_folder(&context.config.workspace.dir), &run.run_id);
        artifact::manifest(&path)?.input
    })
}

pub fn other_input(run_id: &RunId, earlier: &str, input: &str) -> Error {
    Error::Usage {
        message: format!("run {run_id} contains the documents of {}, not of {}", printable(earlier), printable(input)),
        hint: Some(format!(
            "To keep both, pass another --run-id and another name with --collection. To replace its documents, pass --run-id {run_id}."
        )),
    }
}

/// Returns whether two descriptions are equal, or their paths lead to the same file.
pub fn is_same_input(one: &str, other: &str) -> bool {
    one == other
        || matches!((Path::new(one).canonicalize(), Path::new(other).canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Reports that the documents replace the documents of a different input, which may be a mistake.
pub fn report_replaced(earlier: &Run, replaced_input: Option<&str>, input: &str, source: &str, context: &Context<'_>) {
    let (run_id, replaced_source) = (&earlier.run_id, earlier.source.as_str());
    let replaced = match replaced_input {
        Some(input) => format!("{input} ({replaced_source})"),
        None => format!("another input of the source {replaced_source}"),
    };
    log::warn!(
        "run {run_id} contained the documents of {}; the documents of {} ({source}) replace them. To keep both, \
         normalize each with another --run-id and another --collection",
        printable(&replaced),
        printable(input)
    );
    context.events.emit(&Event::NormalizeReplace { run_id, input, source, replaced_input, replaced_source });
}

/// Reports another run that contains most of these documents, because earlier versions created a new run for each update.
pub fn report_overlap(client: &mut Client, run_id: &RunId, total_docs: i32) {
    match calls::overlapping_runs(client, run_id).as_deref() {
        Ok([(other, documents), ..]) if documents * 2 > i64::from(total_docs) => {
            let are = if *documents == 1 { "is" } else { "are" };
            log::info!(
                "{documents} of these documents {are} in run {other} too. If {run_id} replaces it, delete it: `trailblazer \
                 runs delete --run-id {other}`"
            );
        }
        Ok(_) => {}
        // The message is optional, because the run is already registered.
        Err(error) => log::debug!("{error}"),
    }
}

/// Reports an earlier run with the same pages: of the same input, for example because a source was renamed, or with the same
/// addresses, for example because another program exported them.
pub fn report_predecessor(client: &mut Client, input: &Input<'_>) {
    let run_id = input.run_id;
    let found = calls::run_of_input(client, &input.description, run_id).and_then(|same| match same {
        Some(other) => Ok(Some((other, format!("the documents of {}", printable(&input.shown_path))))),
        None => Ok(calls::run_with_same_urls(client, run_id)?
            .map(|(other, documents)| (other, format!("{} with the same addresses", counted(documents, "document"))))),
    });
    match found {
        Ok(Some((other, what))) => log::warn!(
            "run {other} contains {what} too. If {run_id} replaces it, delete it: `trailblazer runs delete --run-id {other}`"
        ),
        Ok(None) => {}
        // The message is optional, because the run is already registered.
        Err(error) => log::debug!("{error}"),
    }
}

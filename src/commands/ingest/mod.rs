//! Turns an input into a run: reads and normalizes it, stores the artifact, and registers the run.
//! `normalize` and `sync` use it.

mod read;
mod summary;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use postgres::Client;

use super::others::is_same_input;
use super::{Context, kept, others};
use crate::artifact::{self, BrokenLine, Writer};
use crate::db::Connector;
use crate::db::calls::{self, Filter, Run};
use crate::db::stage::{Loaded, NamedDocument};
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::ids::RunId;
use crate::load::{Registration, Verdict, load_artifact};
use crate::normalize::{self, Options};
use crate::stop::Stop;
use crate::terminal::{counted, printable};
use read::read_all;
use summary::Summary;

/// If a run has fewer documents, any number of them may be removed without confirmation.
const SMALL_RUN: i32 = 20;

/// The input, and its run.
#[derive(Debug)]
pub struct Input<'a> {
    /// The run.
    pub run_id: &'a RunId,
    /// Whether the run id is derived from the path. If so, a different input with the same id is an error.
    pub is_derived: bool,
    /// The file or folder.
    pub path: &'a Path,
    /// The path for messages.
    pub shown_path: String,
    /// A description of the input, including all options that select its documents.
    pub description: String,
    /// The kind of documentation.
    pub source: normalize::Source,
    /// The options of the reader.
    pub options: Options,
    /// Whether more than half of the documents may be removed.
    pub may_shrink: bool,
    /// Whether to report the changes without making them.
    pub dry_run: bool,
}

/// The result for an input.
#[derive(Debug)]
pub struct Ingested {
    /// The result of the load, or of its dry run.
    pub loaded: Loaded,
    /// The number of errors in files, pages and lines.
    pub failed: u64,
}

impl Ingested {
    /// Returns the exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.failed > 0 { Exit::Failures } else { Exit::Done }
    }
}

/// Returns the name of a source as the backlog stores it.
#[must_use]
pub fn source_name(source: normalize::Source) -> &'static str {
    match source {
        normalize::Source::Dita => "dita",
        normalize::Source::Confluence => "confluence",
    }
}

/// Reads the input, and replaces the documents of the run. If a stop is requested before the load, changes nothing and
/// returns `None`.
pub fn ingest(input: &Input<'_>, stop: &Stop, context: &Context<'_>) -> Result<Option<Ingested>> {
    let Input { run_id, .. } = *input;
    let source = source_name(input.source);
    let path = artifact::path(&artifact::runs_folder(&context.config.workspace.dir), run_id);
    let earlier_input = artifact::manifest(&path).and_then(|manifest| manifest.input);
    check_input(input, earlier_input.as_deref())?;
    context.events.emit(&Event::NormalizeStart { run_id, input: &input.shown_path, source });

    // A dry run creates no workspace.
    let scratch = if input.dry_run && !context.config.workspace.dir.exists() {
        Some(tempfile::tempdir().map_err(Error::file("a temporary folder"))?)
    } else {
        None
    };
    let target = scratch.as_ref().map_or_else(|| path.clone(), |folder| folder.path().join(artifact::FILE_NAME));
    let mut writer = Writer::create(&target)?;
    let read = read_all(input, &mut writer, stop, context);
    if stop.is_asked() {
        writer.discard();
        return Ok(None);
    }
    let mut summary = match read {
        Ok(summary) => summary,
        Err(error) => {
            writer.discard();
            return Err(error);
        }
    };
    if earlier_input.as_deref().is_none_or(|earlier| is_same_input(earlier, &input.description)) {
        summary.documents += keep_unreadable(&path, &summary, &mut writer)?;
    }
    if input.dry_run && Connector::existing(&context.config)?.is_none() {
        writer.discard();
        let loaded = Loaded::of_new_run(i32::try_from(summary.documents).unwrap_or(i32::MAX));
        summary.print(input, &loaded);
        return Ok(Some(Ingested { loaded, failed: summary.failed }));
    }
    let mut registered = register(input, writer, &path, &summary, earlier_input, context)?;
    summary.failed += registered.broken;
    summary.documents -= registered.broken;
    let loaded = registered.loaded;
    if !input.dry_run {
        report_complete(run_id, &summary, &loaded, &path, context);
    }
    name_changes(&loaded);
    summary.print(input, &loaded);
    if !input.dry_run && loaded.outcome == "registered" {
        others::report_predecessor(&mut registered.client, input);
    }
    if input.is_derived {
        others::report_overlap(&mut registered.client, run_id, loaded.total_docs);
    }
    Ok(Some(Ingested { loaded, failed: summary.failed }))
}

/// Adds the earlier documents of files that cannot be read now. Returns their number.
fn keep_unreadable(path: &Path, summary: &Summary, writer: &mut Writer) -> Result<u64> {
    let kept = kept::keep(path, &summary.failed_files, writer)?;
    if kept > 0 {
        log::warn!(
            "kept {} of files that cannot be read, as the last normalization read them",
            counted(kept, "document")
        );
    }
    Ok(kept)
}

struct Registered {
    client: Client,
    loaded: Loaded,
    /// The number of lines in the artifact that are not documents.
    broken: u64,
}

/// Loads the new artifact, and moves it to its final path.
/// If the database is not available, the artifact is kept for `runs backfill`.
fn register(
    input: &Input<'_>,
    mut writer: Writer,
    path: &Path,
    summary: &Summary,
    earlier_input: Option<String>,
    context: &Context<'_>,
) -> Result<Registered> {
    let Input { run_id, .. } = *input;
    let source = source_name(input.source);
    let keep = context.config.workspace.keep_artifacts;
    let written = writer.written()?.to_owned();
    let mut writer = Some(writer);
    let mut broken = 0;
    let connector = if input.dry_run { Connector::new(&context.config) } else { Connector::creating(&context.config) };
    let connected = connector.and_then(|connector| connector.connect_ready_to_work());
    let outcome = connected.and_then(|mut client| {
        let earlier_run = calls::list_runs(&mut client, &Filter::for_run(run_id))?.pop();
        let earlier_input = earlier_run.as_ref().and_then(|run| run.input.clone()).or(earlier_input);
        let mut on_broken = |line: &BrokenLine| {
            broken += 1;
            report_broken(run_id, path, line, context);
        };
        let run = Registration { run_id, source: Some(source), normalized_at: None, input: Some(&input.description) };
        let loaded = load_artifact(&mut client, &run, &written, &mut on_broken, &mut |loaded, tx| {
            check_input(input, earlier_input.as_deref())?;
            others::meet(tx, input, context)?;
            refuse_to_shrink(input, loaded)?;
            if input.dry_run {
                return Ok(Verdict::RollBack);
            }
            if let Some(writer) = writer.take() {
                let keep = (loaded.outcome != "unchanged").then_some(keep);
                writer.finish(run_id, &input.description, now(), keep)?;
            }
            Ok(Verdict::Commit)
        })?;
        report_replacement(input, earlier_run.as_ref(), earlier_input.as_deref(), &loaded, context);
        Ok((client, loaded))
    });
    match outcome {
        Ok((client, loaded)) => {
            if let Some(writer) = writer {
                writer.discard();
            }
            Ok(Registered { client, loaded, broken })
        }
        Err(error) => {
            let is_unwanted = input.dry_run || matches!(error, Error::Refused { .. } | Error::Usage { .. });
            match writer {
                Some(writer) if is_unwanted => writer.discard(),
                Some(writer) => writer.finish(run_id, &input.description, now(), Some(keep))?,
                None => {}
            }
            if !is_unwanted {
                summary.warn_of_losses();
                suggest_backfill(path);
            }
            Err(error)
        }
    }
}

fn report_broken(run_id: &RunId, path: &Path, line: &BrokenLine, context: &Context<'_>) {
    log::error!("{}:{}: {}", path.display(), line.line, line.message);
    let (path, message) = (path.display().to_string(), line.message.as_str());
    context.events.emit(&Event::DocumentError { run_id, path: &path, line: Some(line.line), message });
}

fn suggest_backfill(path: &Path) {
    log::warn!(
        "{} was written, but the run was not registered. When the database is ready, run `trailblazer runs backfill`",
        path.display()
    );
}

/// Returns an error if a derived run id belongs to another input.
fn check_input(input: &Input<'_>, earlier: Option<&str>) -> Result<()> {
    match earlier.filter(|earlier| input.is_derived && !is_same_input(earlier, &input.description)) {
        Some(earlier) => Err(others::other_input(input.run_id, earlier, &input.description)),
        None => Ok(()),
    }
}

/// Reports that the run contained documents of another source or input before.
fn report_replacement(
    input: &Input<'_>,
    earlier: Option<&Run>,
    earlier_input: Option<&str>,
    loaded: &Loaded,
    context: &Context<'_>,
) {
    let (Some(earlier), "changed", false) = (earlier, loaded.outcome.as_str(), input.dry_run) else { return };
    let source = source_name(input.source);
    let is_other_input = earlier_input.is_some_and(|replaced| !is_same_input(replaced, &input.description));
    if earlier.source != source || is_other_input {
        others::report_replaced(earlier, earlier_input, &input.description, source, context);
    }
}

/// Rejects an update that would remove more than half of the run's documents.
fn refuse_to_shrink(input: &Input<'_>, loaded: &Loaded) -> Result<()> {
    let earlier = loaded.earlier();
    if input.may_shrink || earlier < SMALL_RUN || loaded.removed <= earlier / 2 {
        return Ok(());
    }
    if input.dry_run {
        log::warn!(
            "run {}: {} of {earlier} documents would be removed, so the update will need --yes",
            input.run_id,
            loaded.removed
        );
        return Ok(());
    }
    Err(Error::Refused {
        message: format!(
            "run {}: {} of {earlier} documents would be removed, because {} no longer has them",
            input.run_id, loaded.removed, input.shown_path
        ),
        hint: "Nothing was changed. If the documents are really gone, pass --yes.".into(),
    })
}

/// Returns the description of an input: its path, and the conditions that filter its documents.
pub fn description(path: &Path, ditavals: &[PathBuf]) -> String {
    let path = path.display();
    let filters: Vec<String> = ditavals.iter().map(|ditaval| absolute(ditaval).display().to_string()).collect();
    if filters.is_empty() { path.to_string() } else { format!("{path} filtered by {}", filters.join(", ")) }
}

/// Returns the absolute path. The name of a symbolic link is kept.
pub fn absolute(path: &Path) -> PathBuf {
    let is_plain = !path.components().any(|part| part == std::path::Component::ParentDir);
    let absolute = if is_plain { std::path::absolute(path) } else { path.canonicalize() };
    absolute.unwrap_or_else(|_| path.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "names the run and its artifact; the backlog uses the database's time")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

fn report_complete(run_id: &RunId, summary: &Summary, loaded: &Loaded, path: &Path, context: &Context<'_>) {
    let ids = |documents: &[NamedDocument]| documents.iter().map(|document| document.doc_id.clone()).collect();
    context.events.emit(&Event::NormalizeComplete {
        run_id,
        outcome: &loaded.outcome,
        documents: summary.documents,
        added: loaded.added,
        changed: loaded.changed,
        removed: loaded.removed,
        unchanged: loaded.unchanged,
        added_documents: ids(&loaded.changes.added),
        changed_documents: ids(&loaded.changes.changed),
        removed_documents: ids(&loaded.changes.removed),
        failed: summary.failed,
        skipped: summary.skipped,
        dropped: summary.losses.values().sum(),
        artifact: &path.display().to_string(),
    });
}

/// Lists the changes of an update. For a new run, all documents are new.
fn name_changes(loaded: &Loaded) {
    if loaded.earlier() == 0 {
        return;
    }
    let kinds =
        [("added", &loaded.changes.added), ("changed", &loaded.changes.changed), ("removed", &loaded.changes.removed)];
    for (kind, documents) in kinds {
        for NamedDocument { doc_id, title } in documents {
            log::debug!("{kind}: {} ({})", printable(title), printable(doc_id));
        }
    }
}

//! `trailblazer runs backfill`

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use postgres::Client;

use super::super::Context;
use crate::artifact::{self, BrokenLine, normalized_at};
use crate::db::Connector;
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::ids::RunId;
use crate::load::{Registration, Verdict, load_artifact};
use crate::stop::Stop;
use crate::terminal::{counted, progress_bar};

/// Number of runs between two progress events.
const TICK: usize = 100;

/// Register normalized runs that are on disk
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Reads DIR/*/normalize/normalized.ndjson, written by this or an earlier version of trailblazer, in one transaction per \
run. If the content of a run is already registered, the run is unchanged, so you can interrupt and repeat the command at any time.

Example:
  trailblazer runs backfill /srv/old/var/runs")]
pub struct Args {
    /// The folder that contains the runs [default: `runs` in the workspace folder]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct Counts {
    registered: usize,
    changed: usize,
    unchanged: usize,
    failed: usize,
    broken_lines: u64,
    documents: u64,
}

/// Runs `trailblazer runs backfill`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let folder = args.folder.clone().unwrap_or_else(|| artifact::runs_folder(&context.config.workspace.dir));
    let Found { artifacts: found, unreadable } = scan(&folder)?;
    if found.is_empty() && unreadable.is_empty() {
        let folder = folder.display();
        log::warn!("found no run to register; expected {folder}/RUN_ID/normalize/{}", artifact::FILE_NAME);
    }
    let connector =
        if found.is_empty() { Connector::new(&context.config) } else { Connector::creating(&context.config) };
    let mut client = connector?.connect_ready_to_work()?;
    let stop = Stop::on_signals()?;
    context.events.emit(&Event::BackfillStart { found: found.len() });

    let bar = progress_bar(found.len() as u64, "run", context.quiet);
    let mut counts = Counts { failed: unreadable.len(), ..Counts::default() };
    for error in &unreadable {
        let message = error.to_string();
        log::error!("{message}");
        context.events.emit(&Event::Error { message: &message, hint: None, exit_code: Exit::Failures as u8 });
    }
    for (done, path) in found.iter().enumerate() {
        if stop.is_asked() {
            break;
        }
        bar.suspend(|| register(&mut client, path, &mut counts, context))?;
        bar.inc(1);
        if (done + 1) % TICK == 0 {
            counts.tick(done + 1, found.len(), context);
        }
    }
    bar.finish_and_clear();
    counts.complete(found.len() + unreadable.len(), context);
    Ok(stop.exit().unwrap_or(if counts.failed > 0 || counts.broken_lines > 0 { Exit::Failures } else { Exit::Done }))
}

/// The runs below a folder.
#[derive(Default)]
struct Found {
    /// The artifacts, ordered by run id.
    artifacts: Vec<PathBuf>,
    /// Artifacts or folders that cannot be read.
    unreadable: Vec<Error>,
}

/// Returns the artifacts below `folder`.
fn scan(folder: &Path) -> Result<Found> {
    if !folder.is_dir() {
        return Err(Error::Usage {
            message: format!("{} is not a folder", folder.display()),
            hint: Some("Pass the folder that contains one folder per run: RUN_ID/normalize/normalized.ndjson.".into()),
        });
    }
    let mut found = Found::default();
    for entry in fs::read_dir(folder).map_err(Error::file(folder))? {
        let path = entry.map_err(Error::file(folder))?.path().join("normalize").join(artifact::FILE_NAME);
        match fs::metadata(&path) {
            Ok(meta) if meta.is_file() => found.artifacts.push(path),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => found.unreadable.push(Error::file(path)(error)),
        }
    }
    found.artifacts.sort();
    Ok(found)
}

/// Registers one run. Reports an error in the run, so that the other runs are still registered. Returns only errors
/// that would affect every run, such as a lost connection or a missing right.
fn register(client: &mut Client, path: &Path, counts: &mut Counts, context: &Context<'_>) -> Result<()> {
    let name = path
        .ancestors()
        .nth(2)
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let run_id: RunId = match name.parse() {
        Ok(run_id) => run_id,
        Err(message) => {
            counts.failed += 1;
            log::error!("{}: {message}", path.display());
            context.events.emit(&Event::Error { message: &message, hint: None, exit_code: Exit::Failures as u8 });
            return Ok(());
        }
    };
    let mut broken_lines = 0;
    let shown_path = path.display().to_string();
    let loaded = normalized_at(path, &run_id).and_then(|normalized_at| {
        let input = artifact::manifest(path).and_then(|manifest| manifest.input);
        let (normalized_at, input) = (Some(normalized_at), input.as_deref());
        let run = Registration { run_id: &run_id, source: None, normalized_at, input };
        let mut report = |broken: &BrokenLine| {
            broken_lines += 1;
            log::error!("{shown_path}:{}: {}", broken.line, broken.message);
            let (line, message) = (Some(broken.line), broken.message.as_str());
            context.events.emit(&Event::DocumentError { run_id: &run_id, path: &shown_path, line, message });
        };
        load_artifact(client, &run, path, &mut report, &mut |_, _| Ok(Verdict::Commit))
    });
    counts.broken_lines += broken_lines;
    match loaded {
        Ok(loaded) => {
            counts.documents += u64::try_from(loaded.total_docs).unwrap_or(0);
            match loaded.outcome.as_str() {
                "registered" => counts.registered += 1,
                "changed" => counts.changed += 1,
                _ => counts.unchanged += 1,
            }
        }
        Err(error) if error.is_connection_loss() || error.is_not_the_runs_fault() => return Err(error),
        Err(error) => {
            counts.failed += 1;
            let message = error.to_string();
            let place = if message.starts_with(&shown_path) { String::new() } else { format!("{shown_path}: ") };
            log::error!("{place}{message}");
            context.events.emit(&Event::DocumentError {
                run_id: &run_id,
                path: &shown_path,
                line: None,
                message: &message,
            });
        }
    }
    Ok(())
}

impl Counts {
    fn tick(&self, done: usize, total: usize, context: &Context<'_>) {
        let Self { registered, changed, unchanged, failed, .. } = *self;
        context.events.emit(&Event::BackfillTick { done, total, registered, changed, unchanged, failed });
    }

    fn complete(&self, found: usize, context: &Context<'_>) {
        let Self { registered, changed, unchanged, failed, documents, broken_lines } = *self;
        context.events.emit(&Event::BackfillComplete { found, registered, changed, unchanged, failed, documents });
        log::info!(
            "{} found: {registered} registered, {changed} changed, {unchanged} unchanged, {failed} failed; {}",
            counted(found, "run"),
            counted(documents, "document")
        );
        if broken_lines > 0 {
            log::warn!("skipped {}: fix the file and run this command again", counted(broken_lines, "broken line"));
        }
    }
}

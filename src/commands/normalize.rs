//! `trailblazer normalize`

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use postgres::Client;

use super::Context;
use crate::artifact;
use crate::db::Connector;
use crate::db::calls::{self, Filter, Run};
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::ids::RunId;
use crate::load::load_artifact;
use crate::normalize::document::{NO_SUCH_KEY, NOT_IN_INPUT, OUTSIDE_INPUT};
use crate::normalize::{self, FileError, Link, Options, Outcome};
use crate::stop::Stop;
use crate::terminal::{counted, printable};

/// How many kinds of loss, and how many failed files, the summary names.
const NAMED: usize = 10;

/// Turn documentation into Markdown documents and register them as a run
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer normalize manuals/ --source dita
  trailblazer normalize manuals/guide.ditamap --source dita --ditaval linux.ditaval
  trailblazer normalize space-export.zip --source confluence --run-id handbook

The same run id again replaces the run's documents, with a warning when they came from another PATH or source; when \
nothing changed, nothing is done again. Ctrl-C stops before the next document and leaves nothing behind; a second one \
ends at once.")]
pub struct Args {
    /// A folder, a DITA map or topic, a Confluence space export (zip, folder or entities.xml), or page files
    pub path: PathBuf,
    /// What kind of documentation it is
    #[arg(long, short, value_enum)]
    pub source: Source,
    /// Name of the run [default: date, time and four digits]
    #[arg(long, value_name = "ID")]
    pub run_id: Option<RunId>,
    /// Names the input in document ids [default: the name of PATH]
    #[arg(long, value_name = "NAME")]
    pub collection: Option<String>,
    /// Filter DITA by the conditions in FILE; variants are kept apart by a --collection each
    #[arg(long, value_name = "FILE")]
    pub ditaval: Option<PathBuf>,
    /// Address of the Confluence site, to resolve relative links
    #[arg(long, value_name = "URL")]
    pub site_url: Option<String>,
}

/// Kinds of documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Source {
    Dita,
    Confluence,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Dita => "dita",
            Self::Confluence => "confluence",
        }
    }
}

#[derive(Default)]
struct Summary {
    documents: u64,
    failed: u64,
    skipped: u64,
    losses: BTreeMap<String, u64>,
    /// Of what failed: an error is of a file, or of one of its pages.
    failed_files: BTreeSet<String>,
    /// Names the first.
    first_skipped: Option<String>,
}

/// Runs `trailblazer normalize`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let run_id = match &args.run_id {
        Some(run_id) => run_id.clone(),
        None => artifact::new_run_id(now()).map_err(Error::usage)?,
    };
    if !args.path.try_exists().map_err(Error::file(&args.path))? {
        return Err(Error::usage(format!("no such file or folder: {}", args.path.display())));
    }
    refuse_idle_flags(args)?;
    let path = artifact::path(&artifact::runs_folder(&context.config.workspace.dir), &run_id);
    let (input, source) = (args.path.display().to_string(), args.source.as_str());
    context.events.emit(&Event::NormalizeStart { run_id: &run_id, input: &input, source });

    let stop = Stop::on_signals()?;
    let mut writer = artifact::Writer::create(&path)?;
    let read = read_all(args, &run_id, &mut writer, &stop, context);
    if let Some(exit) = stop.exit() {
        writer.discard();
        log::info!("stopped: nothing is registered");
        return Ok(exit);
    }
    let mut summary = match read {
        Ok(summary) => summary,
        Err(error) => {
            writer.discard();
            return Err(error);
        }
    };
    let input = absolute(&args.path);
    let earlier_input = artifact::manifest(&path).and_then(|manifest| manifest.input);
    writer.finish(&run_id, &input, now())?;

    let not_registered = |_: &Error| {
        log::warn!("{} is written; `trailblazer runs backfill` registers it once the database lets it", path.display());
    };
    let mut client =
        Connector::new(&context.config).and_then(|connector| connector.connect_ready()).inspect_err(not_registered)?;
    let earlier_run = calls::list_runs(&mut client, &Filter::for_run(&run_id))?.pop();
    let mut refused = 0;
    let loaded = load_artifact(&mut client, &run_id, &path, Some(source), None, &mut |broken| {
        refused += 1;
        log::error!("{}:{}: {}", path.display(), broken.line, broken.message);
        let (path, line, message) = (path.display().to_string(), Some(broken.line), broken.message.as_str());
        context.events.emit(&Event::DocumentError { run_id: &run_id, path: &path, line, message });
    })
    .inspect_err(not_registered)?;
    summary.failed += refused;
    summary.documents -= refused;

    if let (Some(earlier), "changed") = (earlier_run, loaded.outcome.as_str()) {
        let (input, replaced_input) = (input.display().to_string(), earlier_input.as_deref());
        if earlier.source != source || replaced_input.is_some_and(|replaced| replaced != input) {
            report_replaced(&earlier, replaced_input, &input, source, context);
        }
    }
    let artifact = path.display().to_string();
    context.events.emit(&Event::NormalizeComplete {
        run_id: &run_id,
        outcome: &loaded.outcome,
        documents: summary.documents,
        failed: summary.failed,
        skipped: summary.skipped,
        dropped: summary.losses.values().sum(),
        artifact: &artifact,
    });
    summary.print(&run_id, &loaded.outcome);
    if args.run_id.is_none() {
        report_overlap(&mut client, &run_id, loaded.total_docs);
    }
    Ok(if summary.failed > 0 { Exit::Failures } else { Exit::Done })
}

/// Refuses what only the other source knows.
fn refuse_idle_flags(args: &Args) -> Result<()> {
    let (flag, is_given) = match args.source {
        Source::Dita => ("--site-url", args.site_url.is_some()),
        Source::Confluence => ("--ditaval", args.ditaval.is_some()),
    };
    if is_given {
        return Err(Error::usage(format!("{flag} does nothing with --source {}: leave it out", args.source.as_str())));
    }
    Ok(())
}

/// Returns the path as it can be found from anywhere.
fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// What was made from other input may not have been meant to go.
fn report_replaced(earlier: &Run, replaced_input: Option<&str>, input: &str, source: &str, context: &Context<'_>) {
    let (run_id, replaced_source) = (&earlier.run_id, earlier.source.as_str());
    let made_from =
        replaced_input.map_or_else(|| replaced_source.to_owned(), |input| format!("{input} ({replaced_source})"));
    log::warn!(
        "run {run_id} was made from {} before; its documents are replaced by those of {} ({source}). To keep both, \
         normalize each under another --run-id",
        printable(&made_from),
        printable(input)
    );
    context.events.emit(&Event::NormalizeReplace { run_id, input, source, replaced_input, replaced_source });
}

/// A run that got a new name by default, although most of its documents stand in another, may have been meant to replace that.
fn report_overlap(client: &mut Client, run_id: &RunId, total_docs: i32) {
    match calls::overlapping_runs(client, run_id).as_deref() {
        Ok([(other, documents), ..]) if documents * 2 > i64::from(total_docs) => {
            let stand = if *documents == 1 { "stands" } else { "stand" };
            log::info!(
                "{documents} of these documents {stand} in run {other} too; --run-id {other} replaces them there instead"
            );
        }
        Ok(_) => {}
        // Told on the side: the run is registered.
        Err(error) => log::debug!("{error}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "names the run and its artifact; the backlog has the database's time")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

fn read_all(
    args: &Args,
    run_id: &RunId,
    writer: &mut artifact::Writer,
    stop: &Stop,
    context: &Context<'_>,
) -> Result<Summary> {
    let options = Options {
        collection: args.collection.clone(),
        ditaval: args.ditaval.clone(),
        site_url: args.site_url.clone(),
        threads: None,
    };
    let source = match args.source {
        Source::Dita => normalize::Source::Dita,
        Source::Confluence => normalize::Source::Confluence,
    };
    let mut summary = Summary::default();
    let spinner = crate::terminal::spinner("document", context.quiet);
    normalize::read(&args.path, source, &options, &mut |outcome| {
        if stop.is_asked() {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        match outcome {
            Outcome::Document(document) => {
                for (name, count) in &document.losses {
                    *summary.losses.entry(name.clone()).or_default() += count;
                }
                if !document.losses.is_empty() {
                    let path = document.source_path.as_deref().unwrap_or(&document.id);
                    let losses = format!("{}{}", listed(document.losses.iter()), lost_links(&document.links));
                    spinner.suspend(|| {
                        log::debug!("{}: dropped or unresolved: {}", printable(path), printable(&losses));
                    });
                }
                summary.documents += 1;
                spinner.inc(1);
                writer.write(&document)?;
            }
            Outcome::Failure(failure) => {
                summary.failed += 1;
                let line = failure.line.map(|line| format!(":{line}")).unwrap_or_default();
                if is_named(summary.failed) {
                    spinner
                        .suspend(|| log::warn!("{}{line}: {}", printable(&failure.path), printable(&failure.message)));
                }
                context.events.emit(&Event::DocumentError {
                    run_id,
                    path: &failure.path,
                    line: failure.line,
                    message: &failure.message,
                });
                summary.failed_files.insert(failure.path);
            }
            Outcome::Skipped(FileError { path, message, .. }) => {
                summary.skipped += 1;
                summary.first_skipped.get_or_insert_with(|| format!("{path}: {message}"));
                spinner.suspend(|| log::debug!("{}: {}", printable(&path), printable(&message)));
                context.events.emit(&Event::DocumentSkip { run_id, path: &path, message: &message });
            }
        }
        Ok(())
    })?;
    spinner.finish_and_clear();
    if summary.documents == 0 {
        let skipped = summary.first_skipped.map(|first| format!(" Skipped: {first}.")).unwrap_or_default();
        return Err(Error::Usage {
            message: format!(
                "{}: no {} documents found ({} failed, {} skipped)",
                args.path.display(),
                args.source.as_str(),
                counted(summary.failed_files.len(), "file"),
                summary.skipped
            ),
            hint: Some(match summary.failed_files.len() {
                0 => format!("Check PATH and --source.{skipped}"),
                _ => format!("What is wrong with each is said above.{skipped}"),
            }),
        });
    }
    Ok(summary)
}

impl Summary {
    fn print(&self, run_id: &RunId, outcome: &str) {
        log::info!("run {run_id}: {}, {outcome}", counted(self.documents, "document"));
        if self.failed > 0 {
            let (files, rest) = (self.failed_files.len(), if is_named(self.failed) { "" } else { " (-v names all)" });
            let several = if self.failed > files as u64 { format!(": {} errors", self.failed) } else { String::new() };
            let failed = counted(files, "input file");
            log::warn!("{failed} yielded no document, or only a part of one{several}{rest}");
        }
        if self.skipped > 0 {
            log::info!("{} without a page skipped (-v names them)", counted(self.skipped, "file"));
        }
        let mut losses: Vec<_> = self.losses.iter().collect();
        losses.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
        if !losses.is_empty() {
            let named = listed(losses.iter().take(NAMED).copied());
            let rest = losses.len().saturating_sub(NAMED);
            let rest = if rest > 0 { format!(", and {} more", counted(rest, "kind")) } else { String::new() };
            log::info!("dropped or unresolved: {named}{rest} (-v names the documents)");
        }
    }
}

/// Names the files and the keys that are referred to and not there.
fn lost_links(links: &[Link]) -> String {
    let lost = |reasons: &[&str], words: &str| {
        let is_lost = |link: &&Link| link.reason.as_deref().is_some_and(|reason| reasons.contains(&reason));
        let lost: Vec<&str> = links.iter().filter(is_lost).map(|link| link.href.as_str()).collect();
        if lost.is_empty() { String::new() } else { format!("; {words}: {}", lost.join(", ")) }
    };
    lost(&[NOT_IN_INPUT, OUTSIDE_INPUT], "not in the input") + &lost(&[NO_SUCH_KEY], "no such key")
}

/// Whether the failure of that number is named.
fn is_named(number: u64) -> bool {
    number <= NAMED as u64 || log::log_enabled!(log::Level::Debug)
}

fn listed<'a>(losses: impl Iterator<Item = (&'a String, &'a u64)>) -> String {
    losses.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

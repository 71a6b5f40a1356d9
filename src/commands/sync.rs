//! `trailblazer sync`

use std::path::Path;
use std::time::Instant;

use super::ingest::{self, Ingested, Input};
use super::runs::Selection;
use super::{Context, db, fetch, run};
use crate::config::ConfigError;
use crate::config::sources::{Kind, Origin, PathOrigin, Site, Source};
use crate::db::Connector;
use crate::db::calls::{self, Filter};
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::fetch::FetchError;
use crate::ids::{RunId, Status};
use crate::normalize::{self, Options};
use crate::stop::Stop;
use crate::terminal::counted;

/// Update the configured sources: fetch, normalize, chunk and embed their documents
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each entry of `sources` in .trailblazer.yaml becomes a run with the same name. Only changes are fetched, written, chunked and embedded. \
Search shows the old documents until the new ones are ready. If a source fails, the others continue.

Examples:
  trailblazer sync                   Update every source, for example every night
  trailblazer sync handbook manuals  Two sources
  trailblazer sync --dry-run         What would change")]
pub struct Args {
    /// Names of sources in the configuration [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<RunId>,
    /// Report the changes without making them
    #[arg(long)]
    pub dry_run: bool,
    /// Update a source even if more than half of its documents are gone
    #[arg(long)]
    pub yes: bool,
}

/// The result for a source.
struct Synced {
    exit: Exit,
    /// The line in the summary.
    line: String,
}

/// Runs `trailblazer sync`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let sources: Vec<&Source> = if args.names.is_empty() {
        context.config.sources.0.iter().collect()
    } else {
        let mut names = args.names.clone();
        names.dedup();
        names.iter().map(|name| fetch::find(context, name)).collect::<Result<_>>()?
    };
    if sources.is_empty() {
        return Err(Error::Usage {
            message: "the configuration has no sources".into(),
            hint: Some(
                "Add them to `sources` in .trailblazer.yaml, for example `manuals: { kind: dita, path: manuals/ }`."
                    .into(),
            ),
        });
    }
    let stop = Stop::on_signals()?;
    let begun = Instant::now();
    let names = sources.iter().map(|source| source.name.as_str()).collect();
    context.events.emit(&Event::SyncStart { sources: names, dry_run: args.dry_run });

    let mut exits = Vec::new();
    for source in &sources {
        if stop.is_asked() {
            break;
        }
        let synced =
            sync_source(source, args, &stop, context).unwrap_or_else(|error| report_failure(source, &error, context));
        log::info!("{}: {}", source.name, synced.line);
        exits.push(synced.exit);
    }
    let failed = exits.iter().filter(|exit| **exit != Exit::Done).count();
    let mut exit = overall(&exits);
    // If no source succeeded, there may be no knowledge base yet.
    let has_database = !args.dry_run && !stop.is_asked() && Connector::existing(&context.config)?.is_some();
    if has_database {
        exit = worse(exit, run::follow_configuration(context, &stop)?);
    }
    if context.config.sync.prune && has_database && !stop.is_asked() {
        exit = worse(exit, db::prune(false, &stop, context)?);
    }
    let stopped = stop.is_asked();
    let (sources, seconds) = (sources.len(), begun.elapsed().as_secs_f64());
    context.events.emit(&Event::SyncComplete { sources, failed, dry_run: args.dry_run, stopped, seconds });
    Ok(stop.exit().unwrap_or(exit))
}

/// Returns the exit code for all sources. If some of them succeeded, an error of another is a failure of a part of the work.
/// A missing confirmation keeps its code, because the next command is the same with --yes.
fn overall(exits: &[Exit]) -> Exit {
    let mut failed = exits.iter().copied().filter(|exit| *exit != Exit::Done);
    let Some(first) = failed.next() else { return Exit::Done };
    let is_same = failed.all(|exit| exit == first);
    if is_same && (first == Exit::Refused || !exits.contains(&Exit::Done)) { first } else { Exit::Failures }
}

/// Returns the more important of two exit codes, or `Failures` if both are different errors.
fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Done, exit) | (exit, Exit::Done) => exit,
        (one, other) if one == other => one,
        _ => Exit::Failures,
    }
}

fn report_failure(source: &Source, error: &Error, context: &Context<'_>) -> Synced {
    let (message, hint, exit) = (error.to_string(), error.hint(), error.exit());
    if matches!(error, Error::Fetch(FetchError::Stopped)) {
        return Synced { exit: Exit::Done, line: "stopped; the next sync continues from here".into() };
    }
    crate::terminal::print_error(&format!("source {}: {message}", source.name), hint.as_deref());
    context.events.emit(&Event::SyncSource {
        source: source.name.as_str(),
        outcome: "failed",
        added: 0,
        changed: 0,
        removed: 0,
        unchanged: 0,
        exit_code: exit as u8,
        error: Some(&message),
    });
    Synced { exit, line: "failed".into() }
}

fn sync_source(source: &Source, args: &Args, stop: &Stop, context: &Context<'_>) -> Result<Synced> {
    let _lock = fetch::lock(source, args.dry_run, context)?;
    let mut failed = false;
    let ingested = match &source.origin {
        Origin::Path(origin) => ingest_path(source, origin, args, stop, context)?,
        Origin::Site(site) => {
            let fetched = match fetch::fetch_source(source, site, args.dry_run, args.yes, stop, context) {
                Err(Error::Fetch(error)) if !args.dry_run && error.is_of_site() => {
                    // New restrictions were stored before the error, and they must not wait for the bodies.
                    if let Err(error) = ingest_pages(source, site, args, stop, context) {
                        log::debug!("{error}");
                    }
                    return Err(error.into());
                }
                fetched => fetched?,
            };
            failed = fetched.failed > 0;
            log::info!("{}: {}", source.name, fetch::summary(&fetched, args.dry_run));
            if args.dry_run {
                let [added, changed, removed, unchanged] =
                    [fetched.added, fetched.changed + fetched.touched, fetched.removed, fetched.unchanged]
                        .map(|count| i32::try_from(count).unwrap_or(i32::MAX));
                return Ok(report_source(source, "dry-run", [added, changed, removed, unchanged], Exit::Done, context));
            }
            ingest_pages(source, site, args, stop, context)?
        }
    };
    let Some(ingested) = ingested else {
        return Ok(Synced { exit: Exit::Done, line: "stopped; nothing changed".into() });
    };
    let loaded = &ingested.loaded;
    let counts = [loaded.added, loaded.changed, loaded.removed, loaded.unchanged];
    if args.dry_run {
        return Ok(report_source(source, "dry-run", counts, ingested.exit(), context));
    }
    let selection = Selection { run_id: Some(source.name.to_string()), source: Vec::new() };
    let processing = run::Args::complete(selection);
    let exit = worse(ingested.exit(), run::process(&processing, context, stop)?);
    let exit = if failed || has_failed(source, context)? { worse(exit, Exit::Failures) } else { exit };
    Ok(report_source(source, &loaded.outcome, counts, exit, context))
}

/// Returns whether the run of a source has failed, now or earlier. Searches then return its last versions that are ready.
fn has_failed(source: &Source, context: &Context<'_>) -> Result<bool> {
    let mut client = Connector::new(&context.config)?.connect_ready()?;
    let run = calls::list_runs(&mut client, &Filter::for_run(&source.name))?.pop();
    Ok(run.is_some_and(|run| run.status == Status::Failed))
}

/// Emits the event for a source, and returns its line in the summary.
fn report_source(source: &Source, outcome: &str, counts: [i32; 4], exit: Exit, context: &Context<'_>) -> Synced {
    let [added, changed, removed, unchanged] = counts;
    context.events.emit(&Event::SyncSource {
        source: source.name.as_str(),
        outcome,
        added,
        changed,
        removed,
        unchanged,
        exit_code: exit as u8,
        error: None,
    });
    let total = added + changed + unchanged;
    let would = if outcome == "dry-run" { "would have " } else { "" };
    let rest = if exit == Exit::Done { "" } else { "; some of it failed" };
    let line = format!(
        "{would}{}: {added} added, {changed} changed, {removed} removed, {unchanged} unchanged{rest}",
        counted(total, "document")
    );
    Synced { exit, line }
}

fn ingest_path(
    source: &Source,
    origin: &PathOrigin,
    args: &Args,
    stop: &Stop,
    context: &Context<'_>,
) -> Result<Option<Ingested>> {
    if !origin.path.try_exists().map_err(Error::file(&origin.path))? {
        return Err(Error::Config(ConfigError::Invalid {
            place: format!("sources.{}.path", source.name),
            message: format!("no such file or folder: {}", origin.path.display()),
        }));
    }
    let path = ingest::absolute(&origin.path);
    let kind = match origin.kind {
        Kind::Dita => normalize::Source::Dita,
        Kind::Confluence => normalize::Source::Confluence,
    };
    // Two sources may have folders with the same name.
    let own_name = (origin.kind == Kind::Dita).then(|| source.name.to_string());
    let input = Input {
        run_id: &source.name,
        is_derived: false,
        path: &path,
        shown_path: path.display().to_string(),
        description: ingest::description(&path, &origin.ditaval),
        source: kind,
        options: Options {
            collection: origin.collection.clone().or(own_name),
            ditaval: origin.ditaval.clone(),
            site_url: origin.site_url.clone(),
            confluence: context.config.confluence.clone(),
            dita: context.config.dita.clone(),
            program: std::env::current_exe().ok(),
            threads: None,
        },
        may_shrink: args.yes,
        dry_run: args.dry_run,
    };
    ingest::ingest(&input, stop, context)
}

fn ingest_pages(
    source: &Source,
    site: &Site,
    args: &Args,
    stop: &Stop,
    context: &Context<'_>,
) -> Result<Option<Ingested>> {
    let folder = fetch::folder(source, context);
    let input = Input {
        run_id: &source.name,
        is_derived: false,
        path: Path::new(&folder),
        shown_path: site.url.clone(),
        description: site.url.clone(),
        source: normalize::Source::Confluence,
        options: Options {
            confluence: context.config.confluence.clone(),
            dita: context.config.dita.clone(),
            program: std::env::current_exe().ok(),
            ..Options::default()
        },
        may_shrink: args.yes,
        dry_run: false,
    };
    ingest::ingest(&input, stop, context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_one_source_among_several_is_a_partial_failure() {
        use Exit::{Config, Done, Failures, Refused, Unreachable};
        assert_eq!(overall(&[]), Done);
        assert_eq!(overall(&[Done, Done]), Done);
        assert_eq!(overall(&[Config]), Config);
        assert_eq!(overall(&[Config, Done]), Failures);
        assert_eq!(overall(&[Done, Unreachable]), Failures);
        assert_eq!(overall(&[Unreachable, Unreachable]), Unreachable);
        assert_eq!(overall(&[Done, Refused, Done]), Refused);
        assert_eq!(overall(&[Refused, Config]), Failures);
    }
}

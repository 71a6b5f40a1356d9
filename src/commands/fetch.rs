//! `trailblazer fetch`

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::Context;
use crate::config::sources::{Origin, Site, Source};
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::fetch::{self, Fetch, FetchError, Fetched, Token};
use crate::ids::RunId;
use crate::lock::locked;
use crate::stop::Stop;
use crate::terminal::{counted, progress_bar};

/// Minimum interval between two progress events.
const BETWEEN_PROGRESS: Duration = Duration::from_secs(2);

/// Fetch the pages of a Confluence source
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Writes one file for each page to sources/NAME in the workspace folder, as the site returns it. Later fetches read only the bodies \
of new and changed pages. You can press Ctrl-C at any time. The next fetch continues where this one stopped.

`trailblazer sync` fetches, normalizes and processes in one step.

Example:
  TRAILBLAZER_CONFLUENCE_TOKEN=… trailblazer fetch handbook")]
pub struct Args {
    /// A source in the configuration with a `site`
    #[arg(value_name = "NAME")]
    pub name: RunId,
    /// List what would be fetched, but fetch nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Remove pages even if more than half of them are gone
    #[arg(long)]
    pub yes: bool,
}

/// Runs `trailblazer fetch`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let source = find(context, &args.name)?;
    let Origin::Site(site) = &source.origin else {
        return Err(Error::Usage {
            message: format!("source {} has a path, so there is nothing to fetch", source.name),
            hint: Some(format!("`trailblazer sync {}` updates its run.", source.name)),
        });
    };
    let stop = Stop::on_signals()?;
    let _lock = lock(source, args.dry_run, context)?;
    match fetch_source(source, site, args.dry_run, args.yes, &stop, context) {
        Err(Error::Fetch(FetchError::Stopped)) => {
            log::info!("stopped: the next fetch continues from here");
            Ok(stop.exit().unwrap_or(Exit::Done))
        }
        outcome => outcome.map(|fetched| {
            log::info!("{}: {}", source.name, summary(&fetched, args.dry_run));
            if fetched.failed > 0 { Exit::Failures } else { Exit::Done }
        }),
    }
}

/// Returns the source with this name.
pub fn find<'a>(context: &'a Context<'_>, name: &RunId) -> Result<&'a Source> {
    let sources = &context.config.sources.0;
    sources.iter().find(|source| source.name == *name).ok_or_else(|| {
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        Error::Usage {
            message: format!("no source \"{name}\" in the configuration"),
            hint: Some(if names.is_empty() {
                "Add it to `sources` in .trailblazer.yaml.".into()
            } else {
                format!("Sources: {}.", names.join(", "))
            }),
        }
    })
}

/// Returns the folder for the pages of a source.
#[must_use]
pub fn folder(source: &Source, context: &Context<'_>) -> PathBuf {
    context.config.workspace.dir.join("sources").join(source.name.as_str())
}

/// Locks a source until the file is dropped, so that two syncs of the same source never run at the same time.
/// A dry run creates no file. Without the file, it needs no lock.
pub fn lock(source: &Source, dry_run: bool, context: &Context<'_>) -> Result<Option<Flock<File>>> {
    let folder = context.config.workspace.dir.join("sources");
    let path = folder.join(format!("{}.lock", source.name));
    if dry_run && !path.exists() {
        return Ok(None);
    }
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    let file = File::options().create(true).append(true).open(&path).map_err(Error::file(&path))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, Errno::EWOULDBLOCK)) => Err(Error::NotReady {
            message: format!("source {} is being synchronized by another process", source.name),
            hint: "Wait until it ends. Only one process at a time can update a source.".into(),
        }),
        Err((_, errno)) => Err(Error::file(path)(errno.into())),
    }
}

/// Fetches a source, and reports the progress and the result as events.
pub fn fetch_source(
    source: &Source,
    site: &Site,
    dry_run: bool,
    may_shrink: bool,
    stop: &Stop,
    context: &Context<'_>,
) -> Result<Fetched> {
    let begun = Instant::now();
    let name = source.name.as_str();
    let token = Token::of_source(name, |name| std::env::var(name).ok())?;
    let folder = folder(source, context);
    context.events.emit(&Event::FetchStart { source: name, site: &site.url, dry_run });
    let bar = progress_bar(0, "page", context.quiet);
    let last = Mutex::new(None::<Instant>);
    let on_progress = |done: usize, total: usize| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
        let mut last = locked(&last);
        if done == total || last.is_none_or(|last| last.elapsed() >= BETWEEN_PROGRESS) {
            *last = Some(Instant::now());
            context.events.emit(&Event::FetchProgress { source: name, done, total });
        }
    };
    if context.config.confluence.comments {
        log::warn!("{name}: comments are read from exports, not from sites");
    }
    let attachments = context.config.confluence.attachments;
    let fetched = fetch::fetch(&Fetch {
        site,
        token,
        folder: &folder,
        attachments,
        may_shrink,
        dry_run,
        stop,
        on_progress: &on_progress,
    });
    bar.finish_and_clear();
    let fetched = fetched?;
    let Fetched { pages, added, changed, touched, removed, unchanged, failed: _, files, requests } = fetched;
    context.events.emit(&Event::FetchComplete {
        source: name,
        dry_run,
        pages,
        added,
        changed,
        touched,
        removed,
        unchanged,
        files,
        requests,
        seconds: begun.elapsed().as_secs_f64(),
    });
    Ok(fetched)
}

/// Summarizes a fetch in one line.
#[must_use]
pub fn summary(fetched: &Fetched, dry_run: bool) -> String {
    let Fetched { pages, added, changed, touched, removed, unchanged, failed, files, requests } = fetched;
    let not_read = if *failed > 0 { format!("; could not read {}", counted(failed, "item")) } else { String::new() };
    let read = if *files > 0 { format!("; read {}", counted(files, "attached file")) } else { String::new() };
    let would = if dry_run { "would fetch" } else { "fetched" };
    format!(
        "{would} {}: {added} added, {changed} changed, {touched} with changed labels, ancestors or readers, {removed} removed, \
         {unchanged} unchanged{not_read}{read}; {}",
        counted(pages, "page"),
        counted(requests, "request")
    )
}

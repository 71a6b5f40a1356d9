//! `trailblazer normalize`

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::ingest::{self, Input, absolute, source_name};
use super::{Context, deliverables};
use crate::config::site_address;
use crate::error::{Error, Exit, Result};
use crate::ids::{RunId, short_hash};
use crate::normalize::{self, Options};
use crate::stop::Stop;

/// Maximum length of an input's name in a run id. Longer names are truncated.
const LONGEST_NAME: usize = 100;

/// Turn documentation into Markdown documents and register them as a run
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer normalize manuals/ --source dita
  trailblazer normalize manuals/guide.ditamap --source dita --ditaval linux.ditaval
  trailblazer normalize space-export.zip --source confluence --run-id handbook

The same PATH updates the same run: `normalize manuals/ --source dita` updates run manuals-dita, and reports what was added, \
changed and removed. Unchanged documents are not processed again. If more than half of at least twenty documents would be \
removed, nothing changes unless you pass --yes. Ctrl-C stops before the next document and changes nothing. Press it again \
to quit now.")]
pub struct Args {
    /// A folder, a DITA map, topic or DITA-OT project file (each deliverable becomes a run), a Confluence space export (zip,
    /// folder or entities.xml), or page files
    pub path: PathBuf,
    /// More inputs; each becomes a separate run
    #[arg(value_name = "PATH")]
    pub further: Vec<PathBuf>,
    /// Kind of documentation
    #[arg(long, short, value_enum)]
    pub source: Source,
    /// Id of the run [default: NAME-SOURCE, where NAME is the collection or, without --collection, the name of PATH]
    #[arg(long, value_name = "ID")]
    pub run_id: Option<RunId>,
    /// Name of the input in document ids [default: the name of PATH]
    #[arg(long, value_name = "NAME")]
    pub collection: Option<String>,
    /// Filter DITA by the conditions in FILE. Repeat it for several files; the first rule for a value has priority
    #[arg(long, value_name = "FILE")]
    pub ditaval: Vec<PathBuf>,
    /// Address of the site: Confluence links are relative to it, and DITA pages are published below it
    #[arg(long, value_name = "URL", value_parser = site_address)]
    pub site_url: Option<String>,
    /// Update the run even if more than half of its documents are gone
    #[arg(long)]
    pub yes: bool,
}

/// Kinds of documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Source {
    Dita,
    Confluence,
}

impl From<Source> for normalize::Source {
    fn from(source: Source) -> Self {
        match source {
            Source::Dita => Self::Dita,
            Source::Confluence => Self::Confluence,
        }
    }
}

/// Runs `trailblazer normalize`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    match deliverables::split(args)? {
        Some(all) => deliverables::run_all(&all, context, run_one),
        None => run_one(args, context),
    }
}

fn run_one(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let source = normalize::Source::from(args.source);
    if !args.path.try_exists().map_err(Error::file(&args.path))? {
        return Err(Error::usage(format!("no such file or folder: {}", args.path.display())));
    }
    refuse_idle_flags(args)?;
    let path = absolute(&args.path);
    let run_id = run_id(args)?;
    let input = Input {
        run_id: &run_id,
        is_derived: args.run_id.is_none(),
        path: &args.path,
        shown_path: args.path.display().to_string(),
        description: ingest::description(&path, &args.ditaval),
        source,
        options: Options {
            collection: args.collection.clone(),
            ditaval: args.ditaval.clone(),
            site_url: args.site_url.clone(),
            confluence: context.config.confluence.clone(),
            dita: context.config.dita.clone(),
            program: std::env::current_exe().ok(),
            threads: None,
        },
        may_shrink: args.yes,
        dry_run: false,
    };
    let stop = Stop::on_signals()?;
    if let Some(ingested) = ingest::ingest(&input, &stop, context)? {
        return Ok(ingested.exit());
    }
    log::info!("stopped: the run was not registered");
    Ok(stop.exit().unwrap_or(Exit::Done))
}

/// Rejects options that apply only to DITA.
fn refuse_idle_flags(args: &Args) -> Result<()> {
    if args.source == Source::Confluence && !args.ditaval.is_empty() {
        return Err(Error::usage("--ditaval has no effect with --source confluence; remove it"));
    }
    Ok(())
}

/// Returns `--run-id`, or an id that consists of the collection or the name of the path, and the source.
pub fn run_id(args: &Args) -> Result<RunId> {
    let path = absolute(&args.path);
    let derived = || derived_run_id(&path, args.collection.as_deref(), args.source.into());
    args.run_id.clone().map_or_else(derived, Ok)
}

/// Returns the name of a folder, or the name of a file without its extension.
#[must_use]
pub fn name_of(path: &Path) -> &OsStr {
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    name.unwrap_or_default()
}

fn derived_run_id(path: &Path, collection: Option<&str>, source: normalize::Source) -> Result<RunId> {
    let name = collection.map_or_else(|| name_of(path).to_string_lossy(), Into::into);
    let slug = match slug(&name) {
        slug if slug.is_empty() => format!("input-{}", short_hash(collection.map_or(path.as_os_str(), OsStr::new))),
        slug => slug,
    };
    format!("{slug}-{}", source_name(source)).parse().map_err(Error::usage)
}

/// Converts a name to the part of a run id that stands for the name.
#[must_use]
pub fn slug(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    let mut slug: String = name.chars().map(allowed).take(LONGEST_NAME).collect();
    while slug.contains("--") {
        slug = slug.replace("--", "-");
    }
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_is_made_of_the_name_and_the_source() {
        let derived = |path: &str, collection| {
            derived_run_id(Path::new(path), collection, normalize::Source::Dita).unwrap().to_string()
        };
        assert_eq!(derived("/no/manuals", None), "manuals-dita");
        assert_eq!(derived("/no/My guide (2).ditamap", None), "My-guide-2-dita");
        assert_eq!(derived("/no/Handb\u{fc}cher", None), "Handb-cher-dita");
        assert_eq!(derived("/no/manuals", Some("linux")), "linux-dita");
        assert_eq!(derived("/", None), "input-8a5edab28263-dita");
        assert_ne!(derived("/no/\u{65e5}\u{672c}", None), derived("/no/\u{4e2d}", None));
        assert_eq!(derived(&format!("/no/{}", "a".repeat(200)), None).len(), 105);
    }
}

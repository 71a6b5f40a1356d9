//! `trailblazer report`

use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Context;
use crate::db::calls::{self, Filter};
use crate::db::{Connector, history, report};
use crate::error::{Error, Exit, Result};
use crate::ids::RunId;
use crate::options::whole_number;
use crate::report::{Report, render};
use crate::terminal::{counted, print_text};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Number of days in the history.
const DAYS: i32 = 30;
/// Maximum number of groups with the same text, and of pairs of similar documents.
const DUPLICATES: i32 = 100;

/// The name of the file, unless `--out` contains another one.
const FILE_NAME: &str = "report.html";

/// Write a report on the content as an HTML file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer report
  trailblazer report --run handbook --out handbook.html
  trailblazer report --out - | mail-a-page

The report is for the owners of the content. It lists documents by source, language, size and age, lost constructs, empty pages, \
duplicates, broken links, chunks, runs and failures. It is one file that loads nothing and runs no script. It contains all documents that \
the database role may read. For the owner, an admin or a worker, these are all documents, so the file can contain titles of restricted pages. \
To limit it, connect as a role with the rights of a reader (`trailblazer db grant reader ROLE --as user:ann`).

The same in SQL: graphdb.report_documents, graphdb.report_chunks, graphdb.report_duplicates")]
pub struct Args {
    /// Report on one run [default: the newest version of every document]
    #[arg(long, value_name = "ID")]
    pub run: Option<RunId>,
    /// File to write, or a folder for report.html; - is standard output
    #[arg(long, value_name = "FILE", default_value = FILE_NAME)]
    pub out: PathBuf,
    /// List at most N pages for each number
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole_number::<i32>(1..=10_000))]
    pub pages: i32,
}

/// Runs `trailblazer report`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let path = if args.out.is_dir() { args.out.join(FILE_NAME) } else { args.out.clone() };
    refuse_missing_folder(&path)?;
    let mut client = Connector::new(&context.config)?.connect_ready()?;
    let filter = Filter { run_ids: args.run.iter().cloned().collect(), ..Filter::default() };
    let runs = calls::list_runs(&mut client, &filter)?;
    if let Some(run_id) = args.run.as_ref().filter(|_| runs.is_empty()) {
        return Err(Error::Usage {
            message: format!("no run \"{run_id}\""),
            hint: Some("`trailblazer runs list` lists the runs.".into()),
        });
    }
    let run_id = args.run.as_ref();
    let made = Report {
        created_at: history::clock(&mut client)?,
        run_id: run_id.cloned(),
        documents: report::documents(&mut client, run_id, args.pages)?,
        chunks: report::chunks(&mut client, run_id, args.pages)?,
        duplicates: report::duplicates(&mut client, run_id, DUPLICATES)?,
        history: history::backlog_history(&mut client, DAY, DAYS, None)?,
        runs,
    };
    let html = render(&made);
    if args.out.as_os_str() == "-" {
        print_text(html.as_bytes())?;
    } else {
        write(&path, &html)?;
        log::info!("wrote {}: {}", path.display(), counted(made.total_documents(), "document"));
    }
    Ok(Exit::Done)
}

/// Returns the folder of a file.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Rejects a file in a folder that does not exist, before the report is made.
fn refuse_missing_folder(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    if folder.is_dir() && !path.as_os_str().as_bytes().ends_with(b"/") {
        return Ok(());
    }
    let folder = if folder.is_dir() { path } else { folder };
    Err(Error::Usage {
        message: format!("--out: there is no folder {}", folder.display()),
        hint: Some("Create the folder, or pass the path of a file in an existing folder.".into()),
    })
}

/// Writes the whole file. After an error, the old file is unchanged.
fn write(path: &Path, html: &str) -> Result<()> {
    // A device such as /dev/null must not be replaced.
    if path.exists() && !path.is_file() {
        return fs::write(path, html).map_err(Error::file(path));
    }
    // The library adds its temporary file to the error, which would confuse users.
    let failed = |error: std::io::Error| Error::file(path)(error.kind().into());
    let mut file = tempfile::Builder::new()
        .prefix(".report-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder_of(path))
        .map_err(failed)?;
    file.write_all(html.as_bytes()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

//! `trailblazer report`

use std::io::Write as _;
use std::path::PathBuf;

use super::Context;
use crate::db::calls::{self, Filter};
use crate::db::{Connector, history, report};
use crate::error::{Error, Exit, Result};
use crate::files::OutputFile;
use crate::ids::RunId;
use crate::options::whole_number;
use crate::report::{DUPLICATES, MOST_PAGES, Report, render};
use crate::terminal::{counted, print_text};

/// Number of days in the history.
const DAYS: i32 = 30;

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
duplicates, broken links, chunks, runs and failures. Every number leads to its pages or runs. The report is one file that loads nothing and \
runs no script.

The command is for administrators. The database role decides which documents the report contains. For the owner, an admin or a worker, these are \
all documents, so the file names restricted pages, and a warning at its beginning says how many. `search.principals` and --as of other commands have no effect. For a \
report without these pages, connect as a role with the rights of a reader (`trailblazer db grant reader ROLE --as user:ann`).

The same in SQL: graphdb.report_documents, graphdb.report_chunks, graphdb.report_duplicates, graphdb.report_attempts")]
pub struct Args {
    /// Report on one run [default: the newest version of every document]
    #[arg(long, value_name = "ID")]
    pub run: Option<RunId>,
    /// File to write, or a folder for report.html; - is standard output
    #[arg(long, value_name = "FILE", default_value = FILE_NAME)]
    pub out: PathBuf,
    /// List at most N pages for each number
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole_number::<i32>(1..=i64::from(MOST_PAGES)))]
    pub pages: i32,
}

/// Runs `trailblazer report`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let path = if args.out.is_dir() { args.out.join(FILE_NAME) } else { args.out.clone() };
    let file = OutputFile::new(&path)?;
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
        pages: args.pages,
        documents: report::documents(&mut client, run_id, args.pages)?,
        chunks: report::chunks(&mut client, run_id, args.pages)?,
        duplicates: report::duplicates(&mut client, run_id, i32::from(DUPLICATES) + 1)?,
        attempts: report::attempts(&mut client, run_id, DAYS, args.pages)?,
        runs,
    };
    let html = render(&made);
    if args.out.as_os_str() == "-" {
        print_text(html.as_bytes())?;
    } else {
        file.write(0o644, |file| file.write_all(html.as_bytes()).map_err(Error::file(&path)))?;
        log::info!("wrote {}: {}", path.display(), counted(made.total_documents(), "document"));
    }
    Ok(Exit::Done)
}

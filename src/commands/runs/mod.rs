//! `trailblazer runs`

mod backfill;
mod delete;
mod list;
pub mod pause;
mod priority;
mod release;
pub mod reset;
mod retry;
mod show;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use postgres::Client;

use super::Context;
use crate::db::calls::{self, Filter, Run};
use crate::error::{Error, Exit, Result};
use crate::ids::{RunId, Status};
use crate::options::{Answer, MAX, whole_number};
use crate::stop::Stop;
use crate::terminal::{confirm, progress_bar};

/// Number of runs in one transaction. It limits how long locks are held, and how much work is lost if the command is interrupted.
pub const STEP: i32 = 500;

/// Inspect, reset, retry, pause, release or delete runs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Register normalized runs that are on disk
    Backfill(backfill::Args),
    /// List runs, newest first
    List(list::Args),
    /// Show a run and the history of its claims
    Show(show::Args),
    /// Reset runs so that they are processed again
    Reset(reset::Args),
    /// Retry failed runs, and reset their attempts to 0
    Retry(retry::Args),
    /// Release the claims of dead workers, so that other workers can claim the runs now
    Release(release::Args),
    /// Pause runs, so that workers cannot claim them until you resume them
    Pause(pause::PauseArgs),
    /// Resume paused runs
    Resume(pause::ResumeArgs),
    /// Change the priority of a run. Workers claim runs with a higher priority first
    Priority(priority::Args),
    /// Delete selected runs with their documents, chunks and vectors
    Delete(delete::Args),
}

impl Command {
    /// Returns the output options of `list` or `show`, or `None` for the other commands.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        match self {
            Self::List(args) => Some(args.answer),
            Self::Show(args) => Some(args.answer),
            _ => None,
        }
    }
}

/// Selects the runs to process.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Which runs")]
pub struct Selection {
    /// Runs whose id matches. * stands for any text, ? for one character
    #[arg(long, value_name = "GLOB", value_parser = NonEmptyStringValueParser::new())]
    pub run_id: Option<String>,
    /// Runs of this source; can be repeated
    #[arg(long, value_name = "SOURCE", value_parser = NonEmptyStringValueParser::new())]
    pub source: Vec<String>,
}

impl Selection {
    /// Returns the selection in the format of the SQL functions.
    #[must_use]
    pub fn filter(&self) -> Filter {
        Filter { run_id_glob: self.run_id.clone(), source: self.source.clone(), ..Filter::default() }
    }
}

/// Selects the runs to inspect, reset or delete.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Which runs")]
pub struct WideSelection {
    /// By id and source.
    #[command(flatten)]
    pub selection: Selection,
    /// Runs with this status; can be repeated
    #[arg(long, value_enum, value_name = "STATUS")]
    pub status: Vec<Status>,
    /// Runs normalized on or after this date or time (UTC)
    #[arg(long, value_name = "DATE", value_parser = first_instant)]
    pub from: Option<Date>,
    /// Runs normalized on or before this date or time (UTC)
    #[arg(long, value_name = "DATE", value_parser = last_instant)]
    pub to: Option<Date>,
    /// Runs that were last embedded with this model; can be repeated
    #[arg(long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    pub embedding_model: Vec<String>,
    /// Runs that are paused
    #[arg(long)]
    pub paused: bool,
    /// At most N runs. `list` selects the newest runs, and the other commands select the first runs by id
    #[arg(long, value_name = "N", value_parser = whole_number::<u32>(1..=MAX))]
    pub limit: Option<u32>,
}

impl WideSelection {
    /// Returns the selection in the format of the SQL functions.
    pub fn filter(&self) -> Result<Filter> {
        if let (Some(from), Some(to)) = (&self.from, &self.to)
            && from.instant > to.instant
        {
            return Err(Error::Usage {
                message: format!("--from {} is after --to {}", from.text, to.text),
                hint: Some("Swap the two dates.".into()),
            });
        }
        let text = |date: &Option<Date>| date.as_ref().map(|date| date.text.clone());
        Ok(Filter {
            status: self.status.clone(),
            normalized_from: text(&self.from),
            normalized_to: text(&self.to),
            embedding_model: self.embedding_model.clone(),
            paused: self.paused.then_some(true),
            limit: self.limit,
            ..self.selection.filter()
        })
    }
}

/// A date or time as the user wrote it, and the corresponding timestamp.
#[derive(Debug, Clone)]
pub struct Date {
    text: String,
    instant: DateTime<Utc>,
}

fn first_instant(text: &str) -> std::result::Result<Date, String> {
    date(text, NaiveTime::MIN)
}

fn last_instant(text: &str) -> std::result::Result<Date, String> {
    date(text, NaiveTime::MIN.overflowing_sub_signed(TimeDelta::microseconds(1)).0)
}

/// Parses a date or a time in the same way as `graphdb._filter_time`. Adds `time` to a date, and UTC if `text` has no time
/// zone.
fn date(text: &str, time: NaiveTime) -> std::result::Result<Date, String> {
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    let zoned = |format: &str| DateTime::parse_from_str(text, &format!("{format}%#z")).map(|time| time.to_utc()).ok();
    let plain = |format: &str| NaiveDateTime::parse_from_str(text, format).map(|time| time.and_utc()).ok();
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
    let timed = || formats.iter().find_map(|format| zoned(format).or_else(|| plain(format)));
    match day().map(|day| day.and_time(time).and_utc()).or_else(timed) {
        Some(instant) => Ok(Date { text: text.to_owned(), instant }),
        None => Err("write 2026-01-31 or 2026-01-31T12:00:00Z".into()),
    }
}

/// Runs `trailblazer runs …`.
pub fn run(command: Command, context: &Context<'_>) -> Result<Exit> {
    match command {
        Command::Backfill(args) => backfill::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Reset(args) => reset::run(&args, context),
        Command::Retry(args) => retry::run(&args, context),
        Command::Release(args) => release::run(&args, context),
        Command::Pause(args) => pause::pause(&args, context),
        Command::Resume(args) => pause::resume(&args, context),
        Command::Priority(args) => priority::run(&args, context),
        Command::Delete(args) => delete::run(&args, context),
    }
}

/// Processes the runs that a filter selects in steps, until the last run or until a stop is requested.
/// Each step is one transaction. The arguments of `work` are the connection, the filter without its limit, the maximum number of runs, and
/// the run id after which the step begins. `work` returns the number of matching runs and the last run id.
fn in_steps(
    client: &mut Client,
    filter: &Filter,
    stop: &Stop,
    quiet: bool,
    mut work: impl FnMut(&mut Client, &Filter, i32, &str) -> Result<(i64, Option<String>)>,
) -> Result<()> {
    let bar = progress_bar(0, "run", quiet);
    // Counting a large backlog takes time, so it is counted only for a bar that is shown.
    if !bar.is_hidden() {
        bar.set_length(u64::try_from(calls::count_runs(client, filter)?).unwrap_or(0));
        bar.tick();
    }
    let unlimited = Filter { limit: None, ..filter.clone() };
    let mut left = filter.limit;
    let mut after = String::new();
    while !stop.is_asked() {
        let size = left.map_or(STEP, |left| i32::try_from(left).unwrap_or(STEP).min(STEP));
        let (matched, last_run_id) = work(client, &unlimited, size, &after)?;
        bar.inc(u64::try_from(matched).unwrap_or(0));
        left = left.map(|left| left.saturating_sub(u32::try_from(matched).unwrap_or(u32::MAX)));
        match last_run_id {
            Some(last) if left != Some(0) => after = last,
            _ => break,
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Prints `question` and asks the user to type `word` as a confirmation. `way_on` is the hint if the user does not.
pub(super) fn confirmed(question: &str, word: &str, way_on: &str) -> Result<()> {
    if confirm(question, word) {
        return Ok(());
    }
    Err(Error::Refused {
        message: format!("not confirmed: {}", question.to_lowercase().trim_end_matches('.')),
        hint: way_on.into(),
    })
}

/// The hint for a command with a dry run that was not confirmed.
const YES_OR_DRY_RUN: &str = "Pass --yes to confirm, or --dry-run to see what would change.";

/// Returns the filter for these runs, or an error if neither ids nor options select any.
fn narrowed(run_ids: &[RunId], selection: &WideSelection, verb: &str) -> Result<Filter> {
    let filter = Filter { run_ids: run_ids.to_vec(), ..selection.filter()? };
    if filter == (Filter { limit: filter.limit, ..Filter::default() }) {
        return Err(Error::Usage {
            message: format!("no runs are selected to {verb}"),
            hint: Some(format!(
                "Pass run ids or a filter such as --source SOURCE. To {verb} every run, pass --run-id '*'."
            )),
        });
    }
    Ok(filter)
}

/// Mentions `--force` if the command skipped runs.
fn tell_of_force(skipped: i64) {
    if skipped > 0 {
        log::info!("to include runs that a worker has claimed, even if that worker is dead, pass --force");
    }
}

/// Returns the runs with these ids, or an error with the first id that does not exist.
fn find(client: &mut Client, run_ids: &[RunId]) -> Result<Vec<Run>> {
    if run_ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = calls::list_runs(client, &Filter { run_ids: run_ids.to_vec(), ..Filter::default() })?;
    match run_ids.iter().find(|run_id| !found.iter().any(|run| run.run_id == **run_id)) {
        Some(missing) => Err(no_run(missing)),
        None => Ok(found),
    }
}

/// Returns the error for a run that does not exist.
fn no_run(run_id: &RunId) -> Error {
    Error::Usage {
        message: format!("no run \"{run_id}\""),
        hint: Some("`trailblazer runs list` lists the runs.".into()),
    }
}

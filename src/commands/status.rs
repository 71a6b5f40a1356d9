//! `trailblazer status`

use serde_json::Value;

use super::Context;
use crate::artifact::shown;
use crate::db::Connector;
use crate::db::calls;
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::ids::Status;
use crate::options::Answer;
use crate::terminal::{counted, print_line, print_table};

/// Show what is left to do, who works on it, and what blocks it
#[derive(Debug, clap::Args)]
#[command(after_help = "The same in SQL: select * from graphdb.backlog_status")]
pub struct Args {
    /// Output.
    #[command(flatten)]
    pub answer: Answer,
}

/// Runs `trailblazer status`.
pub fn run(_args: &Args, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready()?;
    let status = calls::backlog_status(&mut client)?;
    if context.events.is_on() {
        context.events.emit(&Event::Status { status: &status });
        return Ok(Exit::Done);
    }
    print_status(&status)?;
    Ok(Exit::Done)
}

fn print_status(status: &Value) -> Result<()> {
    let number = |key: &str| status[key].as_i64().unwrap_or(0);
    let mut rows = vec![vec!["status".to_owned(), "runs".to_owned()]];
    for name in Status::ALL.map(Status::as_str) {
        if let Some(runs) = status["by_status"][name].as_i64() {
            rows.push(vec![name.to_owned(), runs.to_string()]);
        }
    }
    rows.push(vec!["total".to_owned(), number("total").to_string()]);
    print_table(&rows)?;
    print_line("")?;
    print_line(&format!(
        "due {}, in back-off {}, claimed {}, lease expired {}",
        number("due"),
        number("deferred"),
        number("live_claims"),
        number("expired_claims")
    ))?;
    if let Some(failed) = status["by_status"]["failed"].as_i64() {
        print_line(&format!(
            "{failed} failed: `trailblazer runs list --status failed` lists them, `trailblazer runs show ID` shows the reason, \
             `trailblazer runs retry ID` retries"
        ))?;
    }
    if let Some(next) = instant(&status["next_available_at"]) {
        print_line(&format!("next back-off ends {next}"))?;
    }
    if let Some(oldest) = instant(&status["oldest_normalized_at"]) {
        print_line(&format!("oldest run waits since {oldest}"))?;
    }
    let recent = number("embedded_last_10_minutes");
    if recent > 0 {
        let is_left = number("due") + number("deferred") + number("live_claims") > 0;
        let to_go = status["time_to_go_seconds"].as_i64().filter(|_| is_left);
        let to_go = to_go.map(|left| format!(", estimated time left {}", duration(left))).unwrap_or_default();
        let runs = counted(recent, "run");
        print_line(&format!("{runs} embedded in the last 10 minutes{to_go}"))?;
    }
    print_claims(status["claims"].as_array().map_or(&[], Vec::as_slice))
}

fn print_claims(claims: &[Value]) -> Result<()> {
    if claims.is_empty() {
        return Ok(());
    }
    let mut rows = vec![["run", "phase", "worker", "age", "done", "lease"].map(str::to_owned).to_vec()];
    for claim in claims {
        let text = |key: &str| claim[key].as_str().unwrap_or_default().to_owned();
        let seconds = |key: &str| claim[key].as_i64().unwrap_or(0);
        let done = match (claim["done"].as_i64(), claim["total"].as_i64()) {
            (Some(done), Some(total)) => format!("{done}/{total}"),
            _ => "-".into(),
        };
        let lease = match seconds("expires_in_seconds") {
            left @ 0.. => format!("{} left", duration(left)),
            over => format!("expired {} ago", duration(-over)),
        };
        rows.push(vec![text("run_id"), text("phase"), text("worker"), duration(seconds("age_seconds")), done, lease]);
    }
    print_line("")?;
    print_table(&rows)
}

/// Formats a number of seconds for people.
fn duration(seconds: i64) -> String {
    let total = u64::try_from(seconds).unwrap_or(0);
    match (total / 86_400, total / 3600 % 24, total / 60 % 60, total % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (1, hours, ..) => format!("1 day {hours} h"),
        (days, hours, ..) => format!("{days} days {hours} h"),
    }
}

/// Formats a timestamp of the view for people.
fn instant(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    Some(text.parse().map_or_else(|_| text.to_owned(), shown))
}

#[cfg(test)]
mod tests {
    #[test]
    fn duration_has_the_two_largest_units() {
        let shown = [0, 59, 60, 3_599, 3_600, 86_399, 86_400, 200_000, -5].map(super::duration);
        let expected =
            ["0 s", "59 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "23 h 59 min", "1 day 0 h", "2 days 7 h", "0 s"];
        assert_eq!(shown, expected);
    }
}

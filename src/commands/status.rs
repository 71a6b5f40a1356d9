//! `trailblazer status`

use postgres::Client;
use serde_json::Value;

use super::{Context, workers};
use crate::artifact::shown;
use crate::bar::rounded;
use crate::db::calls::{self, Filter};
use crate::db::operations::{self, Pause, Worker};
use crate::db::search::{self, SearchFilter};
use crate::db::{Connector, history};
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::ids::Status;
use crate::options::Answer;
use crate::terminal::{counted, duration, one_line, print_line, print_table, print_table_of_ids};

/// Show the remaining work, the workers, and the problems that need attention
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer status
  trailblazer status --workers
  trailblazer status --json | jq .status.due      Number of runs that are due

The same in SQL: select * from graphdb.backlog_status, and select * from graphdb.list_workers().")]
pub struct Args {
    /// Show only the workers with their hosts, runs, phases, progress and last heartbeats
    #[arg(long)]
    pub workers: bool,
    /// Output.
    #[command(flatten)]
    pub answer: Answer,
}

/// The data that `status` shows in addition to the view `graphdb.backlog_status`.
struct Content {
    documents: i64,
    chunks: i64,
    embedded_chunks: i64,
    /// The embedding models of the runs, and the number of runs for each.
    models: Vec<(String, i64)>,
    storage_bytes: i64,
    pauses: Vec<Pause>,
    /// Number of paused runs without due work.
    resting: usize,
}

/// Runs `trailblazer status`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready()?;
    if args.workers {
        return show_workers(&mut client, context);
    }
    let status = calls::backlog_status(&mut client)?;
    let found = read_content(&mut client)?;
    let attention = attention(&status);
    if context.events.is_on() {
        context.events.emit(&Event::Status {
            status: &status,
            documents: found.documents,
            chunks: found.chunks,
            embedded_chunks: found.embedded_chunks,
            models: found.models.iter().map(|(model, _)| model.as_str()).collect(),
            storage_bytes: found.storage_bytes,
            attention: &attention,
        });
        return Ok(Exit::Done);
    }
    print_line(&attention)?;
    print_line("")?;
    print_backlog(&status, &found)?;
    print_content(&found)?;
    print_claims(status["claims"].as_array().map_or(&[], Vec::as_slice))?;
    Ok(Exit::Done)
}

fn read_content(client: &mut Client) -> Result<Content> {
    let totals = history::content_totals(client, None)?;
    let resting = [Status::Chunking, Status::Embedding, Status::Embedded, Status::Failed].to_vec();
    let resting = Filter { paused: Some(true), status: resting, ..Filter::default() };
    Ok(Content {
        documents: search::searched_documents(client, &SearchFilter::default())?,
        chunks: totals.chunks,
        embedded_chunks: totals.embedded_chunks,
        models: calls::list_models(client, &Filter::default())?,
        storage_bytes: operations::storage_size(client)?,
        pauses: operations::list_pauses(client, &Filter::default())?,
        resting: calls::list_runs(client, &resting)?.len(),
    })
}

/// Returns a sentence that says whether something needs attention, and which command helps.
fn attention(status: &Value) -> String {
    let number = |key: &str| status[key].as_i64().unwrap_or(0);
    let claims = status["claims"].as_array().map_or(&[][..], Vec::as_slice);
    let dead: Vec<&str> =
        claims.iter().filter(|claim| claim["state"] == "dead").filter_map(|claim| claim["run_id"].as_str()).collect();
    let mut problems = Vec::new();
    if let Some(failed) = status["by_status"]["failed"].as_i64() {
        problems.push(format!("{} failed", counted(failed, "run")));
    }
    if !dead.is_empty() {
        let are = if dead.len() == 1 { "is" } else { "are" };
        let release = workers::release_command(dead.iter().copied());
        problems.push(format!(
            "{} {are} probably dead (`{release}` releases the claimed runs)",
            counted(dead.len(), "worker")
        ));
    }
    let expired = number("expired_claims");
    if expired > 0 {
        let have = if expired == 1 { "has" } else { "have" };
        problems.push(format!("{} {have} expired (`trailblazer run` recovers the runs)", counted(expired, "lease")));
    }
    let due = number("due");
    if due > 0 && number("live_claims") == number("dead_claims") {
        let are = if due == 1 { "is" } else { "are" };
        problems.push(format!(
            "{} {are} due, but no worker is running (start one with `trailblazer run`)",
            counted(due, "run")
        ));
    }
    match problems.as_slice() {
        [] => "Nothing needs attention.".into(),
        [problem] => format!("Needs attention: {problem}."),
        [others @ .., last] => format!("Needs attention: {}, and {last}.", others.join(", ")),
    }
}

fn print_backlog(status: &Value, content: &Content) -> Result<()> {
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
    let extra = [("probably dead", "dead_claims"), ("paused", "paused")].map(|(name, key)| match number(key) {
        0 => String::new(),
        count => format!(", {name} {count}"),
    });
    print_line(&format!(
        "due {}, in back-off {}, claimed {}, lease expired {}{}",
        number("due"),
        number("deferred"),
        number("live_claims"),
        number("expired_claims"),
        extra.concat()
    ))?;
    if let Some(failed) = status["by_status"]["failed"].as_i64() {
        print_line(&format!(
            "{failed} failed: `trailblazer runs list --status failed` lists them, `trailblazer runs show ID` shows the reason, \
             `trailblazer runs retry ID` retries"
        ))?;
    }
    for pause in &content.pauses {
        let reason = pause.reason.as_ref().map(|reason| format!(": {}", one_line(reason))).unwrap_or_default();
        print_line(&format!("{} paused since {}{reason}", counted(pause.runs, "run"), shown(pause.since)))?;
    }
    if content.resting > 0 {
        let have = if content.resting == 1 { "has" } else { "have" };
        print_line(&format!(
            "{} {have} no due work, and will wait after a reset or new documents (`trailblazer runs list --paused`)",
            counted(content.resting, "paused run")
        ))?;
    }
    if let Some(next) = instant(&status["next_available_at"]) {
        print_line(&format!("next back-off ends {next}"))?;
    }
    if let Some(oldest) = instant(&status["oldest_normalized_at"]) {
        print_line(&format!("the oldest run has waited since {oldest}"))?;
    }
    if let Some(progress) = progress(status) {
        print_line(&progress)?;
    }
    print_line("")
}

/// Describes the progress of the unfinished work. Returns `None` if no work is left and no run was embedded recently.
fn progress(status: &Value) -> Option<String> {
    let number = |key: &str| status[key].as_i64().unwrap_or(0);
    let is_left = number("due") + number("deferred") + number("live_claims") > 0;
    let (texts, documents, recent) =
        (number("texts"), number("documents_to_chunk"), number("embedded_last_10_minutes"));
    let mut parts = Vec::new();
    if texts > 0 {
        // Chunks with the same text share a vector, so these numbers are lower than the numbers of chunks.
        parts.push(format!("{} of {} embedded", number("embedded_texts"), counted(texts, "different text")));
    }
    if let Some(rate) = status["texts_a_second"].as_f64() {
        parts.push(format!("{} per second", rounded(rate)));
    }
    if documents > 0 {
        parts.push(format!("{} not yet chunked", counted(documents, "document")));
    }
    if recent > 0 {
        parts.push(format!("{} embedded in the last 10 minutes", counted(recent, "run")));
    }
    if let Some(left) = status["time_to_go_seconds"].as_i64().filter(|_| is_left) {
        parts.push(format!("estimated time left {}", duration(left)));
    }
    let subject = if texts > 0 { "in unfinished runs: " } else { "" };
    (!parts.is_empty()).then(|| format!("{subject}{}", parts.join(", ")))
}

fn print_content(content: &Content) -> Result<()> {
    let model = |(model, runs): &(String, i64)| format!("{model} ({})", counted(*runs, "run"));
    let models: Vec<String> = content.models.iter().map(model).collect();
    for (name, value) in [
        ("documents", format!("{} in search", content.documents)),
        ("chunks", format!("{} of all runs, {} of them with a vector", content.chunks, content.embedded_chunks)),
        ("models", if models.is_empty() { "-".into() } else { models.join(", ") }),
        ("size", bytes(content.storage_bytes)),
    ] {
        print_line(&format!("{name:<9}  {value}"))?;
    }
    Ok(())
}

fn print_claims(claims: &[Value]) -> Result<()> {
    if claims.is_empty() {
        return Ok(());
    }
    let mut rows = vec![["run", "phase", "worker", "age", "done", "heartbeat", "lease"].map(str::to_owned).to_vec()];
    for claim in claims {
        let text = |key: &str| claim[key].as_str().unwrap_or_default().to_owned();
        let seconds = |key: &str| claim[key].as_i64().unwrap_or(0);
        let lease = match seconds("expires_in_seconds") {
            left @ 0.. => format!("{} left", duration(left)),
            over => format!("expired {} ago", duration(-over)),
        };
        let heard = format!("{} ago", duration(seconds("silent_seconds")));
        let age = duration(seconds("age_seconds"));
        rows.push(vec![text("run_id"), text("phase"), text("worker"), age, done(claim), heard, lease]);
    }
    print_line("")?;
    print_table_of_ids(&rows, &[2])
}

fn done(claim: &Value) -> String {
    match (claim["done"].as_i64(), claim["total"].as_i64()) {
        (Some(done), Some(total)) => format!("{done}/{total}"),
        _ => "-".into(),
    }
}

fn show_workers(client: &mut Client, context: &Context<'_>) -> Result<Exit> {
    let found = workers::list(client, &Filter::default(), true)?;
    if context.events.is_on() {
        for worker in &found {
            context.events.emit(&event(worker));
        }
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        print_line("No worker has claimed a run.")?;
        return Ok(Exit::Done);
    }
    let mut rows =
        vec![["run", "host", "worker", "phase", "progress", "last heard from", "state"].map(str::to_owned).to_vec()];
    rows.extend(found.iter().map(|worker| {
        let name = worker.worker.strip_prefix(&format!("{}/", worker.host)).unwrap_or(&worker.worker);
        let state = match worker.state {
            operations::WorkerState::Dead => "probably dead",
            state => state.as_str(),
        };
        let progress = match (worker.done, worker.total) {
            (Some(done), Some(total)) => format!("{done}/{total}"),
            _ => "-".into(),
        };
        let heard = format!("{} ago", duration(worker.silent_seconds));
        [&worker.run_id, &worker.host, name, &worker.phase, &progress, &heard, state].map(str::to_owned).to_vec()
    }));
    print_table_of_ids(&rows, &[1, 2])?;
    let dead = workers::dead(&found);
    if !dead.is_empty() {
        print_line("")?;
    }
    dead.iter().try_for_each(|line| print_line(line))?;
    Ok(Exit::Done)
}

fn event(worker: &Worker) -> Event<'_> {
    Event::WorkerRow {
        run_id: &worker.run_id,
        phase: &worker.phase,
        worker_id: &worker.worker,
        host: &worker.host,
        state: worker.state.as_str(),
        done: worker.done,
        total: worker.total,
        rate: worker.rate,
        claimed_at: worker.claimed_at,
        claim_expires_at: worker.claim_expires_at,
        last_heard_from: worker.last_heard_from,
        silent_seconds: worker.silent_seconds,
        heartbeat_seconds: worker.heartbeat_seconds,
    }
}

/// Formats a number of bytes for people.
fn bytes(bytes: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "rounded anyway")]
    let mut size = bytes.max(0) as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

/// Formats a timestamp of the view for people.
fn instant(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    Some(text.parse().map_or_else(|_| text.to_owned(), shown))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_quiet_backlog_needs_no_attention() {
        let quiet = json!({"by_status": {"embedded": 3}, "due": 0, "live_claims": 0, "dead_claims": 0, "claims": []});
        assert_eq!(attention(&quiet), "Nothing needs attention.");
        let busy = json!({"by_status": {}, "due": 2, "live_claims": 1, "dead_claims": 0, "claims": [{"state": "alive", "run_id": "r"}]});
        assert_eq!(attention(&busy), "Nothing needs attention.");
    }

    #[test]
    fn one_sentence_names_every_problem_and_its_command() {
        let status = json!({
            "by_status": {"failed": 2}, "due": 1, "live_claims": 1, "dead_claims": 1, "expired_claims": 1,
            "claims": [{"state": "dead", "run_id": "wiki"}, {"state": "expired", "run_id": "b"}]
        });
        insta::assert_snapshot!(attention(&status), @"Needs attention: 2 runs failed, 1 worker is probably dead (`trailblazer runs release wiki` releases the claimed runs), 1 lease has expired (`trailblazer run` recovers the runs), and 1 run is due, but no worker is running (start one with `trailblazer run`).");
    }

    #[test]
    fn sizes_have_one_decimal_and_a_unit() {
        let shown = [0, 999, 1_000, 12_345_678, 2_000_000_000, 7_000_000_000_000].map(bytes);
        assert_eq!(shown, ["0 bytes", "999 bytes", "1.0 kB", "12.3 MB", "2.0 GB", "7.0 TB"]);
    }
}

//! Executes random calls of the SQL functions on several connections. One test compares each step with the model. The
//! other test runs all connections in parallel and checks the history.
//!
//! `make chaos STEPS=100000 SEED=…` is the long version.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

use postgres::{Client, SimpleQueryMessage};

use super::model::{Answer, Delete, Model, Reset, Run, Seconds};
use super::{Random, setting};
use crate::support::TestDatabase;

const CONNECTIONS: usize = 4;
/// A claim first recovers at most ten runs. With fewer runs, it does not matter which ones.
const RUNS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
/// The first runs have a document with text at the start. The schedule registers or loads the others.
const WITH_TEXT: usize = 4;
/// The runs that concurrent schedules may delete with their history. For all other runs, the history must contain every claim.
const MORTAL: [&str; 2] = ["d", "h"];
const BEGIN: Seconds = 1_800_000_000;
const PHASES: [&str; 2] = ["chunk", "embed"];

/// A call: statements that prepare it, and the statement whose answer is compared.
#[derive(Debug, Clone)]
enum Step {
    Register(&'static str, &'static str, Seconds),
    Load(&'static str, Seconds),
    Claim(&'static str, Seconds),
    ClaimSome(&'static str, Seconds, usize, Vec<String>),
    Recover,
    Renew(&'static str, i64, Seconds),
    RenewAll(Vec<i64>, Seconds),
    Complete(&'static str, &'static str, i64),
    CompleteSome(&'static str, Vec<(&'static str, i64)>),
    Release(&'static str, i64),
    Fail(&'static str, i64, Option<Seconds>, bool),
    ReplaceChunks(&'static str, i64),
    StoreVector(&'static str, i64),
    Reset(Reset),
    Delete(Delete),
    Backlog(&'static str),
}

impl Step {
    /// Creates a random step. `token` returns a run and a token, which may be current, old, or that of another run.
    fn draw(random: &mut Random, token: &mut dyn FnMut(&mut Random) -> (&'static str, i64)) -> Self {
        let (run, fence) = token(random);
        let (phase, ttl) = (random.pick(&PHASES), random.pick(&[1, 60, 600]));
        let some = |random: &mut Random| -> Vec<String> {
            let most = random.below(4);
            (0..most).map(|_| random.pick(&RUNS).to_owned()).collect()
        };
        let normalized = BEGIN + Seconds::try_from(random.below(5)).unwrap();
        match random.below(30) {
            0 => Self::Register(random.pick(&RUNS), random.pick(&["dita", "confluence"]), normalized),
            1..=5 => Self::Claim(phase, ttl),
            6..=7 => Self::ClaimSome(phase, ttl, 1 + random.below(3), some(random)),
            8 => Self::Recover,
            9..=10 => Self::Renew(run, fence, ttl),
            11 => Self::RenewAll(vec![fence, token(random).1], ttl),
            12..=15 => Self::Complete(run, phase, fence),
            16 => Self::Release(run, fence),
            17..=18 => Self::Fail(run, fence, random.pick(&[None, Some(0), Some(30)]), random.below(8) == 0),
            19..=21 => Self::ReplaceChunks(run, fence),
            22..=23 => Self::StoreVector(run, fence),
            24 => Self::Reset(Reset {
                runs: some(random),
                scope: random.pick(&["processed", "embeddings", "all"]),
                dry_run: random.below(4) == 0,
                force: random.below(2) == 0,
                delete_chunks: random.below(2) == 0,
            }),
            25 => Self::Delete(Delete {
                runs: vec![random.pick(&RUNS).to_owned(), random.pick(&RUNS).to_owned()],
                dry_run: random.below(4) == 0,
                force: random.below(2) == 0,
            }),
            26 => Self::Load(random.pick(&RUNS), normalized),
            27..=28 => Self::CompleteSome(phase, vec![(run, fence), token(random), token(random)]),
            _ => Self::Backlog(phase),
        }
    }

    fn statement(&self, worker: &str) -> String {
        let text = |ids: &[String]| {
            let names: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
            if ids.is_empty() { "null".to_owned() } else { format!("'{{\"run_ids\": [{}]}}'", names.join(", ")) }
        };
        match self {
            Self::Register(run, source, normalized) => {
                format!("select graphdb.register_run('{run}', '{source}', null, to_timestamp({normalized}))")
            }
            Self::Load(run, normalized) => load(run, *normalized),
            Self::Claim(phase, ttl) => {
                format!("select run_id, claim_token from graphdb.claim_run('{phase}', '{worker}', '{ttl} s')")
            }
            Self::ClaimSome(phase, ttl, most, of) => format!(
                "select run_id, claim_token from graphdb.claim_runs('{phase}', '{worker}', '{ttl} s', {most}, {})",
                text(of)
            ),
            Self::Recover => "select run_id from graphdb.recover_expired_claims() order by 1".into(),
            Self::Renew(run, token, ttl) => {
                format!("select extract(epoch from graphdb.renew_claim('{run}', {token}, '{ttl} s'))::bigint")
            }
            Self::RenewAll(tokens, ttl) => format!(
                "select distinct run_id from graphdb.renew_claims('{{{}}}', '{ttl} s') where run_id is not null order by 1",
                tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
            ),
            Self::Complete(run, phase, token) => {
                format!("select status from graphdb.complete_run('{run}', '{phase}', {token}, 'm')")
            }
            Self::CompleteSome(phase, claims) => {
                let (runs, tokens): (Vec<&str>, Vec<String>) =
                    claims.iter().map(|(run, token)| (*run, token.to_string())).unzip();
                format!(
                    "select run_id from graphdb.complete_runs('{{{}}}', '{phase}', '{{{}}}', 'm') order by 1",
                    runs.join(","),
                    tokens.join(",")
                )
            }
            Self::Release(run, token) => format!("select status from graphdb.release_run('{run}', {token})"),
            Self::Fail(run, token, pause, permanent) => format!(
                "select status from graphdb.fail_run('{run}', {token}, 'no', {}, {permanent})",
                pause.map_or("null".to_owned(), |pause| format!("'{pause} s'"))
            ),
            Self::ReplaceChunks(run, token) => format!(
                "truncate pg_temp.staged_chunks; insert into pg_temp.staged_chunks \
                 select d.doc_id, 0, 0, octet_length(d.body), '{{}}', 'text', 1, d.body from graphdb.documents as d \
                 where d.is_current and d.run_id = '{run}'; select graphdb.replace_chunks('{run}', {token})"
            ),
            Self::StoreVector(run, token) => format!(
                "select graphdb.store_embeddings({token}, 'm', coalesce(array_agg(c.input_sha256), '{{}}'), \
                 coalesce(array_agg('[1,0,0]'::vector), '{{}}')) from graphdb._current_chunks('{run}') as c"
            ),
            Self::Reset(Reset { runs, scope, dry_run, force, delete_chunks }) => format!(
                "select concat_ws(' ', reset, unchanged, skipped, fenced, deleted_vectors, deleted_chunks) \
                 from graphdb.reset_runs({}, '{scope}', {dry_run}, {force}, null, {delete_chunks})",
                text(runs)
            ),
            Self::Delete(Delete { runs, dry_run, force }) => format!(
                "select concat_ws(' ', deleted, skipped, fenced, deleted_documents, deleted_chunks, deleted_vectors) \
                 from graphdb.delete_runs({}, {dry_run}, {force})",
                text(runs)
            ),
            Self::Backlog(phase) => format!("select total from graphdb.backlog('{phase}')"),
        }
    }

    /// Returns the answer of the model, which is the first column.
    fn expect(&self, model: &mut Model, worker: &str) -> Answer {
        match self {
            Self::Register(run, source, normalized) => Ok(model.register(run, source, *normalized)),
            Self::Load(run, normalized) => Ok(model.load(run, *normalized)),
            Self::Claim(phase, ttl) => Ok(model.claim(phase, worker, *ttl, 1, &[]).join(" ")),
            Self::ClaimSome(phase, ttl, most, of) => Ok(model.claim(phase, worker, *ttl, *most, of).join(" ")),
            Self::Recover => Ok(model.recover().join(" ")),
            Self::Renew(run, token, ttl) => model.renew(run, *token, *ttl),
            Self::RenewAll(tokens, ttl) => {
                let mut renewed: Vec<&str> = RUNS.into_iter().collect();
                renewed.retain(|run| tokens.iter().any(|token| model.renew(run, *token, *ttl).is_ok()));
                Ok(renewed.join(" "))
            }
            Self::Complete(run, phase, token) => model.complete(run, phase, *token),
            Self::CompleteSome(phase, claims) => model.complete_some(phase, claims),
            Self::Release(run, token) => model.release(run, *token),
            Self::Fail(run, token, pause, permanent) => model.fail(run, *token, *pause, *permanent),
            Self::ReplaceChunks(run, token) => model.replace_chunks(run, *token),
            Self::StoreVector(run, token) => model.store_vector(run, *token),
            Self::Reset(reset) => Ok(model.reset(reset)),
            Self::Delete(delete) => Ok(model.delete(delete)),
            Self::Backlog(phase) => Ok(model.backlog(phase)),
        }
    }
}

/// Returns the statements that load the one document of `run`.
fn load(run: &str, normalized: Seconds) -> String {
    format!(
        "truncate pg_temp.staged_documents; insert into pg_temp.staged_documents (doc_id, title, labels, breadcrumbs, meta, body) \
         values ('{run}', 'T', '{{}}', '{{}}', '{{}}', 'text of {run}'); \
         select outcome from graphdb.load_documents('{run}', 'dita', to_timestamp({normalized}))"
    )
}

/// Returns the rows of the last statement, or the SQLSTATE.
fn ask(client: &mut Client, statement: &str) -> Result<Vec<Vec<String>>, String> {
    let messages = match client.simple_query(statement) {
        Ok(messages) => messages,
        Err(error) => {
            // The server reports an error before it releases its locks. Wait until it has released them.
            let _ = client.simple_query("");
            return Err(error.code().map_or_else(|| panic!("{error}: {statement}"), |code| code.code().to_owned()));
        }
    };
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|column| row.get(column).unwrap_or("-").to_owned()).collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}

fn first_column(rows: &[Vec<String>]) -> String {
    rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>().join(" ")
}

/// Returns the rows in the format of [`Run::row`], and their tokens.
fn rows(client: &mut Client) -> BTreeMap<String, (String, i64)> {
    let query = "select r.run_id, concat_ws(' ', r.source, r.status, r.attempts, coalesce(r.claimed_by, '-'), \
                 coalesce(extract(epoch from r.claim_expires_at)::bigint::text, '-'), coalesce(r.claimed_from, '-'), \
                 coalesce(extract(epoch from r.available_at)::bigint::text, '-'), coalesce(r.total_chunks::text, '-'), \
                 coalesce(r.embedded_chunks::text, '-'), coalesce(r.failed_phase, '-'), r.wants_vectors), r.claim_token \
                 from graphdb.processed_runs as r";
    let rows = ask(client, query).unwrap();
    rows.into_iter()
        .map(|mut row| {
            let token = row[2].parse().unwrap();
            (row.swap_remove(0), (row.swap_remove(1), token))
        })
        .collect()
}

/// Returns a database with a fixed clock and some loaded runs.
fn database() -> (TestDatabase, Vec<Client>) {
    let database = TestDatabase::new();
    database.take_over_clock();
    let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| database.connect()).collect();
    set_clock(&mut clients[0], BEGIN);
    ask(&mut clients[0], "select graphdb.register_model('m', 'hash', 3)").unwrap();
    for client in &mut clients {
        ask(client, "set client_min_messages = error; select graphdb.create_staging()").unwrap();
    }
    for run in &RUNS[..WITH_TEXT] {
        ask(&mut clients[0], &load(run, BEGIN)).unwrap();
    }
    (database, clients)
}

fn set_clock(client: &mut Client, now: Seconds) {
    let set = format!("delete from public.test_clock; insert into public.test_clock values (to_timestamp({now}))");
    ask(client, &set).unwrap();
}

#[test]
fn model_and_backlog_agree_after_every_step() {
    let mut random = Random::seeded("schedules beside the model");
    let steps = setting("STEPS", 2000);
    let (_database, mut clients) = database();
    let mut model = Model { now: BEGIN, ..Model::default() };
    for run in &RUNS[..WITH_TEXT] {
        model.runs.insert((*run).to_owned(), Run::new("dita", BEGIN, true));
    }
    let mut tokens: Vec<i64> = Vec::new();
    let mut newest = 0;
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..steps {
        // Compare the table with the model. New tokens must be larger than all earlier ones.
        let found = rows(&mut clients[0]);
        assert_eq!(found.keys().collect::<Vec<_>>(), model.runs.keys().collect::<Vec<_>>(), "before step {number}");
        let newest_before = newest;
        for (run_id, run) in &mut model.runs {
            let (row, token) = &found[run_id];
            assert_eq!(*row, run.row(), "run {run_id} before step {number}");
            match run.token {
                Some(expected) => assert_eq!(*token, expected, "token of {run_id} before step {number}"),
                None => assert!(*token > newest_before, "token {token} of {run_id} is not new, before step {number}"),
            }
            if run.token.replace(*token).is_none() {
                tokens.push(*token);
                newest = newest.max(*token);
            }
        }

        if random.below(10) == 0 {
            model.now += random.pick(&[1, 20, 120, 1000]);
            set_clock(&mut clients[0], model.now);
        }
        let held: Vec<&'static str> =
            RUNS.into_iter().filter(|run| model.runs.get(*run).is_some_and(|run| run.claim.is_some())).collect();
        let step = Step::draw(&mut random, &mut |random| {
            // Mostly use a claimed run with its token. Otherwise, use any run with an old token or the token of another run.
            let run = if held.is_empty() || random.below(4) == 0 { random.pick(&RUNS) } else { random.pick(&held) };
            let own = model.runs.get(run).and_then(|run| run.token).unwrap_or(0);
            let old = if tokens.is_empty() { 0 } else { tokens[random.below(tokens.len())] };
            (run, if random.below(4) == 0 { old } else { own })
        });
        let connection = random.below(CONNECTIONS);
        let worker = format!("w{connection}");
        let is_undone = random.below(16) == 0;
        let kept = model.clone();
        let expected = step.expect(&mut model, &worker).map_err(str::to_owned);
        let client = &mut clients[connection];
        if is_undone {
            ask(client, "begin").unwrap();
        }
        let answer = ask(client, &step.statement(&worker)).map(|rows| first_column(&rows));
        if is_undone {
            ask(client, "rollback").unwrap();
            model = kept;
        }
        assert_eq!(answer, expected, "step {number}: {step:?}");
        *answers.entry(answer.err().unwrap_or_else(|| "done".into())).or_default() += 1;
    }
    println!("{steps} steps: {answers:?}");
    assert!(["done", "TB001", "TB002", "TB003", "TB004"].iter().all(|kind| answers.contains_key(*kind)), "{answers:?}");
}

/// The claims of all threads in a concurrent schedule.
#[derive(Default)]
struct Shared {
    claims: Vec<(&'static str, i64)>,
    /// The accepted calls that ended a claim, with the expected outcome in the history.
    endings: Vec<(i64, &'static str)>,
    now: Seconds,
}

fn one_of_many(mut client: Client, number: usize, mut random: Random, steps: u64, shared: &Mutex<Shared>) {
    let worker = format!("w{number}");
    for _ in 0..steps {
        if random.below(20) == 0 {
            let mut shared = shared.lock().unwrap();
            shared.now += 100;
            ask(&mut client, &format!("update public.test_clock set now_at = to_timestamp({})", shared.now)).unwrap();
        }
        let mut step = Step::draw(&mut random, &mut |random| {
            let shared = shared.lock().unwrap();
            // Mostly use the latest claims, because they may be live.
            let reach = if random.below(4) == 0 { shared.claims.len() } else { shared.claims.len().min(6) };
            if reach == 0 { (RUNS[0], 0) } else { shared.claims[shared.claims.len() - 1 - random.below(reach)] }
        });
        if let Step::Delete(delete) = &mut step {
            delete.runs = MORTAL.map(String::from).to_vec();
        }
        match ask(&mut client, &step.statement(&worker)) {
            Ok(rows) => {
                let mut shared = shared.lock().unwrap();
                match step {
                    Step::Claim(..) | Step::ClaimSome(..) => shared.claims.extend(rows.iter().map(|row| {
                        (RUNS.into_iter().find(|run| *run == row[0]).unwrap(), row[1].parse::<i64>().unwrap())
                    })),
                    Step::Complete(_, _, token) => shared.endings.push((token, "completed")),
                    Step::CompleteSome(_, claims) => {
                        let done = |run: &str| rows.iter().any(|row| row[0] == run);
                        // The same run may appear with an old token. The history shows which call was accepted.
                        let newest =
                            |run: &str| claims.iter().filter(|(other, _)| *other == run).map(|(_, token)| *token).max();
                        let ended = claims.iter().filter(|(run, token)| done(run) && newest(run) == Some(*token));
                        let ended: BTreeSet<i64> = ended.map(|(_, token)| *token).collect();
                        shared.endings.extend(ended.into_iter().map(|token| (token, "completed")));
                    }
                    Step::Release(_, token) => shared.endings.push((token, "released")),
                    Step::Fail(_, token, ..) => shared.endings.push((token, "failed")),
                    _ => {}
                }
            }
            // All other errors, such as a deadlock, are failures.
            Err(code) => assert!(["TB001", "TB002", "TB003", "TB004"].contains(&code.as_str()), "{code}: {step:?}"),
        }
    }
}

#[test]
fn concurrent_schedules_end_each_claim_once_and_never_deadlock() {
    let mut random = Random::seeded("concurrent schedules");
    let steps = setting("STEPS", 2000) / CONNECTIONS as u64;
    let (database, clients) = database();
    let shared = Mutex::new(Shared { now: BEGIN, ..Shared::default() });
    thread::scope(|scope| {
        for (number, client) in clients.into_iter().enumerate() {
            let (random, shared) = (Random(random.next() | 1), &shared);
            scope.spawn(move || one_of_many(client, number, random, steps, shared));
        }
    });
    let shared = shared.into_inner().unwrap();
    let mut client = database.connect();
    let history: BTreeMap<i64, String> = ask(&mut client, "select claim_token, outcome from graphdb.run_attempts")
        .unwrap()
        .into_iter()
        .map(|row| (row[0].parse().unwrap(), row[1].clone()))
        .collect();
    let live = ask(&mut client, "select claim_token from graphdb.processed_runs where claimed_by is not null").unwrap();
    let live: BTreeSet<i64> = live.iter().map(|row| row[0].parse().unwrap()).collect();

    let claimed: BTreeMap<i64, &str> = shared.claims.iter().map(|(run, token)| (*token, *run)).collect();
    assert_eq!(claimed.len(), shared.claims.len(), "a token was given twice");
    let is_told = |token: &i64| !MORTAL.contains(&claimed[token]);
    for token in claimed.keys().filter(|token| is_told(token)) {
        assert!(history.contains_key(token) != live.contains(token), "claim {token} ended and lives, or did neither");
    }
    let ended: BTreeSet<i64> = shared.endings.iter().map(|(token, _)| *token).collect();
    assert_eq!(ended.len(), shared.endings.len(), "a claim was ended twice");
    for (token, outcome) in shared.endings.iter().filter(|(token, _)| is_told(token)) {
        assert_eq!(history.get(token).map(String::as_str), Some(*outcome), "of claim {token}");
    }
    println!("{} claims, {} ended by their holders, {} live", claimed.len(), ended.len(), live.len());
    assert!(ended.len() > 30);
}

//! Shared helpers: query results as text, expected errors, runs with a status, and statements that wait for a lock.

use std::thread::JoinHandle;

use postgres::error::DbError;
use postgres::{Client, Error, SimpleQueryMessage};

use crate::support::TestDatabase;

/// The only model that [`register_model`] registers. It has three dimensions.
pub const MODEL: &str = "m";

/// Returns the result as text. Each row is a line, columns are separated by spaces, and null is `-`.
#[track_caller]
pub fn ask(client: &mut Client, query: &str) -> String {
    try_ask(client, query).unwrap_or_else(|error| panic!("{error:?}\n{query}"))
}

/// Returns the result like [`ask`], or the error of the server.
pub fn try_ask(client: &mut Client, query: &str) -> Result<String, Error> {
    let lines = client.simple_query(query)?.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|column| row.get(column).unwrap_or("-")).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Asserts that the server rejects the statement with this SQLSTATE, which must be one of ours with a hint. Returns the error.
#[track_caller]
pub fn refused(client: &mut Client, statement: &str, code: &str) -> DbError {
    let error = match try_ask(client, statement) {
        Ok(answer) => panic!("not refused: {statement}\n{answer}"),
        Err(error) => error.as_db_error().unwrap_or_else(|| panic!("{error}")).clone(),
    };
    assert_eq!(error.code().code(), code, "{statement}\n{error}");
    if code.starts_with("TB") {
        assert!(error.hint().is_some_and(|hint| hint.len() > 10), "{statement}: no hint");
        assert!(!error.message().starts_with(char::is_uppercase) && !error.message().ends_with('.'), "{error}");
    }
    error
}

/// Asserts that the statement violates this constraint.
#[track_caller]
pub fn violates(client: &mut Client, statement: &str, constraint: &str) {
    let error = refused(client, statement, "23514");
    assert_eq!(error.constraint(), Some(constraint), "{statement}\n{error}");
}

/// Claims one run for a phase and returns the token.
#[track_caller]
pub fn claim(client: &mut Client, phase: &str, run_id: &str) -> i64 {
    let query =
        "select claim_token from graphdb.claim_runs($1, 'w', '45 minutes', 1, jsonb_build_object('run_ids', $2::text))";
    client.query_opt(query, &[&phase, &run_id]).unwrap().unwrap_or_else(|| panic!("{run_id} is not due")).get(0)
}

/// Loads documents (id and body) as a run from `confluence`, normalized at `at`, and returns the outcome and the counts.
#[track_caller]
pub fn load(client: &mut Client, run_id: &str, at: &str, documents: &[(&str, &str)]) -> String {
    stage(client, documents);
    ask(
        client,
        &format!(
            "select l.outcome, l.total_docs, l.added + l.changed, l.removed from graphdb.load_documents('{run_id}', 'confluence', '{at}') as l"
        ),
    )
}

/// Fills `staged_documents` with documents (id and body).
#[track_caller]
pub fn stage(client: &mut Client, documents: &[(&str, &str)]) {
    ask(
        client,
        "set client_min_messages = warning; select graphdb.create_staging(); truncate pg_temp.staged_documents",
    );
    let insert = "insert into pg_temp.staged_documents (doc_id, title, labels, breadcrumbs, meta, body) \
                  values ($1, 'Title', '{}', '{}', '{}', $2)";
    for (doc_id, body) in documents {
        client.execute(insert, &[doc_id, body]).unwrap();
    }
}

/// Stages one chunk for each document of the run that has text.
#[track_caller]
pub fn stage_chunks(client: &mut Client, run_id: &str) {
    let stage = "set client_min_messages = warning; select graphdb.create_staging(); truncate pg_temp.staged_chunks; \
                 insert into pg_temp.staged_chunks \
                 select d.doc_id, 0, 0, octet_length(d.body), '{}', 'text', 1, d.body \
                 from graphdb.documents as d where d.is_current and d.body ~ '[^[:space:]]' and d.run_id = ";
    ask(client, &format!("{stage} '{run_id}'"));
}

/// Chunks a loaded run.
#[track_caller]
pub fn chunk(client: &mut Client, run_id: &str) {
    let token = claim(client, "chunk", run_id);
    stage_chunks(client, run_id);
    ask(client, &format!("select graphdb.replace_chunks('{run_id}', {token})"));
    ask(client, &format!("select graphdb.complete_run('{run_id}', 'chunk', {token})"));
}

/// Registers [`MODEL`].
#[track_caller]
pub fn register_model(client: &mut Client) {
    ask(client, &format!("select graphdb.register_model('{MODEL}', 'hash', 3)"));
}

/// Stores a vector under [`MODEL`] for each text of the run that has none.
#[track_caller]
pub fn store_vectors(client: &mut Client, run_id: &str, token: i64) -> String {
    let query = format!(
        "select graphdb.store_embeddings({token}, '{MODEL}', array_agg(p.input_sha256), array_agg('[1,0,0]'::vector)) \
         from graphdb.pending_inputs('{run_id}', '{MODEL}') as p"
    );
    ask(client, &query)
}

/// Embeds a chunked run.
#[track_caller]
pub fn embed(client: &mut Client, run_id: &str) {
    let token = claim(client, "embed", run_id);
    store_vectors(client, run_id, token);
    ask(client, &format!("select graphdb.complete_run('{run_id}', 'embed', {token}, '{MODEL}')"));
}

/// Loads a run with one document for each text, and chunks and embeds it with [`MODEL`].
#[track_caller]
pub fn process(client: &mut Client, run_id: &str, texts: &[&str]) {
    let ids: Vec<String> = (0..texts.len()).map(|number| format!("{run_id}-{number}")).collect();
    let documents: Vec<(&str, &str)> = ids.iter().map(String::as_str).zip(texts.iter().copied()).collect();
    load(client, run_id, "2020-01-01 00:00:00+00", &documents);
    register_model(client);
    chunk(client, run_id);
    embed(client, run_id);
}

/// Returns the status of a run.
#[track_caller]
pub fn status(client: &mut Client, run_id: &str) -> String {
    ask(client, &format!("select status from graphdb.processed_runs where run_id = '{run_id}'"))
}

/// Returns every row that a reset or an install could change, as text.
pub fn contents(client: &mut Client) -> String {
    ["processed_runs", "run_attempts", "documents", "chunks", "embedding_models", "embeddings"]
        .map(|table| ask(client, &format!("select t::text from graphdb.{table} as t order by 1")))
        .join("\n--\n")
}

/// Returns the result of each step. `step` gets the last value of the previous result, or nothing at first. Null ends the loop.
#[track_caller]
pub fn in_steps(client: &mut Client, step: impl Fn(&str) -> String) -> Vec<String> {
    let mut answers: Vec<String> = Vec::new();
    loop {
        let after = answers.last().and_then(|answer| answer.rsplit(' ').next()).unwrap_or_default();
        let answer = ask(client, &step(after));
        let is_last = answer.ends_with(" -");
        answers.push(answer);
        if is_last {
            return answers;
        }
    }
}

/// A statement that runs in another session.
pub struct Waiting(JoinHandle<(Client, Result<String, Error>)>);

impl Waiting {
    /// Starts the statement, and waits until the server reports that it waits for another session.
    #[track_caller]
    pub fn start(database: &TestDatabase, mut client: Client, statement: &str) -> Self {
        let pid: i32 = client.query_one("select pg_backend_pid()", &[]).unwrap().get(0);
        let text = statement.to_owned();
        let thread = std::thread::spawn(move || {
            let answer = try_ask(&mut client, &text);
            (client, answer)
        });
        let mut observer = database.connect();
        loop {
            let waits: bool =
                observer.query_one("select cardinality(pg_blocking_pids($1)) > 0", &[&pid]).unwrap().get(0);
            if waits {
                return Self(thread);
            }
            assert!(!thread.is_finished(), "did not wait: {statement}");
        }
    }

    /// Waits for the end of the statement.
    pub fn finish(self) -> (Client, Result<String, Error>) {
        self.0.join().unwrap()
    }
}

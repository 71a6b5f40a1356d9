//! Deletes runs with all their data, and unused vectors.

use postgres::Client;
use trailblazer::db::calls;
use trailblazer::ids::{ClaimToken, Phase};

use super::fixture::{
    Waiting, ask, chunk, claim, contents, embed, in_steps, load, process, refused, register_model, status,
    store_vectors,
};
use crate::support::TestDatabase;

const COUNTS: &str = "matched, deleted, skipped, fenced, deleted_documents, deleted_chunks, deleted_vectors";

fn delete(client: &mut Client, arguments: &str) -> String {
    ask(client, &format!("select {COUNTS} from graphdb.delete_runs({arguments})"))
}

fn sizes(client: &mut Client) -> String {
    let count = |table: &str| format!("(select count(*) from graphdb.{table})");
    let tables = ["processed_runs", "run_attempts", "documents", "chunks", "embeddings"].map(count).join(", ");
    ask(client, &format!("select {tables}"))
}

#[test]
fn a_deleted_run_leaves_nothing() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one", "two"]);
    assert_eq!(sizes(&mut client), "1 2 2 2 2");
    assert_eq!(delete(&mut client, "'{}'"), "1 1 0 0 2 2 2");
    assert_eq!(sizes(&mut client), "0 0 0 0 0");
    // A run with this id can be registered again.
    process(&mut client, "r", &["one", "two"]);
    assert_eq!(sizes(&mut client), "1 2 2 2 2");
}

#[test]
fn only_the_selected_runs_go_and_vectors_that_another_has_stay() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "a", &["shared", "only a"]);
    process(&mut client, "b", &["shared"]);
    assert_eq!(delete(&mut client, r#"'{"run_ids": "a"}'"#), "1 1 0 0 2 2 1");
    assert_eq!(sizes(&mut client), "1 2 1 1 1");
    assert_eq!(status(&mut client, "b"), "embedded");
    assert_eq!(ask(&mut client, "select text from graphdb.search('shared', '[1,0,0]', 'm')"), "shared");
}

#[test]
fn the_older_version_of_a_document_is_searched_again() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    for (run_id, at) in [("old", "2026-01-01"), ("new", "2026-02-01")] {
        load(&mut client, run_id, at, &[("doc", run_id)]);
        chunk(&mut client, run_id);
        embed(&mut client, run_id);
    }
    let marked = "select run_id, is_newest, is_searched from graphdb.documents order by run_id";
    assert_eq!(ask(&mut client, marked), "new t t\nold f f");
    delete(&mut client, r#"'{"run_ids": "new"}'"#);
    assert_eq!(ask(&mut client, marked), "old t t");
}

#[test]
fn a_dry_run_counts_what_the_real_one_does_and_changes_nothing() {
    for force in ["false", "true"] {
        let database = TestDatabase::new();
        let mut client = database.connect();
        process(&mut client, "a", &["one", "two"]);
        process(&mut client, "b", &["two", "three"]);
        process(&mut client, "outside", &["three"]);
        ask(&mut client, r#"select graphdb.reset_runs('{"run_ids": "b"}')"#);
        claim(&mut client, "embed", "b");
        let arguments = format!(r#"'{{"run_id_glob": "?"}}', p_force => {force}"#);
        let before = contents(&mut client);
        let dry = delete(&mut client, &format!("{arguments}, p_dry_run => true"));
        assert_eq!(contents(&mut client), before);
        assert_eq!(delete(&mut client, &arguments), dry);
        assert_eq!(dry, if force == "true" { "2 2 0 1 4 4 2" } else { "2 1 1 0 2 2 1" });
    }
}

#[test]
fn a_worker_whose_run_was_deleted_is_told_so() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "one")]);
    let token = claim(&mut client, "chunk", "r");
    assert_eq!(delete(&mut client, "'{}'"), "1 0 1 0 0 0 0");
    assert_eq!(delete(&mut client, "'{}', p_force => true"), "1 1 0 1 1 0 0");
    refused(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"), "TB004");
    let completed = calls::complete_run(&mut client, &"r".parse().unwrap(), Phase::Chunk, ClaimToken(token), None);
    assert!(completed.unwrap_err().is_claim_lost());
    let renewal = format!("select run_id, claim_expires_at from graphdb.renew_claims('{{{token}}}')");
    assert_eq!(ask(&mut client, &renewal), "- -");
}

#[test]
fn a_lease_that_ran_out_protects_nothing() {
    let database = TestDatabase::new();
    database.register_runs(1);
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    let mut client = database.connect();
    claim(&mut client, "chunk", "r01");
    database.set_clock("2026-06-01 12:45:00+00");
    assert_eq!(delete(&mut client, "'{}'"), "1 1 0 0 0 0 0");
}

#[test]
fn steps_go_on_where_the_last_one_stopped() {
    let database = TestDatabase::new();
    database.register_runs(7);
    let mut client = database.connect();
    claim(&mut client, "chunk", "r03");
    let steps = in_steps(&mut client, |after| {
        format!(
            "select matched, deleted, skipped, last_run_id from graphdb.delete_runs('{{}}', p_max_runs => 3, p_after => '{after}')"
        )
    });
    assert_eq!(steps, ["3 2 1 r03", "3 3 0 r06", "1 1 0 -"]);
    assert_eq!(ask(&mut client, "select run_id from graphdb.processed_runs"), "r03");
}

#[test]
fn a_deletion_with_bad_arguments_is_refused_and_deletes_nothing() {
    let database = TestDatabase::new();
    database.register_runs(2);
    let mut client = database.connect();
    let before = contents(&mut client);
    for arguments in [
        "null",
        "'{}', p_dry_run => null",
        "'{}', p_force => null",
        "'{}', p_after => null",
        "'{}', p_max_runs => 0",
        r#"'{"limit": 2}', p_max_runs => 1"#,
        r#"'{"statsu": "failed"}'"#,
        "'[]'",
    ] {
        refused(&mut client, &format!("select graphdb.delete_runs({arguments})"), "TB001");
    }
    assert_eq!(contents(&mut client), before);
}

#[test]
fn a_deletion_waits_for_the_embedding_that_counts_on_its_vectors() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "done", &["shared"]);
    load(&mut client, "r", "2026-01-01", &[("r", "shared")]);
    chunk(&mut client, "r");
    let token = claim(&mut client, "embed", "r");
    ask(&mut client, "begin");
    store_vectors(&mut client, "r", token);
    let delete = r#"select deleted, deleted_vectors from graphdb.delete_runs('{"run_ids": "done"}')"#;
    let waiting = Waiting::start(&database, database.connect(), delete);
    ask(&mut client, &format!("select graphdb.complete_run('r', 'embed', {token}); commit"));
    assert_eq!(waiting.finish().1.unwrap(), "1 0");
    assert_eq!(status(&mut client, "r"), "embedded");
}

#[test]
fn a_load_of_another_version_meanwhile_is_seen() {
    let database = TestDatabase::new();
    let (mut client, mut loader) = (database.connect(), database.connect());
    load(&mut client, "old", "2026-01-01", &[("doc", "old")]);
    ask(&mut client, r#"begin; select graphdb.delete_runs('{"run_ids": "old"}')"#);
    super::fixture::stage(&mut loader, &[("doc", "new")]);
    let load = "select outcome from graphdb.load_documents('new', 'confluence', '2025-01-01')";
    let waiting = Waiting::start(&database, loader, load);
    ask(&mut client, "commit");
    assert_eq!(waiting.finish().1.unwrap(), "registered");
    assert_eq!(ask(&mut client, "select run_id, is_newest, is_searched from graphdb.documents"), "new t t");
}

#[test]
fn vectors_of_texts_that_no_run_has_are_pruned_and_no_others() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one", "two"]);
    load(&mut client, "r", "2026-01-01", &[("r-0", "edited"), ("r-1", "two")]);
    chunk(&mut client, "r");
    embed(&mut client, "r");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.embeddings"), "3");
    assert_eq!(ask(&mut client, "select deleted from graphdb.prune_embeddings(p_dry_run => true)"), "1");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.embeddings"), "3");
    assert_eq!(ask(&mut client, "select * from graphdb.prune_embeddings()"), "1 - -");
    assert_eq!(
        ask(
            &mut client,
            "select count(*) from graphdb.embeddings where input_sha256 in (sha256('edited'), sha256('two'))"
        ),
        "2"
    );
    assert_eq!(ask(&mut client, "select * from graphdb.prune_embeddings()"), "0 - -");
}

#[test]
fn pruning_in_steps_looks_at_every_vector_of_every_model_once() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    ask(&mut client, "select graphdb.register_model('n', 'hash', 3)");
    ask(
        &mut client,
        "insert into graphdb.embeddings select m.model_id, sha256(i::text::bytea), '[1,0,0]' \
         from graphdb.embedding_models as m, generate_series(1, 5) as i",
    );
    let (mut deleted, mut after) = (Vec::new(), String::new());
    loop {
        let step = ask(
            &mut client,
            &format!("select deleted, last_model_id, last_input_sha256 from graphdb.prune_embeddings(false, 3{after})"),
        );
        let columns: Vec<&str> = step.split(' ').collect();
        deleted.push(columns[0].to_owned());
        if columns[1] == "-" {
            break;
        }
        after = format!(", {}, '{}'", columns[1], columns[2]);
    }
    assert_eq!(deleted, ["3", "3", "3", "1"]);
    for arguments in ["null", "false, 0", "false, null, null", "false, null, 0, null"] {
        refused(&mut client, &format!("select graphdb.prune_embeddings({arguments})"), "TB001");
    }
}

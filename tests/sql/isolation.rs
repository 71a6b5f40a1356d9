//! Isolation levels, locked rows, and clocks that are set back.

use super::fixture::{ask, claim, load, process, refused, register_model, stage, stage_chunks};
use crate::support::TestDatabase;

#[test]
fn functions_that_count_after_a_wait_refuse_an_old_snapshot() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    register_model(&mut client);
    process(&mut client, "done", &["one text"]);
    load(&mut client, "r", "2026-01-01", &[("d", "a text")]);
    let token = claim(&mut client, "chunk", "r");
    stage_chunks(&mut client, "r");
    stage(&mut client, &[("d", "another text")]);
    for level in ["repeatable read", "serializable"] {
        for call in [
            format!("graphdb.complete_run('r', 'chunk', {token})"),
            format!("graphdb.complete_runs('{{r}}', 'chunk', '{{{token}}}')"),
            "graphdb.register_run('r', 'dita')".to_owned(),
            "graphdb.load_documents('r', 'dita')".to_owned(),
            "graphdb.reset_runs()".to_owned(),
            "graphdb.delete_runs('{}')".to_owned(),
            "graphdb.prune_embeddings()".to_owned(),
        ] {
            client.batch_execute(&format!("begin isolation level {level}")).unwrap();
            let error = refused(&mut client, &format!("select {call}"), "TB001");
            assert!(error.message().contains(level), "{error}");
            client.batch_execute("rollback").unwrap();
        }
        // Functions that only read are allowed.
        client.batch_execute(&format!("begin isolation level {level}")).unwrap();
        for call in ["graphdb.backlog()", "graphdb.reset_runs(p_dry_run => true)", "graphdb.prune_embeddings(true)"] {
            ask(&mut client, &format!("select {call}"));
        }
        client.batch_execute("rollback").unwrap();
    }
    assert_eq!(
        database.column("select r.status from graphdb.processed_runs as r order by r.run_id"),
        ["embedded", "chunking"]
    );
}

#[test]
fn renew_claims_renews_every_lease_but_that_of_a_locked_run_and_names_it() {
    let database = TestDatabase::new();
    database.take_over_clock();
    database.register_runs(3);
    database.set_clock("2026-06-01 12:00:00+00");
    let mut client = database.connect();
    let tokens = ["r01", "r02", "r03"].map(|run| claim(&mut client, "chunk", run));
    database.set_clock("2026-06-01 12:10:00+00");
    let mut other = database.connect();
    other.batch_execute("begin; update graphdb.processed_runs set priority = 5 where run_id = 'r02'").unwrap();
    let renew = format!(
        "select run_id, claim_expires_at - graphdb.clock() from graphdb.renew_claims('{{{},{},{},999999}}', '20 minutes') order by 1",
        tokens[0], tokens[1], tokens[2]
    );
    assert_eq!(ask(&mut client, &renew).lines().collect::<Vec<_>>(), ["r01 00:20:00", "r02 -", "r03 00:20:00", "- -"]);
    other.batch_execute("commit").unwrap();
    assert!(ask(&mut client, &renew).contains("r02 00:20:00"));
}

#[test]
fn procedure_that_claims_and_commits_in_a_loop_claims_at_the_current_time() {
    let database = TestDatabase::new();
    database.register_runs(3);
    let mut client = database.connect();
    client
        .batch_execute(
            "create procedure public.work() language plpgsql as $$ begin for n in 1..3 loop \
             perform graphdb.claim_run('chunk', 'w'); commit; end loop; end $$; ",
        )
        .unwrap();
    client.batch_execute("call public.work()").unwrap();
    assert_eq!(
        ask(
            &mut client,
            "select count(distinct claimed_at), count(distinct claim_expires_at) from graphdb.processed_runs"
        ),
        "3 3"
    );
}

#[test]
fn clock_that_is_set_back_by_hours_costs_no_claim_and_no_attempt() {
    let database = TestDatabase::new();
    database.take_over_clock();
    database.register_runs(2);
    let mut client = database.connect();
    database.set_clock("2026-06-01 12:00:00+00");
    let (first, second) = (claim(&mut client, "chunk", "r01"), claim(&mut client, "chunk", "r02"));
    database.set_clock("2026-06-01 07:00:00+00");
    let expiry = "select claim_expires_at - graphdb.clock() from graphdb.renew_claims";
    assert_eq!(ask(&mut client, &format!("{expiry}('{{{first}}}', '45 minutes')")), "00:45:00");
    assert_eq!(
        ask(&mut client, &format!("select graphdb.renew_claim('r02', {second}, '45 minutes') - graphdb.clock()")),
        "00:45:00"
    );
    assert_eq!(ask(&mut client, "select count(*) from graphdb.recover_expired_claims()"), "0");
    for (run, token) in [("r01", first), ("r02", second)] {
        ask(&mut client, &format!("select graphdb.complete_run('{run}', 'chunk', {token})"));
    }
    assert_eq!(
        ask(&mut client, "select sum(attempts), string_agg(distinct status, ' ') from graphdb.processed_runs"),
        "0 chunked"
    );
}

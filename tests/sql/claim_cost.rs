//! The cost of a claim does not depend on the number of finished runs.

use postgres::Client;

use super::fixture::ask;
use crate::support::TestDatabase;

/// Fills the backlog and vacuums it. Returns the plan that selects a run, and the number of blocks that a claim reads.
fn cost(client: &mut Client, finished: u32, due: u32) -> (String, i64) {
    ask(client, &format!("call claim_cost.fill({finished}, {due})"));
    ask(client, "vacuum analyze graphdb.processed_runs");
    for _ in 0..5 {
        ask(client, "select graphdb.claim_run('chunk', 'w')");
    }
    let blocks = ask(client, "select claim_cost.blocks()").parse().unwrap();
    (ask(client, "select claim_cost.plan('chunk')"), blocks)
}

#[test]
fn a_claim_costs_the_same_whatever_number_of_runs_is_finished() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ask(&mut client, include_str!("claim_cost.sql"));
    let (plan, blocks) = cost(&mut client, 0, 20_000);
    assert_eq!(plan, "Limit > LockRows > Index Scan > ix_processed_runs_chunk_queue");
    let (plan_of_many, blocks_of_many) = cost(&mut client, 200_000, 20_000);
    assert_eq!(plan_of_many, plan);
    assert!(
        (blocks_of_many - blocks).abs() * 5 <= blocks,
        "{blocks} blocks with none finished, {blocks_of_many} with 200,000"
    );
}

#[test]
fn both_queues_are_read_from_their_index() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ask(&mut client, include_str!("claim_cost.sql"));
    ask(&mut client, "call claim_cost.fill(1000, 2000)");
    ask(
        &mut client,
        "update graphdb.processed_runs set status = 'chunked', total_chunks = 0, chunk_completed_at = now() where status = 'normalized' and run_id < 'run-00001500'",
    );
    ask(&mut client, "vacuum analyze graphdb.processed_runs");
    for phase in ["chunk", "embed"] {
        let expected = format!("Limit > LockRows > Index Scan > ix_processed_runs_{phase}_queue");
        assert_eq!(ask(&mut client, &format!("select claim_cost.plan('{phase}')")), expected);
    }
}

#[test]
fn a_transaction_left_open_does_not_make_claims_look_at_all_that_ended_since() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    ask(&mut client, include_str!("claim_cost.sql"));
    ask(&mut client, "call claim_cost.fill(0, 2000)");
    let mut open = database.connect();
    ask(&mut open, "begin isolation level repeatable read; select count(*) from graphdb.processed_runs");
    ask(&mut client, "call claim_cost.cycle(1000)");
    ask(&mut client, "select graphdb.claim_run('chunk', 'w')");
    ask(&mut client, "select claim_cost.probe_blocks()");
    let blocks: i64 = ask(&mut client, "select claim_cost.probe_blocks()").parse().unwrap();
    assert!(blocks <= 10, "{blocks} blocks");
}

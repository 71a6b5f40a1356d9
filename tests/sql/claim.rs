//! Claims: order, exclusivity, scope.

use crate::support::TestDatabase;

#[test]
fn claim_run_takes_the_highest_priority_then_the_oldest() {
    let database = TestDatabase::new();
    database.register_runs(3);
    let mut client = database.connect();
    client.execute("update graphdb.processed_runs set priority = 1 where run_id = 'r02'", &[]).unwrap();
    let claimed: Vec<String> = (0..4)
        .filter_map(|_| client.query_opt("select run_id from graphdb.claim_run('chunk', 'w')", &[]).unwrap())
        .map(|row| row.get(0))
        .collect();
    assert_eq!(claimed, ["r02", "r01", "r03"]);
}

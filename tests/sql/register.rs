//! Registers runs and loads their documents.

use super::fixture::{Waiting, ask, chunk, claim, contents, load, process, refused, stage, status, try_ask};
use crate::support::TestDatabase;

#[test]
fn registering_the_same_content_again_changes_nothing() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    process(&mut client, "r", &["one", "two"]);
    let before = contents(&mut client);
    assert_eq!(ask(&mut client, "select graphdb.register_run('r', 'confluence')"), "unchanged");
    assert_eq!(ask(&mut client, "select graphdb.register_run('r', 'confluence', 2, now(), 'v2')"), "unchanged");
    assert_eq!(load(&mut client, "r", "2026-02-02", &[("r-0", "one"), ("r-1", "two")]), "unchanged 2 0 0");
    assert_eq!(contents(&mut client), before);
}

#[test]
fn a_time_that_no_client_can_read_is_refused() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for time in ["infinity", "-infinity", "10000-01-01", "0044-03-15 BC"] {
        refused(&mut client, &format!("select graphdb.register_run('r', 'dita', 0, '{time}')"), "TB001");
    }
}

#[test]
fn loading_writes_only_what_differs() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let first = [("a", "one"), ("b", "two"), ("c", "three")];
    assert_eq!(load(&mut client, "r", "2026-01-01", &first), "registered 3 3 0");
    let kept = "select ctid, xmin from graphdb.documents where doc_id = 'a'";
    let before = ask(&mut client, kept);
    assert_eq!(load(&mut client, "r", "2026-01-02", &[("a", "one"), ("b", "2"), ("d", "four")]), "changed 3 2 1");
    assert_eq!(ask(&mut client, kept), before);
    assert_eq!(
        ask(&mut client, "select doc_id, body from graphdb.documents where is_current order by 1"),
        "a one\nb 2\nd four"
    );
}

#[test]
fn any_change_of_a_document_is_a_change_of_the_run() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    for change in [
        "title = 'Other'",
        "url = 'https://example.org'",
        "path = 'a/b'",
        "labels = '{x}'",
        "breadcrumbs = '{x,y}'",
        r#"meta = '{"version": 2}'"#,
        "body = 'other'",
    ] {
        load(&mut client, "r", "2026-01-01", &[("a", "one")]);
        stage(&mut client, &[("a", "one")]);
        ask(&mut client, &format!("update pg_temp.staged_documents set {change}"));
        let answer = ask(
            &mut client,
            "select l.outcome, l.total_docs, l.added + l.changed, l.removed from graphdb.load_documents('r', 'confluence') as l",
        );
        assert_eq!(answer, "changed 1 1 0", "{change}");
    }
}

#[test]
fn a_run_whose_content_changed_supersedes_the_claim_on_the_old_content() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "one")]);
    let token = claim(&mut client, "chunk", "r");
    assert_eq!(load(&mut client, "r", "2026-01-02", &[("a", "two")]), "changed 1 1 0");
    assert_eq!(status(&mut client, "r"), "normalized");
    refused(&mut client, &format!("select graphdb.complete_run('r', 'chunk', {token})"), "TB002");
    assert_eq!(ask(&mut client, "select outcome, worker from graphdb.run_history('r')"), "superseded w");
}

#[test]
fn a_run_is_refused_whose_count_of_documents_is_wrong() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    refused(&mut client, "select graphdb.register_run('r', 'dita', 1)", "TB001");
    load(&mut client, "r", "2026-01-01", &[("a", "one")]);
    refused(&mut client, "select graphdb.register_run('r', 'confluence', 2)", "TB001");
    refused(&mut client, "select graphdb.register_run('s', '')", "TB001");
    refused(&mut client, "select graphdb.register_run('s', null)", "TB001");
    refused(&mut client, "select graphdb.register_run(null, 'dita')", "TB001");
    assert_eq!(ask(&mut client, "select run_id, total_docs from graphdb.processed_runs"), "r 1");
}

#[test]
fn documents_are_loaded_only_from_a_staging_table() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    refused(&mut client, "select graphdb.load_documents('r', 'dita')", "TB001");
    stage(&mut client, &[("a", "one")]);
    refused(&mut client, "select graphdb.load_documents('r/s', 'dita')", "TB001");
    refused(&mut client, "select graphdb.load_documents('r', '')", "TB001");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.documents"), "0");
}

#[test]
fn a_run_that_is_loaded_twice_at_once_has_the_documents_of_the_last() {
    let database = TestDatabase::new();
    let (mut one, mut two) = (database.connect(), database.connect());
    ask(&mut one, "begin");
    load(&mut one, "r", "2026-01-01", &[("a", "one"), ("b", "same")]);
    stage(&mut two, &[("b", "same"), ("c", "three")]);
    let waiting = Waiting::start(
        &database,
        two,
        "select l.outcome, l.total_docs, l.added + l.changed, l.removed from graphdb.load_documents('r', 'confluence') as l",
    );
    ask(&mut one, "commit");
    assert_eq!(waiting.finish().1.unwrap(), "changed 2 1 1");
    assert_eq!(ask(&mut one, "select doc_id from graphdb.documents where is_current order by 1"), "b\nc");
    assert_eq!(ask(&mut one, "select graphdb.register_run('r', 'confluence', 2)"), "unchanged");
}

#[test]
fn a_registration_that_waited_counts_the_documents_that_are_there_then() {
    let database = TestDatabase::new();
    let mut one = database.connect();
    ask(&mut one, "begin");
    load(&mut one, "r", "2026-01-01", &[("a", "one")]);
    let waiting = Waiting::start(&database, database.connect(), "select graphdb.register_run('r', 'confluence')");
    ask(&mut one, "commit");
    assert_eq!(waiting.finish().1.unwrap(), "unchanged");
    assert_eq!(ask(&mut one, "select total_docs from graphdb.processed_runs"), "1");
}

#[test]
fn the_newest_version_of_a_document_is_marked_across_runs() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let newest = "select doc_id, string_agg(run_id, ',' order by run_id) from graphdb.documents where is_newest group by 1 order by 1";
    load(&mut client, "jan", "2026-01-01", &[("a", "1"), ("b", "1")]);
    load(&mut client, "mar", "2026-03-01", &[("a", "3")]);
    load(&mut client, "feb", "2026-02-01", &[("a", "2"), ("b", "2"), ("c", "2")]);
    assert_eq!(ask(&mut client, newest), "a mar\nb feb\nc feb");
    // The newest run no longer contains the document, so the previous version is the newest again.
    load(&mut client, "mar", "2026-03-02", &[("d", "3")]);
    assert_eq!(ask(&mut client, newest), "a feb\nb feb\nc feb\nd mar");
    // An older run is normalized again and is now the newest.
    load(&mut client, "jan", "2026-04-01", &[("a", "4")]);
    assert_eq!(ask(&mut client, newest), "a jan\nb feb\nc feb\nd mar");
    assert_eq!(ask(&mut client, "select count(*) from graphdb.documents where doc_id = 'a'"), "2");
}

#[test]
fn documents_that_were_written_without_load_documents_are_marked_too() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "old", "2026-01-01", &[("a", "old")]);
    ask(
        &mut client,
        "begin; insert into graphdb.documents (run_id, doc_id, title, body, content_sha256) values ('new', 'a', 'T', 'new', sha256('new')); \
         select graphdb.register_run('new', 'dita', 1, '2026-02-01'); commit",
    );
    let marked = "select run_id, is_newest, is_searched from graphdb.documents order by run_id";
    assert_eq!(ask(&mut client, marked), "new t t\nold f f");
}

#[test]
fn of_runs_as_old_the_greater_run_id_has_the_newest_version() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r2", "2026-01-01", &[("a", "2")]);
    load(&mut client, "r1", "2026-01-01", &[("a", "1")]);
    assert_eq!(ask(&mut client, "select run_id from graphdb.documents where is_newest"), "r2");
}

#[test]
fn two_loads_of_one_document_leave_one_newest_version() {
    let database = TestDatabase::new();
    let (mut one, mut two) = (database.connect(), database.connect());
    ask(&mut one, "begin");
    load(&mut one, "one", "2026-01-01", &[("a", "1")]);
    stage(&mut two, &[("a", "2")]);
    let load_two = "select l.outcome, l.total_docs, l.added + l.changed, l.removed from graphdb.load_documents('two', 'confluence', '2026-01-02') as l";
    let waiting = Waiting::start(&database, two, load_two);
    ask(&mut one, "commit");
    waiting.finish().1.unwrap();
    assert_eq!(ask(&mut one, "select run_id from graphdb.documents where is_newest"), "two");
}

#[test]
fn loads_with_documents_in_common_do_not_deadlock() {
    let database = TestDatabase::new();
    let mut holder = database.connect();
    load(&mut holder, "old", "2026-01-01", &[("a", "1"), ("b", "1")]);
    load(&mut holder, "new", "2026-02-01", &[("a", "1")]);
    // Another session has locked the only document of "old" that the first load writes last.
    ask(&mut holder, "begin; select from graphdb.documents where run_id = 'old' and doc_id = 'b' for update");
    let mut one = database.connect();
    stage(&mut one, &[("a", "changed"), ("b", "changed")]);
    let one = Waiting::start(
        &database,
        one,
        "select l.outcome, l.total_docs, l.added + l.changed, l.removed from graphdb.load_documents('old', 'confluence', '2026-01-01') as l",
    );
    // The second load takes the mark of the newest version from "old" while the first load is waiting.
    let mut two = database.connect();
    stage(&mut two, &[]);
    let two = Waiting::start(
        &database,
        two,
        "select l.outcome, l.total_docs, l.added + l.changed, l.removed from graphdb.load_documents('new', 'confluence', '2026-02-01') as l",
    );
    ask(&mut holder, "commit");
    for load in [one, two] {
        load.finish().1.unwrap();
    }
    assert_eq!(
        ask(&mut holder, "select run_id, doc_id from graphdb.documents where is_newest order by 2"),
        "old a\nold b"
    );
}

#[test]
fn documents_without_a_run_do_not_stay() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let insert = "insert into graphdb.documents (run_id, doc_id, title, body, content_sha256) values ('r', 'a', 't', 'b', sha256(''))";
    assert_eq!(try_ask(&mut client, insert).unwrap_err().code().map(postgres::error::SqlState::code), Some("23503"));
    ask(&mut client, &format!("begin; {insert}; select graphdb.register_run('r', 'dita', 1); commit"));
    assert_eq!(status(&mut client, "r"), "normalized");
}

#[test]
fn chunks_of_a_document_that_went_go_with_the_completion() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    load(&mut client, "r", "2026-01-01", &[("a", "one"), ("b", "two")]);
    chunk(&mut client, "r");
    load(&mut client, "r", "2026-01-02", &[("b", "two")]);
    assert_eq!(ask(&mut client, "select doc_id from graphdb._current_chunks('r')"), "b");
    assert_eq!(ask(&mut client, "select total_chunks from graphdb.processed_runs"), "-");
    chunk(&mut client, "r");
    assert_eq!(ask(&mut client, "select doc_id from graphdb.chunks"), "b");
}

//! The run filter: every key selects the right runs, and invalid filters are rejected.

use postgres::Client;

use super::fixture::{ask, process, refused};
use crate::support::TestDatabase;

/// Registers runs with different sources, days, statuses and names.
fn some_runs(database: &TestDatabase) -> Client {
    let mut client = database.connect();
    for (run_id, source, at) in [
        ("dita-1", "dita", "2026-01-01 00:00:00+00"),
        ("dita_2", "dita", "2026-01-31 23:59:59.999999+00"),
        ("conf.1", "confluence", "2026-02-01 00:00:00+00"),
        ("DITA-1", "mixed", "2026-02-02 12:00:00+00"),
    ] {
        ask(&mut client, &format!("select graphdb.register_run('{run_id}', '{source}', 0, '{at}')"));
    }
    process(&mut client, "done", &["text"]);
    client
}

fn selected(client: &mut Client, filter: &str) -> String {
    let list = "select run_id from graphdb.list_runs($1::text::jsonb)";
    let mut runs: Vec<String> = client.query(list, &[&filter]).unwrap().iter().map(|row| row.get(0)).collect();
    runs.sort();
    runs.join(" ")
}

#[test]
fn each_key_selects_what_it_says() {
    let database = TestDatabase::new();
    let mut client = some_runs(&database);
    for (filter, runs) in [
        ("{}", "DITA-1 conf.1 dita-1 dita_2 done"),
        (r#"{"run_ids": ["dita-1", "conf.1", "absent"]}"#, "conf.1 dita-1"),
        (r#"{"run_ids": "dita-1"}"#, "dita-1"),
        (r#"{"run_ids": []}"#, ""),
        (r#"{"run_id_glob": "dita*"}"#, "dita-1 dita_2"),
        (r#"{"run_id_glob": "dita-?"}"#, "dita-1"),
        (r#"{"run_id_glob": "*1"}"#, "DITA-1 conf.1 dita-1"),
        (r#"{"run_id_glob": "dita_*"}"#, "dita_2"),
        (r#"{"run_id_glob": "%"}"#, ""),
        (r#"{"run_id_glob": "conf\\.1"}"#, ""),
        (r#"{"source": "dita"}"#, "dita-1 dita_2"),
        (r#"{"source": ["confluence", "mixed"]}"#, "DITA-1 conf.1 done"),
        (r#"{"status": "embedded"}"#, "done"),
        (r#"{"status": ["failed", "embedded"]}"#, "done"),
        (r#"{"embedding_model": "m"}"#, "done"),
        (r#"{"normalized_from": "2026-02-01"}"#, "DITA-1 conf.1"),
        (r#"{"normalized_to": "2026-01-31"}"#, "dita-1 dita_2 done"),
        (r#"{"normalized_from": "2026-01-01", "normalized_to": "2026-01-01"}"#, "dita-1"),
        (r#"{"normalized_from": "2026-02-02T12:00:00Z"}"#, "DITA-1"),
        (r#"{"normalized_from": "2026-02-02T14:00:00+02:00"}"#, "DITA-1"),
        (r#"{"normalized_from": "2026-02-02T12:00:00.000001Z"}"#, ""),
        (r#"{"source": "dita", "status": "embedded"}"#, ""),
    ] {
        assert_eq!(selected(&mut client, filter), runs, "{filter}");
    }
}

#[test]
fn a_limit_selects_the_newest_in_a_list() {
    let database = TestDatabase::new();
    let mut client = some_runs(&database);
    assert_eq!(ask(&mut client, r#"select run_id from graphdb.list_runs('{"limit": 2}')"#), "DITA-1\nconf.1");
}

#[test]
fn a_day_is_a_day_in_utc_whatever_the_session_says() {
    let database = TestDatabase::new();
    let mut client = some_runs(&database);
    for session in [
        "set timezone = 'Pacific/Auckland'",
        "set datestyle = 'SQL, DMY'; set timezone = 'Asia/Kolkata'",
        "set datestyle = 'German'; set timezone = 'America/Chicago'",
        "set datestyle = 'Postgres, MDY'; set timezone = 'Asia/Shanghai'",
        "set datestyle = 'ISO, MDY'; set timezone = 'UTC'",
    ] {
        ask(&mut client, session);
        let filter = r#"{"normalized_from": "2026-01-31", "normalized_to": "2026-01-31"}"#;
        assert_eq!(selected(&mut client, filter), "dita_2", "{session}");
        let filter = r#"{"normalized_to": "2026-02-01T00:00:00Z", "run_ids": ["conf.1", "DITA-1"]}"#;
        assert_eq!(selected(&mut client, filter), "conf.1", "{session}");
    }
}

#[test]
fn what_a_filter_does_not_know_is_refused_by_name() {
    let database = TestDatabase::new();
    let mut client = some_runs(&database);
    for (filter, named) in [
        ("null", "null"),
        ("[]", "array"),
        (r#""dita""#, "string"),
        ("1", "number"),
        (r#"{"sorce": "dita"}"#, "sorce"),
        (r#"{"Source": "dita"}"#, "Source"),
        (r#"{"": "dita"}"#, r#""""#),
        (r#"{"run_ids": null}"#, "run_ids"),
        (r#"{"run_ids": 1}"#, "run_ids"),
        (r#"{"run_ids": [1]}"#, "run_ids"),
        (r#"{"run_ids": [null]}"#, "run_ids"),
        (r#"{"run_ids": ["a", ["b"]]}"#, "run_ids"),
        (r#"{"run_ids": ""}"#, "run_ids"),
        (r#"{"run_id_glob": ["a"]}"#, "run_id_glob"),
        (r#"{"run_id_glob": ""}"#, "run_id_glob"),
        (r#"{"run_id_glob": null}"#, "run_id_glob"),
        (r#"{"source": {}}"#, "source"),
        (r#"{"status": "done"}"#, "done"),
        (r#"{"status": ["failed", "Failed"]}"#, "Failed"),
        (r#"{"normalized_from": "yesterday"}"#, "normalized_from"),
        (r#"{"normalized_from": "2026-02-30"}"#, "2026-02-30"),
        (r#"{"normalized_from": "2026-13-01"}"#, "2026-13-01"),
        (r#"{"normalized_from": "0000-01-01"}"#, "0000-01-01"),
        (r#"{"normalized_from": "2026-01-01T25:00"}"#, "normalized_from"),
        (r#"{"normalized_from": "2026-01-01T10:00:00+99:00"}"#, "normalized_from"),
        (r#"{"normalized_from": "infinity"}"#, "normalized_from"),
        (r#"{"normalized_to": "31.01.2026"}"#, "normalized_to"),
        (r#"{"normalized_to": 20260131}"#, "normalized_to"),
        (r#"{"embedding_model": true}"#, "embedding_model"),
        (r#"{"limit": 0}"#, "limit"),
        (r#"{"limit": -1}"#, "limit"),
        (r#"{"limit": 1.5}"#, "limit"),
        (r#"{"limit": "1"}"#, "limit"),
        (r#"{"limit": null}"#, "limit"),
        (r#"{"limit": 9999999999}"#, "limit"),
    ] {
        for call in [
            "list_runs('{f}')",
            "backlog('chunk', '{f}')",
            "reset_runs('{f}')",
            "claim_runs('chunk', 'w', '1 hour', 1, '{f}')",
        ] {
            let error =
                refused(&mut client, &format!("select * from graphdb.{}", call.replace("{f}", filter)), "TB001");
            assert!(error.message().contains(named), "{filter}: {error}");
        }
    }
    assert_eq!(ask(&mut client, "select count(*) from graphdb.processed_runs where status = 'reset'"), "0");
}

#[test]
fn a_filter_is_data_and_never_sql() {
    let database = TestDatabase::new();
    let mut client = some_runs(&database);
    for strings in ["on", "off"] {
        ask(&mut client, &format!("set standard_conforming_strings = {strings}; set escape_string_warning = off"));
        for text in [
            "' or true --",
            "') or true --",
            "x' or 'x' = 'x",
            r"\' or true --",
            r"\\' or true --",
            "$$ or true --",
            "*'; drop table graphdb.chunks; --",
            "{\"}' or true --",
        ] {
            for key in ["run_ids", "run_id_glob", "source", "embedding_model"] {
                let filter = serde_json::json!({ key: text }).to_string();
                assert_eq!(selected(&mut client, &filter), "", "{filter}");
            }
            for key in ["status", "--json", "normalized_from", "normalized_to", "limit", text] {
                let filter = serde_json::json!({ key: text }).to_string();
                let error = client.query("select * from graphdb.list_runs($1::text::jsonb)", &[&filter]).unwrap_err();
                assert_eq!(error.code().map(postgres::error::SqlState::code), Some("TB001"), "{filter}");
            }
        }
        assert_eq!(selected(&mut client, r#"{"run_id_glob": "dita_*", "source": "dita"}"#), "dita_2");
    }
    assert_eq!(ask(&mut client, "select count(*) from graphdb.chunks"), "1");
}

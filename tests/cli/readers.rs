//! Restricted documents through the command line: `--as`, the configuration, roles, and what `db doctor` says.

use serde_json::json;

use crate::support::handbook::handbook;
use crate::support::{Run, Sandbox};

/// Returns the ids of the documents that `ask` finds.
fn found(run: &Run) -> Vec<String> {
    let mut ids: Vec<String> =
        run.events_named("ask.result").iter().map(|hit| hit["doc_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

const QUESTION: [&str; 4] = ["ask", "How much does Bob earn and get?", "--json", "--min-score=0"];

#[test]
fn ask_and_show_give_a_restricted_page_to_its_readers_only() {
    let sandbox = handbook();
    let ask = |more: &[&str]| found(&sandbox.run(&[&QUESTION[..], more].concat()).success());
    assert_eq!(ask(&[]), ["holidays"]);
    assert_eq!(ask(&["--as", "group:it"]), ["holidays"]);
    assert_eq!(ask(&["--as", "group:hr"]), ["holidays", "salaries"]);
    assert_eq!(ask(&["--as", "group:hr", "--as", "user:ann"]), ["bonus", "holidays", "salaries"]);
    let refused = sandbox.run(&["show", "salaries"]).exits(2);
    let unknown = sandbox.run(&["show", "no-such-page"]).exits(2);
    assert_eq!(refused.stderr.replace("salaries", "no-such-page"), unknown.stderr);
    let shown = sandbox.run(&["show", "salaries", "--as", "group:hr"]).success();
    assert!(shown.stdout.contains("90000"), "{}", shown.stdout);
    let run = sandbox.run(&["show", "salaries", "--as", "hr"]).exits(2);
    assert!(run.stderr.contains("expected user:NAME or group:NAME"), "{}", run.stderr);
}

#[test]
fn the_configuration_names_principals_and_a_flag_replaces_them() {
    let sandbox = handbook();
    sandbox.configure("search: { principals: ['group:hr'] }\n");
    let ask = |more: &[&str]| found(&sandbox.run(&[&QUESTION[..], more].concat()).success());
    assert_eq!(ask(&[]), ["holidays", "salaries"]);
    assert_eq!(ask(&["--as", "group:it"]), ["holidays"]);
    sandbox.configure("search: { principals: [hr] }\n");
    let run = sandbox.run(&QUESTION).exits(3);
    assert!(run.stderr.contains("group:NAME"), "{}", run.stderr);
}

#[test]
fn eval_asks_as_the_principals_that_it_is_given() {
    let sandbox = handbook();
    let count = |more: &[&str]| {
        let run = sandbox.run(&[&["eval", "--known-items", "--json"][..], more].concat()).success();
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap()["questions"].clone()
    };
    assert_eq!(count(&[]), 1);
    assert_eq!(count(&["--as", "group:hr"]), 2);
}

#[test]
fn a_role_reads_as_it_was_granted() {
    let sandbox = handbook();
    let name = format!("tb_readers_{}", std::process::id());
    sandbox.database.connect().batch_execute(&format!("create role {name} login")).unwrap();
    let url = sandbox.database.url_as(&name);
    let run = |args: &[&str]| Run::of(sandbox.command(args).env("TRAILBLAZER_DB_URL", &url).output().unwrap());
    let ask = |more: &[&str]| found(&run(&[&QUESTION[..], more].concat()).success());
    let grant = |more: &[&str]| sandbox.run(&[&["db", "grant", "reader", &name][..], more].concat());

    grant(&[]).success();
    assert_eq!(ask(&["--as", "group:hr"]), ["holidays"]);
    let told = run(&[&QUESTION[..], &["--as", "group:hr"]].concat()).success();
    assert!(told.stderr.contains("may not read as group:hr"), "{}", told.stderr);
    let granted = grant(&["--as", "group:hr"]).success();
    assert_eq!(granted.stderr, format!("role \"{name}\" has the rights of a reader and reads as group:hr\n"));
    assert_eq!(ask(&[]), ["holidays", "salaries"]);
    assert_eq!(ask(&["--as", "group:hr", "--as", "user:ann"]), ["holidays", "salaries"]);
    assert_eq!(ask(&["--as", "user:ann"]), ["holidays"]);
    grant(&["--all"]).success();
    assert_eq!(ask(&[]), ["holidays"]);
    assert_eq!(ask(&["--as", "group:hr", "--as", "user:ann"]), ["bonus", "holidays", "salaries"]);
    grant(&["--all", "--as", "group:hr"]).exits(2);

    // Only the contents that the role may read are counted.
    grant(&[]).success();
    let shown = run(&["runs", "show", "hr"]).success();
    assert!(shown.stdout.contains("documents   1\n") && shown.stdout.contains("searched    1\n"), "{}", shown.stdout);
    let shown = sandbox.run(&["runs", "show", "hr"]).success();
    assert!(shown.stdout.contains("documents   3\n") && shown.stdout.contains("restricted  2\n"), "{}", shown.stdout);

    // A function that the role lacks is granted again without losing its principals.
    grant(&["--as", "group:hr & it"]).success();
    sandbox.database.connect().batch_execute("drop function graphdb.snippet").unwrap();
    let migrated = sandbox.run(&["db", "migrate"]).success();
    assert!(migrated.stderr.contains(&format!("db grant reader {name} --as 'group:hr & it'")), "{}", migrated.stderr);
    sandbox.database.connect().batch_execute(&format!("drop owned by {name}; drop role {name}")).unwrap();
}

#[test]
fn doctor_names_documents_whose_readers_are_unknown() {
    let sandbox = Sandbox::new();
    let page = |id: &str, more: serde_json::Value| {
        let mut page =
            json!({"id": id, "title": format!("About {id}"), "text_md": "x\n", "source_system": "confluence"});
        page.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        page.to_string()
    };
    let lines = [
        page("known", json!({"readers": ["group:hr"], "losses": {"readers:unknown-ancestor": 1}})),
        page("open", json!({"losses": {"macro:x": 1}})),
        page("mentioned", json!({"restrictions": {"read": {"user": ["ann"]}}})),
        page("unread", json!({"losses": {"readers:not-fetched": 1}})),
    ];
    sandbox.write("var/runs/old/normalize/normalized.ndjson", lines.join("\n") + "\n");
    sandbox.run(&["runs", "backfill"]).success();
    let checks = sandbox.run(&["db", "doctor", "--json"]).success().events_named("doctor.check");
    let readers: Vec<&str> = checks
        .iter()
        .filter(|check| check["check"] == "readers")
        .map(|check| check["detail"].as_str().unwrap())
        .collect();
    assert_eq!(readers.len(), 2, "{readers:?}");
    assert!(readers[0].contains("run old: 1 document") && readers[0].contains("About mentioned"), "{readers:?}");
    assert!(readers[1].contains("About unread") && readers[1].contains("restrictions"), "{readers:?}");
}

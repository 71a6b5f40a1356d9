//! Inputs of `normalize` that are damaged, or that contain documents with the ids of another input.

use crate::support::Sandbox;

const PAGE: &str = "<h1>Home</h1><p>Text.</p>";

#[test]
fn documents_of_a_file_that_is_damaged_stay_in_the_run() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/good.xml", PAGE);
    sandbox.write(
        "docs/bad.json",
        r#"{"id": "7", "type": "page", "title": "Seven", "body": {"storage": {"value": "<p>x</p>"}}}"#,
    );
    let args = ["normalize", "docs", "--source", "confluence", "--run-id", "wiki"];
    sandbox.run(&args).success();
    sandbox.write("docs/bad.json", r#"{"id": "7", "type": "page", "tit"#);
    let run = sandbox.run(&args).exits(1);
    assert!(run.stderr.contains("bad.json:1: no valid JSON"), "{}", run.stderr);
    assert!(run.stderr.contains("kept 1 document of files that cannot be read"), "{}", run.stderr);
    let titles =
        "select string_agg(title, ' ' order by title) from graphdb.documents where run_id = 'wiki' and is_current";
    assert_eq!(sandbox.database.value(titles), "Home Seven");
    std::fs::remove_file(sandbox.folder().join("docs/bad.json")).unwrap();
    sandbox.run(&args).success();
    assert_eq!(sandbox.database.value(titles), "Home");
}

#[test]
fn documents_that_meet_those_of_another_input_are_told_with_what_keeps_both() {
    let sandbox = Sandbox::new();
    sandbox.write("x/docs/Home.xml", PAGE);
    sandbox.write("y/docs/Home.xml", PAGE.replace("Text", "Other"));
    let normalize = |more: &[&str]| sandbox.run(&[&["normalize"], more, &["--source", "confluence"]].concat());
    normalize(&["x/docs", "--run-id", "a"]).success();
    let met = normalize(&["y/docs", "--run-id", "b"]).success();
    let told = "in run a, so search shows only the newer ones";
    assert!(met.stderr.contains(told) && met.stderr.contains("--collection NAME"), "{}", met.stderr);
    assert!(
        met.events_named("normalize.notice").iter().any(|notice| notice["message"].as_str().unwrap().contains(told))
    );
    let refused = normalize(&["y/docs", "--collection", "docs"]).exits(2);
    assert!(refused.stderr.contains("--collection NAME"), "{}", refused.stderr);
    let apart = normalize(&["y/docs", "--run-id", "b", "--collection", "y"]).success();
    assert!(!apart.stderr.contains(told), "{}", apart.stderr);
}

#[test]
fn an_address_of_a_site_is_checked() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/Home.xml", PAGE);
    for address in ["nonsense", "wiki.example.com"] {
        let refused = sandbox.run(&["normalize", "docs", "--source", "confluence", "--site-url", address]).exits(2);
        assert!(refused.stderr.contains("expected http:// or https:// and a host"), "{}", refused.stderr);
    }
}

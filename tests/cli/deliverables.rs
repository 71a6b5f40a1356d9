//! `normalize` with several inputs, and with DITA-OT project files.

use crate::support::Sandbox;

const RUNS: &str = "select string_agg(run_id || ' ' || total_docs, ', ' order by run_id) from graphdb.processed_runs";

/// A map with a topic whose second paragraph is for experts, and a project that publishes it twice.
fn project(sandbox: &Sandbox, folder: &str) {
    sandbox.write(&format!("{folder}/guide.ditamap"), "<map><title>Guide</title><topicref href='a.dita'/></map>");
    sandbox.write(
        &format!("{folder}/a.dita"),
        "<topic id='a'><title>A</title><body><p>All.</p><p audience='expert'>Experts.</p></body></topic>",
    );
    sandbox
        .write(&format!("{folder}/novice.ditaval"), "<val><prop att='audience' val='expert' action='exclude'/></val>");
    sandbox.write(
        &format!("{folder}/site.yaml"),
        "deliverables:\n\
         - { name: novices, context: { input: guide.ditamap, profiles: { ditavals: [novice.ditaval] } } }\n\
         - { name: Every body, context: { input: guide.ditamap } }\n",
    );
}

#[test]
fn each_deliverable_of_a_project_is_a_run_with_its_own_filters() {
    let sandbox = Sandbox::new();
    project(&sandbox, "docs");
    sandbox.run(&["normalize", "docs/site.yaml", "--source", "dita"]).success();
    assert_eq!(sandbox.database.value(RUNS), "site-Every-body-dita 2, site-novices-dita 2");
    let bodies = "select string_agg(doc_id || ' ' || replace(body, E'\\n', ''), ', ' order by doc_id) from graphdb.documents \
                  where is_current and doc_id like 'topic:%'";
    assert_eq!(sandbox.database.value(bodies), "topic:site-Every body/a All.Experts., topic:site-novices/a All.");

    let again = sandbox.run(&["normalize", "docs/site.yaml", "--source", "dita"]).success();
    let outcomes: Vec<_> =
        again.events_named("normalize.complete").iter().map(|event| event["outcome"].clone()).collect();
    assert_eq!(outcomes, ["unchanged", "unchanged"]);
}

#[test]
fn a_project_of_the_same_name_elsewhere_is_refused_unless_the_run_is_named() {
    let sandbox = Sandbox::new();
    project(&sandbox, "one");
    project(&sandbox, "two");
    sandbox.run(&["normalize", "one/site.yaml", "--source", "dita"]).success();
    let refused = sandbox.run(&["normalize", "two/site.yaml", "--source", "dita"]).exits(2);
    assert!(refused.stderr.contains("run site-novices-dita contains the documents of"), "{}", refused.stderr);
    sandbox
        .run(&["normalize", "two/site.yaml", "--source", "dita", "--run-id", "two", "--collection", "two"])
        .success();
    assert_eq!(
        sandbox.database.value(RUNS),
        "site-Every-body-dita 2, site-novices-dita 2, two-site-Every-body 2, two-site-novices 2"
    );
}

#[test]
fn several_paths_are_the_runs_that_each_is_alone() {
    let sandbox = Sandbox::new();
    for folder in ["v1.2", "v1.3"] {
        sandbox.write(&format!("{folder}/a.dita"), format!("<topic id='a'><title>{folder}</title></topic>"));
    }
    sandbox.run(&["normalize", "v1.2", "v1.3", "--source", "dita"]).success();
    assert_eq!(sandbox.database.value(RUNS), "v1.2-dita 1, v1.3-dita 1");
    let alone = sandbox.run(&["normalize", "v1.3/", "--source", "dita"]).success();
    assert_eq!(alone.events_named("normalize.complete")[0]["outcome"], "unchanged");
    let same = sandbox.run(&["normalize", "v1.2", "v1.2/", "--source", "dita"]).exits(2);
    assert!(same.stderr.contains("two inputs would have the same run id v1.2-dita"), "{}", same.stderr);
}

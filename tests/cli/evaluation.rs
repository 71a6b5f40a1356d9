//! `trailblazer eval`: mistakes in the questions are not failures of search.

use crate::support::Sandbox;

fn searched() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 2);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    sandbox
}

#[test]
fn a_question_whose_answer_does_not_exist_is_refused_by_its_line() {
    let sandbox = searched();
    for (line, fault) in [
        ("Words\tr1-9", "q.tsv line 2: no document \"r1-9\""),
        ("Words\tr1-9#two", "q.tsv line 2: no document \"r1-9\""),
        ("Words\tr1-0|r1-1#three", "q.tsv line 2: document \"r1-1\" has no section \"three\""),
        ("Words\tr1-0\tstatus", "q.tsv line 2: condition \"status\": the key or the value is missing"),
    ] {
        sandbox.write("q.tsv", format!("Words\tr1-0#two\n{line}\n"));
        let run = sandbox.run(&["eval", "q.tsv"]).exits(2);
        assert!(run.stderr.contains(fault), "{line}: {}", run.stderr);
    }
}

#[test]
fn exit_code_1_means_that_search_finds_less_and_nothing_else() {
    let sandbox = searched();
    sandbox.write("q.tsv", "Words of document 0\tr1-0\n");
    for args in [&["absent.tsv"][..], &["q.tsv", "--baseline", "absent.json"], &["q.tsv", "--baseline", "q.tsv"]] {
        sandbox.run(&[&["eval"], args].concat()).exits(2);
    }
    for margin in ["5", "nan", "inf", "-1", "x"] {
        let run = sandbox.run(&["eval", "q.tsv", &format!("--margin={margin}")]).exits(2);
        assert!(run.stderr.contains("a share is a number from 0 to 1"), "{}", run.stderr);
    }
    let before = sandbox.run(&["eval", "q.tsv", "--json"]).success().stdout;
    sandbox.write("before.json", &before);
    let same = sandbox.run(&["eval", "q.tsv", "--baseline", "before.json"]).success();
    assert_eq!(same.stderr, "");
    sandbox.write("q.tsv", "Words of document 1\tr1-1\n");
    let other = sandbox.run(&["eval", "q.tsv", "--baseline", "before.json"]);
    assert!(other.stderr.contains("before.json was made with other questions"), "{}", other.stderr);
}

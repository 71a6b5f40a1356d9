//! Commands of roles with limited rights.

use crate::support::{Run, Sandbox};

/// A database with one normalized run, and a role without rights.
struct Role {
    sandbox: Sandbox,
    name: String,
    url: String,
}

impl Role {
    fn new(name: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write_run("r1", 1);
        sandbox.run(&["runs", "backfill"]).success();
        let name = format!("tb_cli_{}_{name}", std::process::id());
        sandbox.database.connect().batch_execute(&format!("create role {name} login")).unwrap();
        let url = sandbox.database.url_as(&name);
        Self { sandbox, name, url }
    }

    fn granted(self, kind: &str) -> Self {
        self.sandbox.run(&["db", "grant", kind, &self.name]).success();
        self
    }

    /// Runs the command as the role.
    fn run(&self, args: &[&str]) -> Run {
        Run::of(self.sandbox.command(args).env("TRAILBLAZER_DB_URL", &self.url).output().unwrap())
    }

    /// Returns the output of `db doctor` about rights.
    fn rights(run: &Run) -> Vec<String> {
        let checks = run.events_named("doctor.check").into_iter().filter(|check| check["check"] == "rights");
        checks.map(|check| format!("{} {}", check["ok"], check["detail"].as_str().unwrap())).collect()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let name = &self.name;
        let _ = self.sandbox.database.connect().batch_execute(&format!("drop owned by {name}; drop role {name}"));
    }
}

#[test]
fn roles_work_with_the_rights_they_were_granted_and_no_others() {
    let role = Role::new("worker");
    let run = role.run(&["run"]).exits(4);
    assert!(run.stderr.contains("trailblazer db grant"), "{}", run.stderr);
    let role = role.granted("worker");
    role.run(&["run"]).success();
    let run = role.run(&["runs", "reset", "--yes"]).exits(4);
    assert!(run.stderr.contains("permission denied"), "{}", run.stderr);
    role.granted("admin").run(&["runs", "reset", "--yes"]).success();
}

#[test]
fn a_role_without_the_right_is_told_who_grants_it() {
    let role = Role::new("grants").granted("admin");
    let run = role.run(&["db", "grant", "worker", "postgres"]).exits(4);
    assert!(run.stderr.contains("hint: Connect as the owner of schema graphdb"), "{}", run.stderr);
}

#[test]
fn what_a_reader_may_not_register_ends_the_command_and_is_told_where_it_is() {
    let role = Role::new("reader").granted("reader");
    role.sandbox.write_run("r2", 1);
    let run = role.run(&["runs", "backfill"]).exits(4);
    assert_eq!(run.stderr.matches("permission denied").count(), 1, "{}", run.stderr);
    role.sandbox.write("docs/t.dita", "<topic id='t'><title>T</title></topic>");
    let run = role.run(&["normalize", "docs", "--source", "dita", "--run-id", "r3"]).exits(4);
    assert!(
        run.stderr.contains("r3/normalize/normalized.ndjson was written, but the run was not registered"),
        "{}",
        run.stderr
    );
}

#[test]
fn doctor_says_what_a_role_may_do() {
    let role = Role::new("doctor").granted("reader");
    assert_eq!(
        Role::rights(&role.run(&["db", "doctor", "--json"]).success()),
        [format!("true role {} may look, not work", role.name)]
    );
    let role = role.granted("worker");
    assert_eq!(
        Role::rights(&role.run(&["db", "doctor", "--json"]).success()),
        [format!("true role {} may work, not reset", role.name)]
    );
}

#[test]
fn a_role_that_lacks_a_function_is_named_with_the_command_that_gives_it() {
    let role = Role::new("lacking").granted("reader");
    let owner = |statement: &str| role.sandbox.database.connect().batch_execute(statement).unwrap();
    owner("drop function graphdb.snippet");
    let migrated = role.sandbox.run(&["db", "migrate"]).success();
    let lacks = format!("role {} (reader) lacks rights on functions that were added later: snippet", role.name);
    let told = format!("warn: {lacks}; to grant it: trailblazer db grant reader {}\n", role.name);
    assert!(migrated.stderr.contains(&told), "{}", migrated.stderr);
    assert_eq!(Role::rights(&role.run(&["db", "doctor", "--json"]).exits(4))[1], format!("false {lacks}"));
    assert!(Role::rights(&role.sandbox.run(&["db", "doctor", "--json"]).success())[1].starts_with("true "));

    owner(&format!("revoke execute on function graphdb.role_rights from {}", role.name));
    assert!(
        Role::rights(&role.run(&["db", "doctor", "--json"]).exits(4))[1].contains("an earlier version granted role")
    );
    let role = role.granted("reader");
    role.run(&["db", "doctor", "--json"]).success();
    assert_eq!(role.sandbox.run(&["db", "migrate"]).success().stderr, "schema: up to date\n");
}

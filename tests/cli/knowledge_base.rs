//! Tests the location of the knowledge base, and that commands that only read do not create one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::support::{Run, Sandbox, TestDatabase};

/// Returns every path below a folder, in order.
fn listing(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Returns a command without a database URL and without a configuration file.
fn bare(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command(args);
    command.env_remove("TRAILBLAZER_DB_URL").env("TRAILBLAZER_DATA_DIR", sandbox.folder().join("data"));
    command
}

#[test]
fn commands_that_read_create_nothing_and_say_what_is_missing() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    fs::remove_file(sandbox.folder().join(".trailblazer.yaml")).unwrap();
    sandbox.write("questions.tsv", "question\tdocument\nWhat?\ta\n");
    let before = listing(sandbox.folder());
    let reading: [&[&str]; 15] = [
        &["status"],
        &["ask", "anything"],
        &["show", "a"],
        &["runs", "list"],
        &["runs", "show", "a"],
        &["runs", "reset", "--run-id", "a", "--dry-run"],
        &["runs", "retry", "a"],
        &["db", "doctor"],
        &["doctor"],
        &["db", "prune", "--dry-run"],
        &["db", "dump", "dump"],
        &["eval", "questions.tsv"],
        &["run"],
        &["run", "--watch"],
        &["run", "--dry-run"],
    ];
    for args in reading {
        let run = Run::of(bare(&sandbox, args).output().unwrap()).exits(4);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("there is no knowledge base here"), "{args:?}: {said}");
        assert!(said.contains("`trailblazer normalize PATH"), "{args:?}: {said}");
        assert_eq!(listing(sandbox.folder()), before, "{args:?}");
    }
    #[cfg(feature = "serve")]
    for args in [["serve", "--text-only"], ["mcp", "--text-only"]] {
        let run = Run::of(bare(&sandbox, &args).output().unwrap()).exits(4);
        assert!(run.stderr.contains("there is no knowledge base here"), "{args:?}: {}", run.stderr);
        assert_eq!(listing(sandbox.folder()), before, "{args:?}");
    }
    Run::of(bare(&sandbox, &["db", "down"]).output().unwrap()).success();
    assert_eq!(listing(sandbox.folder()), before);
    // Where root's servers are.
    let workspace = sandbox.folder().canonicalize().unwrap().join("data");
    let name = hex::encode(Sha256::digest(workspace.as_os_str().as_encoded_bytes()));
    assert!(!Path::new("/var/lib/trailblazer").join(&name[..12]).exists());
}

#[test]
fn error_names_the_configuration_that_has_no_knowledge_base_yet() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    fs::create_dir(sandbox.folder().join("deep")).unwrap();
    let run =
        Run::of(bare(&sandbox, &["status"]).current_dir(sandbox.folder().join("deep")).output().unwrap()).exits(4);
    let file = sandbox.folder().canonicalize().unwrap().join(".trailblazer.yaml");
    assert!(run.stderr.contains(&format!("{} is used", file.display())), "{}", run.stderr);
}

#[test]
fn knowledge_base_of_an_earlier_version_in_var_is_pointed_out() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    fs::remove_file(sandbox.folder().join(".trailblazer.yaml")).unwrap();
    fs::create_dir_all(sandbox.folder().join("var/postgres/data")).unwrap();
    let run = Run::of(bare(&sandbox, &["status"]).output().unwrap()).exits(4);
    assert!(run.stderr.contains("touch .trailblazer.yaml"), "{}", run.stderr);
}

#[test]
fn artifacts_go_to_the_data_folder_without_a_configuration_file_and_beside_the_file_with_one() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/a.dita", "<topic id='t'><title>T</title><body><p>Text.</p></body></topic>");
    let normalize = |sandbox: &Sandbox| {
        let mut command = sandbox.command(&["normalize", "docs", "--source", "dita"]);
        command.env("TRAILBLAZER_DATA_DIR", sandbox.folder().join("data"));
        Run::of(command.output().unwrap()).success()
    };
    normalize(&sandbox);
    assert!(sandbox.folder().join("var/runs/docs-dita").is_dir());
    assert!(!sandbox.folder().join("data").exists());
    fs::remove_file(sandbox.folder().join(".trailblazer.yaml")).unwrap();
    fs::remove_dir_all(sandbox.folder().join("var")).unwrap();
    normalize(&sandbox);
    assert!(sandbox.folder().join("data/runs/docs-dita").is_dir());
    assert!(!sandbox.folder().join("var").exists());
}

#[test]
fn dry_run_without_a_knowledge_base_counts_the_documents_and_creates_nothing() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    sandbox.configure("sources: { manuals: { kind: dita, path: docs } }\n");
    for name in ["a", "b"] {
        sandbox.write(&format!("docs/{name}.dita"), "<topic id='t'><title>T</title><body><p>Text.</p></body></topic>");
    }
    let before = listing(sandbox.folder());
    let dry = Run::of(bare(&sandbox, &["sync", "--dry-run"]).output().unwrap()).success();
    assert!(dry.stderr.contains("manuals: would have 2 documents: 2 added, 0 changed"), "{}", dry.stderr);
    assert_eq!(listing(sandbox.folder()), before);
}

#[test]
fn private_server_of_another_user_is_named_by_its_owner() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    // The account of the test's own server, or of root, does not own this server.
    let data = sandbox.folder().join("var/postgres/data");
    fs::create_dir_all(&data).unwrap();
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    std::os::unix::fs::chown(&data, Some(1), Some(1)).unwrap();
    for args in [&["db", "down"][..], &["status"], &["ask", "x"], &["db", "up"], &["doctor"]] {
        let mut command = sandbox.command_without_privileges(args);
        let run = Run::of(command.env_remove("TRAILBLAZER_DB_URL").output().unwrap()).exits(4);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("/postgres belongs to ") && said.contains("Run this command as "), "{args:?}: {said}");
    }
}

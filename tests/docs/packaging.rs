//! Tests that the packages agree with the program.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use trailblazer::setup::Part;

fn packaging(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn wheel_depends_on_the_postgresql_that_setup_downloads() {
    let package = Part::Postgres.package();
    assert!(packaging("python/pyproject.toml").contains(&format!("\"{}=={}\"", package.name, package.version)));
}

#[test]
fn commands_of_the_services_are_commands_of_the_program() {
    let mut commands = 0;
    for name in ["db", "run", "serve", "sync"] {
        for line in packaging(&format!("systemd/trailblazer-{name}.service")).lines() {
            let Some(command) = line.strip_prefix("ExecStart=").or_else(|| line.strip_prefix("ExecStop=")) else {
                continue;
            };
            let words: Vec<OsString> = command.split_whitespace().map(OsString::from).collect();
            let is_missing = cfg!(not(feature = "serve")) && name == "serve";
            assert_eq!(trailblazer::cli::parse(&words).is_err(), is_missing, "{command}");
            commands += 1;
        }
    }
    assert_eq!(commands, 5);
}

#[test]
fn configuration_of_the_services_is_valid() {
    trailblazer::config::resolve(Some(("trailblazer.yaml", &packaging("config/trailblazer.yaml"))), |_| None).unwrap();
}

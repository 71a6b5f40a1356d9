//! The build script. It finds out which optional inputs of the tests are on this machine.
//!
//! A test without its input is ignored, so that the test runner counts it: `#[cfg_attr(not(has_corpora), ignore = "…")]`.
//! Cargo remembers the answers. After you install an input, touch this file.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=tests/support/build.rs");
    let repository = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let corpora = folder("TRAILBLAZER_CORPORA", &repository.join("../shared/corpora"));
    let counterparts = folder("TRAILBLAZER_COUNTERPARTS", &repository.join("var/counterparts"));
    tell("has_corpora", corpora.is_dir());
    tell("has_openapi", corpora.join("../spec/confluence-openapi/v1.json").is_file());
    tell("has_counterparts", counterparts.is_dir());
    for program in ["chromium", "faketime", "pgbouncer", "promtool"] {
        tell(&format!("has_{program}"), is_installed(program));
    }
}

/// Returns the folder that an environment variable names, or `default`.
fn folder(variable: &str, default: &Path) -> PathBuf {
    println!("cargo::rerun-if-env-changed={variable}");
    env::var_os(variable).map_or_else(|| default.to_owned(), PathBuf::from)
}

fn is_installed(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn tell(name: &str, is_there: bool) {
    println!("cargo::rustc-check-cfg=cfg({name})");
    if is_there {
        println!("cargo::rustc-cfg={name}");
    }
}

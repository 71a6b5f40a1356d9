//! The top-level modules depend on each other in one direction, so that each can be read without those above it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Dependencies = BTreeMap<String, BTreeSet<String>>;

/// Returns the Rust files below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Returns the modules that a source names after `crate::`, outside of comments and tests.
fn named(source: &str) -> BTreeSet<String> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect())
        .collect()
}

fn dependencies() -> Dependencies {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut dependencies = Dependencies::new();
    for file in files(&root) {
        let relative = file.strip_prefix(&root).unwrap();
        let module = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        let named = named(&fs::read_to_string(&file).unwrap());
        dependencies.entry(module.to_owned()).or_default().extend(named);
    }
    for (module, named) in &mut dependencies {
        named.remove(module);
    }
    // The crate root names everything.
    dependencies.retain(|module, _| module != "lib" && module != "main");
    dependencies
}

/// Removes the modules that depend on no other one, or on which no other one depends, until only circles are left.
fn circles(mut dependencies: Dependencies) -> Dependencies {
    loop {
        let is_used = |module: &String| dependencies.values().any(|named| named.contains(module));
        let is_outside = |(module, named): &(&String, &BTreeSet<String>)| named.is_empty() || !is_used(module);
        let leaves: Vec<String> = dependencies.iter().filter(is_outside).map(|(module, _)| module.clone()).collect();
        if leaves.is_empty() {
            return dependencies;
        }
        for leaf in &leaves {
            dependencies.remove(leaf);
        }
        let known: BTreeSet<String> = dependencies.keys().cloned().collect();
        for named in dependencies.values_mut() {
            named.retain(|module| known.contains(module));
        }
    }
}

#[test]
fn no_modules_depend_on_each_other_in_a_circle() {
    let dependencies = dependencies();
    assert!(dependencies["worker"].contains("db"), "the test does not see what a module uses: {dependencies:?}");
    let circles = circles(dependencies);
    assert!(circles.is_empty(), "these modules depend on each other: {circles:#?}");
}

#[test]
fn a_circle_is_found() {
    let of = |pairs: &[(&str, &str)]| {
        let mut dependencies = Dependencies::new();
        for (module, named) in pairs {
            dependencies.entry((*module).to_owned()).or_default().insert((*named).to_owned());
        }
        circles(dependencies).into_keys().collect::<Vec<_>>()
    };
    assert_eq!(of(&[("a", "b"), ("b", "c"), ("c", "a"), ("d", "e")]), ["a", "b", "c"]);
    assert!(of(&[("a", "b"), ("b", "c")]).is_empty());
}

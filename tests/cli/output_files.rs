//! Files that the user names for the output of a command: links, devices, pipes and folders.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;

use super::backup::{command, run};
use crate::support::Sandbox;

/// Runs `db dump FILE` and `report --out FILE` and checks each result.
fn each(file: &str, check: impl Fn(&Sandbox, &[&str])) {
    for args in [&["db", "dump", file][..], &["report", "--out", file]] {
        let sandbox = Sandbox::new();
        sandbox.write_run("one", 1);
        sandbox.run(&["runs", "backfill"]).success();
        check(&sandbox, args);
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PGDMP") || bytes.ends_with(b"</html>")
}

#[test]
fn an_output_file_that_is_a_device_stays_a_device() {
    each("/dev/null", |sandbox, args| {
        let run = run(sandbox, args).success();
        assert!(run.stderr.contains(" to /dev/null\n") || run.stderr.contains("wrote /dev/null: "), "{}", run.stderr);
        assert!(fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());
    });
    each("/dev/full", |sandbox, args| {
        let run = run(sandbox, args);
        assert!(run.stderr.contains("o space left on device"), "{}", run.stderr);
        assert!(fs::symlink_metadata("/dev/full").unwrap().file_type().is_char_device());
    });
}

#[test]
fn an_output_file_that_is_a_pipe_gets_the_whole_output() {
    each("pipe", |sandbox, args| {
        let pipe = sandbox.folder().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        run(sandbox, args).success();
        assert!(is_whole(&reader.join().unwrap()));
        assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    });
}

#[test]
fn dev_stdout_is_standard_output_whatever_it_is() {
    each("/dev/stdout", |sandbox, args| {
        let piped = command(sandbox, args).output().unwrap();
        assert!(is_whole(&piped.stdout), "{args:?}: {}", String::from_utf8_lossy(&piped.stderr));
        let file = sandbox.folder().join("redirected");
        let redirected = fs::File::create(&file).unwrap();
        assert!(
            command(sandbox, args)
                .stdout(redirected.try_clone().unwrap())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
        );
        assert!(is_whole(&fs::read(&file).unwrap()));
        assert!(fs::symlink_metadata("/dev/stdout").unwrap().is_symlink());
        // The shell that opened the file continues to write to it.
        assert_eq!(redirected.metadata().unwrap().len(), file.metadata().unwrap().len());
    });
}

#[test]
fn an_output_file_that_is_a_link_stays_a_link() {
    each("link", |sandbox, args| {
        let folder = sandbox.folder();
        fs::create_dir(folder.join("kept")).unwrap();
        symlink("kept/file", folder.join("link")).unwrap();
        run(sandbox, args).success();
        assert!(is_whole(&fs::read(folder.join("kept/file")).unwrap()));
        assert!(fs::symlink_metadata(folder.join("link")).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.join("kept")).unwrap().count(), 1);
    });
}

#[test]
fn an_output_file_in_a_folder_that_is_missing_or_not_writable_is_refused_by_name() {
    each("gone/file", |sandbox, args| {
        let run = run(sandbox, args).exits(2);
        assert!(run.stderr.starts_with("error: there is no folder gone\n"), "{}", run.stderr);
    });
    if nix::unistd::geteuid().is_root() {
        return;
    }
    each("locked/file", |sandbox, args| {
        let locked = sandbox.folder().join("locked");
        sandbox.write("locked/file", "yesterday");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
        let run = run(sandbox, args).exits(1);
        assert!(run.stderr.starts_with("error: locked: permission denied"), "{}", run.stderr);
        assert_eq!(fs::read_to_string(locked.join("file")).unwrap(), "yesterday");
    });
}

#[test]
fn man_pages_go_into_a_folder_and_nowhere_else() {
    let sandbox = Sandbox::new();
    for path in ["/dev/null", "file"] {
        sandbox.write("file", "kept");
        let run = sandbox.command(&["man", "--out", path]).stdout(Stdio::null()).output().unwrap();
        assert_eq!(run.status.code(), Some(2), "{}", String::from_utf8_lossy(&run.stderr));
        assert!(String::from_utf8_lossy(&run.stderr).contains("is not a folder"));
    }
    assert!(fs::symlink_metadata(Path::new("/dev/null")).unwrap().file_type().is_char_device());
}

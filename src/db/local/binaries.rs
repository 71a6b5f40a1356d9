//! Finds programs of a PostgreSQL server that trailblazer can use.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::local_server::{LocalServerError, Rejected};

/// Major versions of PostgreSQL that trailblazer is tested with.
pub const SUPPORTED_MAJORS: RangeInclusive<u32> = 15..=18;
/// The oldest supported version of pgvector, as (major, minor).
pub const OLDEST_PGVECTOR: (u32, u32) = (0, 8);

/// The programs of a server that has a supported version of pgvector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerBinaries {
    /// The folder of `postgres`, `initdb` and `pg_ctl`, with symbolic links resolved.
    pub bin: PathBuf,
    /// The major version, such as 18.
    pub major: u32,
    /// The version that the server prints, such as `18.1`.
    pub version: String,
    /// The version of pgvector that `create extension vector` installs.
    pub pgvector: String,
}

impl ServerBinaries {
    /// Returns the first suitable installation.
    ///
    /// It searches the `configured` folder, `PATH`, the usual installation folders (newest first), and the folders that
    /// [`crate::installed`] names.
    pub fn find(configured: Option<&Path>, installed: &[PathBuf]) -> Result<Self, LocalServerError> {
        check_configured(configured)?;
        Self::find_where(&Self::places(configured, installed), |_| true)
            .map_err(|looked_at| LocalServerError::NoServer { looked_at })
    }

    /// Returns the first suitable installation with the major version of an existing data directory.
    pub fn find_for_data(
        configured: Option<&Path>,
        installed: &[PathBuf],
        data_dir: &Path,
        data_major: u32,
    ) -> Result<Self, LocalServerError> {
        check_configured(configured)?;
        Self::find_where(&Self::places(configured, installed), |found| found.major == data_major)
            .map_err(|looked_at| LocalServerError::DataVersion { data_dir: data_dir.to_owned(), data_major, looked_at })
    }

    /// Reads the versions of the programs in `bin`. The error contains the reason why they are not suitable.
    pub fn inspect(bin: &Path) -> Result<Self, Rejected> {
        let reject = |reason: String| Rejected { bin: bin.to_owned(), reason };
        // PATH often contains symbolic links to single programs. `initdb` and the shared files are next to the real programs.
        if !bin.is_dir() {
            return Err(reject("no such folder".into()));
        }
        let postgres = bin.join("postgres").canonicalize().map_err(|_| reject("no `postgres` here".into()))?;
        let real_bin = postgres.parent().unwrap_or(bin).to_owned();
        let printed = first_line(&postgres, "--version").map_err(|reason| reject(format!("`postgres`: {reason}")))?;
        let (version, major) =
            parse_server_version(&printed).ok_or_else(|| reject(format!("unknown version `{printed}`")))?;
        if !SUPPORTED_MAJORS.contains(&major) {
            return Err(reject(format!("PostgreSQL {version} is not one of 15 to 18")));
        }
        if let Some(absent) = ["initdb", "pg_ctl"].into_iter().find(|program| !real_bin.join(program).is_file()) {
            return Err(reject(format!("PostgreSQL {version} without `{absent}`")));
        }
        let control = share_dirs(&real_bin, major)
            .into_iter()
            .find_map(|share| fs::read_to_string(share.join("extension/vector.control")).ok())
            .ok_or_else(|| reject(format!("PostgreSQL {version} without pgvector")))?;
        match parse_default_version(&control) {
            Some((pgvector, number)) if number >= OLDEST_PGVECTOR => {
                Ok(Self { bin: real_bin, major, version, pgvector })
            }
            Some((pgvector, _)) => {
                Err(reject(format!("PostgreSQL {version} with pgvector {pgvector}, older than 0.8")))
            }
            None => Err(reject(format!("PostgreSQL {version} with an unreadable vector.control"))),
        }
    }

    /// Returns the path of a program.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    fn find_where(places: &[PathBuf], wanted: impl Fn(&Self) -> bool) -> Result<Self, Vec<Rejected>> {
        let mut rejected = Vec::new();
        for place in places {
            match Self::inspect(place) {
                Ok(found) if wanted(&found) => return Ok(found),
                Ok(found) => {
                    let reason = format!("PostgreSQL {}, which is a different major version", found.version);
                    rejected.push(Rejected { bin: place.clone(), reason });
                }
                Err(reason) => rejected.push(reason),
            }
        }
        Err(rejected)
    }

    pub(super) fn places(configured: Option<&Path>, installed: &[PathBuf]) -> Vec<PathBuf> {
        let on_path: Vec<PathBuf> =
            std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        let debian: Vec<String> = fs::read_dir("/usr/lib/postgresql")
            .map(|entries| entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        search_order(configured, &on_path, &debian, installed)
    }
}

/// Rejects a configured folder without a suitable server. It would otherwise be ignored.
fn check_configured(configured: Option<&Path>) -> Result<(), LocalServerError> {
    match configured.map(ServerBinaries::inspect) {
        Some(Err(rejected)) => Err(LocalServerError::BadBinDir(rejected)),
        _ => Ok(()),
    }
}

/// Returns the folders to search, in order of priority.
///
/// It omits folders of `PATH` without `postgres`, because they would only make the error message longer.
fn search_order(
    configured: Option<&Path>,
    on_path: &[PathBuf],
    debian_majors: &[String],
    installed: &[PathBuf],
) -> Vec<PathBuf> {
    let mut debian: Vec<u32> = debian_majors.iter().filter_map(|name| name.parse().ok()).collect();
    debian.sort_unstable_by(|a, b| b.cmp(a));
    let newest_first = || SUPPORTED_MAJORS.rev();

    let mut places: Vec<PathBuf> = configured.map(Path::to_owned).into_iter().collect();
    places.extend(on_path.iter().filter(|folder| folder.join("postgres").is_file()).cloned());
    places.extend(debian.iter().map(|major| PathBuf::from(format!("/usr/lib/postgresql/{major}/bin"))));
    places.extend(
        newest_first().map(|major| PathBuf::from(format!("/usr/pgsql-{major}/bin"))).filter(|bin| bin.is_dir()),
    );
    places.push("/usr/local/pgsql/bin".into());
    for homebrew in ["/opt/homebrew/opt", "/usr/local/opt"] {
        let bins = newest_first().map(|major| PathBuf::from(format!("{homebrew}/postgresql@{major}/bin")));
        places.extend(bins.filter(|bin| bin.is_dir()));
    }
    places.extend_from_slice(installed);
    places
}

/// Returns the folders that may contain the shared files of an installation. The folder that `pg_config` prints comes
/// first.
fn share_dirs(bin: &Path, major: u32) -> Vec<PathBuf> {
    let said = first_line(&bin.join("pg_config"), "--sharedir").ok().map(PathBuf::from);
    let prefix = bin.parent().unwrap_or(bin);
    let usual = [
        prefix.join("share/postgresql"),
        prefix.join("share"),
        PathBuf::from(format!("/usr/share/postgresql/{major}")),
    ];
    said.into_iter().chain(usual).collect()
}

fn first_line(program: &Path, argument: &str) -> Result<String, String> {
    let output = Command::new(program).arg(argument).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
}

/// Parses the major version in the output of a PostgreSQL program for `--version`: `pg_dump (PostgreSQL) 18.1`.
pub(crate) fn server_major(printed: &str) -> Option<u32> {
    parse_server_version(printed.lines().next()?).map(|(_, major)| major)
}

/// Parses `postgres (PostgreSQL) 18.1 (Debian …)` as (`18.1`, 18). `18beta2` and `18devel` have the major version 18.
fn parse_server_version(printed: &str) -> Option<(String, u32)> {
    let version = printed.split_once("(PostgreSQL) ")?.1.split_whitespace().next()?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    Some((version.to_owned(), digits.parse().ok()?))
}

/// Parses `default_version = '0.8.5'` in a control file as (`0.8.5`, (0, 8)).
fn parse_default_version(control: &str) -> Option<(String, (u32, u32))> {
    let value = control.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "default_version").then(|| value.trim().trim_matches('\'').to_owned())
    })?;
    let number = pgvector_number(&value)?;
    Some((value, number))
}

/// Parses a version of pgvector such as `0.8.5` as (major, minor). Compare the result with [`OLDEST_PGVECTOR`].
#[must_use]
pub fn pgvector_number(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_server_version_takes_releases_packages_and_betas() {
        let read = |printed| parse_server_version(printed).map(|(_, major)| major);
        assert_eq!(read("postgres (PostgreSQL) 18.1"), Some(18));
        assert_eq!(read("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some(15));
        assert_eq!(read("postgres (PostgreSQL) 18beta2"), Some(18));
        assert_eq!(read("postgres: not found"), None);
    }

    #[test]
    fn parse_default_version_compares_minor_versions_as_numbers() {
        let read = |version: &str| parse_default_version(&format!("comment = 'x'\ndefault_version = '{version}'\n"));
        assert!(read("0.8.5").is_some_and(|(_, number)| number >= OLDEST_PGVECTOR));
        assert!(read("0.10.0").is_some_and(|(_, number)| number >= OLDEST_PGVECTOR));
        assert!(read("0.7.4").is_some_and(|(_, number)| number < OLDEST_PGVECTOR));
        assert_eq!(read("next"), None);
    }

    #[test]
    fn search_order_is_configured_then_path_then_install_folders_then_downloads() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("postgres"), "").unwrap();
        let on_path = [PathBuf::from("/nowhere"), folder.path().to_owned()];
        let debian = ["15", "9.6", "17"].map(String::from).to_vec();

        let places = search_order(Some(Path::new("/mine/bin")), &on_path, &debian, &["/ws/pg/18/bin".into()]);

        let at = |wanted: &Path| places.iter().position(|place| place == wanted);
        assert_eq!(at(Path::new("/mine/bin")), Some(0));
        assert_eq!(at(folder.path()), Some(1));
        assert_eq!(at(Path::new("/nowhere")), None);
        assert_eq!(at(Path::new("/usr/lib/postgresql/17/bin")), Some(2));
        assert_eq!(at(Path::new("/usr/lib/postgresql/15/bin")), Some(3));
        assert!(places.ends_with(&["/ws/pg/18/bin".into()]));
    }

    #[test]
    fn find_names_every_place_and_what_was_wrong_there() {
        let folder = tempfile::tempdir().unwrap();
        let looked_at = ServerBinaries::find_where(&[folder.path().to_owned()], |_| true).unwrap_err();
        let error = LocalServerError::NoServer { looked_at };
        assert!(error.to_string().contains(&format!("{}: no `postgres` here", folder.path().display())));
        assert!(error.hint().contains("trailblazer setup"));
    }
}

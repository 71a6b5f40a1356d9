//! Merges `.trailblazer.yaml`, environment variables and flags into one validated [`Config`].
//! Only [`find`] and [`load`] access the file system.

mod confluence;
pub mod data_dir;
mod dita;
mod embed;
mod error;
mod keys;
mod load;
pub mod logging;
pub mod reranker;
mod search;
pub mod serve;
mod site;
pub mod sources;
pub mod url;
mod values;

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::Deserializer;

pub use confluence::{Attachments, ConditionalContent, Confluence};
pub use dita::{Dita, Searched};
pub use embed::{Embed, HASH_MODEL, ProviderKind, VectorIndex, Weights};
pub use error::ConfigError;
pub(crate) use keys::nearest_name;
pub use keys::{check_text, unknown_variables};
pub use load::{find, load, resolve};
pub use logging::Logging;
pub use search::{Search, is_principal};
pub use serve::Serve;
pub use site::site_address;
pub use sources::Sources;
pub use url::Url;
use values::{artifacts, attempts, auto_or_number, chunk_tokens, days, lag_seconds, max_tokens, ttl_minutes};

/// The name of the configuration file. Commands look for it in the working directory and the folders above it.
pub const FILE_NAME: &str = ".trailblazer.yaml";

/// The minimum size of a chunk, in tokens. It leaves room for one character under a heading.
pub const SMALLEST_CHUNK: usize = 24;

/// The complete configuration. It is validated and includes the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Config {
    /// The database.
    pub database: Database,
    /// The folder for artifacts and the private server.
    pub workspace: Workspace,
    /// The rules for claims.
    pub backlog: Backlog,
    /// The number of worker threads of a `run`.
    pub workers: Workers,
    /// The size of chunks.
    pub chunk: Chunk,
    /// The embedding of texts.
    pub embed: Embed,
    /// The data that a reset may delete.
    pub reset: Reset,
    /// The DITA reader.
    pub dita: Dita,
    /// The Confluence reader.
    pub confluence: Confluence,
    /// The search.
    pub search: Search,
    /// The web server.
    pub serve: Serve,
    /// The package index of `setup`.
    pub setup: Setup,
    /// Log files.
    pub log: Logging,
    /// Additional steps of `sync`.
    pub sync: Sync,
    /// The sources that `sync` updates.
    pub sources: Sources,
    /// The user's data folder. `None` means that the account has no home folder.
    #[serde(skip)]
    pub data_dir: Option<PathBuf>,
    /// The configuration file, if there is one.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// `setup`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Setup {
    /// Package index. `None` means the index of pip or uv.
    pub index_url: Option<String>,
}

/// `sync`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Sync {
    /// Whether to delete unused vectors after each sync.
    pub prune: bool,
}

/// `database`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Database {
    /// Connection URL. `None` means the private local server.
    pub url: Option<Url>,
    /// Connection URL for searches and other queries, for example of a standby. `None` means `url`.
    pub read_url: Option<Url>,
    /// Commands warn if the standby is more than this number of seconds behind its primary.
    #[serde(deserialize_with = "lag_seconds")]
    pub max_lag_seconds: u32,
    /// Folder with the programs of the private server. `None` means that the usual folders are searched.
    pub bin_dir: Option<PathBuf>,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, read_url: None, max_lag_seconds: 60, bin_dir: None }
    }
}

/// `workspace`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Workspace {
    /// Folder for artifacts, logs and the private server. A relative path starts at the folder of the configuration file.
    pub dir: PathBuf,
    /// Number of artifacts that each run keeps: the current one and the latest earlier ones.
    #[serde(deserialize_with = "artifacts")]
    pub keep_artifacts: usize,
}

impl Default for Workspace {
    fn default() -> Self {
        Self { dir: "var".into(), keep_artifacts: 2 }
    }
}

/// `backlog`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Backlog {
    /// The runs that `run` processes without a filter.
    pub mode: Mode,
    /// Length of a lease.
    #[serde(deserialize_with = "ttl_minutes")]
    pub claim_ttl_minutes: u32,
    /// Number of failures and expired leases in one phase after which a run is failed.
    #[serde(deserialize_with = "attempts")]
    pub max_attempts: u32,
    /// Number of days after which `db prune` deletes the history of a claim. `None` means never.
    #[serde(deserialize_with = "days")]
    pub keep_attempts_days: Option<u32>,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { mode: Mode::DefaultAllUnprocessed, claim_ttl_minutes: 45, max_attempts: 5, keep_attempts_days: None }
    }
}

/// The runs that `run` processes without a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// All runs that are normalized and not yet embedded.
    DefaultAllUnprocessed,
    /// None. A filter is required.
    ExplicitScope,
}

/// Minimum number of concurrent requests to a remote provider with `auto`. Such a request mostly waits for the server.
const REMOTE_WORKERS: usize = 8;

/// `workers`: `auto` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Workers(pub Option<usize>);

impl Workers {
    /// Returns the number of threads, at least 1.
    #[must_use]
    pub fn count(self, provider: ProviderKind) -> usize {
        self.0.unwrap_or_else(|| {
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            if provider == ProviderKind::OpenAi { cores.max(REMOTE_WORKERS) } else { cores }
        })
    }
}

impl<'de> Deserialize<'de> for Workers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        auto_or_number(deserializer, 1, 1024).map(Self)
    }
}

/// `chunk`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Chunk {
    /// Maximum number of tokens in a chunk. `None` means the limit of the model.
    #[serde(deserialize_with = "max_tokens")]
    pub max_tokens: Option<usize>,
    /// Minimum number of tokens in a chunk. Smaller neighbors under the same heading are merged.
    #[serde(deserialize_with = "chunk_tokens")]
    pub min_tokens: usize,
    /// Number of tokens that a chunk repeats from the previous chunk.
    #[serde(deserialize_with = "chunk_tokens")]
    pub overlap_tokens: usize,
}

impl Default for Chunk {
    fn default() -> Self {
        Self { max_tokens: None, min_tokens: 40, overlap_tokens: 0 }
    }
}

/// `reset`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Reset {
    /// Whether the scope `all` also deletes chunks.
    pub delete_chunks: bool,
}

#[cfg(test)]
mod tests;

//! Merges `.trailblazer.yaml`, environment variables and flags into one validated [`Config`].
//! Only [`find`] and [`load`] access the file system.

mod confluence;
pub mod data_dir;
mod dita;
mod keys;
pub mod logging;
pub mod reranker;
mod search;
pub mod serve;
pub mod sources;
pub mod url;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer};
use serde_yaml::{Mapping, Value};

pub use confluence::{Attachments, ConditionalContent, Confluence};
pub use dita::{Dita, Searched};
use keys::{KEYS, Key, Takes, line_of, nearest, nearest_name, unknown_key, variable};
pub use keys::{check_text, unknown_variables};
pub use logging::Logging;
pub use search::{Search, is_principal};
pub use serve::Serve;
pub use sources::Sources;
pub use url::Url;

/// The name of the configuration file. It is searched in the working directory and the folders above it.
pub const FILE_NAME: &str = ".trailblazer.yaml";

/// The minimum size of a chunk, in tokens. It leaves room for one character under a heading.
pub const SMALLEST_CHUNK: usize = 24;
/// The name of the only model of the provider `hash`.
pub const HASH_MODEL: &str = "hash-384";

/// The parser's time grows with the square of the nesting depth. A file with all keys is smaller than this.
const LARGEST_FILE: usize = 16 * 1024;

/// The complete configuration. It is validated and includes the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
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
    /// The user's data folder; none for an account without a home.
    #[serde(skip)]
    pub data_dir: Option<PathBuf>,
    /// The configuration file, if there is one.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// `setup`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Setup {
    /// Package index. `None` means the index of pip or uv.
    pub index_url: Option<String>,
}

/// `sync`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Sync {
    /// Whether to delete unused vectors after each sync.
    pub prune: bool,
}

/// `database`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Database {
    /// Connection URL. `None` means the private local server.
    pub url: Option<Url>,
    /// Connection URL for questions, for example of a standby. `None` means `url`.
    pub read_url: Option<Url>,
    /// Answers mention a standby that is more seconds behind its primary.
    #[serde(deserialize_with = "lag_seconds")]
    pub max_lag_seconds: u32,
    /// Folder with the server programs of the private local server. `None` means that they are searched.
    pub bin_dir: Option<PathBuf>,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, read_url: None, max_lag_seconds: 60, bin_dir: None }
    }
}

/// `workspace`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
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
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Backlog {
    /// Which runs `run` processes without a filter.
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

/// Which runs `run` processes without a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// All runs that are normalized and not yet embedded.
    DefaultAllUnprocessed,
    /// None. A filter is required.
    ExplicitScope,
}

/// Minimum number of concurrent requests to a remote provider with `auto`, because requests mostly wait.
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
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
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

/// `embed`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Embed {
    /// The provider that computes the vectors.
    pub provider: ProviderKind,
    /// The name of the model. For `local`, it can also be the path of a sentence-transformer folder.
    pub model: String,
    /// The precision in which `local` stores the weights.
    pub weights: Weights,
    /// The address before `/embeddings`, for `openai`.
    pub base_url: Option<String>,
    /// The prefix of a question, for `openai` and `local`. `None` means the prefix in the model's files.
    pub query_prefix: Option<String>,
    /// The prefix of a text from a document. `None` means the prefix in the model's files.
    pub document_prefix: Option<String>,
    /// The dimension to request from `openai` models that can shorten their vectors.
    #[serde(deserialize_with = "dimensions")]
    pub dimensions: Option<usize>,
    /// Maximum number of tokens in a batch for the provider.
    #[serde(deserialize_with = "batch_tokens")]
    pub batch_tokens: usize,
    /// The type of vectors in the indexes.
    pub vector_index: VectorIndex,
}

impl Default for Embed {
    fn default() -> Self {
        Self {
            provider: ProviderKind::Local,
            model: "all-MiniLM-L6-v2".into(),
            weights: Weights::F32,
            base_url: None,
            query_prefix: None,
            document_prefix: None,
            dimensions: None,
            batch_tokens: 8192,
            vector_index: VectorIndex::Vector,
        }
    }
}

/// The provider that computes the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// A sentence-transformer in this process.
    #[default]
    Local,
    /// A server with the `/v1/embeddings` interface.
    OpenAi,
    /// A hash of words, for development. It uses no model.
    Hash,
}

/// The precision in which the `local` provider stores the weights of a model's layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// Unchanged 32-bit floats.
    #[default]
    F32,
    /// 8-bit integers. This is faster, and the vectors are almost the same.
    Int8,
}

/// The type of vectors in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VectorIndex {
    /// 32-bit floats.
    #[default]
    Vector,
    /// 16-bit floats, which need half the space.
    Halfvec,
}

/// `reset`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Reset {
    /// Whether the scope `all` also deletes chunks.
    pub delete_chunks: bool,
}

/// The reason why the configuration is invalid.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// An unknown key.
    #[error("{place}: unknown key `{key}`")]
    UnknownKey {
        /// File and line, or the environment variable.
        place: String,
        /// The full path of the key.
        key: String,
        /// The most similar known key.
        nearest: Option<String>,
    },
    /// A value that is not one of the allowed words.
    #[error("{place}: {message}")]
    UnknownWord {
        /// File and line, or the environment variable.
        place: String,
        /// The key, the value, and the allowed words.
        message: String,
        /// The most similar allowed word.
        nearest: Option<&'static str>,
    },
    /// An invalid value, or a file that is not valid YAML.
    #[error("{place}: {message}")]
    Invalid {
        /// File and line, or the environment variable.
        place: String,
        /// The error.
        message: String,
    },
}

impl ConfigError {
    /// Returns how to correct the error, if this is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { nearest: Some(nearest), .. } => Some(format!("Did you mean `{nearest}`?")),
            Self::UnknownWord { nearest: Some(nearest), .. } => Some(format!("Did you mean `{nearest}`?")),
            Self::UnknownKey { nearest: None, .. } => Some(format!("Known keys: {}.", keys::paths().join(", "))),
            _ => None,
        }
    }
}

/// Returns the nearest `.trailblazer.yaml` in `start` or a folder above it.
#[must_use]
pub fn find(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file())
}

/// Reads the environment and the file at `path`, if there is one. A relative `workspace.dir` starts at the folder of the file.
/// Without a file, the workspace is the user's data folder.
pub fn load(path: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let mut config = match path {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            if text.len() > LARGEST_FILE {
                let message = format!("larger than {} KiB: not a configuration", LARGEST_FILE / 1024);
                return Err(ConfigError::Invalid { place: path.display().to_string(), message });
            }
            resolve(Some((&path.display().to_string(), &text)), &env)?
        }
        None => resolve(None, &env)?,
    };
    if let Some(folder) = path.and_then(Path::parent) {
        config.workspace.dir = folder.join(&config.workspace.dir);
        config.log.dir = config.log.dir.map(|logs| folder.join(logs));
        config.sources.resolve(folder);
    }
    config.data_dir = data_dir::find(&env);
    config.file = path.map(Path::to_owned);
    let names_workspace = path.is_some() || env(&variable("workspace.dir")).is_some_and(|text| !text.is_empty());
    if let Some(folder) = config.data_dir.as_ref().filter(|_| !names_workspace) {
        config.workspace.dir.clone_from(folder);
    }
    Ok(config)
}

/// Merges the file, given as name and text, with the environment.
/// The environment has priority over the file, and the file has priority over the defaults.
pub fn resolve(file: Option<(&str, &str)>, env: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let mut tree = match file {
        Some((name, text)) => parse_file(name, text)?,
        None => Mapping::new(),
    };
    for Key { path: key, takes } in KEYS {
        let variable = variable(key);
        if let Some(text) = env(&variable).filter(|text| !text.is_empty()) {
            let value = if matches!(takes, Takes::Text | Takes::Words(_)) {
                Value::String(text)
            } else {
                serde_yaml::from_str(&text).map_err(|error| invalid(&variable, &error))?
            };
            let mut alone = Mapping::new();
            set(&mut alone, key, value.clone());
            from_tree(alone.clone()).map_err(|error| unfit(&variable, &error, &alone))?;
            set(&mut tree, key, value);
        }
    }
    let mut config = from_tree(tree.clone()).map_err(|error| unfit("configuration", &error, &tree))?;
    if let Some((name, text)) = file {
        config.sources = sources::read(&tree, name, text)?;
    }
    check_url("database.url", config.database.url.as_ref(), |key| place_of(key, file, &env))?;
    check_url("database.read_url", config.database.read_url.as_ref(), |key| place_of(key, file, &env))?;
    reranker::check(&config.search.reranker, |key| place_of(key, file, &env))?;
    serve::check(&config.serve, |key| place_of(key, file, &env))?;
    check_embed(&config.embed, text_at(&tree, "embed.model").is_some(), |key| place_of(key, file, &env))?;
    Ok(config)
}

/// Returns where `key` is set: its environment variable, or the file and if possible the line.
fn place_of(key: &str, file: Option<(&str, &str)>, env: impl Fn(&str) -> Option<String>) -> String {
    let variable = variable(key);
    match file {
        Some((name, text)) if env(&variable).is_none_or(|text| text.is_empty()) => {
            line_of(text, key).map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"))
        }
        _ => variable,
    }
}

fn parse_file(name: &str, text: &str) -> Result<Mapping, ConfigError> {
    let at = |error: &serde_yaml::Error| match error.location() {
        Some(location) => format!("{name}:{}", location.line()),
        None => name.to_owned(),
    };
    let tree = match serde_yaml::from_str::<Value>(text).map_err(|error| invalid(&at(&error), &error))? {
        Value::Null => Mapping::new(),
        Value::Mapping(tree) => without_nulls(tree),
        _ => {
            return Err(ConfigError::Invalid { place: name.to_owned(), message: "expected `key: value` lines".into() });
        }
    };
    if let Err(error) = from_tree(tree.clone()) {
        // Only the parser of the text knows the line. The parser of the tree accepts empty sections.
        let located = serde_yaml::from_str::<Config>(text).err();
        let place = located.as_ref().map_or_else(|| name.to_owned(), at);
        return Err(match unknown_key(&tree) {
            Some(key) => {
                let place = line_of(text, &key).map_or(place, |line| format!("{name}:{line}"));
                ConfigError::UnknownKey { place, nearest: nearest(&key), key }
            }
            None => unfit(&place, &error, &tree),
        });
    }
    Ok(tree)
}

type TreeError = serde_path_to_error::Error<serde_yaml::Error>;

fn from_tree(tree: Mapping) -> Result<Config, TreeError> {
    serde_path_to_error::deserialize(Value::Mapping(tree))
}

/// Removes empty sections and keys without a value, so that their defaults apply.
fn without_nulls(tree: Mapping) -> Mapping {
    tree.into_iter()
        .filter_map(|(key, value)| match value {
            Value::Null => None,
            Value::Mapping(inner) => Some((key, Value::Mapping(without_nulls(inner)))),
            other => Some((key, other)),
        })
        .collect()
}

fn set(tree: &mut Mapping, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            tree.insert(key.into(), value);
        }
        Some((section, rest)) => {
            let entry = tree.entry(section.into()).or_insert_with(|| Value::Mapping(Mapping::new()));
            if !entry.is_mapping() {
                *entry = Value::Mapping(Mapping::new());
            }
            if let Value::Mapping(inner) = entry {
                set(inner, rest, value);
            }
        }
    }
}

/// Returns the error for a text that is not YAML. `place` already contains the line, so the parser's line is removed.
fn invalid(place: &str, error: &serde_yaml::Error) -> ConfigError {
    let mut message = error.to_string();
    if let Some(end) = message.find(" at line ") {
        message.truncate(end);
    }
    ConfigError::Invalid { place: place.to_owned(), message }
}

/// Returns the error for an invalid value in `tree`, with its key.
fn unfit(place: &str, error: &TreeError, tree: &Mapping) -> ConfigError {
    let (place, key) = (place.to_owned(), error.path().to_string());
    let message = format!("{key}: {}", error.inner());
    match (KEYS.iter().find(|known| known.path == key).map(|known| &known.takes), text_at(tree, &key)) {
        (Some(Takes::Words(words)), Some(word)) => {
            ConfigError::UnknownWord { place, message, nearest: nearest_name(word, words.iter().copied(), 2) }
        }
        _ => ConfigError::Invalid { place, message },
    }
}

/// Returns the string at `key`.
fn text_at<'a>(tree: &'a Mapping, key: &str) -> Option<&'a str> {
    match key.split_once('.') {
        None => tree.get(key)?.as_str(),
        Some((section, rest)) => text_at(tree.get(section)?.as_mapping()?, rest),
    }
}

fn check_url(key: &str, url: Option<&Url>, place_of: impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let Some(url) = url else { return Ok(()) };
    url.parameters().and_then(|parameters| url::driver_settings(&parameters)).map(drop).map_err(|message| {
        ConfigError::Invalid {
            place: place_of(key),
            message: format!("{key}: not a connection URL, {message}; write postgresql://user@host:5432/database"),
        }
    })
}

/// Rejects settings that the provider cannot use or would ignore.
fn check_embed(embed: &Embed, names_model: bool, place_of: impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let refused_at = |place: &str, key: &str, message: &str| {
        Err(ConfigError::Invalid { place: place_of(place), message: format!("{key}: {message}") })
    };
    let refused = |key: &str, message: &str| refused_at(key, key, message);
    // The default model belongs to another provider. If the file contains it unchanged, this is not an explicit choice.
    let asks_for_a_model = embed.model != Embed::default().model && embed.model != HASH_MODEL;
    if embed.provider == ProviderKind::Hash && asks_for_a_model {
        let only = format!("the provider `hash` has one model, `{HASH_MODEL}`");
        return refused("embed.model", &format!("{only}; remove the key, or choose another embed.provider"));
    }
    if !embed.base_url.as_deref().is_none_or(names_server) {
        return refused(
            "embed.base_url",
            "expected http:// or https:// and a server, for example http://localhost:8080/v1",
        );
    }
    let of_one_provider = [
        ("embed.base_url", ProviderKind::OpenAi, embed.base_url.is_some()),
        ("embed.dimensions", ProviderKind::OpenAi, embed.dimensions.is_some()),
        ("embed.weights", ProviderKind::Local, embed.weights != Weights::F32),
    ];
    for (key, provider, is_set) in of_one_provider {
        if is_set && provider != embed.provider {
            let only = if provider == ProviderKind::OpenAi { "openai" } else { "local" };
            let message = format!("only the provider `{only}` uses it; remove the key, or choose that embed.provider");
            return refused(key, &message);
        }
    }
    let prefixes = [("embed.query_prefix", &embed.query_prefix), ("embed.document_prefix", &embed.document_prefix)];
    if let (ProviderKind::Hash, Some((key, _))) = (embed.provider, prefixes.iter().find(|(_, prefix)| prefix.is_some()))
    {
        return refused(key, "the provider `hash` uses no prefix; remove the key, or choose another embed.provider");
    }
    // A different server may have a model with this name, so an explicit name is accepted.
    let has_model = names_model && (embed.model != Embed::default().model || embed.base_url.is_some());
    if embed.provider == ProviderKind::OpenAi && !has_model {
        let message = "the provider `openai` needs the name that the server has for its model, for example text-embedding-3-small";
        return refused_at("embed.provider", "embed.model", message);
    }
    Ok(())
}

/// Returns whether an address has a supported scheme and a host.
fn names_server(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"));
    let server = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let host = server.rsplit('@').next().unwrap_or_default();
    !host.is_empty() && !host.starts_with(':')
}

fn auto_or_number<'de, D: Deserializer<'de>>(
    deserializer: D,
    least: usize,
    most: usize,
) -> Result<Option<usize>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(usize),
        Word(String),
    }
    let refused = || de::Error::custom(format!("expected `auto` or a whole number from {least} to {most}"));
    match Form::deserialize(deserializer).map_err(|_| refused())? {
        Form::Number(number) if (least..=most).contains(&number) => Ok(Some(number)),
        Form::Word(word) if word == "auto" => Ok(None),
        _ => Err(refused()),
    }
}

fn max_tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    auto_or_number(deserializer, SMALLEST_CHUNK, 1_000_000)
}

fn in_range<'de, D: Deserializer<'de>>(deserializer: D, least: u32, most: u32) -> Result<u32, D::Error> {
    let refused = || de::Error::custom(format!("expected a whole number from {least} to {most}"));
    let number = u32::deserialize(deserializer).map_err(|_| refused())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(refused()) }
}

fn ttl_minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, 10_080)
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let refused = || de::Error::custom("expected a whole number from 1 to 36500");
    match Option::<u32>::deserialize(deserializer).map_err(|_| refused())? {
        Some(days) if !(1..=36_500).contains(&days) => Err(refused()),
        days => Ok(days),
    }
}

fn artifacts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    in_range(deserializer, 1, 1_000).map(|number| number as usize)
}

fn lag_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 0, 31_536_000)
}

fn attempts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, 9_999)
}

fn chunk_tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    in_range(deserializer, 0, 1_000_000).map(|number| number as usize)
}

/// Parses a dimension, up to the maximum of pgvector.
fn dimensions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let refused = || de::Error::custom("expected a whole number from 1 to 16000");
    match Option::<usize>::deserialize(deserializer).map_err(|_| refused())? {
        Some(number) if !(1..=16_000).contains(&number) => Err(refused()),
        number => Ok(number),
    }
}

/// Parses a number of tokens that is at least [`SMALLEST_CHUNK`].
fn batch_tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    in_range(deserializer, 24, 10_000_000).map(|number| number as usize)
}

#[cfg(test)]
mod tests;

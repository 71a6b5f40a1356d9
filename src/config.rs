//! Configuration: `.trailblazer.yaml`, then the environment, then flags, into one validated [`Config`]. Pure but for
//! [`find`] and [`load`].

mod confluence;
mod dita;
mod keys;
pub mod serve;
pub mod sources;
pub mod url;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer};
use serde_yaml::{Mapping, Value};

pub use confluence::{ConditionalContent, Confluence};
pub use dita::{Dita, Searched};
use keys::{KEYS, Key, Takes, line_of, nearest, nearest_name, unknown_key, variable};
pub use keys::{check_text, unknown_variables};
pub use serve::Serve;
pub use sources::Sources;
pub use url::Url;

/// The name looked for from the working directory upward.
pub const FILE_NAME: &str = ".trailblazer.yaml";

/// The smallest chunk, in tokens: it leaves room for a character under a heading.
pub const SMALLEST_CHUNK: usize = 24;
/// The name of the one model of the provider `hash`.
pub const HASH_MODEL: &str = "hash-384";

/// The parser's time grows with the square of how deep brackets nest, and all keys together need no more than this.
const LARGEST_FILE: usize = 16 * 1024;

/// Everything that can be configured, validated, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Config {
    /// Where the data is.
    pub database: Database,
    /// Where artifacts and the private server are.
    pub workspace: Workspace,
    /// How runs are claimed.
    pub backlog: Backlog,
    /// Worker threads of one `run`.
    pub workers: Workers,
    /// How documents are cut.
    pub chunk: Chunk,
    /// How texts become vectors.
    pub embed: Embed,
    /// What a reset may delete.
    pub reset: Reset,
    /// How DITA is read.
    pub dita: Dita,
    /// How Confluence pages are read.
    pub confluence: Confluence,
    /// Where the web server listens, and whom it answers.
    pub serve: Serve,
    /// What else `sync` does.
    pub sync: Sync,
    /// What `sync` keeps up to date.
    pub sources: Sources,
}

/// `sync`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Sync {
    /// Delete vectors that nothing needs any more after each sync.
    pub prune: bool,
}

/// `database`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Database {
    /// Connection URL; none means the private local server.
    pub url: Option<Url>,
    /// Folder with the server programs of the private local server; none means: look for them.
    pub bin_dir: Option<PathBuf>,
}

/// `workspace`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Workspace {
    /// Folder of artifacts, logs and the private server; relative to the configuration file.
    pub dir: PathBuf,
    /// Artifacts that each run keeps: the current one and the latest earlier ones.
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
    /// What `run` takes when no scope is given.
    pub mode: Mode,
    /// Length of a lease.
    #[serde(deserialize_with = "ttl_minutes")]
    pub claim_ttl_minutes: u32,
    /// Failures and expiries in one phase before a run is failed.
    #[serde(deserialize_with = "attempts")]
    pub max_attempts: u32,
    /// Days after which `db prune` deletes the history of a claim; none means never.
    #[serde(deserialize_with = "days")]
    pub keep_attempts_days: Option<u32>,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { mode: Mode::DefaultAllUnprocessed, claim_ttl_minutes: 45, max_attempts: 5, keep_attempts_days: None }
    }
}

/// What `run` takes when no scope is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every run that is normalized and not yet embedded.
    DefaultAllUnprocessed,
    /// Nothing: a scope must be given.
    ExplicitScope,
}

/// Requests to a provider elsewhere that `auto` has in flight, at least: they wait more than they compute.
const REMOTE_WORKERS: usize = 8;

/// `workers`: `auto` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Workers(pub Option<usize>);

impl Workers {
    /// Number of threads to start, at least 1.
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
    /// Most tokens in a chunk; none means the model's own limit.
    #[serde(deserialize_with = "max_tokens")]
    pub max_tokens: Option<usize>,
    /// Smaller neighbors under one heading merge.
    #[serde(deserialize_with = "chunk_tokens")]
    pub min_tokens: usize,
    /// Repeated from the chunk before.
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
    /// Who computes the vectors.
    pub provider: ProviderKind,
    /// Which model: a name, or for `local` also the path of a sentence-transformer folder.
    pub model: String,
    /// How `local` keeps the model's weights.
    pub weights: Weights,
    /// Address that `/embeddings` is appended to, for `openai`.
    pub base_url: Option<String>,
    /// Put before a question, for `openai` and `local`; none means: as the model's files say.
    pub query_prefix: Option<String>,
    /// Put before a text of a document, likewise.
    pub document_prefix: Option<String>,
    /// Length asked of `openai` models that can shorten their vectors.
    #[serde(deserialize_with = "dimensions")]
    pub dimensions: Option<usize>,
    /// Most tokens sent to the provider at once.
    #[serde(deserialize_with = "batch_tokens")]
    pub batch_tokens: usize,
    /// What the vector indexes are made of.
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

/// Who computes the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// A sentence-transformer in process.
    #[default]
    Local,
    /// Any server that speaks `/v1/embeddings`.
    OpenAi,
    /// No model, for development.
    Hash,
}

/// How the `local` provider keeps the weights of a model's layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// As they are, in 32-bit floats.
    #[default]
    F32,
    /// Rounded to 8-bit integers: faster, and the vectors are close to those of the model, but not the same.
    Int8,
}

/// What a vector index holds of each vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VectorIndex {
    /// Its numbers as they are.
    #[default]
    Vector,
    /// Its numbers in 16 bits each: half the size.
    Halfvec,
}

/// `reset`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Reset {
    /// Scope `all` also deletes chunks.
    pub delete_chunks: bool,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key that does not exist.
    #[error("{place}: unknown key `{key}`")]
    UnknownKey {
        /// File and line, or the environment variable.
        place: String,
        /// The key's whole path.
        key: String,
        /// The known key that is most like it.
        nearest: Option<String>,
    },
    /// A word that its key does not take.
    #[error("{place}: {message}")]
    UnknownWord {
        /// File and line, or the environment variable.
        place: String,
        /// The key, the word, and those that it takes.
        message: String,
        /// The one of these that is most like it.
        nearest: Option<&'static str>,
    },
    /// A value that does not fit, or a file that is not YAML.
    #[error("{place}: {message}")]
    Invalid {
        /// File and line, or the environment variable.
        place: String,
        /// What is wrong.
        message: String,
    },
}

impl ConfigError {
    /// Returns what to do about it, where that is known.
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

/// Returns the nearest `.trailblazer.yaml` from `start` upward.
#[must_use]
pub fn find(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file())
}

/// Reads the file at `path`, if any, and the environment. A relative `workspace.dir` is taken from the file's folder.
pub fn load(path: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let mut config = match path {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            if text.len() > LARGEST_FILE {
                let message = format!("larger than {} KiB: not a configuration", LARGEST_FILE / 1024);
                return Err(ConfigError::Invalid { place: path.display().to_string(), message });
            }
            resolve(Some((&path.display().to_string(), &text)), env)?
        }
        None => resolve(None, env)?,
    };
    if let Some(folder) = path.and_then(Path::parent) {
        config.workspace.dir = folder.join(&config.workspace.dir);
        config.sources.resolve(folder);
    }
    Ok(config)
}

/// Resolves the file's name and text and the environment into a configuration: environment over file over default.
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
    check_url(&config, || place_of("database.url", file, &env))?;
    serve::check(&config.serve, |key| place_of(key, file, &env))?;
    check_embed(&config.embed, text_at(&tree, "embed.model").is_some(), |key| place_of(key, file, &env))?;
    Ok(config)
}

/// Returns where `key` is set: its variable, else the file, with the line where that is found.
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
        // The typed reading of the text knows the line; the one of the tree forgives empty sections.
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

/// Returns an empty section, or a key set to nothing, means the default.
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

/// A text that is not YAML. The parser's own count of lines is left out: `place` has it.
fn invalid(place: &str, error: &serde_yaml::Error) -> ConfigError {
    let mut message = error.to_string();
    if let Some(end) = message.find(" at line ") {
        message.truncate(end);
    }
    ConfigError::Invalid { place: place.to_owned(), message }
}

/// Returns a value of `tree` that its key does not take, named by that key.
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

/// Returns the text that `key` is set to.
fn text_at<'a>(tree: &'a Mapping, key: &str) -> Option<&'a str> {
    match key.split_once('.') {
        None => tree.get(key)?.as_str(),
        Some((section, rest)) => text_at(tree.get(section)?.as_mapping()?, rest),
    }
}

fn check_url(config: &Config, place: impl Fn() -> String) -> Result<(), ConfigError> {
    let Some(url) = &config.database.url else { return Ok(()) };
    url.parameters().and_then(|parameters| url::driver_settings(&parameters)).map(drop).map_err(|message| {
        ConfigError::Invalid {
            place: place(),
            message: format!(
                "database.url: not a connection URL, {message}; write postgresql://user@host:5432/database"
            ),
        }
    })
}

/// Refuses what the provider would not use, or could not.
fn check_embed(embed: &Embed, names_model: bool, place_of: impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let refused_at = |place: &str, key: &str, message: &str| {
        Err(ConfigError::Invalid { place: place_of(place), message: format!("{key}: {message}") })
    };
    let refused = |key: &str, message: &str| refused_at(key, key, message);
    // The default names the model of another provider, and is not asked for by who leaves it in the file.
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
    // Another server may have a model of that name, for who asks for it.
    let has_model = names_model && (embed.model != Embed::default().model || embed.base_url.is_some());
    if embed.provider == ProviderKind::OpenAi && !has_model {
        let message = "the provider `openai` needs the name that the server has for its model, for example text-embedding-3-small";
        return refused_at("embed.provider", "embed.model", message);
    }
    Ok(())
}

/// Returns whether an address has a scheme that is spoken and a server.
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

fn attempts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, 9_999)
}

fn chunk_tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    in_range(deserializer, 0, 1_000_000).map(|number| number as usize)
}

/// Up to what pgvector can hold.
fn dimensions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let refused = || de::Error::custom("expected a whole number from 1 to 16000");
    match Option::<usize>::deserialize(deserializer).map_err(|_| refused())? {
        Some(number) if !(1..=16_000).contains(&number) => Err(refused()),
        number => Ok(number),
    }
}

/// At least [`SMALLEST_CHUNK`].
fn batch_tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    in_range(deserializer, 24, 10_000_000).map(|number| number as usize)
}

#[cfg(test)]
mod tests;

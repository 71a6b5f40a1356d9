//! The list of configuration keys and their environment variables, with suggestions for misspelled names.

use std::ffi::OsString;

use serde_yaml::{Mapping, Value};

use super::ConfigError;

/// A key.
pub(super) struct Key {
    /// The path of the key in the file.
    pub path: &'static str,
    /// The allowed values.
    pub takes: Takes,
}

/// The allowed values of a key.
pub(super) enum Takes {
    /// Any string.
    Text,
    /// One of these words.
    Words(&'static [&'static str]),
    /// Any other YAML value, for example a number.
    Yaml,
}

/// All keys.
pub(super) const KEYS: [Key; 52] = [
    text("database.url"),
    text("database.read_url"),
    yaml("database.max_lag_seconds"),
    text("database.bin_dir"),
    text("workspace.dir"),
    yaml("workspace.keep_artifacts"),
    words("backlog.mode", &["default_all_unprocessed", "explicit_scope"]),
    yaml("backlog.claim_ttl_minutes"),
    yaml("backlog.max_attempts"),
    yaml("backlog.keep_attempts_days"),
    yaml("workers"),
    yaml("chunk.max_tokens"),
    yaml("chunk.min_tokens"),
    yaml("chunk.overlap_tokens"),
    words("embed.provider", &["local", "openai", "hash"]),
    text("embed.model"),
    words("embed.weights", &["f32", "int8"]),
    text("embed.base_url"),
    text("embed.query_prefix"),
    text("embed.document_prefix"),
    yaml("embed.dimensions"),
    yaml("embed.batch_tokens"),
    words("embed.vector_index", &["vector", "halfvec"]),
    yaml("reset.delete_chunks"),
    yaml("search.principals"),
    words("search.reranker.provider", &["local", "http"]),
    text("search.reranker.model"),
    text("search.reranker.base_url"),
    yaml("search.reranker.top"),
    text("serve.listen"),
    yaml("serve.hosts"),
    text("serve.proxy_user_header"),
    text("serve.proxy_groups_header"),
    yaml("serve.trusted_proxies"),
    words("serve.unknown_callers", &["unrestricted", "nobody"]),
    yaml("serve.cors_origins"),
    yaml("serve.connections"),
    yaml("serve.max_requests"),
    yaml("serve.rate_per_second"),
    text("setup.index_url"),
    text("log.dir"),
    words("log.format", &["text", "ndjson"]),
    yaml("log.max_megabytes"),
    yaml("log.keep_days"),
    yaml("sync.prune"),
    yaml("confluence.comments"),
    words("confluence.attachments", &["names", "text"]),
    words("confluence.conditional_content", &["drop", "keep"]),
    yaml("confluence.everybody"),
    yaml("dita.specializations"),
    words("dita.search", &["published", "all"]),
    text("dita.page_url"),
];

const fn text(path: &'static str) -> Key {
    Key { path, takes: Takes::Text }
}

const fn words(path: &'static str, words: &'static [&'static str]) -> Key {
    Key { path, takes: Takes::Words(words) }
}

const fn yaml(path: &'static str) -> Key {
    Key { path, takes: Takes::Yaml }
}

/// Other environment variables: the data folder, secrets, and settings of tests and benchmarks.
const OTHER_VARIABLES: [&str; 11] = [
    super::data_dir::VARIABLE,
    "TRAILBLAZER_EMBED_API_KEY",
    super::serve::TOKENS_VARIABLE,
    "TRAILBLAZER_CONFLUENCE_TOKEN",
    "TRAILBLAZER_TEST_PG",
    "TRAILBLAZER_MODEL_DIR",
    "TRAILBLAZER_CORPORA",
    "TRAILBLAZER_EVAL_MODEL",
    "TRAILBLAZER_EVAL_DIR",
    "TRAILBLAZER_EVAL_MANPAGES",
    "TRAILBLAZER_RERANK_API_KEY",
];

/// Returns the paths of all keys.
pub(super) fn paths() -> [&'static str; KEYS.len()] {
    KEYS.map(|key| key.path)
}

/// Returns a sentence with the keys in the section of an unknown key. If that section is unknown, it lists the sections.
pub(super) fn known_beside(key: &str) -> String {
    let section = key.split_once('.').map(|(section, _)| section);
    let beside: Vec<&str> = paths().into_iter().filter(|path| path.split('.').next() == section).collect();
    if !beside.is_empty() {
        return format!("Known keys: {}.", beside.join(", "));
    }
    let mut sections: Vec<&str> = paths().iter().filter_map(|path| path.split('.').next()).collect();
    sections.push("sources");
    sections.dedup();
    format!("Known keys and sections: {}.", sections.join(", "))
}

/// Returns the environment variable that sets the key at `path`.
pub(super) fn variable(path: &str) -> String {
    match path {
        "database.url" => "TRAILBLAZER_DB_URL".into(),
        _ => format!("TRAILBLAZER_{}", path.to_uppercase().replace('.', "_")),
    }
}

/// Returns the path of the first unknown key.
pub(super) fn unknown_key(tree: &Mapping) -> Option<String> {
    unknown_below("", tree)
}

/// Returns the first unknown key in a section. `section` is the path of the section with a dot after it.
fn unknown_below(section: &str, tree: &Mapping) -> Option<String> {
    tree.iter().find_map(|(key, value)| {
        let key = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
        let path = format!("{section}{key}");
        // `sources` contains user-defined keys.
        if paths().contains(&path.as_str()) || path == "sources" {
            return None;
        }
        let prefix = format!("{path}.");
        match value {
            Value::Mapping(inner) if paths().iter().any(|known| known.starts_with(&prefix)) => {
                unknown_below(&prefix, inner)
            }
            _ if paths().iter().any(|known| known.starts_with(&prefix)) => None,
            _ => Some(path),
        }
    })
}

/// Returns the line that contains the last part of `key` before a colon.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    let name = key.rsplit('.').next()?;
    let is_key = |line: &str| {
        let found = line.find(&format!("{name}:"));
        found.is_some_and(|at| {
            line[..at]
                .chars()
                .all(|c| c.is_whitespace() || matches!(c, '{' | ',' | '"' | '\'' | ':') || c.is_alphanumeric())
        })
    };
    text.lines().position(is_key).map(|index| index + 1)
}

/// Rejects a variable that `is_read` selects if its value is not UTF-8. Otherwise, the variable would be ignored.
pub fn check_text(
    variables: impl Iterator<Item = (OsString, OsString)>,
    is_read: impl Fn(&str) -> bool,
) -> Result<(), ConfigError> {
    let mut unreadable = variables.filter(|(_, value)| value.to_str().is_none());
    let name = unreadable.find_map(|(name, _)| name.into_string().ok().filter(|name| is_read(name)));
    name.map_or(Ok(()), |place| Err(ConfigError::Invalid { place, message: "the value is not UTF-8".into() }))
}

/// Returns the unknown variables in `names` that begin with `TRAILBLAZER_`, each with the most similar known variable.
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<(String, Option<String>)> {
    let known = paths().map(variable);
    let is_token = |name: &str| name.starts_with("TRAILBLAZER_SOURCES_") && name.ends_with("_TOKEN");
    let is_known = |name: &String| known.contains(name) || OTHER_VARIABLES.contains(&name.as_str()) || is_token(name);
    let unknown = names.filter(|name| name.starts_with("TRAILBLAZER_") && !is_known(name));
    unknown
        .map(|name| {
            let nearest = nearest_name(&name, known.iter().map(String::as_str), 3).map(str::to_owned);
            let nearest = nearest.or_else(|| key_of(&name).map(variable));
            (name, nearest)
        })
        .collect()
}

/// Returns the key that a variable names, with or without its section.
/// If there is none, returns the key that begins with this name, if there is only one.
fn key_of(name: &str) -> Option<&'static str> {
    let path = name.strip_prefix("TRAILBLAZER_")?.to_lowercase();
    let names = |key: &str| [key.replace('.', "_"), key.split('.').next_back().unwrap_or(key).to_owned()];
    let mut begun = paths().into_iter().filter(|key| names(key).iter().any(|name| name.starts_with(&path)));
    paths()
        .into_iter()
        .find(|key| names(key).contains(&path))
        .or_else(|| begun.next().filter(|_| begun.next().is_none()))
}

/// Returns the known name that is most similar to `name`, with at most `most` typos.
pub(crate) fn nearest_name<'a>(name: &str, known: impl IntoIterator<Item = &'a str>, most: usize) -> Option<&'a str> {
    let distances = known.into_iter().map(|known| (strsim::damerau_levenshtein(known, name), known));
    distances.min().filter(|(distance, _)| *distance <= most).map(|(_, known)| known)
}

/// Returns the key that is most similar to an unknown key. For a name without a dot, returns a section.
pub(super) fn nearest(key: &str) -> Option<String> {
    if !key.contains('.') {
        let sections = paths().map(|known| known.split('.').next().unwrap_or(known));
        return nearest_name(key, sections.into_iter().chain(["sources"]), 2).map(str::to_owned);
    }
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    paths()
        .into_iter()
        .map(|known| {
            (
                strsim::damerau_levenshtein(known, key).min(1 + strsim::damerau_levenshtein(&last(known), &last(key))),
                known,
            )
        })
        .min()
        .filter(|(distance, _)| *distance <= 4)
        .map(|(_, known)| known.to_owned())
}

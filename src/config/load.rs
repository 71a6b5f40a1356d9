//! Reads the configuration file and the environment, and merges them.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use super::keys::{KEYS, Key, Takes, line_of, nearest, nearest_name, unknown_key, variable};
use super::{Config, ConfigError, FILE_NAME, Url, data_dir, dita, embed, reranker, serve, sources, url};

/// Maximum size of a file in bytes, because parsing takes quadratic time in the nesting depth. A file with all keys is smaller.
const LARGEST_FILE: usize = 16 * 1024;

/// Returns the nearest `.trailblazer.yaml` in `start` or a folder above it, even if it cannot be read: the user put it there, so a
/// link to nothing must not lead to another knowledge base.
#[must_use]
pub fn find(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.symlink_metadata().is_ok())
}

/// Reads the environment and the file at `path`, if there is one. A relative `workspace.dir` starts at the folder of the file.
/// Without a file, the workspace is the user's data folder.
pub fn load(path: Option<&Path>, env: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let mut config = match path {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            if text.len() > LARGEST_FILE {
                let message = format!(
                    "the file is larger than {} KiB, so it cannot be a configuration file",
                    LARGEST_FILE / 1024
                );
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
                serde_yaml::from_str(&text).map_err(|error| invalid(&variable, &text, &error))?
            };
            let mut alone = Mapping::new();
            set(&mut alone, key, value.clone());
            from_tree(alone.clone()).map_err(|error| unfit(&variable, &error, &alone))?;
            set(&mut tree, key, value);
        }
    }
    let mut config = from_tree(tree.clone()).map_err(|error| unfit("configuration", &error, &tree))?;
    let database = &mut config.database;
    for url in [&mut database.url, &mut database.read_url] {
        url.take_if(|url| url.is_empty());
    }
    database.bin_dir.take_if(|folder| folder.as_os_str().is_empty());
    if let Some((name, text)) = file {
        config.sources = sources::read(&tree, name, text)?;
    }
    check_url("database.url", config.database.url.as_ref(), |key| place_of(key, file, &env))?;
    check_url("database.read_url", config.database.read_url.as_ref(), |key| place_of(key, file, &env))?;
    reranker::check(&config.search.reranker, |key| place_of(key, file, &env))?;
    serve::check(&config.serve, |key| place_of(key, file, &env))?;
    dita::check(&config.dita, |key| place_of(key, file, &env))?;
    embed::check(&config.embed, text_at(&tree, "embed.model").is_some(), |key| place_of(key, file, &env))?;
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
    let tree = match serde_yaml::from_str::<Value>(text).map_err(|error| invalid(&at(&error), text, &error))? {
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
fn invalid(place: &str, text: &str, error: &serde_yaml::Error) -> ConfigError {
    let line = error.location().and_then(|location| text.lines().nth(location.line().saturating_sub(1)));
    let has_tab = line.is_some_and(|line| line.trim_start_matches(' ').starts_with('\t'));
    let mut message = error.to_string();
    if let Some(end) = message.find(" at line ") {
        message.truncate(end);
    }
    if message.contains("cannot start any token") && has_tab {
        message = "YAML does not allow tabs for indentation".into();
    }
    ConfigError::Invalid { place: place.to_owned(), message }
}

/// Returns the error for an invalid value in `tree`, with its key.
fn unfit(place: &str, error: &TreeError, tree: &Mapping) -> ConfigError {
    let (place, key) = (place.to_owned(), error.path().to_string());
    let message = match error.inner().to_string() {
        fault if fault.ends_with(", expected a sequence") => format!("{key}: expected a list, for example [a, b]"),
        fault => format!("{key}: {fault}"),
    };
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
            message: format!("{key}: not a valid connection URL: {message}; expected a URL such as postgresql://user@host:5432/database"),
        }
    })
}

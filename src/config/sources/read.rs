//! Reads the sources of a configuration.

use std::path::PathBuf;

use serde::Deserialize;
use serde_yaml::{Mapping, Value};

use super::super::ConfigError;
use super::super::keys::nearest_name;
use super::super::site::site_address;
use super::lines::Lines;
use super::{Deployment, Kind, Origin, PathOrigin, Site, Source, Sources};
use crate::ids::RunId;

/// Keys of a source that reads files.
const PATH_KEYS: [&str; 5] = ["kind", "path", "ditaval", "collection", "site_url"];
/// Keys of a source that fetches pages over REST.
const SITE_KEYS: [&str; 9] =
    ["kind", "site", "deployment", "email", "spaces", "labels", "ancestors", "cql", "parallel"];
/// Maximum number of parallel requests. With more, the site would become slower or reject some of them.
const MOST_PARALLEL: u8 = 32;

/// A string, or a list of strings.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Texts {
    One(Text),
    Many(Vec<Text>),
}

/// A string. Numbers are accepted, because ids and keys may consist of digits.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Text {
    Text(String),
    Number(u64),
}

impl Text {
    fn into_string(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Reads the sources of a configuration. `file` is the name of the file, and `text` is its content.
pub fn read(tree: &Mapping, file: &str, text: &str) -> Result<Sources, ConfigError> {
    let entries = match tree.get("sources") {
        None | Some(Value::Null) => return Ok(Sources::default()),
        Some(Value::Mapping(entries)) => entries,
        Some(_) => {
            let place = Lines { file, text, source: None }.place(None);
            let message =
                "sources: expected source names with their keys, for example `manuals: { kind: dita, path: manuals/ }`";
            return Err(ConfigError::Invalid { place, message: message.into() });
        }
    };
    let mut sources = Vec::new();
    for (key, value) in entries {
        let shown = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
        let lines = Lines { file, text, source: Some(&shown) };
        let name: RunId = shown.parse().map_err(|_| ConfigError::Invalid {
            place: lines.place(None),
            message: format!(
                "sources.{shown}: this name is not allowed, because it becomes the run id; use {}",
                RunId::RULE
            ),
        })?;
        let Value::Mapping(keys) = value else {
            let message = format!("sources.{name}: expected keys, for example `kind` and `path`");
            return Err(ConfigError::Invalid { place: lines.place(None), message });
        };
        sources.push(Source { origin: origin(keys, &lines, &name)?, name });
    }
    Ok(Sources(sources))
}

fn origin(keys: &Mapping, lines: &Lines<'_>, name: &RunId) -> Result<Origin, ConfigError> {
    if keys.contains_key("site") && keys.contains_key("path") {
        return Err(lines.invalid(name, Some("path"), "a source has either `path` or `site`, not both"));
    }
    let known = if keys.contains_key("site") { SITE_KEYS.as_slice() } else { PATH_KEYS.as_slice() };
    let all = || SITE_KEYS.iter().chain(&PATH_KEYS).copied();
    for key in keys.keys() {
        let key = key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
        if known.contains(&key.as_str()) {
            continue;
        }
        if all().any(|other| other == key) {
            let needs = if SITE_KEYS.contains(&key.as_str()) { "site" } else { "path" };
            return Err(lines.invalid(
                name,
                Some(&key),
                &format!("this key is only for sources with `{needs}`; remove it"),
            ));
        }
        let place = lines.place(Some(&key));
        let path = format!("sources.{name}.{key}");
        let advice = match key.as_str() {
            "token" | "password" | "secret" | "api_token" => {
                "set the token in the environment variable TRAILBLAZER_CONFLUENCE_TOKEN".to_owned()
            }
            _ => format!("known keys: {}", known.join(", ")),
        };
        return Err(match nearest_name(&key, all(), 2) {
            Some(nearest) => {
                ConfigError::UnknownKey { place, key: path, nearest: Some(format!("sources.{name}.{nearest}")) }
            }
            None => ConfigError::Invalid { place, message: format!("unknown key `{path}`; {advice}") },
        });
    }
    let values = Values { keys, lines, name };
    let kind: Kind = values.required("kind", "`dita` or `confluence`")?;
    match (kind, keys.contains_key("path"), keys.contains_key("site")) {
        (_, true, _) => values.path(kind).map(Origin::Path),
        (Kind::Confluence, false, true) => values.site().map(Origin::Site),
        (Kind::Dita, false, true) => {
            Err(lines.invalid(name, Some("site"), "only a source with `kind: confluence` can have a `site`"))
        }
        (Kind::Confluence, false, false) => Err(lines.invalid(name, None, "`path` or `site` is missing")),
        (Kind::Dita, false, false) => Err(lines.invalid(name, None, "`path` is missing")),
    }
}

/// The values of a source.
struct Values<'a> {
    keys: &'a Mapping,
    lines: &'a Lines<'a>,
    name: &'a RunId,
}

impl Values<'_> {
    fn value<T: for<'de> Deserialize<'de>>(&self, key: &str, expected: &str) -> Result<Option<T>, ConfigError> {
        match self.keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_yaml::from_value(value.clone())
                .map(Some)
                .map_err(|_| self.lines.invalid(self.name, Some(key), &format!("expected {expected}"))),
        }
    }

    fn required<T: for<'de> Deserialize<'de>>(&self, key: &str, expected: &str) -> Result<T, ConfigError> {
        let missing = || self.lines.invalid(self.name, None, &format!("`{key}` is missing: {expected}"));
        self.value(key, expected)?.ok_or_else(missing)
    }

    fn text(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let text = self.value::<Text>(key, "a string")?.map(Text::into_string);
        match text {
            Some(text) if text.trim().is_empty() => Err(self.lines.invalid(self.name, Some(key), "it is empty")),
            text => Ok(text),
        }
    }

    fn texts(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        let texts = match self.value::<Texts>(key, "a string or a list of strings")? {
            None => Vec::new(),
            Some(Texts::One(text)) => vec![text.into_string()],
            Some(Texts::Many(texts)) => texts.into_iter().map(Text::into_string).collect(),
        };
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(self.lines.invalid(self.name, Some(key), "an entry is empty"));
        }
        Ok(texts)
    }

    fn path(&self, kind: Kind) -> Result<PathOrigin, ConfigError> {
        let ditaval: Vec<PathBuf> = self.texts("ditaval")?.into_iter().map(PathBuf::from).collect();
        if kind == Kind::Confluence && !ditaval.is_empty() {
            return Err(self.lines.invalid(
                self.name,
                Some("ditaval"),
                "this key is only for sources with `kind: dita`; remove it",
            ));
        }
        Ok(PathOrigin {
            kind,
            path: self.text("path")?.unwrap_or_default().into(),
            ditaval,
            collection: self.text("collection")?,
            site_url: self.site_url()?,
        })
    }

    fn site_url(&self) -> Result<Option<String>, ConfigError> {
        let address = self.text("site_url")?.map(|text| site_address(&text)).transpose();
        address.map_err(|message| self.lines.invalid(self.name, Some("site_url"), &message))
    }

    fn site(&self) -> Result<Site, ConfigError> {
        let refused = |key: &str, message: &str| Err(self.lines.invalid(self.name, Some(key), message));
        let url = self.text("site")?.unwrap_or_default().trim_end_matches('/').to_owned();
        let Some(host) = safe_host(&url) else {
            return refused(
                "site",
                "expected https:// and a host, without user, password or query, for example https://example.atlassian.net/wiki",
            );
        };
        let is_cloud = host.ends_with(".atlassian.net") || host == "api.atlassian.com";
        let by_host = if is_cloud { Deployment::Cloud } else { Deployment::DataCenter };
        let url = if host.ends_with(".atlassian.net") && !url.ends_with("/wiki") { format!("{url}/wiki") } else { url };
        let site = Site {
            deployment: self.value("deployment", "`cloud` or `datacenter`")?.unwrap_or(by_host),
            email: self.text("email")?,
            spaces: self.texts("spaces")?,
            labels: self.texts("labels")?,
            ancestors: self.texts("ancestors")?,
            cql: self.text("cql")?,
            parallel: self.value("parallel", "a number from 1 to 32")?.unwrap_or(4),
            url,
        };
        if !(1..=MOST_PARALLEL).contains(&site.parallel) {
            return refused("parallel", "expected a number from 1 to 32");
        }
        if site.ancestors.iter().any(|id| !id.bytes().all(|byte| byte.is_ascii_digit())) {
            return refused("ancestors", "expected numeric page ids");
        }
        if site.spaces.is_empty() && site.labels.is_empty() && site.ancestors.is_empty() && site.cql.is_none() {
            return Err(self.lines.invalid(
                self.name,
                None,
                "no pages are selected; set `spaces`, `labels`, `ancestors` or `cql`",
            ));
        }
        Ok(site)
    }
}

/// Returns the host of an address if a token may be sent there, because the connection uses TLS or stays on this machine.
fn safe_host(url: &str) -> Option<&str> {
    let (is_safe, rest) = match url.split_once("://")? {
        ("https", rest) => (true, rest),
        ("http", rest) => (false, rest),
        _ => return None,
    };
    if rest.contains(['?', '#', '@', ' ']) {
        return None;
    }
    let authority = rest.split('/').next()?;
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    (!host.is_empty() && (is_safe || is_here)).then_some(host)
}

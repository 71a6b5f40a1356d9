//! `sources`: the sources that `sync` updates. Each source is a run with its name.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_yaml::{Mapping, Value};

use super::ConfigError;
use super::keys::nearest_name;
use super::site::site_address;
use crate::ids::RunId;

/// Keys of a source that reads files.
const PATH_KEYS: [&str; 5] = ["kind", "path", "ditaval", "collection", "site_url"];
/// Keys of a source that fetches pages over REST.
const SITE_KEYS: [&str; 9] =
    ["kind", "site", "deployment", "email", "spaces", "labels", "ancestors", "cql", "parallel"];
/// Maximum number of parallel requests. With more, the site would become slower or reject some of them.
const MOST_PARALLEL: u8 = 32;

/// The configured sources, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources(pub Vec<Source>);

impl<'de> Deserialize<'de> for Sources {
    /// Ignores the value. [`read`] parses the sources, because it knows the lines.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self::default())
    }
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name of the source, which is also the id of its run.
    pub name: RunId,
    /// Where its documents come from.
    pub origin: Origin,
}

/// The origin of the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Files: a folder, a map, or the zip file of an export.
    Path(PathOrigin),
    /// A Confluence site with its REST API.
    Site(Site),
}

/// The files of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathOrigin {
    /// The kind of documentation.
    pub kind: Kind,
    /// The file or folder. A relative path starts at the folder of the configuration file.
    pub path: PathBuf,
    /// Ditaval files that filter DITA.
    pub ditaval: Vec<PathBuf>,
    /// The first part of the document ids. For DITA, the default is the name of the source.
    pub collection: Option<String>,
    /// Address of the published site.
    pub site_url: Option<String>,
}

/// A Confluence site, and the pages to fetch. A page must meet all conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The address without a slash at the end. For Cloud, it includes `/wiki`.
    pub url: String,
    /// The type of its REST API.
    pub deployment: Deployment,
    /// The account of the API token. Without it, the token is sent as a bearer token.
    pub email: Option<String>,
    /// The keys of spaces.
    pub spaces: Vec<String>,
    /// Labels. A page must have at least one of them.
    pub labels: Vec<String>,
    /// Page ids. A page must have one of these ids, or be a descendant of such a page.
    pub ancestors: Vec<String>,
    /// A condition in Confluence's query language.
    pub cql: Option<String>,
    /// Maximum number of concurrent requests.
    pub parallel: u8,
}

/// Kinds of documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Dita,
    Confluence,
}

/// The two REST APIs of Confluence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deployment {
    /// Confluence Cloud: version 2, and version 1 for functions that version 2 lacks.
    Cloud,
    /// Data Center 7.19 or later: version 1.
    DataCenter,
}

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
pub(super) fn read(tree: &Mapping, file: &str, text: &str) -> Result<Sources, ConfigError> {
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
                "sources.{shown}: this name is not allowed, because it becomes the run id; use letters, digits, \".\", \"_\" and \"-\", at most 128"
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

/// Finds the lines of a source in the file.
struct Lines<'a> {
    file: &'a str,
    text: &'a str,
    source: Option<&'a str>,
}

impl Lines<'_> {
    /// Returns the file and the line of the key, or the line of the source if the key is not found.
    fn place(&self, key: Option<&str>) -> String {
        let names = |line: &str, name: &str| {
            line.match_indices(name).any(|(at, _)| {
                let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
                let after = line[at + name.len()..].trim_start_matches(['"', '\'']);
                after.trim_start().starts_with(':')
                    && (before.trim_end().is_empty() || before.trim_end().ends_with(['{', ',']))
            })
        };
        let mut found = None;
        let mut wanted = ["sources"].into_iter().chain(self.source).chain(key).peekable();
        for (number, line) in self.text.lines().enumerate() {
            // A flow mapping may have several keys on one line.
            while wanted.peek().is_some_and(|name| names(line, name)) {
                wanted.next();
                found = Some(number + 1);
            }
        }
        found.map_or_else(|| self.file.to_owned(), |line| format!("{}:{line}", self.file))
    }

    fn invalid(&self, name: &RunId, key: Option<&str>, message: &str) -> ConfigError {
        let key = key.map(|key| format!(".{key}")).unwrap_or_default();
        ConfigError::Invalid {
            place: self.place(key.strip_prefix('.')),
            message: format!("sources.{name}{key}: {message}"),
        }
    }
}

impl Sources {
    /// Resolves relative paths from the folder of the configuration file.
    pub(super) fn resolve(&mut self, folder: &Path) {
        for source in &mut self.0 {
            if let Origin::Path(origin) = &mut source.origin {
                origin.path = folder.join(&origin.path);
                for ditaval in &mut origin.ditaval {
                    *ditaval = folder.join(&*ditaval);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::resolve;
    use super::*;

    fn read(text: &str) -> Result<Sources, String> {
        resolve(Some(("file", text)), |_| None).map(|config| config.sources).map_err(|error| {
            let hint = error.hint().map(|hint| format!(" {hint}")).unwrap_or_default();
            format!("{error}{hint}")
        })
    }

    #[test]
    fn sources_are_read_with_their_defaults() {
        let text = "sources:\n  handbook: { kind: confluence, site: 'https://example.atlassian.net/', spaces: OPS, ancestors: [7] }\n  \
                    wiki:\n    kind: confluence\n    site: https://wiki.example.com/confluence\n    cql: type = page\n  \
                    manuals: { kind: dita, path: manuals/guide.ditamap, ditaval: cloud.ditaval }\n";
        let sources = read(text).unwrap().0;
        let names: Vec<_> = sources.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(names, ["handbook", "wiki", "manuals"]);
        let sites: Vec<_> = sources
            .iter()
            .filter_map(|source| match &source.origin {
                Origin::Site(site) => Some((site.url.as_str(), site.deployment, site.parallel)),
                Origin::Path(_) => None,
            })
            .collect();
        let expected = [
            ("https://example.atlassian.net/wiki", Deployment::Cloud, 4),
            ("https://wiki.example.com/confluence", Deployment::DataCenter, 4),
        ];
        assert_eq!(sites, expected);
        assert_eq!(read("sources:\n").unwrap(), Sources::default());
        assert_eq!(read("workers: 2\n").unwrap(), Sources::default());
    }

    #[test]
    fn what_is_wrong_with_a_source_is_said_with_its_line() {
        let told = |text: &str| read(text).unwrap_err();
        let faults = [
            "sources: [a]",
            "sources:\n  a b: { kind: dita, path: x }",
            "sources:\n  m: manuals/",
            "sources:\n  m:\n    path: x",
            "sources:\n  m:\n    kind: dita\n    paht: x",
            "workers: 2\nsources:\n  m:\n    kind: word\n    path: x",
            "sources:\n  m: { kind: dita }",
            "sources:\n  m: { kind: dita, site: 'https://x' }",
            "sources:\n  m: { kind: dita, path: x, spaces: [A] }",
            "sources:\n  c: { kind: confluence }",
            "sources:\n  c:\n    kind: confluence\n    site: http://wiki.example.com\n    spaces: [A]",
            "sources:\n  c: { kind: confluence, site: 'https://me:secret@example.com', spaces: [A] }",
            "sources:\n  c: { kind: confluence, site: 'https://example.com' }",
            "sources:\n  c: { kind: confluence, site: 'https://example.com', ancestors: [Home] }",
            "sources:\n  c: { kind: confluence, site: 'https://example.com', spaces: [A], parallel: 0 }",
            "sources:\n  c: { kind: confluence, site: 'https://example.com', spaces: [A], token: abc }",
            "sources:\n  c: { kind: confluence, path: x, ditaval: y }",
            "sorces:\n  c: { kind: confluence, path: x }",
        ];
        insta::assert_snapshot!(faults.map(told).join("\n"), @r#"
        file:1: sources: expected source names with their keys, for example `manuals: { kind: dita, path: manuals/ }`
        file:2: sources.a b: this name is not allowed, because it becomes the run id; use letters, digits, ".", "_" and "-", at most 128
        file:2: sources.m: expected keys, for example `kind` and `path`
        file:2: sources.m: `kind` is missing: `dita` or `confluence`
        file:4: unknown key `sources.m.paht` Did you mean `sources.m.path`?
        file:4: sources.m.kind: expected `dita` or `confluence`
        file:2: sources.m: `path` is missing
        file:2: sources.m.site: only a source with `kind: confluence` can have a `site`
        file:2: sources.m.spaces: this key is only for sources with `site`; remove it
        file:2: sources.c: `path` or `site` is missing
        file:4: sources.c.site: expected https:// and a host, without user, password or query, for example https://example.atlassian.net/wiki
        file:2: sources.c.site: expected https:// and a host, without user, password or query, for example https://example.atlassian.net/wiki
        file:2: sources.c: no pages are selected; set `spaces`, `labels`, `ancestors` or `cql`
        file:2: sources.c.ancestors: expected numeric page ids
        file:2: sources.c.parallel: expected a number from 1 to 32
        file:2: unknown key `sources.c.token`; set the token in the environment variable TRAILBLAZER_CONFLUENCE_TOKEN
        file:2: sources.c.ditaval: this key is only for sources with `kind: dita`; remove it
        file:1: unknown key `sorces` Did you mean `sources`?
        "#);
    }
}

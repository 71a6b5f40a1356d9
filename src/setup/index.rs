//! Finds the package index and reads its list of files.

use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use serde::Deserialize;
use ureq::Agent;
use ureq::http::header::{ACCEPT, AUTHORIZATION};
use ureq::tls::TlsConfig;
use url::Url;

use super::{Package, SetupError, Wheel};
use crate::certificates;

/// Environment variables of pip and uv with the address of an index, in order of priority.
const VARIABLES: [&str; 3] = ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"];
/// The default index, which is set when a release is built.
const BUILT_IN: Option<&str> = option_env!("TRAILBLAZER_DEFAULT_INDEX_URL");
/// Commands that print the default index in their help.
const HELP: [&[&str]; 4] = [
    &["python3", "-m", "pip", "help", "download"],
    &["python", "-m", "pip", "help", "download"],
    &["pip", "help", "download"],
    &["uv", "help", "pip", "install"],
];
const ACCEPTED: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Time without data after which a request fails.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A package index, as PEP 503 and PEP 691 describe it.
#[derive(Clone)]
pub struct Index {
    url: Url,
    authorization: Option<String>,
    pub(super) agent: Agent,
}

#[derive(Deserialize)]
struct Listing {
    files: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: Hashes,
    size: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Hashes {
    sha256: Option<String>,
}

impl Index {
    /// Returns the first of the configured index, the index of pip or uv on this machine, and the default index of the release.
    pub fn find(configured: Option<&str>, packages: &[Package]) -> Result<Self, SetupError> {
        let variable = || VARIABLES.iter().find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()));
        let of_pip = || printed(&["python3", "-m", "pip", "config", "get", "global.index-url"]);
        let found = configured.map(str::to_owned).or_else(variable).or_else(of_pip);
        let default =
            || BUILT_IN.map(str::to_owned).or_else(|| HELP.iter().find_map(|command| address_in(&printed(command)?)));
        let Some(address) = found.or_else(default) else {
            let packages: Vec<String> = packages.iter().map(|one| format!("{}=={}", one.name, one.version)).collect();
            return Err(SetupError::NoIndex { packages: packages.join(" ") });
        };
        Self::at(address.trim())
    }

    /// Returns the index at an address.
    pub fn at(address: &str) -> Result<Self, SetupError> {
        let bad = |message: &str| {
            let shown = address.rsplit_once('@').map_or(address, |(_, rest)| rest);
            SetupError::BadIndex { address: shown.to_owned(), message: message.to_owned() }
        };
        let mut url = Url::parse(address).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(bad("expected http:// or https:// and a host"));
        }
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let login = (!url.username().is_empty())
            .then(|| format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default())));
        let authorization =
            login.map(|login| format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login)));
        // Remove user and password, so that the address can be shown.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_path(&format!("{}/", url.path().trim_end_matches('/')));
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(TlsConfig::builder().root_certs(certificates::trusted()).build())
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(READ_TIMEOUT))
            .timeout_per_read(Some(READ_TIMEOUT))
            .user_agent(concat!("trailblazer/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { url, authorization, agent: config.into() })
    }

    /// Returns the address, without user and password.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the credentials for a file, if it is on the host of the index.
    pub(super) fn authorization_for(&self, address: &str) -> Option<&str> {
        let url = Url::parse(address).ok()?;
        (url.origin() == self.url.origin()).then_some(self.authorization.as_deref()).flatten()
    }

    /// Returns the wheel of `package` for this machine.
    pub fn wheel(&self, package: &Package) -> Result<Wheel, SetupError> {
        let page = self.url.join(&format!("{}/", package.name)).map_err(|error| self.failed(&error.to_string()))?;
        let mut request = self.agent.get(page.as_str()).header(ACCEPT, ACCEPTED);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let unreachable = |message: String| SetupError::Unreachable { url: page.to_string(), message };
        let mut response = request.call().map_err(|error| unreachable(error.to_string()))?;
        if !response.status().is_success() {
            return Err(unreachable(format!("the index answers {}", response.status())));
        }
        let is_json = response.body().mime_type().is_some_and(|kind| kind.ends_with("json"));
        let text = response.body_mut().read_to_string().map_err(|error| unreachable(error.to_string()))?;
        let files = if is_json {
            serde_json::from_str::<Listing>(&text).map_err(|error| unreachable(error.to_string()))?.files
        } else {
            links(&text)
        };
        let fitting = files.into_iter().filter(|entry| package.fits(&entry.filename));
        let mut pinned =
            fitting.filter(|entry| entry.hashes.sha256.as_deref().is_none_or(|hash| package.has_hash(hash)));
        let entry = pinned.next().ok_or_else(|| package.missing_in(self.shown(), false))?;
        let url = page.join(&entry.url).map_err(|error| unreachable(error.to_string()))?;
        Ok(Wheel { name: entry.filename, url: url.to_string(), size: entry.size })
    }

    fn failed(&self, message: &str) -> SetupError {
        SetupError::Unreachable { url: self.shown().to_owned(), message: message.to_owned() }
    }
}

/// Reads the links of an index page in HTML, as PEP 503 describes it.
fn links(html: &str) -> Vec<Entry> {
    let hrefs = html.split("<a ").skip(1).filter_map(|tag| {
        let value = tag.split_once("href=")?.1;
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        value[1..].split(quote).next()
    });
    let entry = |href: &str| {
        let href = href.replace("&amp;", "&");
        let (url, fragment) = href.split_once('#').unwrap_or((&href, ""));
        let name = url.split('?').next().unwrap_or(url).rsplit('/').next().unwrap_or_default();
        Entry {
            filename: percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned(),
            url: url.to_owned(),
            hashes: Hashes { sha256: fragment.strip_prefix("sha256=").map(str::to_owned) },
            size: None,
        }
    };
    hrefs.map(entry).collect()
}

/// Returns the output of a command, if the command exists and succeeds.
fn printed(command: &[&str]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// Returns the address of an index that a help text contains.
fn address_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')'));
    let mut addresses = words.map(|word| word.trim_end_matches(['.', ',', '/']));
    addresses.find(|word| word.starts_with("https://") && word.ends_with("/simple")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_index_is_read_from_the_help_of_pip() {
        let help = "  -i, --index-url <url>   Base URL of the index (default\n    https://index.example/simple). This should\n";
        assert_eq!(address_in(help).as_deref(), Some("https://index.example/simple"));
        assert_eq!(address_in("see https://docs.example/"), None);
    }

    #[test]
    fn links_of_an_html_page_have_name_and_hash() {
        let html =
            "<a href=\"../../files/a-1.0-py3-none-any.whl?x=1&amp;y=2#sha256=ab\">a</a><a href='b%2B1.whl'>b</a>";
        let found = links(html);
        assert_eq!(found[0].filename, "a-1.0-py3-none-any.whl");
        assert_eq!(found[0].url, "../../files/a-1.0-py3-none-any.whl?x=1&y=2");
        assert_eq!(found[0].hashes.sha256.as_deref(), Some("ab"));
        assert_eq!((found[1].filename.as_str(), found[1].hashes.sha256.as_deref()), ("b+1.whl", None));
    }

    #[test]
    fn credentials_go_to_the_host_of_the_index_only_and_are_never_shown() {
        let index = Index::at("https://me:secret@host.example/repository/simple").unwrap();
        assert_eq!(index.shown(), "https://host.example/repository/simple/");
        assert!(index.authorization_for("https://host.example/files/a.whl").is_some());
        assert_eq!(index.authorization_for("https://files.example/a.whl"), None);
        let error = Index::at("ftp://me:secret@host.example/simple").map(drop).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

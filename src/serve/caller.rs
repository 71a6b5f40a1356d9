//! Identifies the caller of a request.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::problem::Problem;
use super::state::State;
use crate::config::serve::UnknownCallers;

/// The caller of a request, with the principals that determine which documents are visible. Every query receives a caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// Principals such as `user:ann` and `group:hr`, with names from the sources. Without principals, only unrestricted documents are visible.
    pub principals: Vec<String>,
    /// Whether a token or a proxy identifies the caller, or the caller uses this machine.
    pub is_known: bool,
}

impl Caller {
    /// Returns the user of this machine with the given principals.
    #[must_use]
    pub fn local(principals: Vec<String>) -> Self {
        Self { principals, is_known: true }
    }

    /// Rejects unknown callers. Use it for data about the server.
    pub fn require_known(&self) -> Result<(), Problem> {
        if self.is_known { Ok(()) } else { Err(Problem::unauthorized("this needs a token")) }
    }
}

/// Identifies the sender of a request from `headers` and `address`. A wrong token is an error.
pub(super) fn identify(state: &State, headers: &HeaderMap, address: IpAddr) -> Result<Caller, Problem> {
    let address = address.to_canonical();
    let settings = &state.settings;
    if let Some(name) = &settings.proxy_user_header
        && settings.trusted_proxies.iter().any(|network| network.contains(&address))
        && let [user, others @ ..] = &texts(headers, name)?[..]
    {
        if !others.is_empty() {
            return Err(Problem::invalid(format!("the proxy sent several headers {name}")));
        }
        let groups = settings.proxy_groups_header.as_deref().map_or(Ok(Vec::new()), |name| texts(headers, name))?;
        let groups =
            groups.iter().flat_map(|groups| groups.split(',')).map(str::trim).filter(|group| !group.is_empty());
        let mut principals = vec![format!("user:{user}")];
        principals.extend(groups.map(|group| format!("group:{group}")));
        return Ok(Caller { principals, is_known: true });
    }
    if let Some(shown) = credentials(headers) {
        let matches = |secret: &str| Sha256::digest(secret) == Sha256::digest(&shown);
        return match state.tokens.iter().find(|token| matches(&token.secret)) {
            Some(token) => Ok(Caller { principals: token.principals.clone(), is_known: true }),
            None => Err(Problem::unauthorized("the token is not valid for this server")),
        };
    }
    let is_local = address.is_loopback() && state.tokens.is_empty() && settings.proxy_user_header.is_none();
    if is_local {
        return Ok(Caller::local(Vec::new()));
    }
    match settings.unknown_callers {
        UnknownCallers::Unrestricted => Ok(Caller::default()),
        UnknownCallers::Nobody => Err(Problem::unauthorized("this server answers only known callers")),
    }
}

/// Returns the texts of all headers with this name that are not empty. A text that is not UTF-8 is an error.
fn texts(headers: &HeaderMap, name: &str) -> Result<Vec<String>, Problem> {
    let mut texts = Vec::new();
    for value in headers.get_all(name) {
        let text = std::str::from_utf8(value.as_bytes())
            .map_err(|_| Problem::invalid(format!("the header {name} is not valid UTF-8")))?;
        texts.extend((!text.trim().is_empty()).then(|| text.trim().to_owned()));
    }
    Ok(texts)
}

/// Returns the token in a request. It is a bearer token, or the password that a browser asks for.
fn credentials(headers: &HeaderMap) -> Option<String> {
    let shown = headers.get(header::AUTHORIZATION)?.to_str().ok().unwrap_or("?");
    let (scheme, rest) = shown.split_once(' ').unwrap_or((shown, ""));
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = base64::engine::general_purpose::STANDARD.decode(rest.trim()).unwrap_or_default();
        let decoded = String::from_utf8(decoded).unwrap_or_default();
        return Some(decoded.split_once(':').map_or("", |(_, password)| password).to_owned());
    }
    Some(rest.trim().to_owned())
}

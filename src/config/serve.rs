//! `serve`: the configuration of the web server.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{self, Deserializer};

use super::values::in_range;
use super::{ConfigError, is_principal};

/// `serve`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Serve {
    /// Address and port to listen on.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// Names that clients may use for this server besides `localhost` and IP addresses.
    pub hosts: Vec<String>,
    /// Request header in which a trusted proxy passes the user.
    #[serde(deserialize_with = "header")]
    pub proxy_user_header: Option<String>,
    /// Request header in which a trusted proxy passes the user's groups, separated by commas.
    #[serde(deserialize_with = "header")]
    pub proxy_groups_header: Option<String>,
    /// Addresses of the proxies whose headers are trusted.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// The access of callers without a token and without a user name from a proxy.
    pub unknown_callers: UnknownCallers,
    /// Origins whose pages may call the JSON API from a browser.
    #[serde(deserialize_with = "origins")]
    pub cors_origins: Vec<String>,
    /// Number of database connections.
    #[serde(deserialize_with = "connections")]
    pub connections: u32,
    /// Maximum number of concurrent requests.
    #[serde(deserialize_with = "max_requests")]
    pub max_requests: u32,
    /// Maximum number of requests per second from one client address. 0 means no limit.
    #[serde(deserialize_with = "rate")]
    pub rate_per_second: u32,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            hosts: Vec::new(),
            proxy_user_header: None,
            proxy_groups_header: None,
            trusted_proxies: Vec::new(),
            unknown_callers: UnknownCallers::Unrestricted,
            cors_origins: Vec::new(),
            connections: 4,
            max_requests: 64,
            rate_per_second: 200,
        }
    }
}

/// The access of callers without a token and without a user name from a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownCallers {
    /// Documents without restrictions.
    #[default]
    Unrestricted,
    /// Nothing. The status is 401.
    Nobody,
}

/// A token, and the principals of the callers that send it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Token {
    /// The secret value.
    pub secret: String,
    /// Principals such as `user:ann` and `group:hr`, with names from the sources.
    pub principals: Vec<String>,
}

impl std::fmt::Debug for Token {
    /// Formats the token without its secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("principals", &self.principals).finish_non_exhaustive()
    }
}

/// The environment variable that holds the tokens.
pub const TOKENS_VARIABLE: &str = "TRAILBLAZER_SERVE_TOKENS";
/// Minimum length of a token, so that nobody can guess it.
const SHORTEST_TOKEN: usize = 16;

/// Parses entries such as `TOKEN` or `TOKEN=user:ann,group:hr`, separated by semicolons or line breaks.
/// Error messages contain the number of an entry, but not its text.
pub fn tokens(text: &str) -> Result<Vec<Token>, ConfigError> {
    let entries = text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .enumerate()
        .map(|(index, entry)| {
            let invalid = |message: String| ConfigError::Invalid {
                place: TOKENS_VARIABLE.into(),
                message: format!("token {}: {message}", index + 1),
            };
            let (secret, principals) = entry.split_once('=').unwrap_or((entry, ""));
            let is_printable = secret.bytes().all(|byte| byte.is_ascii_graphic());
            if secret.len() < SHORTEST_TOKEN || !is_printable {
                let needs = "visible ASCII characters without `=` and `;`";
                return Err(invalid(format!(
                    "expected at least {SHORTEST_TOKEN} {needs}, for example from `openssl rand -hex 16`"
                )));
            }
            let principals: Vec<String> =
                principals.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
            if let Some(number) = principals.iter().position(|name| !is_principal(name)) {
                let message = format!("principal {} is not `user:NAME` or `group:NAME`", number + 1);
                return Err(invalid(message));
            }
            Ok(Token { secret: secret.to_owned(), principals })
        })
        .collect()
}

/// Rejects settings that would accidentally give everybody access. `place_of` returns where a key is set.
pub(super) fn check(serve: &Serve, place_of: impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let refused = |key: &str, message: &str| {
        Err(ConfigError::Invalid { place: place_of(key), message: format!("{key}: {message}") })
    };
    if serve.proxy_user_header.is_some() && serve.trusted_proxies.is_empty() {
        return refused(
            "serve.proxy_user_header",
            "set serve.trusted_proxies to the addresses of the proxy, or every client could claim to be any user",
        );
    }
    if serve.proxy_groups_header.is_some() && serve.proxy_user_header.is_none() {
        return refused("serve.proxy_groups_header", "also set serve.proxy_user_header");
    }
    if let Some(host) = serve.hosts.iter().find(|host| !is_host_name(host)) {
        let message = format!("`{host}` is not a host name; an example is docs.example.com");
        return refused("serve.hosts", &message);
    }
    Ok(())
}

fn is_host_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && text.chars().all(allowed)
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_listen(&text).map_err(de::Error::custom)
}

/// Parses the address on which to listen.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let text = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().map_err(|_| "expected an IP address and a port, for example 127.0.0.1:8080 or [::1]:8080".to_owned())
}

fn header<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_token {
        Ok(Some(name.to_ascii_lowercase()))
    } else {
        Err(de::Error::custom("expected a header name, for example X-Forwarded-User"))
    }
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network = |text: &String| {
        let alone = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| alone()).map_err(|_| {
            de::Error::custom(format!("expected IP addresses or networks such as 10.0.0.0/8, not `{text}`"))
        })
    };
    texts.iter().map(network).collect()
}

fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let origins = Vec::<String>::deserialize(deserializer)?;
    let is_origin = |origin: &str| {
        let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        rest.is_some_and(|host| !host.is_empty() && host.is_ascii() && !host.contains(['/', '*', ' ', ',']))
    };
    match origins.iter().find(|origin| !is_origin(origin)) {
        Some(origin) => Err(de::Error::custom(format!(
            "expected origins such as https://portal.example.com, not `{origin}`: scheme and host, without a path"
        ))),
        None => Ok(origins.iter().map(|origin| origin.to_ascii_lowercase()).collect()),
    }
}

fn connections<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, 256)
}

fn max_requests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, 10_000)
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 0, 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_principals_or_none() {
        let read = tokens("0123456789abcdef=user:ann, group:hr; fedcba9876543210\n").unwrap();
        assert_eq!(read[0].principals, ["user:ann", "group:hr"]);
        assert!(read[1].principals.is_empty());
        assert_eq!(read[1].secret, "fedcba9876543210");
    }

    #[test]
    fn a_token_that_cannot_be_used_is_named_by_number_and_never_printed() {
        for (text, message) in [
            ("short", "token 1: expected at least 16"),
            ("0123456789abcdef=ann", "token 1: principal 1 is not"),
            ("0123456789abcdef;sécret-sécret-sécret", "token 2: expected"),
            ("0123456789abcdef=user:", "token 1: principal 1 is not"),
        ] {
            let error = tokens(text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
            for secret in ["short", "0123456789", "sécret"] {
                assert!(!error.contains(secret), "{error}");
            }
        }
        assert!(!format!("{:?}", tokens("0123456789abcdef").unwrap()).contains("0123"));
    }

    fn read(yaml: &str) -> Result<Serve, String> {
        let serve: Serve = serde_yaml::from_str(yaml).map_err(|error| error.to_string())?;
        check(&serve, str::to_owned).map_err(|error| error.to_string())?;
        Ok(serve)
    }

    #[test]
    fn a_proxy_is_believed_by_its_address_only() {
        let error = read("proxy_user_header: X-User").unwrap_err();
        assert!(error.contains("serve.trusted_proxies"), "{error}");
        let serve = read("{ proxy_user_header: X-User, trusted_proxies: [10.0.0.0/8, '::1'] }").unwrap();
        assert_eq!(serve.proxy_user_header.as_deref(), Some("x-user"));
        assert!(serve.trusted_proxies[0].contains(&"10.1.2.3".parse::<IpAddr>().unwrap()));
        assert!(!serve.trusted_proxies[0].contains(&"11.1.2.3".parse::<IpAddr>().unwrap()));
        assert!(read("{ proxy_groups_header: X-Groups }").unwrap_err().contains("serve.proxy_user_header"));
    }

    #[test]
    fn addresses_hosts_and_origins_are_checked() {
        for bad in [
            "listen: '8080'",
            "listen: example.com:80",
            "hosts: ['https://a']",
            "cors_origins: ['*']",
            "trusted_proxies: [proxy]",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(read("listen: localhost:9").unwrap().listen, SocketAddr::from(([127, 0, 0, 1], 9)));
        assert_eq!(read("listen: '[::]:80'").unwrap().listen.port(), 80);
        assert_eq!(read("cors_origins: ['https://A.example']").unwrap().cors_origins, ["https://a.example"]);
    }
}

//! Parses a libpq connection string into its parameters.
//! The formats are `postgresql://user@host:5432/database?sslmode=verify-full` and `host=… user=…`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::keys::nearest_name;

/// Connection parameters by their libpq names.
pub type Parameters = BTreeMap<String, String>;

/// Parameters that the driver supports.
const DRIVERS: [&str; 15] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "user",
];
/// Parameters that trailblazer implements.
const OURS: [&str; 9] = [
    "keepalives_count",
    "passfile",
    "service",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
];
/// Parameters without effect: the encoding is always UTF-8, and GSSAPI is never used.
const IGNORED: [&str; 5] = ["client_encoding", "fallback_application_name", "gssencmode", "sslcompression", "sslsni"];

/// A connection URL, or libpq's `key=value` pairs. It is printed without its password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Url(String);

impl Url {
    /// Returns whether the value is empty, which is the same as no value.
    pub(super) fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Parses the URL. The error never contains a value, because it may be the password.
    pub fn parameters(&self) -> Result<Parameters, String> {
        let given = match self.0.strip_prefix("postgresql://").or_else(|| self.0.strip_prefix("postgres://")) {
            Some(rest) => from_uri(rest)?,
            None if is_other_uri(&self.0) => return Err("the URL must start with postgresql://".into()),
            None => from_pairs(&self.0)?,
        };
        check(given)
    }
}

impl From<&str> for Url {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parameters() {
            Ok(parameters) => f.write_str(&shown(&parameters)),
            Err(_) => f.write_str("(unreadable database URL)"),
        }
    }
}

/// Returns whether the text is a URL of another kind, or has a space before the URL.
fn is_other_uri(text: &str) -> bool {
    let begin = text.trim_start().split(['=', '\'', ' ']).next().unwrap_or_default();
    begin.contains("://") || begin.starts_with("jdbc:")
}

/// Rejects unknown parameters, and removes parameters without a value.
pub fn check(given: impl IntoIterator<Item = (String, String)>) -> Result<Parameters, String> {
    let mut parameters = Parameters::new();
    for (key, value) in given {
        if key == "pgbouncer" {
            return Err("pgbouncer=true marks a pooler in transaction mode; use the URL of the server or of a pooler in session mode, \
                        without this parameter"
                .into());
        }
        if !DRIVERS.contains(&key.as_str()) && !OURS.contains(&key.as_str()) && !IGNORED.contains(&key.as_str()) {
            // The name may be a part of a password that was not encoded. Therefore the message contains it only if it looks
            // like a name, and if no host follows.
            let is_name = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !value.contains('@');
            return Err(match nearest_name(&key, DRIVERS.into_iter().chain(OURS), 2) {
                Some(nearest) => format!("unknown connection parameter; did you mean `{nearest}`?"),
                None if is_name => format!("unknown connection parameter `{key}`"),
                None => "unknown connection parameter".to_owned(),
            });
        }
        if key == "gssencmode" && value == "require" {
            return Err("gssencmode=require is not supported; use sslmode".into());
        }
        if !value.is_empty() {
            parameters.insert(key, value);
        }
    }
    Ok(parameters)
}

/// Returns host, port and database for messages, without secrets.
#[must_use]
pub fn shown(parameters: &Parameters) -> String {
    let get = |key: &str| parameters.get(key).map(String::as_str);
    if let (Some(service), None) = (get("service"), get("host")) {
        return format!("service={service}");
    }
    let mut text = format!(
        "host={} port={} dbname={} user={}",
        get("host").or(get("hostaddr")).unwrap_or("(default)"),
        get("port").unwrap_or("5432"),
        get("dbname").or(get("user")).unwrap_or("(default)"),
        get("user").unwrap_or("(default)")
    );
    if let Some(mode) = get("sslmode") {
        text.push_str(" sslmode=");
        text.push_str(mode);
    }
    text
}

/// Returns the settings of the driver except TLS.
pub fn driver_settings(parameters: &Parameters) -> Result<postgres::Config, String> {
    let mut pairs = String::new();
    for (key, value) in parameters {
        let key = if key == "keepalives_count" { "keepalives_retries" } else { key };
        if DRIVERS.contains(&key) || key == "keepalives_retries" {
            let _ = write!(pairs, "{key}='{}' ", value.replace('\\', "\\\\").replace('\'', "\\'"));
        }
    }
    let mut settings: postgres::Config = pairs.parse().map_err(|error: postgres::Error| {
        // The message contains only the name of the parameter.
        std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
    })?;
    if let Some(text) = parameters.get("tcp_user_timeout") {
        let milliseconds = text.parse().map_err(|_| "invalid value for option `tcp_user_timeout`")?;
        settings.tcp_user_timeout(std::time::Duration::from_millis(milliseconds));
    }
    Ok(settings)
}

/// Parses `[user[:password]@][host[:port],…][/dbname][?key=value&…]`. Each part is percent-encoded.
fn from_uri(rest: &str) -> Result<Vec<(String, String)>, String> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, dbname) = rest.split_once('/').unwrap_or((rest, ""));
    if dbname.contains('@') {
        return Err("an `@` after the first slash; write a slash in a password as %2F".into());
    }
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for host in hosts.split(',') {
        // An IPv6 address is in brackets.
        let (name, port) = match host.strip_prefix('[') {
            Some(inner) => {
                let (name, port) = inner.split_once(']').ok_or("an address lacks its closing bracket")?;
                (name, port.strip_prefix(':').unwrap_or(port))
            }
            None => host.split_once(':').unwrap_or((host, "")),
        };
        names.push(decoded(name)?);
        ports.push(decoded(port)?);
    }
    let mut parameters = vec![
        ("user".to_owned(), decoded(user)?),
        ("password".to_owned(), decoded(password)?),
        ("dbname".to_owned(), decoded(dbname)?),
        ("host".to_owned(), names.join(",")),
        ("port".to_owned(), if ports.iter().all(String::is_empty) { String::new() } else { ports.join(",") }),
    ];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or("a parameter after the question mark has no value")?;
        // The syntax of JDBC.
        if (key, value) == ("ssl", "true") {
            parameters.push(("sslmode".into(), "require".into()));
        } else {
            parameters.push((decoded(key)?, decoded(value)?));
        }
    }
    Ok(parameters)
}

fn decoded(text: &str) -> Result<String, String> {
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| "not UTF-8 once decoded".into())
}

/// Parses `key=value key='a value'`. A backslash escapes the next character.
fn from_pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').ok_or("a parameter has no value")?;
        let after = after.trim_start();
        let is_quoted = after.starts_with('\'');
        let mut value = String::new();
        let mut chars = after.char_indices().skip(usize::from(is_quoted));
        rest = loop {
            match chars.next() {
                Some((_, '\\')) => value.extend(chars.next().map(|(_, c)| c)),
                Some((at, '\'')) if is_quoted => break &after[at + 1..],
                Some((at, c)) if !is_quoted && c.is_whitespace() => break &after[at..],
                Some((_, c)) => value.push(c),
                None if is_quoted => return Err("a quoted value lacks its closing quote".into()),
                None => break "",
            }
        }
        .trim_start();
        parameters.push((key.trim_end().to_owned(), value));
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_apart(url: &str) -> String {
        match Url::from(url).parameters() {
            Ok(parameters) => {
                parameters.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
            }
            Err(message) => message,
        }
    }

    #[test]
    fn urls_are_read_as_libpq_reads_them() {
        for (url, expected) in [
            ("postgresql://", ""),
            ("postgres://db", "host=db"),
            ("postgresql://me:p%40ss@db:5433/docs", "dbname=docs host=db password=p@ss port=5433 user=me"),
            ("postgresql://me@/docs?host=%2Ftmp&port=5433", "dbname=docs host=/tmp port=5433 user=me"),
            ("postgresql://%2Frun%2Fpg/docs", "dbname=docs host=/run/pg"),
            ("postgresql://[::1]:5433,db", "host=::1,db port=5433,"),
            (
                "postgresql:///docs?sslmode=verify-full&sslrootcert=/ca%20x.pem",
                "dbname=docs sslmode=verify-full sslrootcert=/ca x.pem",
            ),
            ("postgresql://db/?ssl=true", "host=db sslmode=require"),
            ("postgresql://db/?service=docs", "host=db service=docs"),
        ] {
            assert_eq!(taken_apart(url), expected, "{url}");
        }
    }

    #[test]
    fn pairs_are_read_as_libpq_reads_them() {
        for (pairs, expected) in [
            ("service=docs", "service=docs"),
            (" host = db  user='it\\'s me' password=a\\ b ", "host=db password=a b user=it's me"),
            ("host='' dbname=docs", "dbname=docs"),
        ] {
            assert_eq!(taken_apart(pairs), expected, "{pairs}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_being_quoted() {
        for (url, expected) in [
            ("postgresql://db/?sslmod=require", "unknown connection parameter; did you mean `sslmode`?"),
            ("postgresql://db/?secret&x=1", "a parameter after the question mark has no value"),
            ("host=db secret", "a parameter has no value"),
            ("host=db password='secret", "a quoted value lacks its closing quote"),
            ("postgresql://me:12/secret@db/docs", "an `@` after the first slash; write a slash in a password as %2F"),
            ("postgresql://db/?gssencmode=require", "gssencmode=require is not supported; use sslmode"),
        ] {
            assert_eq!(taken_apart(url), expected, "{url}");
        }
    }
}

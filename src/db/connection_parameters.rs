//! Completes a connection URL as libpq does, from a service file, the `PG…` variables and a password file.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};

use crate::config::ConfigError;
use crate::config::url::{self, Parameters};

/// The environment variables and the parameters that they set.
const VARIABLES: [(&str, &str); 17] = [
    ("PGAPPNAME", "application_name"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGDATABASE", "dbname"),
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
    ("PGOPTIONS", "options"),
    ("PGPASSFILE", "passfile"),
    ("PGPASSWORD", "password"),
    ("PGPORT", "port"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGUSER", "user"),
];
/// The variables for the service file and its section.
const SERVICE_VARIABLES: [&str; 3] = ["PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR"];
/// The default folders for sockets. If no host is given, the first folder with a socket for the port is used, and otherwise `localhost`.
const SOCKET_DIRS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

const DEFAULT_PORT: &str = "5432";

/// Adds missing parameters in libpq's order of priority: URL, service, environment, defaults.
pub(super) fn complete(given: Parameters, env: &dyn Fn(&str) -> Option<String>) -> Result<Parameters, ConfigError> {
    let mut parameters = given;
    let mut add = |key: &str, value: String| {
        parameters.entry(key.to_owned()).or_insert(value);
    };
    if let Some(service) = env("PGSERVICE") {
        add("service", service);
    }
    if let Some(service) = parameters.get("service").cloned() {
        for (key, value) in read_service(&service, env)? {
            parameters.entry(key).or_insert(value);
        }
    }
    for (variable, key) in VARIABLES {
        if let Some(value) = env(variable).filter(|value| !value.is_empty()) {
            parameters.entry(key.to_owned()).or_insert(value);
        }
    }
    if !parameters.contains_key("hostaddr") && !parameters.contains_key("host") {
        let socket = format!(".s.PGSQL.{}", first(&parameters, "port").unwrap_or(DEFAULT_PORT));
        let socket_dir = SOCKET_DIRS.into_iter().find(|dir| Path::new(dir).join(&socket).exists());
        parameters.insert("host".into(), socket_dir.unwrap_or("localhost").into());
    }
    if let (None, Ok(Some(user))) = (parameters.get("user"), User::from_uid(geteuid())) {
        parameters.insert("user".into(), user.name);
    }
    if let (None, Some(user)) = (parameters.get("dbname"), parameters.get("user").cloned()) {
        parameters.insert("dbname".into(), user);
    }
    Ok(parameters)
}

/// Returns the password for the host in `parameters`. It comes from the parameters or from the password file.
pub(super) fn password(parameters: &Parameters, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    parameters.get("password").cloned().or_else(|| read_password(parameters, env))
}

/// Returns the libpq environment variables for `parameters`.
pub(super) fn variables(parameters: &Parameters) -> Vec<(&'static str, String)> {
    VARIABLES.iter().filter_map(|(variable, key)| Some((*variable, parameters.get(*key)?.clone()))).collect()
}

/// Returns whether this module reads an environment variable.
pub(super) fn is_read(name: &str) -> bool {
    SERVICE_VARIABLES.contains(&name) || VARIABLES.iter().any(|(variable, _)| *variable == name)
}

/// Returns libpq's default path for a file of the user, for example `~/.postgresql/root.crt`.
pub(super) fn in_home(env: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<PathBuf> {
    env("HOME").filter(|home| !home.is_empty()).map(|home| Path::new(&home).join(name))
}

/// Returns whether only the owner, or the group of root, can read a file that contains a secret.
pub(super) fn is_private(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.mode() & if meta.uid() == 0 { 0o027 } else { 0o077 } == 0)
}

/// Reads the section `[service]` from the first service file that contains it.
fn read_service(service: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Parameters, ConfigError> {
    let users = env("PGSERVICEFILE").map(PathBuf::from).or_else(|| in_home(env, ".pg_service.conf"));
    let systems = env("PGSYSCONFDIR").map(|dir| Path::new(&dir).join("pg_service.conf"));
    for path in users.into_iter().chain(systems) {
        match fs::read_to_string(&path) {
            Ok(text) => {
                if let Some(parameters) = service_in(&path, &text, service)? {
                    return Ok(parameters);
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        }
    }
    Err(ConfigError::Invalid {
        place: format!("service={service}"),
        message: "no service file defines this service; set PGSERVICEFILE, or add it to ~/.pg_service.conf".into(),
    })
}

fn service_in(path: &Path, text: &str, service: &str) -> Result<Option<Parameters>, ConfigError> {
    let mut found: Option<Vec<(String, String)>> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let invalid = |message: String| {
            Err(ConfigError::Invalid { place: format!("{}:{}", path.display(), number + 1), message })
        };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            if name == service {
                found = Some(Vec::new());
            }
        } else if let Some(pairs) = &mut found {
            let Some((key, value)) = line.split_once('=') else { return invalid("expected key=value".into()) };
            if key == "service" {
                return invalid("a service cannot refer to another".into());
            }
            let pair = (key.to_owned(), value.to_owned());
            if let Err(message) = url::check([pair.clone()]) {
                return invalid(message);
            }
            pairs.push(pair);
        }
    }
    // If a key appears twice, the first value counts, as in libpq.
    Ok(found.map(|pairs| pairs.into_iter().rev().filter(|(_, value)| !value.is_empty()).collect()))
}

/// Reads the password from the password file.
fn read_password(parameters: &Parameters, env: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let path = parameters.get("passfile").map(PathBuf::from).or_else(|| in_home(env, ".pgpass"))?;
    let text = fs::read_to_string(&path).ok()?;
    if !is_private(&path) {
        log::warn!("ignored {}, because other users can read it; run chmod 0600 on it", path.display());
        return None;
    }
    let host = match (first(parameters, "host"), first(parameters, "hostaddr")) {
        (None, address) => address.unwrap_or_default(),
        // The password file uses this name for the default folder of the socket.
        (Some(dir), _) if SOCKET_DIRS.contains(&dir) => "localhost",
        (Some(host), _) => host,
    };
    let port = first(parameters, "port").unwrap_or(DEFAULT_PORT);
    let wanted = [host, port, parameters.get("dbname")?, parameters.get("user")?];
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| password_for(line, wanted))
}

/// Returns the first value in the list of a parameter, unless it is empty.
fn first<'a>(parameters: &'a Parameters, key: &str) -> Option<&'a str> {
    parameters.get(key).and_then(|list| list.split(',').next()).filter(|first| !first.is_empty())
}

/// Returns the fifth field of a line if the first four match `wanted` or are `*`.
fn password_for(line: &str, wanted: [&str; 4]) -> Option<String> {
    let mut fields = vec![String::new()];
    let mut is_any = vec![line.starts_with("*:")];
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => fields.last_mut()?.extend(chars.next()),
            // The password may contain colons.
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                let mut ahead = chars.clone();
                is_any.push(ahead.next() == Some('*') && ahead.next() == Some(':'));
            }
            other => fields.last_mut()?.push(other),
        }
    }
    let [given @ .., password] = fields.as_slice() else { return None };
    let fits = given.len() == 4
        && given.iter().zip(&is_any).zip(wanted).all(|((given, is_any), wanted)| *is_any || given == wanted);
    fits.then(|| password.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::Url;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, text: &str) -> String {
            let path = self.0.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            path.display().to_string()
        }

        fn completed(&self, url: &str, variables: &[(&str, &str)]) -> Result<Parameters, ConfigError> {
            let env = self.env(variables);
            complete(Url::from(url).parameters().unwrap(), &|name| env.get(name).cloned())
        }

        fn password(&self, url: &str, variables: &[(&str, &str)]) -> Option<String> {
            let env = self.env(variables);
            password(&self.completed(url, variables).unwrap(), &|name| env.get(name).cloned())
        }

        fn env<'a>(&self, variables: &[(&'a str, &str)]) -> BTreeMap<&'a str, String> {
            let mut env: BTreeMap<&str, String> = variables.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
            env.insert("HOME", self.0.path().display().to_string());
            env
        }
    }

    #[test]
    fn url_wins_over_service_over_environment_over_default() {
        let home = Home::new();
        home.write(
            ".pg_service.conf",
            "[other]\nuser=x\n[docs]\n# ours\nhost=service\nport=1\nuser=service\n\n[last]\n",
        );
        let env = [("PGSERVICE", "docs"), ("PGPORT", "2"), ("PGUSER", "env"), ("PGDATABASE", "env"), ("PGHOST", "env")];
        let found = home.completed("postgresql://url", &env).unwrap();
        assert_eq!(url::shown(&found), "host=url port=1 dbname=env user=service");
        let found = home.completed("postgresql://url", &env[1..]).unwrap();
        assert_eq!(url::shown(&found), "host=url port=2 dbname=env user=env");
        let user = User::from_uid(geteuid()).unwrap().unwrap().name;
        let found = home.completed("postgresql://url", &[]).unwrap();
        assert_eq!(url::shown(&found), format!("host=url port=5432 dbname={user} user={user}"));
    }

    #[test]
    fn socket_is_looked_for_by_the_port_that_is_given() {
        let port = (20_000 + std::process::id() % 40_000).to_string();
        let socket = format!("/tmp/.s.PGSQL.{port}");
        let _ = fs::remove_file(&socket);
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let home = Home::new();
        home.write(".pg_service.conf", &format!("[docs]\nport={port}\n"));
        let url = format!("postgresql://:{port}/docs");
        let found = [
            home.completed(&url, &[]),
            home.completed(&url, &[("PGPORT", "1")]),
            home.completed("postgresql://", &[("PGPORT", &port)]),
            home.completed("service=docs", &[]),
        ];
        let other = home.completed("postgresql://:1/docs", &[("PGPORT", &port)]);
        fs::remove_file(&socket).unwrap();
        for found in found {
            assert_eq!(found.unwrap()["host"], "/tmp");
        }
        assert_eq!(other.unwrap()["host"], "localhost");
    }

    #[test]
    fn service_file_is_named_with_the_line_that_is_wrong() {
        let home = Home::new();
        let path = home.write("services", "[docs]\nhost=a\nhots=b\n");
        let error = home.completed("service=docs", &[("PGSERVICEFILE", &path)]).unwrap_err().to_string();
        assert_eq!(error, format!("{path}:3: unknown connection parameter; did you mean `host`?"));
        let error = home.completed("service=absent", &[("PGSERVICEFILE", &path)]).unwrap_err().to_string();
        assert!(error.starts_with("service=absent: no service file defines this service"), "{error}");
    }

    #[test]
    fn password_comes_from_url_then_service_then_environment_then_file() {
        let home = Home::new();
        home.write(".pg_service.conf", "[docs]\npassword=of service\n");
        home.write(".pgpass", "*:*:*:me:of file\n");
        let password = |url: &str, env: &[(&str, &str)]| home.password(url, env);
        let env = [("PGPASSWORD", "of env")];
        assert_eq!(password("postgresql://me:url@db/?service=docs", &env).as_deref(), Some("url"));
        assert_eq!(password("postgresql://me@db/?service=docs", &env).as_deref(), Some("of service"));
        assert_eq!(password("postgresql://me@db", &env).as_deref(), Some("of env"));
        assert_eq!(password("postgresql://me@db", &[]).as_deref(), Some("of file"));
        assert_eq!(password("postgresql://you@db", &[]), None);
        let other = home.write("other", "*:*:*:me:of other\n");
        assert_eq!(password("postgresql://me@db", &[("PGPASSFILE", &other)]).as_deref(), Some("of other"));
    }

    #[test]
    fn password_file_is_read_as_libpq_reads_it() {
        let wanted = ["db", "5432", "docs", "me"];
        for (line, password) in [
            ("db:5432:docs:me:secret", Some("secret")),
            ("*:*:*:*:a:b\\:c\\\\", Some("a:b:c\\")),
            ("db:5433:docs:me:secret", None),
            ("\\*:5432:docs:me:secret", None),
            ("db:5432:docs", None),
        ] {
            assert_eq!(password_for(line, wanted).as_deref(), password, "{line}");
        }
    }

    #[test]
    fn password_file_that_others_may_read_is_not_read() {
        let home = Home::new();
        let path = home.write(".pgpass", "*:*:*:*:secret\n");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(home.completed("postgresql://me@db", &[]).unwrap().get("password"), None);
    }
}

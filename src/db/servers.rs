//! The servers in a connection URL, and the rules for choosing one.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use postgres::config::Host;
use postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::session::{Facts, Purpose};
use super::{connection_parameters, tls};
use crate::config::ConfigError;
use crate::config::url::{self, Parameters};
use crate::error::{Error, READ_ONLY_HINT, Result};

/// A server, and how to connect to it.
#[derive(Clone)]
pub(super) struct Server {
    settings: postgres::Config,
    tls: Option<MakeRustlsConnect>,
}

/// The values of `target_session_attrs` in libpq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// The servers of a URL, in the order in which they are tried.
#[derive(Clone)]
pub(super) struct Servers {
    list: Vec<Server>,
    wanted: Wanted,
    /// `load_balance_hosts=random`
    is_random: bool,
}

impl Server {
    /// Opens a connection, but does not prepare its session.
    pub fn open(&self) -> Result<Client> {
        let opened = match &self.tls {
            Some(tls) => self.settings.connect(tls.clone()),
            None => self.settings.connect(NoTls),
        };
        opened.map_err(|source| match source.as_db_error() {
            Some(_) => source.into(),
            None => Error::Unreachable { server: self.shown(), source },
        })
    }

    /// Returns host and port, or the folder of the socket.
    fn shown(&self) -> String {
        let port = self.settings.get_ports().first().copied().unwrap_or(5432);
        match (self.settings.get_hosts().first(), self.settings.get_hostaddrs().first()) {
            (Some(Host::Tcp(host)), _) => format!("{host}:{port}"),
            (Some(Host::Unix(folder)), _) => folder.display().to_string(),
            (None, Some(address)) => format!("{address}:{port}"),
            (None, None) => "the server".into(),
        }
    }

    /// Adds the settings that every connection has.
    fn completed(mut settings: postgres::Config, tls: Option<MakeRustlsConnect>) -> Self {
        if settings.get_application_name().is_none() {
            settings.application_name("trailblazer");
        }
        if settings.get_connect_timeout().is_none() {
            settings.connect_timeout(Duration::from_secs(10));
        }
        // If the other side disappears without closing the connection, it is detected within a minute, even while sending.
        if settings.get_keepalives_interval().is_none() {
            settings.keepalives_idle(settings.get_keepalives_idle().min(Duration::from_secs(30)));
            settings.keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
        }
        if settings.get_tcp_user_timeout().is_none() {
            settings.tcp_user_timeout(Duration::from_secs(60));
        }
        Self { settings, tls }
    }
}

impl Servers {
    /// Returns a list with the single server in `settings`.
    pub fn only(settings: postgres::Config) -> Self {
        Self { list: vec![Server::completed(settings, None)], wanted: Wanted::Any, is_random: false }
    }

    /// Returns the servers in connection parameters that are complete.
    pub fn of(
        key: &str,
        parameters: &Parameters,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> std::result::Result<Self, ConfigError> {
        let invalid = |message: String| ConfigError::Invalid { place: key.into(), message };
        let wanted = Wanted::of(parameters).map_err(invalid)?;
        let mut list = Vec::new();
        for mut parameters in for_each_host(parameters).map_err(invalid)? {
            if let Some(password) = connection_parameters::password(&parameters, env) {
                parameters.insert("password".into(), password);
            }
            let mut settings = url::driver_settings(&parameters).map_err(invalid)?;
            let (mode, tls) = tls::of(&parameters, env)?;
            settings.ssl_mode(mode);
            list.push(Server::completed(settings, tls));
        }
        let is_random = parameters.get("load_balance_hosts").is_some_and(|value| value == "random");
        Ok(Self { list, wanted, is_random })
    }

    /// Connects to the first server that is suitable for `purpose`. Returns the server with its facts.
    pub fn connect(&self, purpose: Purpose) -> Result<(Client, &Server, Facts)> {
        let wanted = self.wanted_for(purpose)?;
        let mut order: Vec<&Server> = self.list.iter().collect();
        if self.is_random {
            let random = RandomState::new();
            let mut numbered: Vec<_> = order.into_iter().enumerate().collect();
            numbered.sort_by_key(|(number, _)| random.hash_one(number));
            order = numbered.into_iter().map(|(_, server)| server).collect();
        }
        let mut refusal = None;
        // If there is no standby, `prefer-standby` accepts any server.
        for wanted in wanted.passes() {
            for server in &order {
                let opened = server.open().and_then(|mut client| Ok((Facts::of(&mut client)?, client)));
                match opened {
                    Ok((facts, client)) if wanted.accepts(&facts) => return Ok((client, server, facts)),
                    Ok((facts, _)) => refusal = Some(wanted.refusal(&facts)),
                    // The error about an unsuitable server is more useful than the error about an unreachable server.
                    Err(error) => refusal = refusal.filter(is_unsuitable).or(Some(error)),
                }
            }
        }
        Err(refusal.unwrap_or_else(|| Error::usage("database.url lists no server")))
    }

    /// Returns the TLS connector, if TLS is enabled.
    pub fn tls(&self) -> Option<MakeRustlsConnect> {
        self.list.iter().find_map(|server| server.tls.clone())
    }

    /// Returns which servers `purpose` may use. Changes need a server that accepts them, regardless of the URL.
    fn wanted_for(&self, purpose: Purpose) -> Result<Wanted> {
        match (purpose, self.wanted) {
            (Purpose::Work, Wanted::Any | Wanted::PreferStandby) => Ok(Wanted::ReadWrite),
            (Purpose::Work, Wanted::ReadOnly | Wanted::Standby) => Err(Error::NotReady {
                message: "target_session_attrs requires a server that accepts no changes".into(),
                hint: "For changes, set target_session_attrs to primary or read-write. `ask`, `status` and `runs list` work on a standby."
                    .into(),
            }),
            (_, wanted) => Ok(wanted),
        }
    }
}

impl Wanted {
    fn of(parameters: &Parameters) -> std::result::Result<Self, String> {
        Ok(match parameters.get("target_session_attrs").map(String::as_str) {
            None | Some("any") => Self::Any,
            Some("read-write") => Self::ReadWrite,
            Some("read-only") => Self::ReadOnly,
            Some("primary") => Self::Primary,
            Some("standby") => Self::Standby,
            Some("prefer-standby") => Self::PreferStandby,
            Some(_) => {
                let known = "any, read-write, read-only, primary, standby or prefer-standby";
                return Err(format!("target_session_attrs: expected {known}"));
            }
        })
    }

    /// Returns the requirements to try in order. If no server meets the first, the second applies.
    fn passes(self) -> Vec<Self> {
        if self == Self::PreferStandby { vec![Self::Standby, Self::Any] } else { vec![self] }
    }

    fn accepts(self, facts: &Facts) -> bool {
        match self {
            Self::Any | Self::PreferStandby => true,
            Self::ReadWrite => !facts.is_read_only,
            Self::ReadOnly => facts.is_read_only,
            Self::Primary => !facts.is_in_recovery,
            Self::Standby => facts.is_in_recovery,
        }
    }

    /// Returns the error for an unsuitable server.
    fn refusal(self, facts: &Facts) -> Error {
        if facts.is_in_recovery {
            let message = "the server is a standby and accepts no changes".into();
            return Error::ReadOnly { message, hint: READ_ONLY_HINT.into() };
        }
        if facts.is_read_only && self == Self::ReadWrite {
            let message = "the server accepts no changes: default_transaction_read_only is on".into();
            let hint = format!(
                "To allow changes: alter database \"{}\" reset default_transaction_read_only. The role or the server may also set it.",
                facts.database
            );
            return Error::ReadOnly { message, hint };
        }
        Error::NotReady {
            message: "no server matches target_session_attrs: all of them accept changes".into(),
            hint: "Add a standby to database.url, or set target_session_attrs to any or prefer-standby.".into(),
        }
    }
}

fn is_unsuitable(error: &Error) -> bool {
    matches!(error, Error::ReadOnly { .. } | Error::NotReady { .. })
}

/// Returns the parameters for each host. Each result has one host, address and port.
fn for_each_host(parameters: &Parameters) -> std::result::Result<Vec<Parameters>, String> {
    let list = |key: &str| {
        parameters.get(key).map(|values| values.split(',').map(str::to_owned).collect::<Vec<_>>()).unwrap_or_default()
    };
    let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = hosts.len().max(addresses.len()).max(1);
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(format!("the URL lists {} hosts and {} values of hostaddr", hosts.len(), addresses.len()));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(format!("the URL lists {count} hosts and {} ports", ports.len()));
    }
    let for_host = |number: usize| {
        let mut own = parameters.clone();
        let port = if ports.len() > 1 { ports.get(number) } else { ports.first() };
        for (key, value) in [("host", hosts.get(number)), ("hostaddr", addresses.get(number)), ("port", port)] {
            own.remove(key);
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                own.insert(key.to_owned(), value.clone());
            }
        }
        if !own.contains_key("host") && !own.contains_key("hostaddr") {
            own.insert("host".into(), "localhost".into());
        }
        own
    };
    Ok((0..count).map(for_host).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(pairs: &[(&str, &str)]) -> std::result::Result<Vec<String>, String> {
        let parameters = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let get = |own: &Parameters, key: &str| own.get(key).cloned().unwrap_or_default();
        let shown = |own: &Parameters| [get(own, "host"), get(own, "hostaddr"), get(own, "port")].join(" ");
        Ok(for_each_host(&parameters)?.iter().map(shown).collect())
    }

    #[test]
    fn each_host_has_its_own_address_and_port_or_the_one_port_of_all() {
        assert_eq!(hosts(&[("host", "a,b"), ("port", "1,2")]).unwrap(), ["a  1", "b  2"]);
        assert_eq!(hosts(&[("host", "a,b"), ("port", "1")]).unwrap(), ["a  1", "b  1"]);
        assert_eq!(hosts(&[("host", "a,b"), ("hostaddr", "::1,::2"), ("port", "1,")]).unwrap(), ["a ::1 1", "b ::2 "]);
        assert_eq!(hosts(&[("host", "a,")]).unwrap(), ["a  ", "localhost  "]);
        assert_eq!(hosts(&[("host", "a,b,c"), ("port", "1,2")]).unwrap_err(), "the URL lists 3 hosts and 2 ports");
    }
}

//! The queries of `db doctor`. They change nothing.

use chrono::{DateTime, Utc};
use postgres::{Client, GenericClient};

use crate::error::Result;

/// Facts about the server and this connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// For example, `180004` for 18.4.
    pub version_number: i32,
    /// For example, `18.4`, with additions of the package.
    pub version: String,
    /// The role of the connection.
    pub role: String,
    /// The time of the server's clock.
    pub now: DateTime<Utc>,
    /// The version of pgvector in this database.
    pub pgvector: Option<String>,
    /// The actions that are possible for the role if this database has no pgvector.
    pub missing_pgvector: MissingPgvector,
    /// Whether the server is a standby or a setting forbids changes.
    pub is_read_only: bool,
    /// The character type that the full-text parser uses, for example `C.UTF-8`.
    pub ctype: String,
}

/// How pgvector can be installed in a database without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingPgvector {
    /// This role can install it.
    Installable,
    /// Only a superuser can install it.
    NeedsSuperuser,
    /// The server does not have it.
    Unavailable,
}

impl MissingPgvector {
    /// Queries which of them applies to the connected role.
    pub fn of(client: &mut impl GenericClient) -> Result<Self> {
        let row = client.query_opt(
            "select bool_or(v.trusted and has_database_privilege(current_database(), 'create') or not v.superuser \
                            or (select r.rolsuper from pg_roles as r where r.rolname = current_user)) \
             from pg_available_extension_versions as v where v.name = 'vector' having count(*) > 0",
            &[],
        )?;
        Ok(match row.map(|row| row.get(0)) {
            None => Self::Unavailable,
            Some(true) => Self::Installable,
            Some(false) => Self::NeedsSuperuser,
        })
    }

    /// Returns the problem and the solution.
    #[must_use]
    pub fn fault(self) -> (&'static str, &'static str) {
        match self {
            Self::Installable => ("pgvector is not installed in this database", "Run `trailblazer db migrate`."),
            Self::NeedsSuperuser => (
                "pgvector is not installed in this database, and only a superuser may install it",
                "As a superuser: create extension vector",
            ),
            Self::Unavailable => (
                "the server has no pgvector",
                "Install pgvector 0.8 or later on the server, or leave database.url empty to use the private server.",
            ),
        }
    }
}

/// Queries the facts about the server.
pub fn server(client: &mut Client) -> Result<Server> {
    let row = client.query_one(
        "select current_setting('server_version_num')::integer, current_setting('server_version'), current_user::text, \
                clock_timestamp(), (select e.extversion from pg_extension as e where e.extname = 'vector'), \
                pg_is_in_recovery() or current_setting('transaction_read_only')::boolean, \
                (select d.datctype from pg_database as d where d.datname = current_database())",
        &[],
    )?;
    let missing_pgvector = MissingPgvector::of(client)?;
    Ok(Server {
        missing_pgvector,
        version_number: row.get(0),
        version: row.get(1),
        role: row.get(2),
        now: row.get(3),
        pgvector: row.get(4),
        is_read_only: row.get(5),
        ctype: row.get(6),
    })
}

/// Returns the lag of the connected server behind its primary, in seconds, or `None` if it is not a standby.
///
/// The lag is 0 if the standby is connected and has replayed everything that it received. Otherwise it is the time since the last
/// replayed transaction. This is an upper bound, because the primary may have had nothing to send.
pub fn replication_lag(client: &mut Client) -> Result<Option<f64>> {
    let row = client.query_one(
        "select case when pg_is_in_recovery() then \
           case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() and exists (select from pg_stat_wal_receiver as w where w.pid is not null) \
             then 0 \
             else coalesce(extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()), 0) end::float8 end",
        &[],
    )?;
    Ok(row.get(0))
}

/// Returns a warning if the connected server is more than `most` seconds behind its primary.
pub fn lag_notice(client: &mut Client, most: u32) -> Result<Option<String>> {
    let lag = replication_lag(client)?.filter(|lag| *lag > f64::from(most));
    Ok(lag.map(|lag| {
        let seconds = lag.round();
        format!("the standby is up to {seconds} seconds behind its primary, so the latest changes may be missing")
    }))
}

/// The rights of the connected role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// The kind of role: `reader`, `worker` or `admin`. Each kind includes the rights of the previous ones.
    pub kind: Option<&'static str>,
    /// Whether the role may query the rights of roles. It may not if an earlier version granted its rights.
    pub roles: bool,
}

/// Returns the rights of this role.
/// For each kind, it checks a function that only this kind and more powerful kinds may execute.
pub fn rights(client: &mut Client) -> Result<Rights> {
    let rows = client.query(
        "select p.proname::text from pg_proc as p \
         where p.pronamespace = to_regnamespace('graphdb') and p.proname in ('backlog', 'claim_run', 'reset_runs', 'role_rights', 'role_readers') \
           and has_function_privilege(p.oid, 'execute')",
        &[],
    )?;
    let may = |function: &str| rows.iter().any(|row| row.get::<_, &str>(0) == function);
    let kinds = [("reset_runs", "admin"), ("claim_run", "worker"), ("backlog", "reader")];
    let kind = kinds.into_iter().find(|(function, _)| may(function)).map(|(_, kind)| kind);
    Ok(Rights { kind, roles: may("role_rights") && may("role_readers") })
}

/// A role that has rights on the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.role_rights")]
pub struct RoleRights {
    pub role: String,
    pub kind: String,
    pub lacks: Vec<String>,
    pub principals: Vec<String>,
    pub reads_all: bool,
}

impl RoleRights {
    /// Returns the missing rights and the command that grants them, or `None` if the role has all rights of its kind.
    #[must_use]
    pub fn fault(&self) -> Option<(String, String)> {
        let Self { role, kind, lacks, .. } = self;
        let detail =
            || format!("role {role} ({kind}) lacks rights on functions that were added later: {}", lacks.join(", "));
        let reads = || match self.principals.as_slice() {
            _ if self.reads_all => " --all".to_owned(),
            names => names.iter().fold(String::new(), |all, name| format!("{all} --as {}", shell_word(name))),
        };
        (!lacks.is_empty()).then(|| (detail(), format!("trailblazer db grant {kind} {role}{}", reads())))
    }
}

/// Returns a word of a command line, in quotes if a shell would interpret it.
fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || ":._-@".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Returns the roles with rights on the schema, and their missing rights.
pub fn role_rights(client: &mut Client) -> Result<Vec<RoleRights>> {
    let rows = client.query(
        "select r.*, coalesce(p.principals, '{}') as principals, coalesce(p.reads_all, false) as reads_all \
         from graphdb.role_rights() as r left join graphdb.role_readers() as p on p.role = r.role",
        &[],
    )?;
    Ok(rows
        .iter()
        .map(|row| RoleRights {
            role: row.get("role"),
            kind: row.get("kind"),
            lacks: row.get("lacks"),
            principals: row.get("principals"),
            reads_all: row.get("reads_all"),
        })
        .collect())
}

/// Returns how far the sequence of claim tokens is behind the tokens in use, or `None` if this role may not query it.
pub fn token_lag(client: &mut Client) -> Result<Option<i64>> {
    let may = client.query_one("select has_function_privilege('graphdb.token_lag()', 'execute')", &[])?.get(0);
    if may { Ok(Some(client.query_one("select graphdb.token_lag()", &[])?.get(0))) } else { Ok(None) }
}

/// Documents of a run that everybody may read, although it is unknown whether they should be restricted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.unknown_readers")]
pub struct UnknownReaders {
    pub run_id: String,
    pub reason: String,
    pub documents: i64,
    pub titles: Vec<String>,
}

/// Calls `graphdb.unknown_readers`. The result is empty if this role may not execute the function.
pub fn unknown_readers(client: &mut Client) -> Result<Vec<UnknownReaders>> {
    let may = client.query_one("select has_function_privilege('graphdb.unknown_readers()', 'execute')", &[])?;
    if !may.get::<_, bool>(0) {
        return Ok(Vec::new());
    }
    let rows = client.query("select * from graphdb.unknown_readers()", &[])?;
    let unknown = |row: &postgres::Row| UnknownReaders {
        run_id: row.get("run_id"),
        reason: row.get("reason"),
        documents: row.get("documents"),
        titles: row.get("titles"),
    };
    Ok(rows.iter().map(unknown).collect())
}

/// A registered model, its vectors and its runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ModelUse {
    pub model: String,
    pub dimension: i32,
    pub vectors: i64,
    pub wrong_dimension: i64,
    pub runs: i64,
}

/// Returns the models, their vectors and the runs that were last embedded with them.
pub fn models(client: &mut Client) -> Result<Vec<ModelUse>> {
    let rows = client.query("select * from graphdb.model_use()", &[])?;
    Ok(rows
        .iter()
        .map(|row| ModelUse {
            model: row.get("model"),
            dimension: row.get("dimension"),
            vectors: row.get("vectors"),
            wrong_dimension: row.get("wrong_dimension"),
            runs: row.get("runs"),
        })
        .collect())
}

/// Returns when the server was started.
pub fn server_start(client: &mut Client) -> Result<DateTime<Utc>> {
    Ok(client.query_one("select pg_catalog.pg_postmaster_start_time()", &[])?.get(0))
}

/// Returns the owner of schema `graphdb`.
pub fn schema_owner(client: &mut Client) -> Result<String> {
    let query = "select o.rolname::text from pg_namespace as n join pg_roles as o on o.oid = n.nspowner where n.nspname = 'graphdb'";
    Ok(client.query_one(query, &[])?.get(0))
}

//! Installs the SQL in the binary in one transaction under a lock: new migrations, and all functions.
//!
//! During the installation, names are looked up only in `pg_catalog`. pgvector may be in any schema. Therefore the files
//! contain `@extschema:vector@.vector`, as scripts of PostgreSQL extensions do, and the installer inserts the quoted schema.

use include_dir::{Dir, include_dir};
use postgres::{Client, GenericClient, Transaction};
use sha2::{Digest, Sha256};

use crate::db::health::MissingPgvector;
use crate::db::{local, lost_tables, obstacles};
use crate::error::{Error, Result};

const BOOTSTRAP: &str = include_str!("../../sql/bootstrap.sql");
static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sql/migrations");
static FUNCTIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sql/functions");

/// Key of the advisory lock for an installation. Without it, concurrent installations fail with "tuple concurrently updated".
const INSTALL_LOCK: i64 = 7_881_697_304_920_172;

/// The placeholder for the schema of pgvector in the files.
const VECTOR_SCHEMA: &str = "@extschema:vector@";

/// The version that is recorded with all installed files.
pub const CODE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The names and hashes of migrations before their comments were reworded. Their statements have not changed.
const EARLIER_COMMENTS: [(&str, &str); 15] = [
    ("0001_backlog", "d3165a0f02a3c62ad9a5d4d10c9c098e5e0bfff1b3c8bd68be97ee1a3e4efde7"),
    ("0002_knowledge", "7ea623fa01a05d0e3ca783b58811cb2ac43f2800e42f88cab34d70c9eaebe5d8"),
    ("0003_search", "2398a6cd6beaa9b5da2cd160f7a75c5cabed3f2e6418369c7bae90d5c3472c07"),
    ("0004_dropped_functions", "73096cfe48a30448cc34be497d03402215e505fe4fd9ba057d1081ba228153ef"),
    ("0005_pages_by_bytes", "635a2a7bddbc6774eeeb0ded535bafcd265231b1eb3d0fb9417b455aee0499b9"),
    ("0006_rights_and_tokens", "6771fbe2525433e8b1b88128c9f702b3e9d7080f16ab03868a7d6a165d7b8d7c"),
    ("0008_search_words", "a2c0c1da6d0fdd580136849dc977b2893906044a4020c88eb1823e3f41de86fe"),
    ("0009_limits_and_titles", "923b686b79ab5205ada44737c6cddf5a23489c8b91678fe527b5e3e040b32719"),
    ("0010_findable_documents", "7f414c3a1e8de756a4a08c5e4634694ff63c70907a3a5f97e785b623c9108e2c"),
    ("0011_revisions", "296196af955c6bcf9717cd230549ac65f5b8ec3e8655ad6fd035b51abcb2967c"),
    ("0013_operations", "a90721e718f6a06cc0f564bb44ee583d6074fc8609109f1b1a4db4d1a395a3d9"),
    ("0017_models", "197b69a274486bd60fb0e3a32e72eafd0189100c102b75ec7cc9287366306ada"),
    ("0018_comments", "5cbf9a2385cf96e51cc37aba1162a672358211b0c9dcc90eb476e9ace3e156f0"),
    ("0019_kept_revisions", "6c8ce8df95181c9ff1db17168c8bd1c3ba586e9dd554126e54e93569fba8060a"),
    ("0020_languages_and_symbols", "501d19ba96824ca466ab2a1474f032c65856432ed3638c939815d32e25332f19"),
];

/// A SQL file in the binary.
#[derive(Debug, Clone, Copy)]
pub struct SqlFile {
    /// The name, such as `0001_backlog` or `claim_run`.
    pub name: &'static str,
    /// The statements.
    pub text: &'static str,
}

impl SqlFile {
    /// Returns the hash that the database records.
    #[must_use]
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.text))
    }

    /// Returns the statements for a database where pgvector is in this schema. The schema must be quoted.
    #[must_use]
    pub fn with_vector_in(&self, schema: &str) -> String {
        let text = self.text.replace(VECTOR_SCHEMA, schema);
        // This migration was released before the files contained the placeholder. A migration is never edited.
        if self.name == "0002_knowledge" {
            return text.replace(" vector not null", &format!(" {schema}.vector not null"));
        }
        text
    }
}

/// Returns the migrations with their versions, oldest first.
pub fn migrations() -> impl Iterator<Item = (i32, SqlFile)> {
    files(&MIGRATIONS).into_iter().map(|file| {
        let version = file.name.split('_').next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
        (version, file)
    })
}

/// Returns the files of functions in the order of installation. The view comes last, because it depends on functions.
pub fn functions() -> impl Iterator<Item = SqlFile> {
    let mut functions = files(&FUNCTIONS);
    functions.sort_by_key(|file| (file.text.contains("create or replace view"), file.name));
    functions.into_iter()
}

fn files(folder: &'static Dir<'static>) -> Vec<SqlFile> {
    let mut files: Vec<SqlFile> = folder
        .files()
        .chain(folder.dirs().flat_map(Dir::files))
        .filter_map(|file| Some(SqlFile { name: file.path().file_stem()?.to_str()?, text: file.contents_utf8()? }))
        .collect();
    files.sort_by_key(|file| file.name);
    files
}

/// The installed version, compared with this binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The versions are the same.
    Current,
    /// Nothing is installed.
    Missing,
    /// The installed version is older.
    Outdated {
        /// Migrations to run, and functions to replace.
        stale: Vec<String>,
    },
    /// The text of an installed migration differs from this binary.
    Edited {
        /// The name of the migration.
        migration: String,
    },
    /// The installed version is newer.
    Newer {
        /// The migration or the version of the functions that a newer binary installed.
        what: String,
    },
}

/// Compares the recorded version with this binary. Changes nothing.
pub fn state(client: &mut impl GenericClient) -> Result<State> {
    let exists: bool = client.query_one("select to_regclass('graphdb.schema_functions') is not null", &[])?.get(0);
    if !exists {
        return Ok(State::Missing);
    }
    let applied = applied_migrations(client)?;
    let newest_known = migrations().map(|(version, _)| version).max().unwrap_or(0);
    if let Some((version, _)) = applied.iter().find(|(version, _)| *version > newest_known) {
        return Ok(State::Newer { what: format!("migration {version}") });
    }
    let installed = installed_functions(client, false)?;
    let different: Vec<SqlFile> = functions().filter(|file| !installed.iter().any(|one| one.is(file))).collect();
    if let Some(newer) =
        installed.iter().find(|one| one.is_newer() && different.iter().any(|file| file.name == one.name))
    {
        return Ok(State::Newer { what: format!("the functions of version {}", newer.code_version) });
    }
    let mut stale: Vec<String> = Vec::new();
    for (version, file) in migrations() {
        match applied.iter().find(|(known, _)| *known == version) {
            Some((_, sha256)) if *sha256 == file.sha256() || EARLIER_COMMENTS.contains(&(file.name, sha256)) => {}
            Some(_) => return Ok(State::Edited { migration: file.name.to_owned() }),
            None => stale.push(file.name.to_owned()),
        }
    }
    stale.extend(different.iter().map(|file| file.name.to_owned()));
    Ok(if stale.is_empty() { State::Current } else { State::Outdated { stale } })
}

/// Returns the functions and views of this binary that somebody replaced or dropped after the installation.
pub fn replaced(client: &mut impl GenericClient) -> Result<Vec<&'static str>> {
    let installed = installed_functions(client, true)?;
    let is_replaced =
        |file: &SqlFile| installed.iter().any(|one| one.is(file)) && !installed.iter().any(|one| one.is_whole(file));
    Ok(functions().filter(is_replaced).map(|file| file.name).collect())
}

/// Installs everything in one transaction. Returns the names of new files and of restored tables. A second installation changes
/// nothing.
pub fn install(client: &mut Client) -> Result<Vec<String>> {
    let mut tx = client.transaction()?;
    tx.batch_execute("set local search_path = pg_catalog, pg_temp")?;
    tx.execute("select pg_advisory_xact_lock($1)", &[&INSTALL_LOCK])?;
    refuse_unusable(&mut tx)?;
    obstacles::refuse(&mut tx)?;
    // A migration must not wait long for a table, because all later transactions wait behind it.
    tx.batch_execute(
        "set local check_function_bodies = off; set local client_min_messages = warning; set local lock_timeout = '5s'",
    )?;
    tx.batch_execute(BOOTSTRAP)?;
    // Check again, because another role may have created the schema in the meantime.
    refuse_foreign(&mut tx)?;
    let vector_schema = ensure_pgvector(&mut tx)?;
    let mut ran = run_migrations(&mut tx, &vector_schema)?;
    ran.extend(lost_tables::restore(&mut tx, &vector_schema)?);
    ran.extend(run_functions(&mut tx, &vector_schema)?);
    repair_tokens(&mut tx)?;
    tx.commit()?;
    Ok(ran)
}

/// Rejects a schema `graphdb` that this binary must not change, because another role, another program or another version
/// of trailblazer owns it.
pub fn refuse_unusable(client: &mut impl GenericClient) -> Result<()> {
    refuse_foreign(client)?;
    match state(client)? {
        State::Newer { what } => return Err(newer(&what)),
        State::Edited { migration } => return Err(edited(&migration)),
        State::Current | State::Missing | State::Outdated { .. } => {}
    }
    obstacles::refuse_foreign_objects(client)
}

/// Returns the names of the tables that the migrations create.
pub(super) fn tables() -> Vec<&'static str> {
    let migrations = migrations().flat_map(|(_, file)| file.text.split("create table if not exists graphdb.").skip(1));
    let bootstrap = BOOTSTRAP.split("create table if not exists graphdb.").skip(1);
    bootstrap.chain(migrations).filter_map(|rest| rest.split([' ', '(', '\n']).next()).collect()
}

/// Returns the error for a schema that a newer binary installed.
#[must_use]
pub fn newer(what: &str) -> Error {
    Error::NotReady {
        message: format!("the schema has {what}, which this binary does not support (TB005)"),
        hint: format!("Install a newer trailblazer than {CODE_VERSION}."),
    }
}

/// Returns the error for an installed migration whose text differs.
#[must_use]
pub fn edited(migration: &str) -> Error {
    Error::NotReady {
        message: format!("the text of migration {migration} differs between this database and this binary"),
        hint: "Another build of trailblazer migrated this database. Use that build.".into(),
    }
}

/// Rejects a schema `graphdb` that belongs to another role, because its owner could replace functions that run with our rights.
fn refuse_foreign(client: &mut impl GenericClient) -> Result<()> {
    let foreign = client.query_opt(
        "select n.nspowner::regrole::text, quote_ident(current_user) from pg_namespace as n \
         where n.nspname = 'graphdb' and n.nspowner <> (select o.oid from pg_roles as o where o.rolname = current_user)",
        &[],
    )?;
    let Some(row) = foreign else { return Ok(()) };
    let (owner, user): (String, String) = (row.get(0), row.get(1));
    Err(Error::NotReady {
        message: format!("schema graphdb belongs to {owner}, not to {user}"),
        hint: format!("Connect as {owner}."),
    })
}

/// Installs pgvector if it is missing. Returns its quoted schema.
fn ensure_pgvector(tx: &mut Transaction<'_>) -> Result<String> {
    let exists = tx.query_opt("select from pg_extension as e where e.extname = 'vector'", &[])?.is_some();
    let missing = MissingPgvector::of(tx)?;
    if !exists && missing != MissingPgvector::Installable {
        let (message, hint) = missing.fault();
        return Err(Error::NotReady { message: message.into(), hint: hint.into() });
    }
    // With the default search path, other programs find the types only in `public`.
    let has_public: bool = tx.query_one("select to_regnamespace('public') is not null", &[])?.get(0);
    let schema = if has_public { "public" } else { "graphdb" };
    tx.batch_execute(&format!("create extension if not exists vector schema {schema}"))?;
    let row = tx.query_one(
        "select quote_ident(n.nspname), e.extversion from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace \
         where e.extname = 'vector'",
        &[],
    )?;
    let (schema, version): (String, String) = (row.get(0), row.get(1));
    if local::pgvector_number(&version).is_none_or(|number| number < local::OLDEST_PGVECTOR) {
        return Err(Error::NotReady {
            message: format!("pgvector {version} is too old"),
            hint: "Run `alter extension vector update` on a server that has pgvector 0.8 or later.".into(),
        });
    }
    // The cast loads the library. Before that, only a superuser may use its settings in a function.
    tx.batch_execute(&format!("select '[1]'::{schema}.vector"))?;
    Ok(schema)
}

fn run_migrations(tx: &mut Transaction<'_>, vector_schema: &str) -> Result<Vec<String>> {
    let applied = applied_migrations(tx)?;
    let mut ran = Vec::new();
    for (version, file) in migrations().filter(|(version, _)| !applied.iter().any(|(known, _)| known == version)) {
        tx.batch_execute(&file.with_vector_in(vector_schema))?;
        tx.execute(
            "insert into graphdb.schema_migrations (version, name, sha256, code_version) values ($1, $2, $3, $4)",
            &[&version, &file.name, &file.sha256(), &CODE_VERSION],
        )?;
        ran.push(file.name.to_owned());
    }
    Ok(ran)
}

fn run_functions(tx: &mut Transaction<'_>, vector_schema: &str) -> Result<Vec<String>> {
    let installed = installed_functions(tx, true)?;
    let mut ran = Vec::new();
    for file in functions() {
        tx.batch_execute(&file.with_vector_in(vector_schema))?;
        if !installed.iter().any(|one| one.is_whole(&file)) {
            tx.execute(
                "insert into graphdb.schema_functions (name, sha256, code_version) values ($1, $2, $3) \
                 on conflict (name) do update set sha256 = excluded.sha256, code_version = excluded.code_version, installed_at = now()",
                &[&file.name, &file.sha256(), &CODE_VERSION],
            )?;
            ran.push(file.name.to_owned());
        }
    }
    // Remove the records of functions that a migration dropped.
    tx.execute(
        "delete from graphdb.schema_functions as f where to_regclass(format('graphdb.%I', f.name)) is null \
         and not exists (select from pg_proc as p where p.pronamespace = 'graphdb'::regnamespace and p.proname = f.name)",
        &[],
    )?;
    Ok(ran)
}

/// Moves the sequence of claim tokens past the tokens in use. This is necessary if the tables were copied without the sequence.
fn repair_tokens(tx: &mut Transaction<'_>) -> Result<()> {
    let lag: i64 = tx.query_one("select graphdb.token_lag()", &[])?.get(0);
    if lag > 0 {
        tx.execute("select graphdb._advance_tokens()", &[])?;
        log::warn!("the sequence graphdb.claim_tokens was {lag} behind the tokens in use; it was moved ahead");
    }
    Ok(())
}

fn applied_migrations(client: &mut impl GenericClient) -> Result<Vec<(i32, String)>> {
    let rows =
        client.query("select m.version, m.sha256 from graphdb.schema_migrations as m order by m.version", &[])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// A function or view in the database.
struct Installed {
    name: String,
    sha256: String,
    code_version: String,
    /// The source. Empty if the catalog stores it in parsed form.
    /// `None` if the function was dropped or the source was not requested.
    source: Option<String>,
    /// The quoted schema of pgvector, or `None` if it is not installed.
    vector_schema: Option<String>,
}

impl Installed {
    /// Returns whether the function was installed from this file.
    fn is(&self, file: &SqlFile) -> bool {
        self.name == file.name && self.sha256 == file.sha256()
    }

    /// Returns whether the function was installed from this file and not replaced since.
    fn is_whole(&self, file: &SqlFile) -> bool {
        self.is(file)
            && match self.source.as_deref() {
                Some("") => !file.text.contains("$$"),
                Some(source) => {
                    file.with_vector_in(self.vector_schema.as_deref().unwrap_or(VECTOR_SCHEMA)).contains(source)
                }
                None => false,
            }
    }

    /// Returns whether a newer binary installed the function.
    fn is_newer(&self) -> bool {
        let version = |text: &str| semver::Version::parse(text).ok();
        version(&self.code_version) > version(CODE_VERSION)
    }
}

/// Returns the installed functions. Every command calls this, so the long sources are optional.
fn installed_functions(client: &mut impl GenericClient, with_sources: bool) -> Result<Vec<Installed>> {
    let rows = client.query(
        "select f.name, f.sha256, f.code_version, \
                coalesce(p.prosrc, case when to_regclass(format('graphdb.%I', f.name)) is not null then '' end) as source, \
                (select quote_ident(n.nspname) from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace \
                 where e.extname = 'vector') as vector_schema \
         from graphdb.schema_functions as f \
         left join pg_proc as p on $1 and p.pronamespace = 'graphdb'::regnamespace and p.proname = f.name",
        &[&with_sources],
    )?;
    Ok(rows
        .iter()
        .map(|row| Installed {
            name: row.get("name"),
            sha256: row.get("sha256"),
            code_version: row.get("code_version"),
            source: row.get("source"),
            vector_schema: row.get("vector_schema"),
        })
        .collect())
}

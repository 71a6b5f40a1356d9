//! A database for one test. It is a clone of a template that contains the installed schema.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls};
use trailblazer::db::install;

use super::cluster;

/// A database that is dropped together with this value.
pub struct TestDatabase {
    name: String,
    /// URL of the database, as superuser.
    pub url: String,
}

impl TestDatabase {
    /// Returns a new database with the schema installed.
    pub fn new() -> Self {
        static TEMPLATE: OnceLock<&'static str> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let url = cluster().create_database("tb_template", "template0");
            install::install(&mut connect(&url)).unwrap();
            "tb_template"
        });
        Self::clone_of(template)
    }

    /// Returns a new database without the schema.
    pub fn empty() -> Self {
        Self::clone_of("template0")
    }

    fn clone_of(template: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("tb_test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let url = cluster().create_database(&name, template);
        Self { name, url }
    }

    /// Opens a connection as superuser.
    pub fn connect(&self) -> Client {
        connect(&self.url)
    }

    /// Returns the URL for another role, which the test has created without a password.
    pub fn url_as(&self, role: &str) -> String {
        format!("host={} dbname={} user={role}", cluster().socket_dir().display(), self.name)
    }

    /// Opens a connection as another role, which the test has created.
    pub fn connect_as(&self, role: &str) -> Client {
        let mut client = self.connect();
        client.batch_execute(&format!("set session authorization \"{role}\"")).unwrap();
        client
    }

    /// Registers `count` runs `r01`, `r02` … without documents at intervals of an hour. The lowest number is the oldest.
    pub fn register_runs(&self, count: i32) {
        self.connect()
            .execute(
                "select graphdb.register_run('r' || to_char(n, 'FM00'), 'dita', 0, timestamptz '2026-01-01' + n * interval '1 hour') \
                 from generate_series(1, $1) as n",
                &[&count],
            )
            .unwrap();
    }

    /// Returns [`final_tables`] of this database.
    pub fn final_tables(&self) -> Vec<String> {
        final_tables(&mut self.connect())
    }

    /// Lets the test set the clock of the backlog with [`TestDatabase::set_clock`]. Before that, it is the clock of the server.
    /// The server counts as never restarted, because its start has another clock.
    pub fn take_over_clock(&self) {
        self.connect()
            .batch_execute(
                "create table public.test_clock (now_at timestamptz); \
                 create or replace function graphdb.clock() returns timestamptz language sql stable security definer as \
                 $$ select coalesce((select now_at from public.test_clock), statement_timestamp()) $$; \
                 create or replace function graphdb._server_started_at() returns timestamptz language sql stable as \
                 $$ select timestamptz '-infinity' $$",
            )
            .unwrap();
    }

    /// Sets the clock, for example to `2026-06-01 12:00:00+00`.
    pub fn set_clock(&self, now: &str) {
        self.connect()
            .batch_execute(&format!("delete from public.test_clock; insert into public.test_clock values ('{now}')"))
            .unwrap();
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        cluster().drop_database(&self.name);
    }
}

fn connect(url: &str) -> Client {
    Client::connect(url, NoTls).unwrap()
}

/// Returns the contents of all tables at the end, without times, tokens and names of workers.
pub fn final_tables(client: &mut Client) -> Vec<String> {
    [
        "select r.run_id || ' ' || r.status || ' ' || r.total_docs || ' ' || r.total_chunks || ' ' || r.embedded_chunks || ' ' || \
         r.embedding_model || ' ' || r.attempts from graphdb.processed_runs as r order by 1",
        "select (d.run_id, d.doc_id, d.title, d.body, d.is_newest, d.is_searched)::text from graphdb.documents as d order by 1",
        "select (to_jsonb(c) - 'revision')::text from graphdb.chunks as c order by 1",
        "select m.model || ' ' || e.input_sha256::text || ' ' || e.embedding::text from graphdb.embeddings as e \
         join graphdb.embedding_models as m using (model_id) order by 1",
    ]
    .iter()
    .flat_map(|query| client.query(*query, &[]).unwrap())
    .map(|row| row.get::<_, Option<String>>(0).unwrap_or_default())
    .collect()
}

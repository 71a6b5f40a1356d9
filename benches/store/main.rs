//! Measures how many vectors can be stored per second: under a claim as in the embed phase, and with a raw COPY of the
//! same rows into the same table. It uses a temporary server, and one or two connections as with two workers. Prints
//! Markdown. The owner of the table and a worker's role store vectors in different ways. See `EmbeddingStore`.
//!
//! The settings are `BATCH=256` rows per transaction, `ROWS=20000` and `ROUNDS=5`. The contenders take turns, and the
//! medians count.

use std::error::Error;
use std::path::Path;
use std::thread;
use std::time::Instant;

use pgvector::Vector;
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::types::Type;
use postgres::{Client, NoTls};
use trailblazer::db::local::LocalServer;
use trailblazer::db::vectors::EmbeddingStore;
use trailblazer::db::{calls, install};
use trailblazer::embed::{Hash, Provider as _};
use trailblazer::ids::ClaimToken;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
type Row = (Vec<u8>, Vec<f32>);

/// A role without the right to write to the table.
const WORKER: &str = "bench_worker";

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = tempfile::tempdir_in("/tmp")?;
    let server = LocalServer::throwaway(home.path(), &root.join("var/pg/18/bin"))?;
    server.start()?;
    let outcome = bench(&server.url());
    server.stop()?;
    outcome
}

fn setting(name: &str, default: usize) -> Result<usize> {
    std::env::var(name).map_or(Ok(default), |value| Ok(value.parse()?))
}

fn bench(url: &str) -> Result<()> {
    let (batch, count, rounds) = (setting("BATCH", 256)?, setting("ROWS", 20_000)?, setting("ROUNDS", 5)?);
    let provider = Hash::new();
    let mut client = Client::connect(url, NoTls)?;
    install::install(&mut client)?;
    calls::register_model(&mut client, provider.model())?;
    client.batch_execute(&format!("create role {WORKER} login"))?;
    calls::grant_role(&mut client, WORKER, "worker", &[], false)?;
    let model = provider.model().name.as_str();
    let mut sessions = [Session::new(url, "one", model)?, Session::new(url, "two", model)?];
    let rows = rows(&provider, count)?;
    let batches: Vec<&[Row]> = rows.chunks(batch).collect();

    println!(
        "{count} vectors of {} numbers, {batch} a transaction, median of {rounds} rounds\n",
        provider.model().dimension
    );
    println!("| connections | by | vectors/s | of raw COPY |\n|--:|---|--:|--:|");
    for connections in 1..=sessions.len() {
        let sessions = &mut sessions[..connections];
        let mut seconds = CONTENDERS.map(|_| Vec::new());
        for _ in 0..rounds {
            for ((_, work), seconds) in CONTENDERS.iter().zip(&mut seconds) {
                seconds.push(timed(sessions, &batches, *work)?);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rates = seconds.map(|seconds| count as f64 / median(seconds));
        for ((name, _), rate) in CONTENDERS.iter().zip(rates) {
            println!("| {connections} | {name} | {rate:.0} | {:.2} |", rate / rates[0]);
        }
    }
    Ok(())
}

/// The function that stores one batch.
type Work = fn(&mut Session, &[Row]) -> Result<()>;

const CONTENDERS: [(&str, Work); 3] = [
    ("raw COPY", Session::copy),
    ("the owner, under a claim", Session::store_as_owner),
    ("a worker's role, under a claim", Session::store_as_worker),
];

/// The claim on a run for the embed phase, and the connections that store vectors under it.
struct Session {
    owner: Connection,
    worker: Connection,
    token: ClaimToken,
    types: Vec<Type>,
}

impl Session {
    fn new(url: &str, run_id: &str, model: &str) -> Result<Self> {
        let mut owner = Connection::new(url, None, model)?;
        let client = &mut owner.client;
        client.execute(
            "insert into graphdb.processed_runs (run_id, source, status, chunk_completed_at, total_chunks)
             values ($1, 'bench', 'chunked', now(), 1)",
            &[&run_id],
        )?;
        let claim = "select r.claim_token from graphdb.claim_run('embed', 'bench', interval '1 hour') as r";
        let token = ClaimToken(client.query_one(claim, &[])?.get(0));
        let columns = client.prepare("select e.model_id, e.input_sha256, e.embedding from graphdb.embeddings as e")?;
        let types = columns.columns().iter().map(|column| column.type_().clone()).collect();
        Ok(Self { owner, worker: Connection::new(url, Some(WORKER), model)?, token, types })
    }

    fn store_as_owner(&mut self, rows: &[Row]) -> Result<()> {
        self.owner.store(self.token, rows)
    }

    fn store_as_worker(&mut self, rows: &[Row]) -> Result<()> {
        self.worker.store(self.token, rows)
    }

    fn copy(&mut self, rows: &[Row]) -> Result<()> {
        let copy = "copy graphdb.embeddings (model_id, input_sha256, embedding) from stdin (format binary)";
        let mut writer = BinaryCopyInWriter::new(self.owner.client.copy_in(copy)?, &self.types);
        for (hash, vector) in rows {
            writer.write(&[&1_i32, hash, &Vector::from(vector.clone())])?;
        }
        writer.finish()?;
        Ok(())
    }
}

struct Connection {
    client: Client,
    store: EmbeddingStore,
}

impl Connection {
    /// Connects as this role, or as the owner.
    fn new(url: &str, role: Option<&str>, model: &str) -> Result<Self> {
        let mut settings: postgres::Config = url.parse()?;
        if let Some(role) = role {
            settings.user(role);
        }
        let mut client = settings.connect(NoTls)?;
        let store = EmbeddingStore::prepare(&mut client, model)?;
        Ok(Self { client, store })
    }

    fn store(&mut self, token: ClaimToken, rows: &[Row]) -> Result<()> {
        let vectors = rows.iter().map(|(hash, vector)| (hash.as_slice(), vector.clone())).collect();
        self.store.store(&mut self.client, token, vectors)?;
        Ok(())
    }
}

/// Returns the duration of `work` for all batches in seconds. The sessions share the batches. The table is empty at the start.
fn timed(sessions: &mut [Session], batches: &[&[Row]], work: Work) -> Result<f64> {
    sessions[0].owner.client.batch_execute("truncate graphdb.embeddings cascade; checkpoint")?;
    let step = sessions.len();
    let start = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = sessions
            .iter_mut()
            .enumerate()
            .map(|(first, session)| {
                scope.spawn(move || batches.iter().skip(first).step_by(step).try_for_each(|rows| work(session, rows)))
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
    })?;
    Ok(start.elapsed().as_secs_f64())
}

/// Returns hashes of texts with their vectors, in random order.
fn rows(provider: &Hash, count: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::with_capacity(count);
    for number in 0..count {
        let text = format!("text {number}");
        let vector = provider.embed(&[&text])?.remove(0);
        rows.push((hash(number), vector));
    }
    Ok(rows)
}

/// Returns a hash that looks as random to an index as SHA-256.
fn hash(number: usize) -> Vec<u8> {
    let mut state = number as u64;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    };
    (0..4).flat_map(|_| next().to_le_bytes()).collect()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

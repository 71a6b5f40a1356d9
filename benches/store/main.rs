//! Vectors stored a second, under a claim as the embed phase stores them and by a raw COPY of the same rows into the same
//! table, on a throwaway server; prints Markdown.
//!
//! `BATCH=256` rows a transaction, `ROWS=20000`, `ROUNDS=5`, which take turns. The medians count.

use std::error::Error;
use std::path::Path;
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

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Row = (Vec<u8>, Vec<f32>);

const RUN: &str = "
    insert into graphdb.processed_runs (run_id, source, status, chunk_completed_at, total_chunks)
    values ('bench', 'bench', 'chunked', now(), 1)";

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = tempfile::tempdir_in("/tmp")?;
    let server = LocalServer::throwaway(home.path(), &root.join("var/pg/18/bin"))?;
    server.start()?;
    let outcome = Client::connect(&server.url(), NoTls).map_err(Into::into).and_then(|mut client| bench(&mut client));
    server.stop()?;
    outcome
}

fn setting(name: &str, default: usize) -> Result<usize> {
    std::env::var(name).map_or(Ok(default), |value| Ok(value.parse()?))
}

fn bench(client: &mut Client) -> Result<()> {
    let (batch, count, rounds) = (setting("BATCH", 256)?, setting("ROWS", 20_000)?, setting("ROUNDS", 5)?);
    install::install(client)?;
    let provider = Hash::new();
    calls::register_model(client, provider.model())?;
    client.batch_execute(RUN)?;
    let claim = "select r.claim_token from graphdb.claim_run('embed', 'bench', interval '1 hour') as r";
    let token = ClaimToken(client.query_one(claim, &[])?.get(0));
    let rows = rows(&provider, count)?;
    let columns = client.prepare("select e.model_id, e.input_sha256, e.embedding from graphdb.embeddings as e")?;
    let types: Vec<Type> = columns.columns().iter().map(|column| column.type_().clone()).collect();

    let (mut stored, mut copied) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        stored.push(timed(client, |client| {
            let store = EmbeddingStore::prepare(client)?;
            for batch in rows.chunks(batch) {
                let vectors = batch.iter().map(|(hash, vector)| (hash.as_slice(), vector.clone())).collect();
                store.store(client, token, &provider.model().name, vectors)?;
            }
            Ok(())
        })?);
        copied.push(timed(client, |client| rows.chunks(batch).try_for_each(|batch| copy(client, &types, batch)))?);
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = |seconds: f64| count as f64 / seconds;
    let (stored, copied) = (rate(median(stored)), rate(median(copied)));
    println!(
        "{count} vectors of {} numbers, {batch} a transaction, median of {rounds} rounds\n",
        provider.model().dimension
    );
    println!("| | vectors/s |\n|---|--:|");
    println!("| stored under a claim | {stored:.0} |\n| raw COPY | {copied:.0} |");
    println!("\nStoring reaches {:.2} of the raw rate.", stored / copied);
    Ok(())
}

/// Texts' hashes with their vectors, in no order.
fn rows(provider: &Hash, count: usize) -> Result<Vec<Row>> {
    let mut rows = Vec::with_capacity(count);
    for number in 0..count {
        let text = format!("text {number}");
        let vector = provider.embed(&[&text])?.remove(0);
        rows.push((hash(number), vector));
    }
    Ok(rows)
}

/// As random as a SHA-256, which is what the table's index sees.
fn hash(number: usize) -> Vec<u8> {
    let mut state = number as u64;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    };
    (0..4).flat_map(|_| next().to_le_bytes()).collect()
}

/// Seconds of `work`, which begins on an empty table.
fn timed(client: &mut Client, work: impl FnOnce(&mut Client) -> Result<()>) -> Result<f64> {
    client.batch_execute("truncate graphdb.embeddings; checkpoint")?;
    let start = Instant::now();
    work(client)?;
    Ok(start.elapsed().as_secs_f64())
}

fn copy(client: &mut Client, types: &[Type], rows: &[Row]) -> Result<()> {
    let sink =
        client.copy_in("copy graphdb.embeddings (model_id, input_sha256, embedding) from stdin (format binary)")?;
    let mut writer = BinaryCopyInWriter::new(sink, types);
    for (hash, vector) in rows {
        writer.write(&[&1_i32, hash, &Vector::from(vector.clone())])?;
    }
    writer.finish()?;
    Ok(())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

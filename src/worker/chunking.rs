//! The chunk phase of a run. It reads documents from the database and writes their chunks, page by page.

use std::time::Instant;

use postgres::Client;

use super::lease::Lease;
use super::{End, Job};
use crate::chunk::{self, Chunk};
use crate::db::{calls, stage};
use crate::error::Result;
use crate::events::Event;
use crate::ids::Phase;

/// Maximum number of documents in a page.
const PAGE: i32 = 32;
/// Maximum size of the bodies in a page in bytes. Both limits together bound the memory usage.
const PAGE_BYTES: i64 = 16 * 1024 * 1024;

/// Chunks the documents of the run that need new chunks, and completes the phase. Old chunks are kept until new chunks replace them.
pub(super) fn work(job: &Job<'_>, client: &mut Client, lease: &Lease) -> Result<End> {
    let begun = Instant::now();
    stage::clear_chunks(client)?;
    let chunking = job.limits.chunking(&job.provider.model().name);
    let (mut documents, mut chunks, mut cut) = (0, 0, 0);
    let mut after = String::new();
    loop {
        let page = calls::run_documents(client, &lease.run_id, &after, PAGE, PAGE_BYTES, Some(&chunking))?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.doc_id);
        let mut staged: Vec<(&str, Vec<Chunk>)> = Vec::with_capacity(page.len());
        for document in &page {
            if let Some(end) = job.interruption(lease) {
                return Ok(end);
            }
            let chunks = chunk::chunk(&document.title, &document.body, job.limits, job.provider.tokenizer());
            if let Some(gap) = chunk::uncovered(&document.body, &chunks) {
                let message =
                    format!("the chunks of document {} do not cover bytes {gap:?} of its body", document.doc_id);
                return Ok(End::Failed { message, permanent: true });
            }
            staged.push((&document.doc_id, chunks));
        }
        stage::chunks(client, &staged)?;
        documents += page.len() as u64;
        chunks += staged.iter().map(|(_, chunks)| chunks.len() as u64).sum::<u64>();
        cut += staged.iter().flat_map(|(_, chunks)| chunks).filter(|chunk| chunk.cut).count() as u64;
        job.advance(lease, documents);
    }

    let mut tx = client.transaction()?;
    stage::replace_chunks(&mut tx, &lease.run_id, lease.token, &chunking)?;
    let run = calls::complete_run(&mut tx, &lease.run_id, Phase::Chunk, lease.token, None)?;
    tx.commit()?;
    job.events.emit(&Event::ChunkComplete {
        run_id: &lease.run_id,
        phase: Phase::Chunk,
        worker_id: job.worker_id,
        documents,
        chunks,
        cut,
        seconds: begun.elapsed().as_secs_f64(),
    });
    Ok(End::Completed(Box::new(run)))
}

//! The embed phase of a run. It sends texts without a vector to the provider and stores their vectors, batch by batch.

use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use postgres::Client;

use super::lease::Lease;
use super::requests::{Answer, Requests};
use super::{End, Job};
use crate::db::calls::{self, Filter, PendingInput};
use crate::db::operations;
use crate::db::vectors::EmbeddingStore;
use crate::embed;
use crate::error::{Error, Result, SqlState};
use crate::events::Event;
use crate::ids::{ClaimToken, Phase};
use crate::lock::locked;

/// Number of texts in a page. A page must fit into memory, but be large enough to sort texts by length.
const PAGE: u16 = 1024;
/// Maximum number of texts in a request to the provider.
const BATCH_TEXTS: usize = 256;
/// Maximum number of passes. Another pass is necessary if a reset deleted vectors during the phase.
const ROUNDS: u32 = 5;
/// The interval at which the phase checks whether to stop while it waits for vectors of another worker.
const OTHERS_PAUSE: Duration = Duration::from_millis(200);

/// Embeds all texts of the run that have no vector, and completes the phase.
pub(super) fn work(job: &Job<'_>, client: &mut Client, store: &EmbeddingStore, lease: &Lease) -> Result<End> {
    let begun = Instant::now();
    let model = &job.provider.model().name;
    let counted = operations::work_progress(client, &Filter::for_run(&lease.run_id), Some(model))?;
    if let Some(counted) = counted.first() {
        job.watcher.counted(lease, counted);
    }
    let requests = Requests::new(job, lease);
    let mut embedding = Embedding { job, lease, store, requests: &requests, embedded: 0 };
    for round in 1.. {
        if let Some(end) = embedding.embed_pending(client)? {
            return Ok(end);
        }
        match calls::complete_run(client, &lease.run_id, Phase::Embed, lease.token, Some(model)) {
            Ok(run) => {
                let chunks = u64::try_from(run.total_chunks.unwrap_or(0)).unwrap_or(0);
                job.events.emit(&Event::EmbedComplete {
                    run_id: &lease.run_id,
                    phase: Phase::Embed,
                    worker_id: job.worker_id,
                    model,
                    embedded: embedding.embedded,
                    reused: chunks.saturating_sub(embedding.embedded),
                    seconds: begun.elapsed().as_secs_f64(),
                });
                return Ok(End::Completed(Box::new(run)));
            }
            Err(Error::Database(error)) if SqlState::of(&error) == Some(SqlState::WorkIncomplete) && round < ROUNDS => {
            }
            Err(error) => return Err(error),
        }
    }
    unreachable!("the last round returns")
}

struct Embedding<'a> {
    job: &'a Job<'a>,
    lease: &'a Lease,
    store: &'a EmbeddingStore,
    requests: &'a Requests<'a>,
    embedded: u64,
}

impl Embedding<'_> {
    /// Embeds the texts without a vector. Returns how the work ends if it must stop early.
    fn embed_pending(&mut self, client: &mut Client) -> Result<Option<End>> {
        let model = &self.job.provider.model().name;
        let mut after = first_hash(self.lease.token);
        let (mut is_from_start, mut others) = (false, Vec::new());
        loop {
            if let Some(end) = self.requests.interruption() {
                return Ok(Some(end));
            }
            let read = || calls::pending_inputs(client, &self.lease.run_id, model, &after, PAGE.into());
            let mut page = self.job.in_flight.reserve(read)?;
            let is_last = page.found() < usize::from(PAGE);
            others.append(&mut page.others);
            if let Some(last) = page.last.take() {
                after = last;
            }
            if let Some(end) = self.too_long(client, &page.inputs) {
                return Ok(Some(end));
            }
            // The provider would refuse these texts again.
            let inputs: Vec<&PendingInput> =
                page.inputs.iter().filter(|input| !self.requests.has_refused(input)).collect();
            if let Some(end) = self.embed_page(client, &inputs)? {
                return Ok(Some(end));
            }
            drop(page);
            if is_last {
                if is_from_start && others.is_empty() {
                    return Ok(self.requests.end(|hash| self.place(client, hash)));
                }
                // Other workers store the vectors of these texts. Otherwise, the next pass embeds them.
                while !self.job.in_flight.wait_for_texts(&others, OTHERS_PAUSE) {
                    if let Some(end) = self.requests.interruption() {
                        return Ok(Some(end));
                    }
                }
                others.clear();
                after.clear();
                is_from_start = true;
            }
        }
    }

    /// Embeds the texts in concurrent batches, one for each slot. Stores each batch when its vectors arrive.
    fn embed_page(&mut self, client: &mut Client, inputs: &[&PendingInput]) -> Result<Option<End>> {
        let token_counts: Vec<usize> = inputs.iter().map(|input| input.token_count).collect();
        let batches = embed::batches(&token_counts, self.job.batch_tokens, BATCH_TEXTS);
        let threads = self.job.in_flight.slots().min(batches.len());
        let batches = Mutex::new(batches.into_iter());
        let (in_flight, requests) = (self.job.in_flight, self.requests);
        let answer_next = || {
            let batch = locked(&batches).next()?;
            let _slot = in_flight.slot();
            let begun = Instant::now();
            let answer = requests.embed(batch.into_iter().filter_map(|i| inputs.get(i)).copied().collect());
            Some((answer, begun.elapsed()))
        };
        thread::scope(|scope| {
            let (sender, answers) = mpsc::channel();
            for _ in 0..threads {
                let sender = sender.clone();
                scope.spawn(move || std::iter::from_fn(answer_next).try_for_each(|answer| sender.send(answer)));
            }
            drop(sender);
            // Vectors are stored even if they arrive after the stop.
            let (mut ended, mut has_too_many) = (None, false);
            for (answer, took) in answers {
                let stored = match answer {
                    Ok(Answer::Vectors { inputs, vectors }) => self.store(client, &inputs, vectors, took),
                    Ok(Answer::End(end)) => {
                        self.requests.give_up();
                        ended.get_or_insert(end);
                        Ok(())
                    }
                    Ok(Answer::TooManyRefused) => {
                        self.requests.give_up();
                        has_too_many = true;
                        Ok(())
                    }
                    Err(error) => Err(error),
                };
                if stored.is_err() {
                    self.requests.give_up();
                    return stored.map(|()| None);
                }
            }
            if has_too_many {
                ended = self.requests.end(|hash| self.place(client, hash)).or(ended);
            }
            Ok(ended)
        })
    }

    /// Returns how the work ends if a chunk has more tokens than the model reads, because the vector would not cover its end.
    /// Such a chunk was made before the limit of the model was known.
    fn too_long(&self, client: &mut Client, inputs: &[PendingInput]) -> Option<End> {
        let most = self.job.model_limit?;
        let input = inputs.iter().find(|input| input.token_count > most)?;
        let place = self.place(client, &input.input_sha256).unwrap_or_else(|| "a text".to_owned());
        let (tokens, run_id) = (input.token_count, &self.lease.run_id);
        let message = format!(
            "{place} has {tokens} tokens, but {} reads only {most}; chunk the run again with `trailblazer runs reset --run-id {run_id}`",
            self.job.provider.model().name
        );
        Some(End::Failed { message, permanent: true })
    }

    /// Returns the name of the first chunk with a text, or `None` if the query fails. The name is only for messages.
    fn place(&self, client: &mut Client, hash: &[u8]) -> Option<String> {
        let places = calls::input_places(client, &self.lease.run_id, hash);
        let place = places.inspect_err(|error| log::debug!("{error}")).ok()?.into_iter().next()?;
        Some(format!("document {} ({:?}), chunk {}", place.doc_id, place.title, place.ord))
    }

    fn store(
        &mut self,
        client: &mut Client,
        inputs: &[&PendingInput],
        vectors: Vec<Vec<f32>>,
        took: Duration,
    ) -> Result<()> {
        let Self { job, lease, .. } = self;
        let rows = inputs.iter().map(|input| input.input_sha256.as_slice()).zip(vectors).collect();
        self.store.store(client, lease.token, rows)?;
        self.embedded += inputs.len() as u64;
        job.advance(lease, self.embedded);
        job.events.emit(&Event::EmbedBatch {
            run_id: &lease.run_id,
            phase: Phase::Embed,
            worker_id: job.worker_id,
            texts: inputs.len(),
            tokens: inputs.iter().map(|input| input.token_count).sum(),
            seconds: took.as_secs_f64(),
        });
        Ok(())
    }
}

/// Returns the hash at which the work under a claim begins. Processes that embed the same texts begin at different
/// hashes, so that each of them can later skip the texts of the other.
fn first_hash(token: ClaimToken) -> Vec<u8> {
    // Multiples of the golden ratio are always far from each other.
    token.0.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().to_vec()
}

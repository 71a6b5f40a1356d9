//! The embed phase of one run: texts without a vector to the provider, their vectors into the database, batch by batch.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use postgres::Client;

use super::lease::Lease;
use super::{End, Job};
use crate::db::calls::{self, PendingInput};
use crate::db::stage::EmbeddingStore;
use crate::embed::{self, EmbedError};
use crate::error::{Error, Result, SqlState};
use crate::events::Event;
use crate::ids::{Phase, RunId};

/// Texts read at a time: bounds what is in memory, and is wide enough to sort by length.
const PAGE: i32 = 1024;
/// Texts sent to the provider at once, at most.
const BATCH_TEXTS: usize = 256;
/// How often texts that lost their vector to a reset in the meantime are embedded anew before the run is given back.
const ROUNDS: u32 = 5;
/// How often a failing provider is asked again before the attempt is charged.
const TRIES: u32 = 5;
/// Texts that a provider may refuse while the others of the run go on: more, and it is not the texts' fault.
const MOST_REFUSED: usize = 16;

/// Embeds every text of the run that has no vector and completes the phase.
pub(super) fn work(job: &Job<'_>, client: &mut Client, lease: &Lease) -> Result<End> {
    let begun = Instant::now();
    let model = &job.provider.model().name;
    let store = EmbeddingStore::prepare(client)?;
    let mut embedded = 0;
    for round in 1.. {
        if let Some(end) = embed_pending(job, client, &store, lease, &mut embedded)? {
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
                    embedded,
                    reused: chunks.saturating_sub(embedded),
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

fn embed_pending(
    job: &Job<'_>,
    client: &mut Client,
    store: &EmbeddingStore,
    lease: &Lease,
    embedded: &mut u64,
) -> Result<Option<End>> {
    let model = &job.provider.model().name;
    let mut after = Vec::new();
    let mut refused = Refused::default();
    loop {
        let page = calls::pending_inputs(client, &lease.run_id, model, &after, PAGE)?;
        let Some(last) = page.last() else { return Ok(refused.end()) };
        after.clone_from(&last.input_sha256);
        let token_counts: Vec<usize> = page.iter().map(|input| input.token_count).collect();
        for batch in embed::batches(&token_counts, job.batch_tokens, BATCH_TEXTS) {
            if let Some(end) = job.interruption(lease) {
                return Ok(Some(end));
            }
            let mut inputs: Vec<&PendingInput> = batch.into_iter().filter_map(|index| page.get(index)).collect();
            let begun = Instant::now();
            let vectors = loop {
                match embed_batch(job, lease, &inputs)? {
                    Batch::Vectors(vectors) => break vectors,
                    Batch::Refused { positions, message } => refused.take(&mut inputs, &positions, &message),
                    Batch::End(end) => return Ok(Some(end)),
                }
                if refused.count > MOST_REFUSED {
                    return Ok(refused.end());
                }
            };
            let rows = inputs.iter().map(|input| input.input_sha256.as_slice()).zip(vectors).collect();
            store.store(client, lease.token, model, rows)?;
            *embedded += inputs.len() as u64;
            lease.set_done(*embedded);
            job.events.emit(&Event::EmbedBatch {
                run_id: &lease.run_id,
                phase: Phase::Embed,
                worker_id: job.worker_id,
                texts: inputs.len(),
                tokens: inputs.iter().map(|input| input.token_count).sum(),
                seconds: begun.elapsed().as_secs_f64(),
            });
        }
    }
}

/// What became of a batch.
enum Batch {
    Vectors(Vec<Vec<f32>>),
    /// The texts at these positions will never be embedded.
    Refused {
        positions: Vec<usize>,
        message: String,
    },
    /// The work ends without them.
    End(End),
}

/// The texts of a run that the provider refused.
#[derive(Default)]
struct Refused {
    count: usize,
    /// Names the first of them.
    message: String,
}

impl Refused {
    /// Takes the refused texts out of a batch.
    fn take(&mut self, inputs: &mut Vec<&PendingInput>, positions: &[usize], message: &str) {
        let first = inputs.get(positions.first().copied().unwrap_or_default());
        if let (0, Some(first)) = (self.count, first) {
            self.message = format!("{message}: {}", describe(first));
        }
        let before = inputs.len();
        let mut position = 0..;
        inputs.retain(|_| !position.next().is_some_and(|position| positions.contains(&position)));
        if inputs.len() == before {
            // A refusal that names no text is one of all.
            inputs.clear();
        }
        self.count += before - inputs.len();
    }

    /// How the work ends when all others are embedded.
    fn end(&self) -> Option<End> {
        let others = match self.count {
            0 => return None,
            1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        Some(End::Failed { message: format!("{}{others}", self.message), permanent: true })
    }
}

/// Asks the provider, patiently: a busy one is waited for, a failing one asked again, a refused text named.
fn embed_batch(job: &Job<'_>, lease: &Lease, inputs: &[&PendingInput]) -> Result<Batch> {
    // All of them were refused.
    if inputs.is_empty() {
        return Ok(Batch::Vectors(Vec::new()));
    }
    let prefix = job.provider.model().document_prefix.as_str();
    let texts: Vec<Cow<'_, str>> = inputs
        .iter()
        .map(
            |input| {
                if prefix.is_empty() { Cow::from(&input.text) } else { Cow::from(format!("{prefix}{}", input.text)) }
            },
        )
        .collect();
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    let mut failures = 0;
    loop {
        let pause = match job.provider.embed(&texts) {
            Ok(vectors) => return Ok(check(job, &lease.run_id, inputs, vectors)),
            Err(EmbedError::Busy { retry_after, .. }) => retry_after.unwrap_or(Duration::from_secs(5)),
            Err(EmbedError::Transient { message }) => {
                failures += 1;
                if failures == TRIES {
                    return Ok(Batch::End(End::Failed { message, permanent: false }));
                }
                Duration::from_millis(500) * 2_u32.pow(failures)
            }
            Err(EmbedError::Refused { positions, message }) => return Ok(Batch::Refused { positions, message }),
            Err(error @ EmbedError::Misconfigured { .. }) => return Err(error.into()),
        };
        let end = Instant::now() + pause;
        while Instant::now() < end {
            if let Some(end) = job.interruption(lease) {
                return Ok(Batch::End(end));
            }
            std::thread::sleep(Duration::from_millis(50).min(end.saturating_duration_since(Instant::now())));
        }
    }
}

/// Refuses what the database would refuse, while it is still known which text it belongs to.
fn check(job: &Job<'_>, run_id: &RunId, inputs: &[&PendingInput], vectors: Vec<Vec<f32>>) -> Batch {
    let model = job.provider.model();
    if vectors.len() != inputs.len() {
        let message = format!("{} returned {} vectors for {} texts", model.provider, vectors.len(), inputs.len());
        return Batch::End(End::Failed { message, permanent: true });
    }
    for (input, vector) in inputs.iter().zip(&vectors) {
        let fault = if vector.len() != model.dimension {
            format!("{} numbers instead of {}", vector.len(), model.dimension)
        } else if !vector.iter().all(|number| number.is_finite()) {
            "a number that is not finite".to_owned()
        } else if vector.iter().all(|number| *number == 0.0) {
            "only zeros".to_owned()
        } else {
            continue;
        };
        let message = format!("{} returned a vector with {fault} in run {run_id}: {}", model.provider, describe(input));
        return Batch::End(End::Failed { message, permanent: true });
    }
    Batch::Vectors(vectors)
}

fn describe(input: &PendingInput) -> String {
    let start: String = input.text.chars().take(80).collect();
    format!("text {} ({start:?}…)", hex::encode(input.input_sha256.get(..6).unwrap_or_default()))
}

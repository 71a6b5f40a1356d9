//! Sends texts to the provider.
//! Waits while the provider is busy or unreachable, retries when it fails, and records the texts that it refuses.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::lease::Lease;
use super::waiting::Grace;
use super::{End, Job, waiting};
use crate::db::calls::PendingInput;
use crate::embed::{EmbedError, MOST_REFUSED, Provider, jittered};
use crate::error::Result;
use crate::lock::locked;

/// Number of attempts before a failure of the provider is charged to the run.
const TRIES: u32 = 5;

/// Shared by the threads that embed a run.
pub(super) struct Requests<'a> {
    job: &'a Job<'a>,
    lease: &'a Lease,
    refused: Mutex<Refused>,
    given_up: AtomicBool,
}

/// The result for a batch.
pub(super) enum Answer<'a> {
    /// The accepted texts, with a vector for each.
    Vectors { inputs: Vec<&'a PendingInput>, vectors: Vec<Vec<f32>> },
    /// The work on the run ends without vectors.
    End(End),
    /// The work on the run ends because the provider refuses too many of its texts.
    TooManyRefused,
}

/// The texts of a run that the provider refused.
#[derive(Default)]
struct Refused {
    hashes: Vec<Vec<u8>>,
    /// The reason for the first refusal.
    message: String,
    /// The start of the first refused text.
    start: String,
}

impl<'a> Requests<'a> {
    pub fn new(job: &'a Job<'a>, lease: &'a Lease) -> Self {
        Self { job, lease, refused: Mutex::default(), given_up: AtomicBool::new(false) }
    }

    /// Ends all waits for an answer.
    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// Returns how the work ends if it must stop now.
    pub fn interruption(&self) -> Option<End> {
        if self.given_up.load(Ordering::Relaxed) { Some(End::Stopped) } else { self.job.interruption(self.lease) }
    }

    /// Returns whether the provider has refused the text before.
    pub fn has_refused(&self, input: &PendingInput) -> bool {
        locked(&self.refused).hashes.contains(&input.input_sha256)
    }

    /// Returns how the work ends after all other texts are embedded. `name` returns the documents that contain a text.
    pub fn end(&self, name: impl FnOnce(&[u8]) -> Option<String>) -> Option<End> {
        let refused = locked(&self.refused);
        let first = refused.hashes.first()?;
        let others = match refused.hashes.len() {
            1 => String::new(),
            2 => ", and 1 other text".to_owned(),
            count => format!(", and {} other texts", count - 1),
        };
        let place = name(first).unwrap_or_else(|| format!("text {}", short(first)));
        let message = format!("{}: {place} ({:?}…){others}", refused.message, refused.start);
        Some(End::Failed { message, permanent: true })
    }

    /// Embeds the texts that the provider accepts.
    pub fn embed<'i>(&self, mut inputs: Vec<&'i PendingInput>) -> Result<Answer<'i>> {
        let prefix = self.job.provider.model().document_prefix.as_str();
        let (mut failures, mut vectors) = (0, Vec::new());
        // The list is empty when the provider refused all texts.
        while !inputs.is_empty() {
            if let Some(end) = self.interruption() {
                return Ok(Answer::End(end));
            }
            let texts = inputs.iter().map(|input| prefixed(prefix, &input.text)).collect();
            // `ask` returns `None` only if the work must stop.
            let Some(answered) = self.ask(texts) else { continue };
            match answered {
                Ok(found) => {
                    if let Some(end) = self.fault(&inputs, &found) {
                        return Ok(Answer::End(end));
                    }
                    vectors = found;
                    break;
                }
                Err(error) if error.is_worth_a_wait(self.job.watch) => {
                    self.job.reminder.tell_of(&error);
                    self.wait(waiting::pause(&error));
                }
                Err(EmbedError::Transient { message }) => {
                    failures += 1;
                    if failures == TRIES {
                        return Ok(Answer::End(End::Failed { message, permanent: false }));
                    }
                    self.wait(jittered(Duration::from_secs(1) * 2_u32.pow(failures)));
                }
                Err(EmbedError::Refused { positions, message }) => {
                    let mut refused = locked(&self.refused);
                    refused.take(&mut inputs, &positions, &message);
                    if refused.hashes.len() > MOST_REFUSED {
                        drop(refused);
                        return self.too_many(&message);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Answer::Vectors { inputs, vectors })
    }

    /// Ends the work on a run because too many texts were refused.
    /// If the provider refuses every text, the next run would also fail.
    fn too_many<'i>(&self, message: &str) -> Result<Answer<'i>> {
        match self.ask(vec!["text".into()]) {
            Some(Err(EmbedError::Refused { .. })) => Err(EmbedError::Misconfigured {
                message: format!("{message}; the server refuses every text; check embed.model and embed.dimensions"),
            }
            .into()),
            _ => Ok(Answer::TooManyRefused),
        }
    }

    /// Returns the answer of the provider, or `None` if the work must stop and the answer takes too long.
    fn ask(&self, texts: Vec<Cow<'_, str>>) -> Option<std::result::Result<Vec<Vec<f32>>, EmbedError>> {
        fn embed(provider: &dyn Provider, texts: &[Cow<'_, str>]) -> std::result::Result<Vec<Vec<f32>>, EmbedError> {
            provider.embed(&texts.iter().map(AsRef::as_ref).collect::<Vec<_>>())
        }
        let provider = self.job.provider;
        // A provider in this process always returns, so the call needs no thread of its own.
        let Some(server) = provider.server() else { return Some(embed(provider.as_ref(), &texts)) };
        let texts: Vec<Cow<'static, str>> = texts.into_iter().map(|text| text.into_owned().into()).collect();
        let (asked, mut grace) = (Arc::clone(provider), Grace::default());
        waiting::answer(
            move || embed(asked.as_ref(), &texts),
            |waited| {
                self.job.reminder.tell_of_silence(server, waited);
                match self.interruption() {
                    // The claim is lost, so the vectors could not be stored.
                    Some(End::Lost) => false,
                    interruption => grace.goes_on(waited, interruption.is_some()),
                }
            },
        )
    }

    /// Waits for `pause`, or until the work must stop.
    fn wait(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while Instant::now() < end && self.interruption().is_none() {
            std::thread::sleep(Duration::from_millis(50).min(end.saturating_duration_since(Instant::now())));
        }
    }

    /// Finds vectors that the database would reject, while it is still known which text belongs to each vector.
    fn fault(&self, inputs: &[&PendingInput], vectors: &[Vec<f32>]) -> Option<End> {
        let model = self.job.provider.model();
        let failed = |message| Some(End::Failed { message, permanent: true });
        if vectors.len() != inputs.len() {
            let (texts, vectors) = (inputs.len(), vectors.len());
            return failed(format!("{} returned {vectors} vectors for {texts} texts", model.provider));
        }
        for (input, vector) in inputs.iter().zip(vectors) {
            let fault = if vector.len() != model.dimension {
                format!("{} numbers instead of {}", vector.len(), model.dimension)
            } else if !vector.iter().all(|number| number.is_finite()) {
                "a number that is not finite".to_owned()
            } else if vector.iter().all(|number| *number == 0.0) {
                "only zeros".to_owned()
            } else {
                continue;
            };
            let run_id = &self.lease.run_id;
            return failed(format!(
                "{} returned a vector with {fault} in run {run_id}: text {} ({:?}…)",
                model.provider,
                short(&input.input_sha256),
                start(&input.text)
            ));
        }
        None
    }
}

impl Refused {
    /// Removes the refused texts from a batch.
    fn take(&mut self, inputs: &mut Vec<&PendingInput>, positions: &[usize], message: &str) {
        let first = inputs.get(positions.first().copied().unwrap_or_default());
        if let (true, Some(first)) = (self.hashes.is_empty(), first) {
            message.clone_into(&mut self.message);
            self.start = start(&first.text);
        }
        // If the error does not name a text of the batch, all its texts count as refused.
        let names_one = positions.iter().any(|position| *position < inputs.len());
        let mut position = 0..;
        inputs.retain(|input| {
            let is_refused = !names_one || position.next().is_some_and(|position| positions.contains(&position));
            if is_refused {
                self.hashes.push(input.input_sha256.clone());
            }
            !is_refused
        });
    }
}

fn prefixed<'t>(prefix: &str, text: &'t str) -> Cow<'t, str> {
    if prefix.is_empty() { Cow::from(text) } else { Cow::from(format!("{prefix}{text}")) }
}

fn start(text: &str) -> String {
    text.chars().take(80).collect()
}

fn short(hash: &[u8]) -> String {
    hex::encode(hash.get(..6).unwrap_or_default())
}

//! Asks the provider, patiently: one that is busy or away is waited for, a failing one asked again, a refused text named.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::lease::Lease;
use super::waiting::Grace;
use super::{End, Job, locked, waiting};
use crate::db::calls::PendingInput;
use crate::embed::{EmbedError, MOST_REFUSED, Provider, jittered};
use crate::error::Result;

/// How often a failing provider is asked again before the attempt is charged.
const TRIES: u32 = 5;

/// What the threads that embed a run have in common.
pub(super) struct Requests<'a> {
    job: &'a Job<'a>,
    lease: &'a Lease,
    refused: Mutex<Refused>,
    given_up: AtomicBool,
}

/// What became of a batch.
pub(super) enum Answer<'a> {
    /// The texts that were not refused, with a vector for each.
    Vectors { inputs: Vec<&'a PendingInput>, vectors: Vec<Vec<f32>> },
    /// The work on the run ends without them.
    End(End),
}

/// The texts of a run that the provider refused.
#[derive(Default)]
struct Refused {
    hashes: Vec<Vec<u8>>,
    /// Names the first of them.
    message: String,
}

impl<'a> Requests<'a> {
    pub fn new(job: &'a Job<'a>, lease: &'a Lease) -> Self {
        Self { job, lease, refused: Mutex::default(), given_up: AtomicBool::new(false) }
    }

    /// Lets nobody wait for an answer any longer.
    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    /// Returns how the work ends when it must end now.
    pub fn interruption(&self) -> Option<End> {
        if self.given_up.load(Ordering::Relaxed) { Some(End::Stopped) } else { self.job.interruption(self.lease) }
    }

    /// Whether the provider refused the text before.
    pub fn has_refused(&self, input: &PendingInput) -> bool {
        locked(&self.refused).hashes.contains(&input.input_sha256)
    }

    /// Returns how the work ends when all texts that are not refused are embedded.
    pub fn end(&self) -> Option<End> {
        let refused = locked(&self.refused);
        let others = match refused.hashes.len() {
            0 => return None,
            1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        Some(End::Failed { message: format!("{}{others}", refused.message), permanent: true })
    }

    /// Embeds those of the texts that the provider takes.
    pub fn embed<'i>(&self, mut inputs: Vec<&'i PendingInput>) -> Result<Answer<'i>> {
        let prefix = self.job.provider.model().document_prefix.as_str();
        let (mut failures, mut vectors) = (0, Vec::new());
        // None are left when all of them were refused.
        while !inputs.is_empty() {
            if let Some(end) = self.interruption() {
                return Ok(Answer::End(end));
            }
            let texts = inputs.iter().map(|input| prefixed(prefix, &input.text)).collect();
            // None comes of it only when the work must end.
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

    /// Ends the work on a run of which too many texts are refused. Where any text is, the next run would fare no better.
    fn too_many<'i>(&self, message: &str) -> Result<Answer<'i>> {
        match (self.end(), self.ask(vec!["text".into()])) {
            (_, Some(Err(EmbedError::Refused { .. }))) => Err(EmbedError::Misconfigured {
                message: format!("{message}; it refuses every text: check embed.model and embed.dimensions"),
            }
            .into()),
            (end, _) => Ok(Answer::End(end.unwrap_or(End::Stopped))),
        }
    }

    /// Returns what the provider answers, unless the work must end and that takes long.
    fn ask(&self, texts: Vec<Cow<'_, str>>) -> Option<std::result::Result<Vec<Vec<f32>>, EmbedError>> {
        fn embed(provider: &dyn Provider, texts: &[Cow<'_, str>]) -> std::result::Result<Vec<Vec<f32>>, EmbedError> {
            provider.embed(&texts.iter().map(AsRef::as_ref).collect::<Vec<_>>())
        }
        let provider = self.job.provider;
        // What this process computes comes in any case.
        let Some(server) = provider.server() else { return Some(embed(provider.as_ref(), &texts)) };
        let texts: Vec<Cow<'static, str>> = texts.into_iter().map(|text| text.into_owned().into()).collect();
        let (asked, mut grace) = (Arc::clone(provider), Grace::default());
        waiting::answer(
            move || embed(asked.as_ref(), &texts),
            |waited| {
                self.job.reminder.tell_of_silence(server, waited);
                match self.interruption() {
                    // Whatever comes could not be stored.
                    Some(End::Lost) => false,
                    interruption => grace.goes_on(waited, interruption.is_some()),
                }
            },
        )
    }

    /// Waits for `pause`, or until the work must end.
    fn wait(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while Instant::now() < end && self.interruption().is_none() {
            std::thread::sleep(Duration::from_millis(50).min(end.saturating_duration_since(Instant::now())));
        }
    }

    /// Finds what the database would refuse, while it is still known which text it belongs to.
    fn fault(&self, inputs: &[&PendingInput], vectors: &[Vec<f32>]) -> Option<End> {
        let model = self.job.provider.model();
        let failed = |message| Some(End::Failed { message, permanent: true });
        if vectors.len() != inputs.len() {
            let (texts, vectors) = (inputs.len(), vectors.len());
            return failed(format!("{} returned not one vector for each text: {vectors} for {texts}", model.provider));
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
                "{} returned a vector with {fault} in run {run_id}: {}",
                model.provider,
                describe(input)
            ));
        }
        None
    }
}

impl Refused {
    /// Takes the refused texts out of a batch.
    fn take(&mut self, inputs: &mut Vec<&PendingInput>, positions: &[usize], message: &str) {
        let first = inputs.get(positions.first().copied().unwrap_or_default());
        if let (true, Some(first)) = (self.hashes.is_empty(), first) {
            self.message = format!("{message}: {}", describe(first));
        }
        // A refusal that names no text of the batch is one of all.
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

fn describe(input: &PendingInput) -> String {
    let start: String = input.text.chars().take(80).collect();
    format!("text {} ({start:?}…)", hex::encode(input.input_sha256.get(..6).unwrap_or_default()))
}

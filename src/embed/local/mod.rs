//! Runs a sentence-transformer of the BERT family in this process, in plain Rust.

mod cross_encoder;
mod encoder;
mod folder;
mod linear;
mod pooling;
mod quantize;
mod tensors;
#[cfg(test)]
mod tests;
mod tokens;
mod wordpiece;

use std::fmt;
use std::path::Path;
use std::sync::Mutex;

use rayon::{ThreadPool, ThreadPoolBuilder};

pub use self::cross_encoder::CrossEncoder;
use self::encoder::{Encoder, Sequence};
use self::folder::Folder;
use self::pooling::Pooling;
pub use self::tokens::ModelTokenizer;
use super::settings::INT8;
use super::{EmbedError, Model, Prefixes, Provider, Tokenizer, Weights, batches};
use crate::lock::locked;

/// The number of tokens that the encoder processes together. With this number, the matrices are full and fit into the CPU caches.
const BATCH_TOKENS: usize = 512;
/// The number of texts that the encoder processes together.
const BATCH_TEXTS: usize = 4;

/// The `local` provider.
pub struct Local {
    model: Model,
    tokenizer: ModelTokenizer,
    encoder: Encoder,
    pooling: Pooling,
    /// Idle pools with one thread each. Without such a pool, each product would use all cores, although the callers already
    /// run in parallel.
    idle: Mutex<Vec<ThreadPool>>,
}

impl Local {
    /// Returns the name of the model in a folder. The name includes the precision of reduced weights, because it changes the vectors.
    #[must_use]
    pub fn name(dir: &Path, weights: Weights) -> String {
        let name = dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy();
        match weights {
            Weights::F32 => name.into_owned(),
            Weights::Int8 => format!("{name}{INT8}"),
        }
    }

    /// Loads a sentence-transformer folder: `model.safetensors`, `config.json`, `tokenizer.json` and a few optional files.
    pub fn load(dir: &Path, weights: Weights) -> Result<Self, EmbedError> {
        Self::read(dir, weights).map_err(|error| match error {
            EmbedError::Misconfigured { message } => EmbedError::Misconfigured {
                message: format!(
                    "the embedding model cannot be loaded: {message}; run `trailblazer setup` to download all-MiniLM-L6-v2, or set embed.model to \
                     the folder of another model"
                ),
            },
            other => other,
        })
    }

    fn read(dir: &Path, weights: Weights) -> Result<Self, EmbedError> {
        let folder = Folder::read(dir)?;
        let tokenizer = ModelTokenizer::load(&dir.join("tokenizer.json"))?;
        let encoder = Encoder::load(&dir.join("model.safetensors"), &folder.shape, weights)?;
        let model = Model {
            name: Self::name(dir, weights),
            provider: "local".to_owned(),
            dimension: folder.shape.hidden_size,
            normalized: folder.normalize,
            query_prefix: folder.query_prefix,
            document_prefix: folder.document_prefix,
            max_tokens: folder.max_tokens,
        };
        Ok(Self { model, tokenizer, encoder, pooling: folder.pooling, idle: Mutex::default() })
    }

    /// Replaces the prefixes of the folder with the configured ones.
    #[must_use]
    pub fn with_prefixes(mut self, prefixes: &Prefixes) -> Self {
        let model = &mut self.model;
        model.name = prefixes.model_name(&model.name);
        if let Some(query) = &prefixes.query {
            model.query_prefix.clone_from(query);
        }
        if let Some(document) = &prefixes.document {
            model.document_prefix.clone_from(document);
        }
        self
    }

    /// Combines the rows of a text's tokens into one vector.
    fn pool(&self, tokens: &[f32]) -> Vec<f32> {
        let mut vector = self.pooling.pool(tokens, self.model.dimension);
        if self.model.normalized {
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            scale(&mut vector, 1.0 / length.max(1e-12));
        }
        vector
    }
}

/// Encodes sequences a few at a time, and returns the result of `make` for the token rows of each sequence, in order.
fn by_sequence<T: Default + Clone>(
    encoder: &Encoder,
    sequences: &[Sequence],
    make: impl Fn(&[f32]) -> Result<T, EmbedError>,
) -> Result<Vec<T>, EmbedError> {
    let lengths: Vec<usize> = sequences.iter().map(|sequence| sequence.ids.len()).collect();
    let mut results = vec![T::default(); sequences.len()];
    for batch in batches(&lengths, BATCH_TOKENS, BATCH_TEXTS) {
        let together: Vec<&Sequence> = batch.iter().filter_map(|i| sequences.get(*i)).collect();
        let states = encoder.encode(&together)?;
        let mut rest = states.as_slice();
        for (place, sequence) in batch.iter().zip(together) {
            let (tokens, others) = rest.split_at_checked(sequence.ids.len() * encoder.hidden()).unwrap_or_default();
            rest = others;
            if let Some(slot) = results.get_mut(*place) {
                *slot = make(tokens)?;
            }
        }
    }
    Ok(results)
}

/// Runs `work` on an idle pool or on a new one. Afterward, the pool is idle.
fn alone<T: Send>(idle: &Mutex<Vec<ThreadPool>>, work: impl FnOnce() -> T + Send) -> Result<T, EmbedError> {
    let rested = locked(idle).pop();
    let new = || ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "embed".to_owned()).build();
    let no_thread =
        |error| EmbedError::Transient { message: format!("cannot start a thread for the embedding model: {error}") };
    let pool = rested.map_or_else(new, Ok).map_err(no_thread)?;
    let result = pool.install(work);
    locked(idle).push(pool);
    Ok(result)
}

fn scale(vector: &mut [f32], factor: f32) {
    for x in vector {
        *x *= factor;
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("model", &self.model).field("pooling", &self.pooling).finish_non_exhaustive()
    }
}

impl Provider for Local {
    fn model(&self) -> &Model {
        &self.model
    }

    fn tokenizer(&self) -> &dyn Tokenizer {
        &self.tokenizer
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let sequences: Vec<Sequence> =
            texts.iter().map(|text| self.tokenizer.ids(text).map(Into::into)).collect::<Result<_, _>>()?;
        let limit = self.model.max_tokens;
        let too_long = |(_, sequence): &(usize, &Sequence)| sequence.ids.len() > limit;
        let positions: Vec<usize> = sequences.iter().enumerate().filter(too_long).map(|(i, _)| i).collect();
        if !positions.is_empty() {
            let message = format!("a text has more than {limit} tokens, the maximum of {}", self.model.name);
            return Err(EmbedError::Refused { positions, message });
        }
        alone(&self.idle, || by_sequence(&self.encoder, &sequences, |tokens| Ok(self.pool(tokens))))?
    }
}

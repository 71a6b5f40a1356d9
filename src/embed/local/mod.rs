//! Runs a sentence-transformer of the BERT family in this process, in plain Rust.

mod encoder;
mod folder;
mod linear;
mod quantize;
mod tensors;
#[cfg(test)]
mod tests;
mod wordpiece;

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use self::encoder::Encoder;
use self::folder::{Folder, Pooling};
pub use self::wordpiece::WordPiece;
use super::{EmbedError, Model, Prefixes, Provider, Tokenizer, Weights, batches};

/// The number of tokens that the encoder processes together. It fills the matrices and still fits into the CPU caches.
const BATCH_TOKENS: usize = 512;
/// The number of texts that the encoder processes together.
const BATCH_TEXTS: usize = 4;

/// The `local` provider.
pub struct Local {
    model: Model,
    tokenizer: WordPiece,
    encoder: Encoder,
    pooling: Pooling,
    /// Single-thread pools that no call uses at the moment. Without a pool, each product would use all cores.
    /// Here the callers already run in parallel.
    idle: Mutex<Vec<ThreadPool>>,
}

impl Local {
    /// Returns the name of the model in a folder. Reduced weights give different vectors, so the name includes them.
    #[must_use]
    pub fn name(dir: &Path, weights: Weights) -> String {
        let name = dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy();
        match weights {
            Weights::F32 => name.into_owned(),
            Weights::Int8 => format!("{name}-int8"),
        }
    }

    /// Loads a sentence-transformer folder: `model.safetensors`, `config.json`, `tokenizer.json` and a few optional files.
    pub fn load(dir: &Path, weights: Weights) -> Result<Self, EmbedError> {
        let folder = Folder::read(dir)?;
        let tokenizer = WordPiece::load(&dir.join("tokenizer.json"))?;
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

    fn embed_here(&self, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let lengths: Vec<usize> = sequences.iter().map(Vec::len).collect();
        let mut vectors = vec![Vec::new(); sequences.len()];
        for batch in batches(&lengths, BATCH_TOKENS, BATCH_TEXTS) {
            let ids: Vec<&[u32]> = batch.iter().filter_map(|i| sequences.get(*i)).map(Vec::as_slice).collect();
            let states = self.encoder.encode(&ids)?;
            let mut rest = states.as_slice();
            for (place, ids) in batch.iter().zip(ids) {
                let (tokens, others) = rest.split_at_checked(ids.len() * self.model.dimension).unwrap_or_default();
                rest = others;
                if let Some(vector) = vectors.get_mut(*place) {
                    *vector = self.pool(tokens);
                }
            }
        }
        Ok(vectors)
    }

    /// Combines the vectors of all tokens of a text into one vector.
    fn pool(&self, tokens: &[f32]) -> Vec<f32> {
        let mut rows = tokens.chunks_exact(self.model.dimension);
        let mut vector = rows.next().unwrap_or_default().to_vec();
        if self.pooling == Pooling::Mean {
            let mut count = 1.0;
            for row in rows {
                vector.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
                count += 1.0;
            }
            scale(&mut vector, 1.0 / count);
        }
        if self.model.normalized {
            let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            scale(&mut vector, 1.0 / length.max(1e-12));
        }
        vector
    }

    /// Returns the token ids of `text` that the encoder expects.
    fn ids(&self, text: &str) -> Vec<u32> {
        let (first, last) = self.tokenizer.ends;
        let mut ids = vec![first];
        self.tokenizer.tokenize(text, |id, _| ids.push(id));
        ids.push(last);
        ids
    }

    /// Runs `work` on a single thread.
    fn alone<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, EmbedError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let new = || ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "embed".to_owned()).build();
        let no_thread =
            |error| EmbedError::Transient { message: format!("no thread for the embedding model: {error}") };
        let pool = idle.map_or_else(new, Ok).map_err(no_thread)?;
        let result = pool.install(work);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(pool);
        Ok(result)
    }
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
        let sequences: Vec<Vec<u32>> = texts.iter().map(|text| self.ids(text)).collect();
        let limit = self.model.max_tokens;
        let positions: Vec<usize> =
            sequences.iter().enumerate().filter(|(_, ids)| ids.len() > limit).map(|(i, _)| i).collect();
        if !positions.is_empty() {
            let message = format!("a text has more than {limit} tokens, the maximum of {}", self.model.name);
            return Err(EmbedError::Refused { positions, message });
        }
        self.alone(|| self.embed_here(&sequences))?
    }
}

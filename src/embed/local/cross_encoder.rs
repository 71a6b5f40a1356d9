//! Runs a cross-encoder in this process. The model reads a question and a text together, and scores how well the text answers.

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use rayon::ThreadPool;

use super::encoder::{Encoder, Sequence};
use super::folder::{Shape, broken, read};
use super::tensors::Tensors;
use super::tokens::ModelTokenizer;
use super::{alone, by_sequence};
use crate::embed::{EmbedError, Tokenizer as _, Weights};

/// A model of the families of BERT and XLM-RoBERTa with a head that returns one number.
pub struct CrossEncoder {
    tokenizer: ModelTokenizer,
    encoder: Encoder,
    /// The layer for the state of the first token. Its output passes through the hyperbolic tangent.
    dense: Dense,
    score: Dense,
    max_tokens: usize,
    idle: Mutex<Vec<ThreadPool>>,
}

/// A small layer for one row.
struct Dense {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl CrossEncoder {
    /// Loads a folder as `transformers` saves a model for sequence classification: `model.safetensors`, `config.json`,
    /// `tokenizer.json`.
    pub fn load(folder: &Path) -> Result<Self, EmbedError> {
        let shape = Shape::read(folder)?;
        let path = folder.join("model.safetensors");
        let tokenizer = ModelTokenizer::load(&folder.join("tokenizer.json"))?;
        let file = read(&path)?;
        let head = Tensors::of_head(&path, &file)?;
        let hidden = shape.hidden_size;
        // RoBERTa has both layers in its classifier, BERT the first one in its pooler.
        let (dense, score) = if head.has("classifier.out_proj.weight") {
            (Dense::load(&head, "classifier.dense", hidden, hidden)?, "classifier.out_proj")
        } else {
            (Dense::load(&Tensors::read(&path, &file)?, "pooler.dense", hidden, hidden)?, "classifier")
        };
        if !head.has(&format!("{score}.weight")) {
            return Err(broken(&path, "it has no classifier, so it is not a cross-encoder"));
        }
        let score = Dense::load(&head, score, hidden, 1)?;
        Ok(Self {
            tokenizer,
            encoder: Encoder::load(&path, &shape, Weights::F32)?,
            dense,
            score,
            max_tokens: shape.positions(),
            idle: Mutex::default(),
        })
    }

    /// Returns a score for each text, in order. A higher score means a better answer. A text that is too long is truncated.
    pub fn scores(&self, question: &str, texts: &[&str]) -> Result<Vec<f32>, EmbedError> {
        let pairs: Vec<Sequence> = texts.iter().map(|text| self.pair(question, text)).collect::<Result<_, _>>()?;
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let shares = pairs.chunks(pairs.len().div_ceil(cores).max(1));
        let scores = thread::scope(|scope| {
            let running: Vec<_> = shares
                .map(|share| {
                    let work = || by_sequence(&self.encoder, share, |tokens| self.score(tokens));
                    scope.spawn(move || alone(&self.idle, work)?)
                })
                .collect();
            let panicked = |_| EmbedError::Transient { message: "a thread of the reranker panicked".into() };
            running.into_iter().map(|thread| thread.join().map_err(panicked)?).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(scores.into_iter().flatten().collect())
    }

    /// Returns the tokens of the question and the text. Shortens the question if less than half of the tokens would be left for the text.
    fn pair(&self, question: &str, text: &str) -> Result<Sequence, EmbedError> {
        let room = self.max_tokens.saturating_sub(self.tokenizer.pair("", "")?.ids.len());
        let mut pair = self.tokenizer.pair(self.start(question, room / 2), text)?;
        // The last token is a special one.
        if let Some(excess) = pair.ids.len().checked_sub(self.max_tokens).filter(|excess| *excess > 0) {
            let end = pair.ids.len() - 1;
            pair.ids.drain(end.saturating_sub(excess)..end);
        }
        Ok(pair)
    }

    /// Returns the start of a text, cut to at most this number of tokens.
    fn start<'a>(&self, text: &'a str, most: usize) -> &'a str {
        let mut starts = Vec::new();
        self.tokenizer.token_starts(text, &mut starts);
        starts.get(most).and_then(|end| text.get(..*end)).unwrap_or(text)
    }

    /// Computes the score of a pair from the states of its tokens.
    fn score(&self, tokens: &[f32]) -> Result<f32, EmbedError> {
        let mut state = self.dense.apply(tokens);
        for x in &mut state {
            *x = x.tanh();
        }
        let score = self.score.apply(&state).first().copied().unwrap_or(f32::NAN);
        if score.is_finite() {
            Ok(score)
        } else {
            Err(EmbedError::Transient { message: "the reranker returned a score that is not finite".into() })
        }
    }
}

impl Dense {
    fn load(tensors: &Tensors<'_>, name: &str, from: usize, to: usize) -> Result<Self, EmbedError> {
        let weights = tensors.get(&format!("{name}.weight"), &[to, from])?;
        Ok(Self { weights, bias: tensors.get(&format!("{name}.bias"), &[to])? })
    }

    /// Applies the layer to the first row of `input`.
    fn apply(&self, input: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact((self.weights.len() / self.bias.len().max(1)).max(1));
        rows.zip(&self.bias).map(|(row, bias)| row.iter().zip(input).map(|(w, x)| w * x).sum::<f32>() + bias).collect()
    }
}

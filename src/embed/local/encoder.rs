//! The BERT encoder, in 32-bit floating point.
//!
//! The sequences of a batch stand one after the other without padding: every token is a row, and only attention
//! looks at which rows belong together.

use std::path::Path;

use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::{SimdOp as _, SimdUnaryOp as _};
use rten_tensor::Matrix;
use rten_vecmath::{Gelu, Normalize, NormalizeOptions, Softmax, Sum, SumSquareSub};

use super::folder::Shape;
use super::weights::Weights;
use crate::embed::EmbedError;

/// All weights, laid out for multiplication.
pub struct Encoder {
    hidden: usize,
    heads: usize,
    eps: f32,
    words: Vec<f32>,
    /// Position embeddings with that of the first token type added.
    positions: Vec<f32>,
    embedding_norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Query, key and value side by side.
    qkv: Linear,
    attention_out: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    output_norm: Norm,
}

struct Linear {
    weight: PackedBMatrix<f32>,
    bias: Vec<f32>,
}

struct Norm {
    scale: Vec<f32>,
    bias: Vec<f32>,
}

/// Rows of one sequence.
type Rows = std::ops::Range<usize>;

impl Encoder {
    /// Reads `model.safetensors`.
    pub fn load(path: &Path, shape: &Shape) -> Result<Self, EmbedError> {
        let file = super::folder::read(path)?;
        let weights = Weights::read(path, &file)?;
        let gemm = GemmExecutor::new();
        let hidden = shape.hidden_size;
        let mut positions =
            weights.get("embeddings.position_embeddings.weight", &[shape.max_position_embeddings, hidden])?;
        let types = weights.rows("embeddings.token_type_embeddings.weight", hidden)?;
        for row in positions.chunks_exact_mut(hidden) {
            add(row, &types);
        }
        let layers = (0..shape.num_hidden_layers).map(|i| Layer::load(&weights, &gemm, shape, i));
        Ok(Self {
            layers: layers.collect::<Result<_, _>>()?,
            hidden,
            heads: shape.num_attention_heads,
            eps: shape.layer_norm_eps,
            words: weights.get("embeddings.word_embeddings.weight", &[shape.vocab_size, hidden])?,
            positions,
            embedding_norm: Norm::load(&weights, "embeddings.LayerNorm", hidden)?,
        })
    }

    /// Returns the last hidden state of every token: one row of `hidden` numbers each, the sequences in order.
    pub fn encode(&self, sequences: &[&[u32]]) -> Result<Vec<f32>, EmbedError> {
        let mut states = Vec::with_capacity(sequences.iter().map(|ids| ids.len()).sum::<usize>() * self.hidden);
        let mut rows: Vec<Rows> = Vec::with_capacity(sequences.len());
        for ids in sequences {
            let start = rows.last().map_or(0, |rows| rows.end);
            rows.push(start..start + ids.len());
            for (id, position) in ids.iter().zip(self.positions.chunks_exact(self.hidden)) {
                let from = states.len();
                states.extend_from_slice(self.word(*id)?);
                add(states.get_mut(from..).unwrap_or_default(), position);
            }
        }
        self.embedding_norm.apply(&mut states, self.eps);
        let mut scratch = Scratch::default();
        for layer in &self.layers {
            self.layer(layer, &mut states, &rows, &mut scratch)?;
        }
        Ok(states)
    }

    fn word(&self, id: u32) -> Result<&[f32], EmbedError> {
        let from = usize::try_from(id).unwrap_or(usize::MAX).saturating_mul(self.hidden);
        let unknown = || EmbedError::Misconfigured {
            message: format!("the tokenizer made token {id}, which the model does not know"),
        };
        self.words.get(from..from.saturating_add(self.hidden)).ok_or_else(unknown)
    }

    fn layer(&self, layer: &Layer, states: &mut [f32], rows: &[Rows], scratch: &mut Scratch) -> Result<(), EmbedError> {
        let tokens = states.len() / self.hidden;
        let Scratch { gemm, qkv, context, up, attention } = scratch;
        qkv.resize(tokens * self.hidden * 3, 0.0);
        layer.qkv.apply(gemm, states, 0.0, qkv)?;
        context.resize(tokens * self.hidden, 0.0);
        for rows in rows {
            self.attend(gemm, qkv, rows, context, attention)?;
        }
        layer.attention_out.apply(gemm, context, 1.0, states)?;
        layer.attention_norm.apply(states, self.eps);
        up.resize(tokens * layer.up.bias.len(), 0.0);
        layer.up.apply(gemm, states, 0.0, up)?;
        Gelu {}.map_mut(up);
        layer.down.apply(gemm, up, 1.0, states)?;
        layer.output_norm.apply(states, self.eps);
        Ok(())
    }

    /// Every head of one sequence: `softmax(Q · Kᵀ / √d) · V` into its columns of `context`.
    fn attend(
        &self,
        gemm: &GemmExecutor,
        qkv: &[f32],
        rows: &Rows,
        context: &mut [f32],
        attention: &mut Attention,
    ) -> Result<(), EmbedError> {
        let (tokens, width, step) = (rows.len(), self.hidden / self.heads, self.hidden * 3);
        let Attention { scores, mixed } = attention;
        scores.resize(tokens * tokens, 0.0);
        mixed.resize(tokens * width, 0.0);
        for head in 0..self.heads {
            let part = |which: usize| {
                qkv.get(rows.start * step + which * self.hidden + head * width..rows.end * step).unwrap_or_default()
            };
            let query = matrix(part(0), [tokens, width], [step, 1])?;
            let key = matrix(part(1), [width, tokens], [1, step])?;
            let value = matrix(part(2), [tokens, width], [step, 1])?;
            #[expect(clippy::cast_precision_loss, reason = "a head is some dozens wide")]
            let options = GemmOptions { alpha: 1.0 / (width as f32).sqrt(), ..GemmOptions::default() };
            gemm.gemm(scores, GemmInputA::Unpacked(query), GemmInputB::Unpacked(key), options)
                .map_err(|error| inconsistent(&error))?;
            for row in scores.chunks_exact_mut(tokens) {
                Softmax::new_mut(row).dispatch();
            }
            let weights = matrix(scores, [tokens, tokens], [tokens, 1])?;
            gemm.gemm(mixed, GemmInputA::Unpacked(weights), GemmInputB::Unpacked(value), GemmOptions::default())
                .map_err(|error| inconsistent(&error))?;
            let targets = context.chunks_exact_mut(self.hidden).skip(rows.start);
            for (target, mixed) in targets.zip(mixed.chunks_exact(width)) {
                if let Some(target) = target.get_mut(head * width..(head + 1) * width) {
                    target.copy_from_slice(mixed);
                }
            }
        }
        Ok(())
    }
}

/// Memory that the layers use one after the other.
#[derive(Default)]
struct Scratch {
    /// Bound to its thread, so not part of the encoder.
    gemm: GemmExecutor,
    qkv: Vec<f32>,
    context: Vec<f32>,
    up: Vec<f32>,
    attention: Attention,
}

#[derive(Default)]
struct Attention {
    scores: Vec<f32>,
    mixed: Vec<f32>,
}

impl Layer {
    fn load(weights: &Weights<'_>, gemm: &GemmExecutor, shape: &Shape, i: usize) -> Result<Self, EmbedError> {
        let (hidden, inner) = (shape.hidden_size, shape.intermediate_size);
        let name = |part: &str| format!("encoder.layer.{i}.{part}");
        let attention = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Self {
            qkv: Linear::load(weights, gemm, &attention, hidden, hidden)?,
            attention_out: Linear::load(weights, gemm, &[name("attention.output.dense")], hidden, hidden)?,
            attention_norm: Norm::load(weights, &name("attention.output.LayerNorm"), hidden)?,
            up: Linear::load(weights, gemm, &[name("intermediate.dense")], hidden, inner)?,
            down: Linear::load(weights, gemm, &[name("output.dense")], inner, hidden)?,
            output_norm: Norm::load(weights, &name("output.LayerNorm"), hidden)?,
        })
    }
}

impl Linear {
    /// Reads layers of the same input, which become one with their outputs side by side.
    fn load(
        weights: &Weights<'_>,
        gemm: &GemmExecutor,
        names: &[String],
        from: usize,
        to: usize,
    ) -> Result<Self, EmbedError> {
        let (mut weight, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weight.extend(weights.get(&format!("{name}.weight"), &[to, from])?);
            bias.extend(weights.get(&format!("{name}.bias"), &[to])?);
        }
        // Stored a row an output; the product wants a column an output.
        let transposed = matrix(&weight, [from, bias.len()], [1, from])?;
        Ok(Self { weight: gemm.prepack_b(transposed), bias })
    }

    /// `out = input · weight + bias + keep · out`
    fn apply(&self, gemm: &GemmExecutor, input: &[f32], keep: f32, out: &mut [f32]) -> Result<(), EmbedError> {
        let inner = self.weight.rows();
        let input = matrix(input, [input.len() / inner.max(1), inner], [inner, 1])?;
        let options = GemmOptions { beta: keep, bias: Some(BiasVector::Row(&self.bias)), ..GemmOptions::default() };
        gemm.gemm(out, GemmInputA::Unpacked(input), GemmInputB::Packed(&self.weight), options)
            .map_err(|error| inconsistent(&error))
    }
}

impl Norm {
    fn load(weights: &Weights<'_>, name: &str, size: usize) -> Result<Self, EmbedError> {
        let scale = weights.get(&format!("{name}.weight"), &[size])?;
        Ok(Self { scale, bias: weights.get(&format!("{name}.bias"), &[size])? })
    }

    /// Layer normalization of every row.
    fn apply(&self, rows: &mut [f32], eps: f32) {
        #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
        let size = self.scale.len() as f32;
        for row in rows.chunks_exact_mut(self.scale.len()) {
            let mean = Sum::new(row).dispatch() / size;
            let variance = SumSquareSub::new(row, mean).dispatch() / size;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: 1.0 / (variance + eps).sqrt(),
                element_scale: Some(&self.scale),
                element_bias: Some(&self.bias),
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(row, options).dispatch();
        }
    }
}

fn add(row: &mut [f32], other: &[f32]) {
    for (sum, x) in row.iter_mut().zip(other) {
        *sum += x;
    }
}

fn matrix(data: &[f32], shape: [usize; 2], strides: [usize; 2]) -> Result<Matrix<'_>, EmbedError> {
    Matrix::from_data_with_strides(shape, data, strides).map_err(|error| inconsistent(&error))
}

/// Cannot happen with weights whose shapes were checked.
fn inconsistent(error: &impl std::fmt::Debug) -> EmbedError {
    EmbedError::Misconfigured { message: format!("the embedding model is inconsistent: {error:?}") }
}

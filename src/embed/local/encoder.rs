//! The encoder of BERT, which the `RoBERTa` family shares.
//!
//! The sequences of a batch are stored one after the other without padding, with one row for each token. Only the
//! attention step separates the sequences.

use std::path::Path;

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_simd::{SimdOp as _, SimdUnaryOp as _};
use rten_vecmath::{Gelu, Normalize, NormalizeOptions, Softmax, Sum, SumSquareSub};

use super::folder::Shape;
use super::linear::{Linear, Products, add, inconsistent, matrix};
use super::tensors::Tensors;
use crate::embed::{EmbedError, Weights};

/// All weights, in the layout that multiplication needs.
pub struct Encoder {
    hidden: usize,
    inner: usize,
    heads: usize,
    eps: f32,
    words: Vec<f32>,
    /// Position embeddings, with the embedding of the first token type added.
    positions: Vec<f32>,
    /// Difference between the embeddings of the second and the first token type. Empty for a model with one type.
    second_type: Vec<f32>,
    embedding_norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Query, key and value, side by side.
    qkv: Linear,
    attention_out: Linear,
    attention_norm: Norm,
    up: Linear,
    down: Linear,
    output_norm: Norm,
}

struct Norm {
    scale: Vec<f32>,
    bias: Vec<f32>,
}

/// The rows of one sequence.
type Rows = std::ops::Range<usize>;

/// The tokens of one text, or of a pair of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// Index of the first token of the second type, or the length if there is no second text.
    pub second: usize,
}

impl From<Vec<u32>> for Sequence {
    fn from(ids: Vec<u32>) -> Self {
        Self { second: ids.len(), ids }
    }
}

impl Encoder {
    /// Reads `model.safetensors`, and stores the weights of its layers in the requested precision.
    pub fn load(path: &Path, shape: &Shape, weights: Weights) -> Result<Self, EmbedError> {
        let file = super::folder::read(path)?;
        let tensors = Tensors::read(path, &file)?;
        let products = Products::default();
        let hidden = shape.hidden_size;
        let mut positions =
            tensors.get("embeddings.position_embeddings.weight", &[shape.max_position_embeddings, hidden])?;
        let types = tensors.rows("embeddings.token_type_embeddings.weight", hidden)?;
        positions.drain(..(shape.first_position() * hidden).min(positions.len()));
        for row in positions.chunks_exact_mut(hidden) {
            add(row, types.get(..hidden).unwrap_or_default());
        }
        let first_type = types.get(..hidden).unwrap_or_default();
        let second_type = types.get(hidden..2 * hidden).unwrap_or_default();
        let second_type = second_type.iter().zip(first_type).map(|(second, first)| second - first).collect();
        // Do not quantize the first layer, because its rounding errors would affect all later layers and it takes little time.
        let kept_as = |i: usize| if i == 0 { Weights::F32 } else { weights };
        let layers = (0..shape.num_hidden_layers).map(|i| Layer::load(&tensors, &products, shape, i, kept_as(i)));
        Ok(Self {
            layers: layers.collect::<Result<_, _>>()?,
            hidden,
            inner: shape.intermediate_size,
            heads: shape.num_attention_heads,
            eps: shape.layer_norm_eps,
            words: tensors.get("embeddings.word_embeddings.weight", &[shape.vocab_size, hidden])?,
            positions,
            second_type,
            embedding_norm: Norm::load(&tensors, "embeddings.LayerNorm", hidden)?,
        })
    }

    /// Numbers in a token's state.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Returns the last hidden state of every token: one row of `hidden` numbers each, the sequences in order.
    pub fn encode(&self, sequences: &[&Sequence]) -> Result<Vec<f32>, EmbedError> {
        let tokens: usize = sequences.iter().map(|sequence| sequence.ids.len()).sum();
        let mut states = Vec::with_capacity(tokens * self.hidden);
        let mut rows: Vec<Rows> = Vec::with_capacity(sequences.len());
        for Sequence { ids, second } in sequences {
            let start = rows.last().map_or(0, |rows| rows.end);
            rows.push(start..start + ids.len());
            for (place, (id, position)) in ids.iter().zip(self.positions.chunks_exact(self.hidden)).enumerate() {
                let from = states.len();
                states.extend_from_slice(self.word(*id)?);
                let state = states.get_mut(from..).unwrap_or_default();
                add(state, position);
                if place >= *second {
                    add(state, &self.second_type);
                }
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
            message: format!("the tokenizer returned token id {id}, which is outside the vocabulary of the model"),
        };
        self.words.get(from..from.saturating_add(self.hidden)).ok_or_else(unknown)
    }

    fn layer(&self, layer: &Layer, states: &mut [f32], rows: &[Rows], scratch: &mut Scratch) -> Result<(), EmbedError> {
        let tokens = states.len() / self.hidden;
        let Scratch { products, qkv, context, up, attention } = scratch;
        qkv.resize(tokens * self.hidden * 3, 0.0);
        layer.qkv.apply(products, states, false, qkv)?;
        context.resize(tokens * self.hidden, 0.0);
        for rows in rows {
            self.attend(&products.f32, qkv, rows, context, attention)?;
        }
        layer.attention_out.apply(products, context, true, states)?;
        layer.attention_norm.apply(states, self.eps);
        up.resize(tokens * self.inner, 0.0);
        layer.up.apply(products, states, false, up)?;
        Gelu {}.map_mut(up);
        layer.down.apply(products, up, true, states)?;
        layer.output_norm.apply(states, self.eps);
        Ok(())
    }

    /// Computes every head of one sequence: `softmax(Q · Kᵀ / √d) · V` into its columns of `context`.
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

/// Buffers that all layers share.
#[derive(Default)]
struct Scratch {
    products: Products,
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
    fn load(
        tensors: &Tensors<'_>,
        products: &Products,
        shape: &Shape,
        i: usize,
        weights: Weights,
    ) -> Result<Self, EmbedError> {
        let (hidden, inner) = (shape.hidden_size, shape.intermediate_size);
        let name = |part: &str| format!("encoder.layer.{i}.{part}");
        let linear = |names: &[String], from, to| Linear::load(tensors, products, names, [from, to], weights);
        let attention = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Self {
            qkv: linear(&attention, hidden, hidden)?,
            attention_out: linear(&[name("attention.output.dense")], hidden, hidden)?,
            attention_norm: Norm::load(tensors, &name("attention.output.LayerNorm"), hidden)?,
            up: linear(&[name("intermediate.dense")], hidden, inner)?,
            down: linear(&[name("output.dense")], inner, hidden)?,
            output_norm: Norm::load(tensors, &name("output.LayerNorm"), hidden)?,
        })
    }
}

impl Norm {
    fn load(tensors: &Tensors<'_>, name: &str, size: usize) -> Result<Self, EmbedError> {
        let scale = tensors.get(&format!("{name}.weight"), &[size])?;
        Ok(Self { scale, bias: tensors.get(&format!("{name}.bias"), &[size])? })
    }

    /// Normalizes every row.
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

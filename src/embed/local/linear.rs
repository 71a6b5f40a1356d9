//! Layers `input · weight + bias`, with weights in 32-bit floats or in 8-bit integers.

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::SimdOp as _;
use rten_tensor::Matrix;

use super::quantize::{Bytes, Columns, Dequantize, quantize_columns};
use super::tensors::Tensors;
use crate::embed::{EmbedError, Weights};

/// A layer, in the layout that multiplication needs.
pub enum Linear {
    F32 { weights: PackedBMatrix<f32>, bias: Vec<f32> },
    Int8 { weights: PackedBMatrix<i8>, columns: Columns },
}

/// The multiplication code for this processor, and the buffers that all products share. It belongs to one thread.
#[derive(Default)]
pub struct Products {
    pub f32: GemmExecutor,
    int8: GemmExecutor<u8, i8, i32>,
    bytes: Bytes,
    sums: Vec<i32>,
}

impl Linear {
    /// Reads several layers that have the same input, and joins them into one layer with all outputs side by side.
    pub fn load(
        tensors: &Tensors<'_>,
        products: &Products,
        names: &[String],
        [from, to]: [usize; 2],
        kept_as: Weights,
    ) -> Result<Self, EmbedError> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(tensors.get(&format!("{name}.weight"), &[to, from])?);
            bias.extend(tensors.get(&format!("{name}.bias"), &[to])?);
        }
        // The file stores one row for each output. The product needs one column for each output.
        let (shape, strides) = ([from, bias.len()], [1, from]);
        match kept_as {
            Weights::F32 => Ok(Self::F32 { weights: products.f32.prepack_b(matrix(&weights, shape, strides)?), bias }),
            Weights::Int8 => {
                let (weights, columns) = quantize_columns(&weights, from, bias);
                Ok(Self::Int8 { weights: products.int8.prepack_b(matrix(&weights, shape, strides)?), columns })
            }
        }
    }

    /// Applies the layer to every row of `input`. With `keep`, the result is added to `out`.
    pub fn apply(&self, products: &mut Products, input: &[f32], keep: bool, out: &mut [f32]) -> Result<(), EmbedError> {
        match self {
            Self::F32 { weights, bias } => {
                for row in out.chunks_exact_mut(bias.len()) {
                    if keep { add(row, bias) } else { row.copy_from_slice(bias) }
                }
                let input = GemmInputA::Unpacked(rows(input, weights.rows())?);
                let options = GemmOptions { beta: 1.0, ..GemmOptions::default() };
                products.f32.gemm(out, input, GemmInputB::Packed(weights), options).map_err(|e| inconsistent(&e))
            }
            Self::Int8 { weights, columns } => {
                let Products { int8, bytes, sums, .. } = products;
                bytes.quantize(input, weights.rows());
                sums.resize(out.len(), 0);
                let input = GemmInputA::Unpacked(rows(&bytes.bytes, weights.rows())?);
                int8.gemm(sums, input, GemmInputB::Packed(weights), GemmOptions::default())
                    .map_err(|e| inconsistent(&e))?;
                Dequantize { sums, bytes, columns, keep, out }.dispatch();
                Ok(())
            }
        }
    }
}

pub fn add(row: &mut [f32], other: &[f32]) {
    for (sum, x) in row.iter_mut().zip(other) {
        *sum += x;
    }
}

fn rows<T>(data: &[T], width: usize) -> Result<Matrix<'_, T>, EmbedError> {
    matrix(data, [data.len() / width.max(1), width], [width, 1])
}

pub fn matrix<T>(data: &[T], shape: [usize; 2], strides: [usize; 2]) -> Result<Matrix<'_, T>, EmbedError> {
    Matrix::from_data_with_strides(shape, data, strides).map_err(|error| inconsistent(&error))
}

/// Returns the error for shapes that do not match. This cannot happen, because the shapes of the weights were checked.
pub fn inconsistent(error: &impl std::fmt::Debug) -> EmbedError {
    EmbedError::Misconfigured { message: format!("the embedding model is inconsistent: {error:?}") }
}

//! Reads the tensors of a `model.safetensors` file and checks their shapes.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};

use super::folder::broken;
use crate::embed::EmbedError;

/// The tensors of a file, by name.
pub struct Tensors<'a> {
    path: &'a Path,
    file: SafeTensors<'a>,
    /// The prefix of every name in a model that was saved with a head.
    prefix: &'static str,
}

impl<'a> Tensors<'a> {
    /// Reads the names and positions of all tensors in `file`, which is the content of `path`.
    pub fn read(path: &'a Path, file: &'a [u8]) -> Result<Self, EmbedError> {
        let tensors = SafeTensors::deserialize(file).map_err(|error| broken(path, &error.to_string()))?;
        let is_used = |prefix: &&str| tensors.iter().any(|(name, _)| name.starts_with(*prefix));
        let prefix = ["bert.", "roberta."].into_iter().find(is_used).unwrap_or_default();
        Ok(Self { path, file: tensors, prefix })
    }

    /// Reads the same for a model's head, whose names have no prefix.
    pub fn of_head(path: &'a Path, file: &'a [u8]) -> Result<Self, EmbedError> {
        Ok(Self { prefix: "", ..Self::read(path, file)? })
    }

    /// Returns whether there is a tensor of that name.
    pub fn has(&self, name: &str) -> bool {
        self.tensor(name).is_ok()
    }

    /// Returns the numbers of a tensor, and checks its shape.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EmbedError> {
        let tensor = self.tensor(name)?;
        if tensor.shape() != shape {
            let found = tensor.shape();
            return Err(broken(self.path, &format!("tensor {name} has shape {found:?} instead of {shape:?}")));
        }
        self.numbers(name, tensor.dtype(), tensor.data())
    }

    /// Returns the numbers of a tensor with rows of `width` numbers. The number of rows is not checked.
    pub fn rows(&self, name: &str, width: usize) -> Result<Vec<f32>, EmbedError> {
        let rows = self.tensor(name)?.shape().first().copied().unwrap_or_default();
        self.get(name, &[rows, width])
    }

    fn tensor(&self, name: &str) -> Result<safetensors::tensor::TensorView<'a>, EmbedError> {
        let name = format!("{}{name}", self.prefix);
        self.file.tensor(&name).map_err(|error| broken(self.path, &error.to_string()))
    }

    fn numbers(&self, name: &str, dtype: Dtype, data: &[u8]) -> Result<Vec<f32>, EmbedError> {
        let numbers: Vec<f32> = match dtype {
            Dtype::F32 => data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            // The upper half of an F32.
            Dtype::BF16 => {
                let halves = data.as_chunks::<2>().0.iter();
                halves.map(|bytes| f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16)).collect()
            }
            Dtype::F16 => data.as_chunks::<2>().0.iter().map(|bytes| of_f16(u16::from_le_bytes(*bytes))).collect(),
            _ => {
                let what = format!("tensor {name} is {dtype:?}, but only F32, F16 and BF16 are supported");
                return Err(broken(self.path, &what));
            }
        };
        if numbers.iter().all(|x| x.is_finite()) {
            Ok(numbers)
        } else {
            Err(broken(self.path, &format!("tensor {name} contains numbers that are not finite")))
        }
    }
}

/// Returns the value of a number in IEEE 754's binary16.
fn of_f16(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15) << 31, bits >> 10 & 0x1f, u32::from(bits & 0x3ff));
    match exponent {
        // Zero and subnormal numbers: multiples of 2^-24.
        0 => f32::from_bits(sign | 0x3380_0000) * f32::from(bits & 0x3ff),
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (u32::from(exponent) + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "every binary16 number is a binary32 number")]
    fn half_floats_keep_their_value() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 2.0_f32.powi(-24)),
            (0x03ff, 1023.0 * 2.0_f32.powi(-24)),
            (0x0400, 2.0_f32.powi(-14)),
            (0x3c00, 1.0),
            (0xc248, -3.140_625),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
        ] {
            assert_eq!(of_f16(bits), value, "{bits:#x}");
        }
        assert!(of_f16(0x7e00).is_nan());
    }
}

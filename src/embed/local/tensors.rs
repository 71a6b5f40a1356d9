//! Reads the tensors of a `model.safetensors` file and checks their shapes.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};

use super::folder::broken;
use crate::embed::EmbedError;

/// The tensors of a file, by name.
pub struct Tensors<'a> {
    path: &'a Path,
    file: SafeTensors<'a>,
    /// A prefix of every name, in models that were saved with a head.
    prefix: &'static str,
}

impl<'a> Tensors<'a> {
    /// Reads the names and positions of all tensors in `file`, which is the content of `path`.
    pub fn read(path: &'a Path, file: &'a [u8]) -> Result<Self, EmbedError> {
        let tensors = SafeTensors::deserialize(file).map_err(|error| broken(path, &error.to_string()))?;
        let prefix = if tensors.iter().any(|(name, _)| name.starts_with("bert.")) { "bert." } else { "" };
        Ok(Self { path, file: tensors, prefix })
    }

    /// Returns the numbers of a tensor that must have this shape.
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
        if dtype != Dtype::F32 {
            return Err(broken(self.path, &format!("tensor {name} is {dtype:?}; only F32 is supported")));
        }
        let (numbers, _) = data.as_chunks::<4>();
        let numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if numbers.iter().all(|x| x.is_finite()) {
            Ok(numbers)
        } else {
            Err(broken(self.path, &format!("tensor {name} contains numbers that are not finite")))
        }
    }
}

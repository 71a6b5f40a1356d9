//! Reads the description of a model from a sentence-transformer folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::pooling::{Pooling, PoolingFile};
use crate::embed::EmbedError;

/// The shape of the encoder (`config.json`).
#[derive(Debug, Clone, Deserialize)]
pub struct Shape {
    pub model_type: String,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub max_position_embeddings: usize,
    pub vocab_size: usize,
    pub layer_norm_eps: f32,
    pub hidden_act: String,
    #[serde(default)]
    pub position_embedding_type: Option<String>,
    #[serde(default)]
    pad_token_id: Option<usize>,
}

/// The settings in the small files of a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    pub shape: Shape,
    pub pooling: Pooling,
    pub normalize: bool,
    pub max_tokens: usize,
    pub query_prefix: String,
    pub document_prefix: String,
}

#[derive(Deserialize)]
struct Module {
    path: PathBuf,
    r#type: String,
}

#[derive(Default, Deserialize)]
struct TransformerFile {
    max_seq_length: Option<usize>,
}

#[derive(Default, Deserialize)]
struct PromptsFile {
    #[serde(default)]
    prompts: Prompts,
}

#[derive(Default, Deserialize)]
struct Prompts {
    #[serde(default)]
    query: String,
    #[serde(default, alias = "passage")]
    document: String,
}

impl Folder {
    /// Reads the configuration files of `folder`. Only `config.json` is required.
    pub fn read(folder: &Path) -> Result<Self, EmbedError> {
        let shape = Shape::read(folder)?;
        let modules_file = folder.join("modules.json");
        let modules: Option<Vec<Module>> = read_optional(&modules_file)?;
        let transformer: TransformerFile =
            read_optional(&folder.join("sentence_bert_config.json"))?.unwrap_or_default();
        let prompts: PromptsFile =
            read_optional(&folder.join("config_sentence_transformers.json"))?.unwrap_or_default();
        let longest = shape.positions();
        let max_tokens = transformer.max_seq_length.unwrap_or(longest).min(longest);
        Ok(Self {
            pooling: pooling(folder, &modules_file, modules.as_deref())?,
            // Without a list of modules, vectors are normalized so that they are comparable.
            normalize: modules.is_none_or(|modules| modules.iter().any(|module| module.r#type.ends_with("Normalize"))),
            max_tokens,
            query_prefix: prompts.prompts.query,
            document_prefix: prompts.prompts.document,
            shape,
        })
    }
}

impl Shape {
    /// Reads `config.json` of a folder.
    pub fn read(folder: &Path) -> Result<Self, EmbedError> {
        let path = folder.join("config.json");
        let shape: Self = read_json(&path)?;
        shape.check(&path)?;
        Ok(shape)
    }

    /// The position of a text's first token. The `RoBERTa` family starts after the id of the padding token.
    pub fn first_position(&self) -> usize {
        if self.model_type == "bert" { 0 } else { self.pad_token_id.unwrap_or(1) + 1 }
    }

    /// Number of positions for the tokens of a text.
    pub fn positions(&self) -> usize {
        self.max_position_embeddings - self.first_position()
    }

    /// Rejects settings that the encoder does not support.
    fn check(&self, path: &Path) -> Result<(), EmbedError> {
        let position = self.position_embedding_type.as_deref().unwrap_or("absolute");
        let is_known = ["bert", "roberta", "xlm-roberta"].contains(&self.model_type.as_str());
        if !is_known || self.hidden_act != "gelu" || position != "absolute" {
            let kinds = [self.model_type.as_str(), self.hidden_act.as_str(), position].join(", ");
            let what = format!(
                "the model is {kinds}, but only bert, roberta and xlm-roberta with gelu and absolute positions are supported"
            );
            return Err(broken(path, &what));
        }
        if self.first_position() >= self.max_position_embeddings {
            return Err(broken(path, "max_position_embeddings leaves no position for a token"));
        }
        if self.num_attention_heads == 0 || !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(broken(path, "hidden_size is not a multiple of num_attention_heads"));
        }
        Ok(())
    }
}

fn pooling(folder: &Path, modules_file: &Path, modules: Option<&[Module]>) -> Result<Pooling, EmbedError> {
    const KNOWN: [&str; 3] = ["Transformer", "Pooling", "Normalize"];
    let modules = modules.unwrap_or_default();
    let name = |module: &Module| module.r#type.rsplit('.').next().unwrap_or_default().to_owned();
    if let Some(other) = modules.iter().map(name).find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(broken(modules_file, &format!("module {other} is not supported")));
    }
    let Some(module) = modules.iter().find(|module| module.r#type.ends_with("Pooling")) else {
        return Ok(Pooling::Mean);
    };
    let path = folder.join(&module.path).join("config.json");
    read_json::<PoolingFile>(&path)?.mode().map_err(|what| broken(&path, &what))
}

/// Reads a JSON file that must exist.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, EmbedError> {
    let text = read(path)?;
    serde_json::from_slice(&text).map_err(|error| broken(path, &error.to_string()))
}

fn read_optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EmbedError> {
    if path.exists() { read_json(path).map(Some) } else { Ok(None) }
}

/// Reads a file that must exist.
pub fn read(path: &Path) -> Result<Vec<u8>, EmbedError> {
    fs::read(path).map_err(|error| broken(path, &error.to_string()))
}

/// Returns an error about a file of the model, with a hint.
pub fn broken(path: &Path, what: &str) -> EmbedError {
    EmbedError::Misconfigured { message: format!("{}: {what}", path.display()) }
}

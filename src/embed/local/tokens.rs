//! The tokenizer of a model, as its `tokenizer.json` describes it.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use tokenizers::Encoding;

use super::encoder::Sequence;
use super::folder::{broken, read_json};
use super::wordpiece::WordPiece;
use crate::embed::{EmbedError, Tokenizer};

/// BERT's tokenizer is our own code, which is several times faster. Other tokenizers come from the crate `tokenizers`.
pub enum ModelTokenizer {
    /// BERT's `WordPiece`.
    WordPiece(WordPiece),
    /// Any other tokenizer, for example the `SentencePiece` Unigram of XLM-RoBERTa.
    Other(Box<Other>),
}

/// A tokenizer of the crate `tokenizers`.
pub struct Other {
    tokenizer: tokenizers::Tokenizer,
    special_tokens: usize,
}

/// The parts of a `tokenizer.json` that distinguish BERT's tokenizer from others.
#[derive(Deserialize)]
struct Kinds {
    #[serde(default)]
    normalizer: Option<Typed>,
    #[serde(default)]
    pre_tokenizer: Option<Typed>,
    model: Typed,
}

#[derive(Default, Deserialize)]
struct Typed {
    #[serde(default)]
    r#type: Option<String>,
}

impl ModelTokenizer {
    /// Reads a `tokenizer.json`, but ignores its truncation and padding.
    pub fn load(path: &Path) -> Result<Self, EmbedError> {
        let kinds: Kinds = read_json(path)?;
        let kind = |part: Option<Typed>| part.and_then(|part| part.r#type).unwrap_or_default();
        let model = kinds.model.r#type.unwrap_or_else(|| "WordPiece".to_owned());
        let kinds = [kind(kinds.normalizer), kind(kinds.pre_tokenizer), model];
        if kinds == ["BertNormalizer", "BertPreTokenizer", "WordPiece"] {
            return WordPiece::load(path).map(Self::WordPiece);
        }
        Other::load(path).map_err(|error| broken(path, &error.to_string())).map(|other| Self::Other(Box::new(other)))
    }

    /// Returns the ids of the tokens of `text` without the spaces around it, as sentence-transformers does. Includes special tokens.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>, EmbedError> {
        match self {
            Self::WordPiece(tokenizer) => {
                let (first, last) = tokenizer.ends;
                let mut ids = vec![first];
                tokenizer.tokenize(text, |id, _| ids.push(id));
                ids.push(last);
                Ok(ids)
            }
            Self::Other(other) => other
                .tokenizer
                .encode_fast(text.trim(), true)
                .map(|found| found.get_ids().to_vec())
                .map_err(|e| failed(&*e)),
        }
    }

    /// Returns the tokens of a question and of a text that may answer it, special tokens included.
    pub fn pair(&self, question: &str, text: &str) -> Result<Sequence, EmbedError> {
        match self {
            Self::WordPiece(tokenizer) => {
                let mut ids = self.ids(question)?;
                let second = ids.len();
                tokenizer.tokenize(text, |id, _| ids.push(id));
                ids.push(tokenizer.ends.1);
                Ok(Sequence { ids, second })
            }
            Self::Other(other) => {
                let found = other.tokenizer.encode_fast((question, text), true).map_err(|e| failed(&*e))?;
                let second = found.get_type_ids().iter().position(|kind| *kind == 1).unwrap_or(found.len());
                Ok(Sequence { ids: found.get_ids().to_vec(), second })
            }
        }
    }
}

impl Other {
    fn load(path: &Path) -> tokenizers::Result<Self> {
        let mut tokenizer = tokenizers::Tokenizer::from_file(path)?;
        tokenizer.with_padding(None).with_truncation(None)?;
        let special_tokens = tokenizer.encode_fast("", true)?.len();
        Ok(Self { tokenizer, special_tokens })
    }

    fn encode(&self, text: &str) -> Option<Encoding> {
        self.tokenizer.encode(text, false).inspect_err(|error| log::debug!("{error}")).ok()
    }
}

impl Tokenizer for ModelTokenizer {
    fn token_starts(&self, text: &str, starts: &mut Vec<usize>) {
        match self {
            Self::WordPiece(tokenizer) => tokenizer.token_starts(text, starts),
            Self::Other(other) => match other.encode(text) {
                // The tokenizer counts the space before a word as part of the token. Skip it, so that the token starts with the word.
                Some(found) => starts.extend(found.get_offsets().iter().map(|(start, end)| {
                    let token = text.get(*start..*end).unwrap_or_default();
                    start + token.len() - token.trim_start().len()
                })),
                // If this fails, count each character as a token, so that no chunk becomes too long.
                None => starts.extend(text.char_indices().map(|(at, _)| at)),
            },
        }
    }

    fn special_tokens(&self) -> usize {
        match self {
            Self::WordPiece(tokenizer) => tokenizer.special_tokens(),
            Self::Other(other) => other.special_tokens,
        }
    }

    fn count(&self, text: &str) -> usize {
        match self {
            Self::WordPiece(tokenizer) => tokenizer.count(text),
            Self::Other(other) => {
                let found = other.tokenizer.encode_fast(text, true);
                found.map_or_else(|_| text.chars().count() + other.special_tokens, |found| found.len())
            }
        }
    }
}

impl fmt::Debug for ModelTokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::WordPiece(_)) { "WordPiece" } else { "Other" })
    }
}

fn failed(error: &(dyn std::error::Error + Send + Sync)) -> EmbedError {
    EmbedError::Misconfigured { message: format!("the tokenizer of the embedding model failed: {error}") }
}

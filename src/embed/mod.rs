//! Computes vectors for texts. This module does not access the database.

mod batch;
mod hash;
mod local;
mod openai;
mod prefixes;
mod settings;
mod texts;

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

pub use batch::batches;
pub use hash::Hash;
pub use local::{CrossEncoder, Local};
pub use openai::OpenAi;
pub use prefixes::{Prefixes, usual_prefixes};
pub use settings::{Settings, provider, unasked_provider};
pub use texts::{TextKind, embed_question, embed_texts};

pub use crate::config::{ProviderKind, Weights};

/// The properties of a model that the database stores with its vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Unique name. Vectors under the same name are comparable. Configured prefixes are part of the name.
    pub name: String,
    /// `hash`, `local` or `openai`.
    pub provider: String,
    /// The dimension of its vectors.
    pub dimension: usize,
    /// Whether every vector has unit length.
    pub normalized: bool,
    /// The prefix of a question.
    pub query_prefix: String,
    /// The prefix of a text from a document.
    pub document_prefix: String,
    /// Maximum number of tokens in a text, including special tokens and prefix.
    pub max_tokens: usize,
}

impl Model {
    /// Returns whether similar vectors mean similar texts. The vectors of the hash provider only compare spellings.
    #[must_use]
    pub fn has_meaning(&self) -> bool {
        self.provider != "hash"
    }
}

/// Counts tokens exactly as the model does.
pub trait Tokenizer: Send + Sync {
    /// Appends the byte offset of each token of `text` in ascending order, without special tokens.
    fn token_starts(&self, text: &str, starts: &mut Vec<usize>);

    /// Returns the number of tokens that the model adds to every text, such as `[CLS]` and `[SEP]` for BERT.
    fn special_tokens(&self) -> usize;

    /// Returns the number of tokens in `text`, including special tokens.
    fn count(&self, text: &str) -> usize {
        let mut starts = Vec::new();
        self.token_starts(text, &mut starts);
        starts.len() + self.special_tokens()
    }
}

/// Computes vectors for texts. All threads share one provider.
pub trait Provider: Send + Sync {
    /// Returns the model and its limits.
    fn model(&self) -> &Model;

    /// Returns the tokenizer of the model.
    fn tokenizer(&self) -> &dyn Tokenizer;

    /// Returns the address of the embedding server for messages, or `None` if this process computes the vectors.
    fn server(&self) -> Option<&str> {
        None
    }

    /// Measures the maximum number of tokens that the model really reads from a text, including special tokens. `most` limits the search and the
    /// result, and is raised if it is too small. Returns `None` if the limit is already known or cannot be measured.
    fn find_limit(&self, most: usize) -> Result<Option<usize>, EmbedError> {
        let _ = most;
        Ok(None)
    }

    /// Returns one vector for each text, in order. All `texts` are within the model's limit.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Maximum number of texts in a run that a provider may refuse. If it refuses more, the texts are probably not the cause.
pub const MOST_REFUSED: usize = 16;

/// The reason why texts could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The provider is busy. The same call may succeed later. No attempt is charged.
    #[error("{message}")]
    Busy {
        /// The message of the provider.
        message: String,
        /// The pause that the provider asks for.
        retry_after: Option<Duration>,
    },
    /// The provider is unreachable. The texts are not the cause, so no attempt is charged.
    #[error("{message}")]
    Away {
        /// The address that is unreachable, and the reason.
        message: String,
        /// Whether the provider has answered before, so that the address must be right.
        has_answered: bool,
    },
    /// The provider is reachable, but fails every request. The texts are not the cause, so no attempt is charged.
    #[error("{message}")]
    Failing {
        /// The message of the provider.
        message: String,
    },
    /// A temporary failure of the provider.
    #[error("{message}")]
    Transient {
        /// The error.
        message: String,
    },
    /// The provider refuses these texts permanently. Other texts of the batch may not have been tried.
    #[error("{message}")]
    Refused {
        /// Their positions in the batch.
        positions: Vec<usize>,
        /// The message of the provider.
        message: String,
    },
    /// The configuration is wrong, for example the key or the name of the model. Retrying does not help.
    #[error("{message}")]
    Misconfigured {
        /// The error, and how to correct it.
        message: String,
    },
}

impl EmbedError {
    /// Returns whether the same call may succeed later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Away { .. } | Self::Failing { .. } | Self::Transient { .. })
    }

    /// Returns whether to wait for the provider because it is busy, fails every request, or is unreachable for a while. Without
    /// `watch`, waiting for a provider that never answered is useless, because its address is probably wrong or nobody started it.
    #[must_use]
    pub fn is_worth_a_wait(&self, watch: bool) -> bool {
        match self {
            Self::Busy { .. } | Self::Failing { .. } => true,
            Self::Away { has_answered, .. } => watch || *has_answered,
            _ => false,
        }
    }

    /// Returns the pause that the provider asks for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::Busy { retry_after, .. } = self { *retry_after } else { None }
    }
}

/// Returns a random duration between half of `wait` and `wait`, so that callers that failed together do not retry together.
#[must_use]
pub fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) % 1000;
    wait / 2 + wait.mul_f64(f64::from(u16::try_from(random).unwrap_or_default()) / 2000.0)
}

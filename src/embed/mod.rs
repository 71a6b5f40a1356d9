//! Texts in, vectors out. Knows no database.

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
pub use local::Local;
pub use openai::OpenAi;
pub use prefixes::{Prefixes, usual_prefixes};
pub use settings::{Settings, provider, unasked_provider};
pub use texts::{TextKind, embed_question, embed_texts};

pub use crate::config::{ProviderKind, Weights};

/// What the database must know of a model before it takes vectors of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Unique name: vectors of one name are comparable, whoever computed them. Configured prefixes are part of it.
    pub name: String,
    /// `hash`, `local` or `openai`.
    pub provider: String,
    /// Numbers in a vector.
    pub dimension: usize,
    /// Every vector has unit length.
    pub normalized: bool,
    /// Put before a question.
    pub query_prefix: String,
    /// Put before a text of a document.
    pub document_prefix: String,
    /// Maximum number of tokens of a text, special tokens and prefix included.
    pub max_tokens: usize,
}

/// Counts tokens exactly as the model will.
pub trait Tokenizer: Send + Sync {
    /// Appends the byte offset at which each token of `text` begins, ascending; special tokens not included.
    fn token_starts(&self, text: &str, starts: &mut Vec<usize>);

    /// Tokens that the model adds around every text, `[CLS]` and `[SEP]` for BERT.
    fn special_tokens(&self) -> usize;

    /// Tokens of `text`, special tokens included.
    fn count(&self, text: &str) -> usize {
        let mut starts = Vec::new();
        self.token_starts(text, &mut starts);
        starts.len() + self.special_tokens()
    }
}

/// Turns texts into vectors. One value serves all threads.
pub trait Provider: Send + Sync {
    /// The model and its limits.
    fn model(&self) -> &Model;

    /// The tokenizer of that model.
    fn tokenizer(&self) -> &dyn Tokenizer;

    /// Address of the server that embeds, for messages; none where this process does.
    fn server(&self) -> Option<&str> {
        None
    }

    /// Returns how many tokens of a text the model really reads, special tokens included. `most` bounds the search, and is
    /// raised where it is small: the result is the bound when the model reads at least that many. None when the limit is known without asking, or cannot be found.
    fn find_limit(&self, most: usize) -> Result<Option<usize>, EmbedError> {
        let _ = most;
        Ok(None)
    }

    /// Returns one vector for each text, in order. `texts` are within the model's limit.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Texts of a run that a provider may refuse while the others go on: more, and it is hardly the texts' fault.
pub const MOST_REFUSED: usize = 16;

/// Why texts could not be embedded.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The provider is busy: the same call may succeed later. Charges nothing.
    #[error("{message}")]
    Busy {
        /// What the provider said.
        message: String,
        /// When it asks to be tried again.
        retry_after: Option<Duration>,
    },
    /// The provider cannot be reached, which is no text's fault. Charges nothing.
    #[error("{message}")]
    Away {
        /// What was not reached, and why.
        message: String,
        /// It has answered before: the address is right.
        has_answered: bool,
    },
    /// The provider is reached and fails every request, which is no text's fault. Charges nothing.
    #[error("{message}")]
    Failing {
        /// What the provider said.
        message: String,
    },
    /// The provider failed in a way that may pass.
    #[error("{message}")]
    Transient {
        /// What went wrong.
        message: String,
    },
    /// These texts, by position in the batch, will never be embedded; the others may not have been tried.
    #[error("{message}")]
    Refused {
        /// Positions in the batch.
        positions: Vec<usize>,
        /// What the provider said.
        message: String,
    },
    /// Nothing will work until somebody changes the set-up: wrong key, no such model.
    #[error("{message}")]
    Misconfigured {
        /// What is wrong and what to do.
        message: String,
    },
}

impl EmbedError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Away { .. } | Self::Failing { .. } | Self::Transient { .. })
    }

    /// Whether to wait for the provider: it is busy, it fails every request, or it is away and expected back. A provider that never
    /// answered is expected back only with `watch`; otherwise its address is probably wrong, or nobody started it.
    #[must_use]
    pub fn is_worth_a_wait(&self, watch: bool) -> bool {
        match self {
            Self::Busy { .. } | Self::Failing { .. } => true,
            Self::Away { has_answered, .. } => watch || *has_answered,
            _ => false,
        }
    }

    /// When the provider asks to be tried again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::Busy { retry_after, .. } = self { *retry_after } else { None }
    }
}

/// Returns between half of `wait` and all of it, so that callers who failed together do not come back together.
#[must_use]
pub fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) % 1000;
    wait / 2 + wait.mul_f64(f64::from(u16::try_from(random).unwrap_or_default()) / 2000.0)
}

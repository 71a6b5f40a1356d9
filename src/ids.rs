//! Types that validate their value when it is parsed, so that the rest of the code can trust it.

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The name of a run and of its folder. [`RunId::RULE`] describes the valid names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The rule in words. `graphdb._check_run_id` contains the same rule.
    pub const RULE: &str = "letters, digits, \".\", \"_\" and \"-\", at most 128";
    /// The rule as a regular expression for the whole name.
    pub const PATTERN: &str = r"(?!\.\.?$)[A-Za-z0-9._-]{1,128}";

    /// Returns the run id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() || text.len() > 128 || !text.chars().all(allowed) || matches!(text, "." | "..") {
            let shown: String = text.chars().take(140).flat_map(char::escape_default).collect();
            return Err(format!("invalid run id \"{shown}\": it becomes a folder name, so use only {}", Self::RULE));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Returns the first 12 hexadecimal digits of a name's SHA-256, for ids and folders that cannot contain the name itself.
#[must_use]
pub fn short_hash(name: &OsStr) -> String {
    let mut hash = hex::encode(Sha256::digest(name.as_encoded_bytes()));
    hash.truncate(12);
    hash
}

/// A step in the processing of documents to vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Splits documents into chunks.
    Chunk,
    /// Computes vectors for chunks.
    Embed,
}

impl Phase {
    /// Returns the name for the SQL functions.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chunk => "chunk",
            Self::Embed => "embed",
        }
    }

    /// Returns the status of a run while a worker processes this phase.
    #[must_use]
    pub fn working_status(self) -> Status {
        match self {
            Self::Chunk => Status::Chunking,
            Self::Embed => Status::Embedding,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "docs/architecture.md draws them")]
pub enum Status {
    Normalized,
    Reset,
    Chunking,
    Chunked,
    Embedding,
    Embedded,
    Failed,
}

impl Status {
    /// All statuses in the order in which a run passes through them.
    pub const ALL: [Self; 7] =
        [Self::Normalized, Self::Reset, Self::Chunking, Self::Chunked, Self::Embedding, Self::Embedded, Self::Failed];

    /// Returns the name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normalized => "normalized",
            Self::Reset => "reset",
            Self::Chunking => "chunking",
            Self::Chunked => "chunked",
            Self::Embedding => "embedding",
            Self::Embedded => "embedded",
            Self::Failed => "failed",
        }
    }

    /// Returns the status with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The scope of a reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Only the status of both phases. All data is kept
    Processed,
    /// In addition, the vectors that no other run needs
    Embeddings,
    #[value(help = "In addition, the chunks, if reset.delete_chunks is true")]
    /// In addition, the chunks, if `reset.delete_chunks` is true
    All,
}

impl Scope {
    /// Returns the name for the SQL function.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processed => "processed",
            Self::Embeddings => "embeddings",
            Self::All => "all",
        }
    }
}

/// The fencing token of a claim. It is valid until the claim ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ClaimToken(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether the pattern matches the name, as the schemas in the `OpenAPI` document do.
    fn matches_pattern(name: &str) -> bool {
        let schema = serde_json::json!({ "type": "string", "pattern": format!("^{}$", RunId::PATTERN) });
        jsonschema::is_valid(&schema, &name.into())
    }

    #[test]
    fn run_id_that_could_leave_its_folder_is_refused() {
        for bad in ["", ".", "..", "a/b", "../x", "a b", "a\nb", "é", &"x".repeat(129)] {
            assert!(bad.parse::<RunId>().is_err() && !matches_pattern(bad), "{bad:?}");
        }
        for good in ["2026-01-31_120000_ab12", "a", "...", ".a", &"x".repeat(128)] {
            assert!(good.parse::<RunId>().is_ok() && matches_pattern(good), "{good:?}");
        }
    }
}

//! The small types that carry rules: parsed once at the edge, trusted inside.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// The name of a run, which is also its folder's name: letters, digits, `.`, `_`, `-`, at most 128 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The run id as text.
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
            return Err(format!(
                "bad run id \"{shown}\": it becomes a folder name, so only letters, digits, \".\", \"_\" and \"-\" \
                 are allowed, at most 128 characters"
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A step on the way from documents to vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Documents to chunks.
    Chunk,
    /// Chunks to vectors.
    Embed,
}

impl Phase {
    /// The name that the SQL functions take.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chunk => "chunk",
            Self::Embed => "embed",
        }
    }

    /// The status of a run that a worker holds in this phase.
    #[must_use]
    pub fn working_status(self) -> &'static str {
        match self {
            Self::Chunk => "chunking",
            Self::Embed => "embedding",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much a reset takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The marks of both phases; all data stays
    Processed,
    /// Also the vectors that no other run needs
    Embeddings,
    #[value(help = "Also the chunks, when reset.delete_chunks is true")]
    /// Also the chunks, when `reset.delete_chunks` is true
    All,
}

impl Scope {
    /// The name that the SQL function takes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processed => "processed",
            Self::Embeddings => "embeddings",
            Self::All => "all",
        }
    }
}

/// The fence of one claim: worth something until the claim ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ClaimToken(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_id_that_could_leave_its_folder_is_refused() {
        for bad in ["", ".", "..", "a/b", "../x", "a b", "a\nb", "é", &"x".repeat(129)] {
            assert!(bad.parse::<RunId>().is_err(), "{bad:?}");
        }
        for good in ["2026-01-31_120000_ab12", "a", "...", &"x".repeat(128)] {
            assert!(good.parse::<RunId>().is_ok(), "{good:?}");
        }
    }
}

//! The reasons why a configuration is invalid.

use std::path::PathBuf;

use super::keys;

/// The reason why the configuration is invalid.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// An unknown key.
    #[error("{place}: unknown key `{key}`")]
    UnknownKey {
        /// File and line, or the environment variable.
        place: String,
        /// The full path of the key.
        key: String,
        /// The most similar known key.
        nearest: Option<String>,
    },
    /// A value that is not one of the allowed words.
    #[error("{place}: {message}")]
    UnknownWord {
        /// File and line, or the environment variable.
        place: String,
        /// The key, the value, and the allowed words.
        message: String,
        /// The most similar allowed word.
        nearest: Option<&'static str>,
    },
    /// An invalid value, or a file that is not valid YAML.
    #[error("{place}: {message}")]
    Invalid {
        /// File and line, or the environment variable.
        place: String,
        /// The error.
        message: String,
    },
}

impl ConfigError {
    /// Returns how to correct the error, if this is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKey { nearest: Some(nearest), .. } => Some(format!("Did you mean `{nearest}`?")),
            Self::UnknownWord { nearest: Some(nearest), .. } => Some(format!("Did you mean `{nearest}`?")),
            Self::UnknownKey { nearest: None, key, .. } => Some(keys::known_beside(key)),
            _ => None,
        }
    }
}

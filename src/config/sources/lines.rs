//! Finds the lines of sources, for error messages.

use super::super::ConfigError;
use crate::ids::RunId;

/// Finds the lines of a source in the file.
pub(super) struct Lines<'a> {
    pub file: &'a str,
    pub text: &'a str,
    pub source: Option<&'a str>,
}

impl Lines<'_> {
    /// Returns the file and the line of the key, or the line of the source if the key is not found.
    pub fn place(&self, key: Option<&str>) -> String {
        let names = |line: &str, name: &str| {
            line.match_indices(name).any(|(at, _)| {
                let before = line[..at].trim_end().trim_end_matches(['"', '\'']);
                let after = line[at + name.len()..].trim_start_matches(['"', '\'']);
                after.trim_start().starts_with(':')
                    && (before.trim_end().is_empty() || before.trim_end().ends_with(['{', ',']))
            })
        };
        let mut found = None;
        let mut wanted = ["sources"].into_iter().chain(self.source).chain(key).peekable();
        for (number, line) in self.text.lines().enumerate() {
            // A flow mapping may have several keys on one line.
            while wanted.peek().is_some_and(|name| names(line, name)) {
                wanted.next();
                found = Some(number + 1);
            }
        }
        found.map_or_else(|| self.file.to_owned(), |line| format!("{}:{line}", self.file))
    }

    pub fn invalid(&self, name: &RunId, key: Option<&str>, message: &str) -> ConfigError {
        let key = key.map(|key| format!(".{key}")).unwrap_or_default();
        ConfigError::Invalid {
            place: self.place(key.strip_prefix('.')),
            message: format!("sources.{name}{key}: {message}"),
        }
    }
}

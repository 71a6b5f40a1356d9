//! `--as`: the principals as which a command reads documents.

use postgres::Client;

use super::Context;
use crate::config::is_principal;
use crate::db::search;
use crate::error::Result;

/// The principals as which a command reads documents.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ReadAs {
    /// Read as this user or group, for example user:ann or group:hr; can be repeated [default: search.principals]
    #[arg(long = "as", value_name = "PRINCIPAL", value_parser = principal)]
    pub principals: Vec<String>,
}

/// Reads a principal.
pub(super) fn principal(text: &str) -> std::result::Result<String, String> {
    if is_principal(text) { Ok(text.to_owned()) } else { Err("expected user:NAME or group:NAME".into()) }
}

impl ReadAs {
    /// Returns the principals to pass to the database, and warns about those that the database role may not use.
    /// `None` means the principals that were granted to the role.
    pub fn resolve(&self, client: &mut Client, context: &Context<'_>) -> Result<Option<Vec<String>>> {
        let configured = &context.config.search.principals;
        let wanted = if self.principals.is_empty() { configured } else { &self.principals };
        if wanted.is_empty() {
            return Ok(None);
        }
        let granted = search::principals(client, Some(wanted))?;
        let refused: Vec<&str> = wanted.iter().filter(|name| !granted.contains(name)).map(String::as_str).collect();
        if !refused.is_empty() {
            log::warn!(
                "this database role may not read as {}; to allow it, the owner runs: trailblazer db grant reader ROLE --as PRINCIPAL",
                refused.join(", ")
            );
        }
        Ok(Some(granted))
    }
}

//! Fetches Confluence pages with the REST API, and stores each page in one file. This module does not access the database.
//!
//! A fetch lists ids, versions, labels, ancestors and view restrictions of the selected pages, 250 at a time, and the
//! permissions of their spaces. Then it reads the bodies of new and changed pages. There is no state besides the files, so an interrupted fetch continues where
//! it stopped. Pages are removed only after a complete listing, and after the site has confirmed that they are gone.

mod attachments;
mod client;
mod listing;
mod pages;
mod parallel;
mod permissions;
mod store;

use std::collections::HashSet;
use std::path::Path;

use crate::config::Attachments;
use crate::config::sources::Site;
use crate::stop::Stop;

use client::Client;
use store::Store;

/// The token for a site, from the environment. It is never printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Returns the token of the source `name` from `TRAILBLAZER_SOURCES_<NAME>_TOKEN` or `TRAILBLAZER_CONFLUENCE_TOKEN`.
    pub fn of_source(name: &str, env: impl Fn(&str) -> Option<String>) -> Result<Self, FetchError> {
        let own = variable(name);
        let token = [own.as_str(), "TRAILBLAZER_CONFLUENCE_TOKEN"]
            .into_iter()
            .find_map(|name| env(name).map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()));
        match token {
            Some(token) if token.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Self(token)),
            Some(_) => Err(FetchError::Misconfigured {
                message: format!("the token of source {name} contains characters that are not allowed in a token"),
                hint: format!("Set {own} to the token only, without any other text."),
            }),
            None => Err(FetchError::Misconfigured {
                message: format!("source {name} has no token"),
                hint: format!("Set the environment variable {own} or TRAILBLAZER_CONFLUENCE_TOKEN."),
            }),
        }
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Returns the name of the environment variable for a source's token.
fn variable(name: &str) -> String {
    let part: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("TRAILBLAZER_SOURCES_{part}_TOKEN")
}

/// The reason why pages could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The site rejects the token or the selection, or there is no token.
    #[error("{message}")]
    Misconfigured {
        /// The error.
        message: String,
        /// How to correct it.
        hint: String,
    },
    /// The site is unreachable or stays busy.
    #[error("{message}")]
    Unreachable {
        /// The error.
        message: String,
    },
    /// The answer of the site cannot be used.
    #[error("{message}")]
    Answer {
        /// The error.
        message: String,
    },
    /// The selection contains far fewer pages than before.
    #[error("{message}")]
    Refused {
        /// The pages that would be removed.
        message: String,
    },
    /// A file system error.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file or folder.
        path: std::path::PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A stop was requested.
    #[error("stopped")]
    Stopped,
}

impl FetchError {
    /// Returns whether the site caused the error. Other requests may succeed, and pages may have been stored before.
    #[must_use]
    pub fn is_of_site(&self) -> bool {
        matches!(self, Self::Misconfigured { .. } | Self::Unreachable { .. } | Self::Answer { .. })
    }

    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

/// The parameters of a fetch.
pub struct Fetch<'a> {
    /// The site and the selected pages.
    pub site: &'a Site,
    /// The token from the environment.
    pub token: Token,
    /// The folder for the pages.
    pub folder: &'a Path,
    /// Whether to read the contents of attached files.
    pub attachments: Attachments,
    /// Whether more than half of the pages may be removed.
    pub may_shrink: bool,
    /// Whether to list the changes without making them.
    pub dry_run: bool,
    /// Ends the fetch after the current request.
    pub stop: &'a Stop,
    /// Called with the number of processed pages and the number of all pages.
    pub on_progress: &'a (dyn Fn(usize, usize) + std::marker::Sync),
}

/// The result of a fetch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Number of selected pages and blog posts.
    pub pages: usize,
    /// Number of new pages.
    pub added: usize,
    /// Number of pages with a new version.
    pub changed: usize,
    /// Number of pages where only labels, ancestors, restrictions or the permissions of the space changed.
    pub touched: usize,
    /// Number of removed pages.
    pub removed: usize,
    /// Number of unchanged pages.
    pub unchanged: usize,
    /// Number of new and changed pages and files that the site lists, but did not return.
    pub failed: usize,
    /// Attached files that were read.
    pub files: usize,
    /// Requests that were sent.
    pub requests: u64,
}

/// If the source has fewer pages, any number of them may be removed.
const SMALL: usize = 20;

/// Updates the files in the folder to the pages on the site.
pub fn fetch(fetch: &Fetch<'_>) -> Result<Fetched, FetchError> {
    let client = Client::new(fetch.site, &fetch.token, fetch.stop)?;
    let store = Store::open(fetch.folder, &fetch.site.url, !fetch.dry_run, fetch.attachments == Attachments::Text)?;
    let mut listed = listing::list(&client, fetch.site)?;
    if listed.is_empty() {
        return Err(FetchError::Misconfigured {
            message: format!("the source selects no page on {}", fetch.site.url),
            hint: "Check `spaces`, `labels`, `ancestors` and `cql`, and whether the token's account may see the pages. Nothing was changed.".into(),
        });
    }

    permissions::add_to(&client, fetch.site, &store, &mut listed)?;
    let mut fetched = Fetched { pages: listed.len(), ..Fetched::default() };
    let (mut outdated, mut touched) = (Vec::new(), Vec::new());
    for page in &listed {
        match store.version(&page.id) {
            None => {
                fetched.added += 1;
                outdated.push(page);
            }
            Some(version) if version != page.version => {
                fetched.changed += 1;
                outdated.push(page);
            }
            Some(_) if store.mark(&page.id) != Some(page.mark()) => {
                fetched.touched += 1;
                touched.push(page);
            }
            Some(_) => fetched.unchanged += 1,
        }
    }
    let listed_ids: HashSet<&str> = listed.iter().map(|page| page.id.as_str()).collect();
    let missing: Vec<&str> = store.ids().filter(|id| !listed_ids.contains(id)).collect();
    // The listing can miss a page that is being moved.
    let still_there = listing::confirm(&client, fetch.site, &missing)?;
    let gone: Vec<&str> = missing.into_iter().filter(|id| !still_there.contains(*id)).collect();
    fetched.pages += still_there.len();
    fetched.unchanged += still_there.len();
    fetched.removed = gone.len();
    refuse_to_shrink(fetch, &store, gone.len())?;
    if !fetch.dry_run {
        for page in touched {
            store.touch(page)?;
        }
        let missing = pages::read(&client, fetch, &store, &outdated)?;
        let mut gone: HashSet<&str> = gone.into_iter().collect();
        gone.extend(without_body(&client, fetch, &store, missing, &mut fetched)?);
        refuse_to_shrink(fetch, &store, gone.iter().filter(|id| store.version(id).is_some()).count())?;
        for id in gone {
            store.remove(id)?;
        }
        if fetch.attachments == Attachments::Text {
            let ids: Vec<&str> = listed.iter().map(|page| page.id.as_str()).collect();
            let files = attachments::read(&client, fetch, &store, &ids)?;
            fetched.files = files.read;
            fetched.failed += files.failed;
        }
    }
    fetched.requests = client.requests();
    Ok(fetched)
}

/// Rejects a fetch that would remove more than half of the pages.
fn refuse_to_shrink(fetch: &Fetch<'_>, store: &Store, gone: usize) -> Result<(), FetchError> {
    if fetch.may_shrink || store.len() < SMALL || gone * 2 <= store.len() {
        return Ok(());
    }
    let message = format!(
        "{}: {gone} of {} pages would be removed, because the site no longer lists them",
        fetch.site.url,
        store.len()
    );
    if !fetch.dry_run {
        return Err(FetchError::Refused { message });
    }
    log::warn!("{message}; the update will need --yes");
    Ok(())
}

/// Counts listed pages whose body the site did not return. Returns those that the site no longer lists. The others stay as they are,
/// and the next fetch reads them again.
fn without_body<'a>(
    client: &Client<'_>,
    fetch: &Fetch<'_>,
    store: &Store,
    missing: Vec<&'a str>,
    fetched: &mut Fetched,
) -> Result<Vec<&'a str>, FetchError> {
    let still_there = listing::confirm(client, fetch.site, &missing)?;
    if !still_there.is_empty() {
        log::warn!(
            "{}: the site lists {} pages without returning them; their last versions stay, and the next fetch tries again",
            fetch.site.url,
            still_there.len()
        );
    }
    fetched.failed = still_there.len();
    for id in &missing {
        let (is_known, is_there) = (store.version(id).is_some(), still_there.contains(*id));
        *(if is_known { &mut fetched.changed } else { &mut fetched.added }) -= 1;
        fetched.unchanged += usize::from(is_known && is_there);
        fetched.removed += usize::from(is_known && !is_there);
        fetched.pages -= usize::from(!is_known || !is_there);
    }
    Ok(missing.into_iter().filter(|id| !still_there.contains(*id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_source_comes_before_the_common_one() {
        let env = |name: &str| match name {
            "TRAILBLAZER_SOURCES_OPS_HANDBOOK_TOKEN" => Some(" own \n".to_owned()),
            "TRAILBLAZER_CONFLUENCE_TOKEN" => Some("common".to_owned()),
            _ => None,
        };
        assert_eq!(Token::of_source("ops-handbook", env).unwrap().0, "own");
        assert_eq!(Token::of_source("other", env).unwrap().0, "common");
        let missing = Token::of_source("other", |_| None).unwrap_err();
        assert_eq!(missing.to_string(), "source other has no token");
        let broken = Token::of_source("other", |_| Some("a b".into())).unwrap_err();
        assert!(!broken.to_string().contains("a b"));
        assert_eq!(format!("{:?}", Token("secret".into())), "Token(…)");
    }
}

//! Reads the bodies of new and changed pages, the names of attachments, and the names of mentioned people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use serde_json::Value;

use super::client::{Client, encoded, next_part};
use super::listing::{Listed, confirm, search};
use super::parallel::in_parallel;
use super::store::Store;
use super::{Fetch, FetchError};
use crate::config::Attachments;
use crate::config::sources::Deployment;
use crate::lock::locked;

/// Number of pages in a request for bodies. With more large pages, an answer would take too long.
const BATCH: usize = 50;
/// Number of accounts in a request for names.
const USERS: usize = 100;

/// Reads the pages in parallel, and writes a file for each. Returns the ids of the pages that the site did not return.
pub(super) fn read<'a>(
    client: &Client<'_>,
    fetch: &Fetch<'_>,
    store: &Store,
    outdated: &[&'a Listed],
) -> Result<Vec<&'a str>, FetchError> {
    let batches: Vec<&[&Listed]> = outdated.chunks(BATCH).collect();
    let people = People::default();
    let done = AtomicUsize::new(0);
    let missing = in_parallel(fetch.site.parallel, &batches, |batch| {
        let missing = read_batch(client, fetch, store, &people, batch)?;
        (fetch.on_progress)(done.fetch_add(batch.len(), Ordering::Relaxed) + batch.len(), outdated.len());
        Ok(missing)
    })?;
    Ok(missing.into_iter().flatten().collect())
}

/// Fetches a batch of pages, and stores each with the users that it mentions. Returns the ids of the missing pages.
fn read_batch<'a>(
    client: &Client<'_>,
    fetch: &Fetch<'_>,
    store: &Store,
    people: &People,
    batch: &[&'a Listed],
) -> Result<Vec<&'a str>, FetchError> {
    let mut answers = answers(client, fetch, batch)?;
    let mentioned: BTreeSet<String> = answers.values().flat_map(mentions).collect();
    people.ask_for(client, fetch.site.deployment, &mentioned)?;
    let mut missing = Vec::new();
    for listed in batch {
        if let Some(answer) = answers.get_mut(&listed.id) {
            let users = people.named(&mentions(answer));
            if let Some(page) = answer.as_object_mut().filter(|_| !users.is_empty()) {
                page.insert("users".into(), serde_json::json!({ "results": users }));
            }
            store.write(listed, answer)?;
        } else {
            missing.push(listed.id.as_str());
        }
    }
    Ok(missing)
}

/// Fetches the pages of a batch that the site can return. One page that it cannot return fails the whole request, so the batch is
/// divided until this page is alone.
fn answers(client: &Client<'_>, fetch: &Fetch<'_>, batch: &[&Listed]) -> Result<BTreeMap<String, Value>, FetchError> {
    // If the text of the files is read, a separate listing contains their names.
    let names_files = fetch.attachments == Attachments::Names;
    let answers_of_site = match fetch.site.deployment {
        Deployment::Cloud => cloud_pages(client, batch, names_files),
        Deployment::DataCenter => data_center_pages(client, batch, names_files),
    };
    let Err(FetchError::Unreachable { message }) = answers_of_site else { return answers_of_site };
    // If the site is unreachable, this request fails, too.
    let ids: Vec<&str> = batch.iter().map(|page| page.id.as_str()).collect();
    confirm(client, fetch.site, &ids)?;
    if let [page] = batch {
        log::warn!("page {} cannot be read: {message}", page.id);
        return Ok(BTreeMap::new());
    }
    let (first, others) = batch.split_at(batch.len() / 2);
    let mut found = answers(client, fetch, first)?;
    found.extend(answers(client, fetch, others)?);
    Ok(found)
}

/// Fetches pages from version 1 of the API, which returns everything in one answer.
fn data_center_pages(
    client: &Client<'_>,
    batch: &[&Listed],
    names_files: bool,
) -> Result<BTreeMap<String, Value>, FetchError> {
    let files = if names_files { ",children.attachment" } else { "" };
    let expand = format!("version,body.storage{files}");
    let found = search(client, &format!("id in ({})", ids(batch)), &expand, BATCH)?;
    Ok(found.into_iter().map(|page| (page.id, with_base(page.value, client.base()))).collect())
}

/// Fetches the bodies from version 2 of the API, and the names of attachments from version 1.
fn cloud_pages(
    client: &Client<'_>,
    batch: &[&Listed],
    names_files: bool,
) -> Result<BTreeMap<String, Value>, FetchError> {
    let mut answers = BTreeMap::new();
    for (is_blog, kind) in [(false, "pages"), (true, "blogposts")] {
        let some: Vec<&Listed> = batch.iter().copied().filter(|page| page.is_blog == is_blog).collect();
        if some.is_empty() {
            continue;
        }
        let mut path = format!("/api/v2/{kind}?id={}&body-format=storage&limit={BATCH}", encoded(&ids(&some)));
        let mut seen = BTreeSet::new();
        while seen.insert(path.clone()) {
            let answer = client.get(&path)?.ok_or_else(|| FetchError::Misconfigured {
                message: format!("{} has no version 2 of the REST API (404)", client.base()),
                hint: "Check the scopes of the token, and that `deployment` is `datacenter` if the site is not in the cloud. No page was removed."
                    .into(),
            })?;
            let base = client.base_of_links(&answer);
            for value in answer.get("results").and_then(Value::as_array).into_iter().flatten() {
                if let Some(id) = value.get("id").and_then(Value::as_str) {
                    answers.insert(id.to_owned(), with_base(value.clone(), base));
                }
            }
            let Some(next) = next_part(&answer) else { break };
            next.clone_into(&mut path);
        }
    }
    if !names_files {
        return Ok(answers);
    }
    for page in search(client, &format!("id in ({})", ids(batch)), "version,children.attachment", BATCH)? {
        if let (Some(answer), Some(children)) = (answers.get_mut(&page.id), page.value.get("children"))
            && let Some(answer) = answer.as_object_mut()
        {
            answer.insert("children".into(), children.clone());
        }
    }
    Ok(answers)
}

/// Adds the address of the site to the page. Answers contain it only once for a list.
fn with_base(mut value: Value, base: &str) -> Value {
    if let Some(page) = value.as_object_mut() {
        let links = page.entry("_links").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(links) = links.as_object_mut() {
            links.insert("base".into(), base.into());
        }
    }
    value
}

fn ids(batch: &[&Listed]) -> String {
    batch.iter().map(|page| page.id.as_str()).collect::<Vec<_>>().join(",")
}

/// Returns the ids of the author and of the people that a page mentions.
fn mentions(page: &Value) -> BTreeSet<String> {
    let body = page.pointer("/body/storage/value").and_then(Value::as_str).unwrap_or_default();
    let mut found: BTreeSet<String> = ["ri:account-id=\"", "ri:userkey=\""]
        .iter()
        .flat_map(|attribute| body.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|id| !id.is_empty() && id.len() <= 200)
        .map(str::to_owned)
        .collect();
    found.extend(page.pointer("/version/authorId").and_then(Value::as_str).map(str::to_owned));
    found
}

/// The users that bodies mention, by id. `None` means that the site does not return a name.
#[derive(Default)]
struct People {
    known: Mutex<BTreeMap<String, Option<Value>>>,
    /// Whether the account may not look up users. This is reported once.
    is_refused: AtomicBool,
}

impl People {
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Option<Value>>> {
        locked(&self.known)
    }

    /// Requests the users that are not known yet.
    fn ask_for(&self, client: &Client<'_>, deployment: Deployment, ids: &BTreeSet<String>) -> Result<(), FetchError> {
        let unknown: Vec<&String> = {
            let known = self.known();
            ids.iter().filter(|id| !known.contains_key(*id)).collect()
        };
        match deployment {
            Deployment::Cloud => {
                for ids in unknown.chunks(USERS) {
                    let query: Vec<String> = ids.iter().map(|id| format!("accountId={}", encoded(id))).collect();
                    let path = format!("/rest/api/user/bulk?{}&limit={USERS}", query.join("&"));
                    let answer = self.look_up(client, &path)?.unwrap_or_default();
                    let users = answer.get("results").and_then(Value::as_array).into_iter().flatten();
                    let users: BTreeMap<&str, &Value> =
                        users.filter_map(|user| Some((user.get("accountId")?.as_str()?, user))).collect();
                    let found = |id: &String| users.get(id.as_str()).map(|user| (*user).clone());
                    self.known().extend(ids.iter().map(|id| ((*id).clone(), found(id))));
                }
            }
            Deployment::DataCenter => {
                for id in unknown {
                    let user = self.look_up(client, &format!("/rest/api/user?key={}", encoded(id)))?;
                    self.known().insert(id.clone(), user);
                }
            }
        }
        Ok(())
    }

    /// Returns the answer for users, or `None` if the account may not look them up: the pages are readable without their names.
    fn look_up(&self, client: &Client<'_>, path: &str) -> Result<Option<Value>, FetchError> {
        match client.get(path) {
            Err(error @ (FetchError::Misconfigured { .. } | FetchError::Answer { .. })) => {
                if !self.is_refused.swap(true, Ordering::Relaxed) {
                    log::warn!("the names of people are missing, because the account may not look up users: {error}");
                }
                Ok(None)
            }
            answer => answer,
        }
    }

    /// Returns the users that have a name.
    fn named(&self, ids: &BTreeSet<String>) -> Vec<Value> {
        let known = self.known();
        ids.iter().filter_map(|id| known.get(id).cloned().flatten()).collect()
    }
}

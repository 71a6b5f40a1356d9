//! Downloads attached files whose text should be read, into one folder for each page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::client::{Client, encoded};
use super::listing::{self, Listed};
use super::parallel::in_parallel;
use super::store::Store;
use super::{Fetch, FetchError};
use crate::config::sources::Deployment;
use crate::normalize::extract::{Kind, MAX_FILE};
use crate::normalize::stored_name;

/// The numbers of attached files that were downloaded, and of those that could not be.
#[derive(Debug, Default)]
pub(super) struct Downloads {
    pub read: usize,
    pub failed: usize,
}

/// Updates the attached files of the pages `ids` in the folder.
///
/// A new version of a file does not change the version of its page, so all files are listed each time.
pub(super) fn read(
    client: &Client<'_>,
    fetch: &Fetch<'_>,
    store: &Store,
    ids: &[&str],
) -> Result<Downloads, FetchError> {
    let mut found = listing::attachments(client, fetch.site, ids)?;
    let mut changed = Vec::new();
    for id in ids {
        let mut files = found.remove(*id).unwrap_or_default();
        files.sort_by(|a, b| a.id.cmp(&b.id));
        let listed = Value::from(files.iter().map(entry).collect::<Vec<_>>());
        let is_kept = |file: &&Listed| store.has_file(id, &stored_name(title(file)));
        if store.files(id) != Some(&listed) || !files.iter().filter(|file| is_wanted(file)).all(|file| is_kept(&file)) {
            changed.push((*id, files, listed));
        }
    }
    let done = AtomicUsize::new(0);
    let downloads = in_parallel(fetch.site.parallel, &changed, |(id, files, listed)| {
        let read = read_page(client, fetch, store, id, files, listed)?;
        (fetch.on_progress)(done.fetch_add(1, Ordering::Relaxed) + 1, changed.len());
        Ok(read)
    })?;
    let sum = |sum: Downloads, of: Downloads| Downloads { read: sum.read + of.read, failed: sum.failed + of.failed };
    Ok(downloads.into_iter().fold(Downloads::default(), sum))
}

/// Reads the new and changed files of a page, and then updates their list. A file that the site refuses keeps its last version.
fn read_page(
    client: &Client<'_>,
    fetch: &Fetch<'_>,
    store: &Store,
    page: &str,
    files: &[Listed],
    listed: &Value,
) -> Result<Downloads, FetchError> {
    let versions = |list: Option<&Value>| -> BTreeMap<String, i64> {
        let items = list.and_then(Value::as_array).into_iter().flatten();
        items
            .filter_map(|file| Some((file.get("id")?.as_str()?.to_owned(), file.pointer("/version/number")?.as_i64()?)))
            .collect()
    };
    let known = versions(store.files(page));
    let (mut names, mut downloads, mut listed) = (BTreeSet::new(), Downloads::default(), listed.clone());
    for file in files.iter().filter(|file| is_wanted(file)) {
        let name = stored_name(title(file)).into_owned();
        if known.get(&file.id) != Some(&file.version) || !store.has_file(page, &name) {
            // A file that was deleted in the meantime or is larger than listed is not stored. `normalize` reports the missing
            // file.
            match client.download(&address(fetch, page, file), MAX_FILE).and_then(|bytes| whole(file, bytes)) {
                Ok(Some(bytes)) => {
                    store.put_file(page, &name, &bytes)?;
                    downloads.read += 1;
                }
                Ok(None) => continue,
                Err(error) if !error.is_of_site() => return Err(error),
                Err(error) => {
                    // If the site is unreachable, this request fails, too.
                    listing::confirm(client, fetch.site, &[page])?;
                    log::warn!("file {} of page {page} cannot be read: {error}", title(file));
                    downloads.failed += 1;
                    // The next fetch tries again, because this is not the version of the file.
                    let version = known.get(&file.id).copied();
                    set_version(&mut listed, &file.id, version);
                    if version.is_none() {
                        continue;
                    }
                }
            }
        }
        names.insert(name);
    }
    store.set_files(page, listed, &names)?;
    Ok(downloads)
}

/// Rejects bytes that are not as many as the site lists: they may be a page to sign in.
fn whole(file: &Listed, bytes: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, FetchError> {
    match (size(file), &bytes) {
        (Some(size), Some(bytes)) if size != bytes.len() as u64 => {
            Err(FetchError::Answer { message: format!("the site sent {} bytes instead of {size}", bytes.len()) })
        }
        _ => Ok(bytes),
    }
}

/// Sets the version of a file in a list.
fn set_version(listed: &mut Value, id: &str, version: Option<i64>) {
    for file in listed.as_array_mut().into_iter().flatten() {
        if file.get("id").and_then(Value::as_str) == Some(id) {
            file["version"]["number"] = version.into();
        }
    }
}

/// Returns the address of a file. Cloud has a fixed pattern for addresses, and Data Center lists the address of each file.
fn address(fetch: &Fetch<'_>, page: &str, file: &Listed) -> String {
    match (fetch.site.deployment, file.value.pointer("/_links/download").and_then(Value::as_str)) {
        (Deployment::DataCenter, Some(download)) => download.to_owned(),
        _ => format!("/rest/api/content/{page}/child/attachment/{}/download", encoded(&file.id)),
    }
}

/// Returns the data about a file that is stored with the page.
fn entry(file: &Listed) -> Value {
    json!({
        "id": file.id,
        "title": title(file),
        "version": { "number": file.version, "when": file.value.pointer("/version/when") },
        "_links": { "download": file.value.pointer("/_links/download") },
        "fileId": file.value.pointer("/extensions/fileId"),
    })
}

fn title(file: &Listed) -> &str {
    file.value.get("title").and_then(Value::as_str).unwrap_or_default()
}

/// Returns whether to download a file: its kind is supported, and it is not too large.
fn is_wanted(file: &Listed) -> bool {
    Kind::of(title(file)).is_some() && size(file).is_none_or(|size| size <= MAX_FILE)
}

/// Returns the number of bytes that the site lists.
fn size(file: &Listed) -> Option<u64> {
    file.value.pointer("/extensions/fileSize").and_then(Value::as_u64)
}

//! Reads who may view the spaces of the listed pages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::FetchError;
use super::client::{Client, encoded, next_part};
use super::listing::Listed;
use super::store::Store;
use crate::config::sources::{Deployment, Site};

/// Requested number of permissions in an answer.
const PAGE: usize = 250;

/// The users and groups that may view a space.
#[derive(Default)]
struct Viewers {
    /// By the field that identifies the user, and its value.
    users: BTreeSet<(&'static str, String)>,
    groups: BTreeSet<String>,
    is_anonymous: bool,
}

impl Viewers {
    /// Returns the permission in the format of version 1 of the API, which is the `permissions` of a `space`.
    fn to_value(&self) -> Value {
        let users: Vec<Value> = self.users.iter().map(|(field, id)| json!({ "type": "known", *field: id })).collect();
        let groups: Vec<Value> = self.groups.iter().map(|name| json!({ "type": "group", "name": name })).collect();
        json!([{
            "operation": { "operation": "read", "targetType": "space" },
            "subjects": {
                "user": { "size": users.len(), "results": users },
                "group": { "size": groups.len(), "results": groups },
            },
            "anonymousAccess": self.is_anonymous,
            "unlicensedAccess": false,
        }])
    }
}

/// Adds the permissions to the `space` of each page. If they cannot be read, the permissions of the last fetch are
/// kept, so that a restricted page is not opened by accident.
pub(super) fn add_to(client: &Client<'_>, site: &Site, store: &Store, listed: &mut [Listed]) -> Result<(), FetchError> {
    let spaces: BTreeMap<String, Option<i64>> = listed
        .iter()
        .filter_map(|page| Some((key_of(page)?, page.value.pointer("/space/id").and_then(Value::as_i64))))
        .collect();
    let mut names = BTreeMap::new();
    let mut permissions = BTreeMap::new();
    for (key, id) in spaces {
        let mut viewers = of_version_1(client, &key)?;
        if let (None, Deployment::Cloud, Some(id)) = (&viewers, site.deployment, id) {
            viewers = of_version_2(client, id, &mut names)?;
        }
        if let Some(viewers) = viewers {
            permissions.insert(key, viewers.to_value());
            continue;
        }
        let found = store.permissions(&key);
        let effect = match found {
            Some(_) => "the permissions of the last fetch are kept",
            None => "only the view restrictions of its pages limit who may read them",
        };
        log::warn!("{}: the permissions of space {key} cannot be read, so {effect}", client.base());
        permissions.extend(found.map(|found| (key, found.clone())));
    }
    for page in listed.iter_mut() {
        let found = key_of(page).and_then(|key| permissions.get(&key));
        let space = page.value.get_mut("space").and_then(Value::as_object_mut);
        if let (Some(found), Some(space)) = (found, space) {
            space.insert("permissions".into(), found.clone());
        }
    }
    Ok(())
}

/// Returns the key of the page's space.
fn key_of(page: &Listed) -> Option<String> {
    page.value.pointer("/space/key").and_then(Value::as_str).map(str::to_owned)
}

/// Reads the permissions from version 2 of the API. It returns the ids of groups, whose names are in version 1, and does not
/// return anonymous access.
fn of_version_2(
    client: &Client<'_>,
    id: i64,
    names: &mut BTreeMap<String, String>,
) -> Result<Option<Viewers>, FetchError> {
    let mut viewers = Viewers::default();
    let mut path = format!("/api/v2/spaces/{id}/permissions?limit={PAGE}");
    let mut seen = BTreeSet::new();
    let mut is_known = false;
    while seen.insert(path.clone()) {
        let Some(answer) = client.get_if_allowed(&path)? else { return Ok(None) };
        for one in results(&answer).filter(|one| views(one, "key")) {
            is_known = true;
            let text = |pointer: &str| one.pointer(pointer).and_then(Value::as_str);
            let Some(subject) = text("/principal/id").map(str::to_owned) else { continue };
            match text("/principal/type") {
                Some("user") => {
                    viewers.users.insert(("accountId", subject));
                }
                Some("group") => {
                    viewers.groups.insert(name_of_group(client, subject, names)?);
                }
                // A role has no name in the API.
                _ => {
                    viewers.groups.insert(subject);
                }
            }
        }
        let Some(next) = next_part(&answer) else { break };
        next.clone_into(&mut path);
    }
    Ok(is_known.then_some(viewers))
}

/// Returns the name of a group, or its id if the site does not return the name.
fn name_of_group(client: &Client<'_>, id: String, names: &mut BTreeMap<String, String>) -> Result<String, FetchError> {
    if let Some(name) = names.get(&id) {
        return Ok(name.clone());
    }
    let group = client.get_if_allowed(&format!("/rest/api/group/by-id?id={}", encoded(&id)))?.unwrap_or_default();
    let name = group.get("name").and_then(Value::as_str).map_or_else(|| id.clone(), str::to_owned);
    names.insert(id, name.clone());
    Ok(name)
}

/// Reads the permissions from version 1 of the API.
fn of_version_1(client: &Client<'_>, key: &str) -> Result<Option<Viewers>, FetchError> {
    let path = format!("/rest/api/space/{}?expand=permissions", encoded(key));
    let space = client.get_if_allowed(&path)?.unwrap_or_default();
    let permissions = space.get("permissions").unwrap_or(&Value::Null);
    let permissions = permissions.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut viewers = Viewers::default();
    let mut is_known = false;
    for one in permissions.iter().filter(|one| views(one, "operation")) {
        is_known = true;
        viewers.is_anonymous |= one.get("anonymousAccess").and_then(Value::as_bool).unwrap_or(false);
        let subjects = |kind: &str| one.pointer(&format!("/subjects/{kind}")).into_iter().flat_map(results);
        for user in subjects("user") {
            let identified = ["accountId", "username", "userKey"]
                .into_iter()
                .find_map(|field| Some((field, user.get(field)?.as_str()?)));
            viewers.users.extend(identified.map(|(field, id)| (field, id.to_owned())));
        }
        let groups = subjects("group").filter_map(|group| group.get("name")?.as_str());
        viewers.groups.extend(groups.map(str::to_owned));
    }
    Ok(is_known.then_some(viewers))
}

fn results(answer: &Value) -> impl Iterator<Item = &Value> {
    answer.get("results").and_then(Value::as_array).into_iter().flatten()
}

/// Returns whether a permission is the right to view the space. `key` is the field with the name of the operation.
fn views(permission: &Value, key: &str) -> bool {
    let part = |name: &str| permission.get("operation")?.get(name)?.as_str();
    part(key) == Some("read") && part("targetType") == Some("space")
}

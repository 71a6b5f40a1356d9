//! Lists pages with their ids, versions, labels, ancestors, view restrictions and names of people.
//! A request returns up to 250 pages.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::FetchError;
use super::client::{Client, encoded, next_part};
use crate::config::sources::Site;

/// Requested number of pages in an answer. The site may return fewer.
const PAGE: usize = 250;
/// Maximum number of ids in a query, so that its address is not too long.
pub(super) const IDS: usize = 100;
/// The requested data of a page. All of it can change without a new version of the page.
const EXPAND: &str = "version,space,history,ancestors,metadata.labels,restrictions.read.restrictions.user,restrictions.read.restrictions.group";

/// A page in the listing.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub id: String,
    pub version: i64,
    pub is_blog: bool,
    /// The complete JSON object of the page.
    pub value: Value,
}

impl Listed {
    fn of(value: &Value) -> Option<Self> {
        let id = value.get("id").and_then(id)?;
        // It becomes the name of a file.
        let is_id = !id.is_empty() && id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_blog = value.get("type").and_then(Value::as_str) == Some("blogpost");
        let version = value.pointer("/version/number").and_then(Value::as_i64)?;
        is_id.then(|| Self { id, version, is_blog, value: value.clone() })
    }

    /// Returns a value that changes if anything except the body changes.
    pub fn mark(&self) -> String {
        mark(&self.value)
    }
}

/// The fields of a page in the listing that do not differ between requests.
pub(super) const LISTED_FIELDS: [&str; 8] =
    ["type", "status", "title", "space", "history", "ancestors", "metadata", "restrictions"];

/// Returns a hash of the data of a page in the listing.
pub(super) fn mark(value: &Value) -> String {
    let fields = LISTED_FIELDS.map(|name| stable(value.get(name).unwrap_or(&Value::Null)));
    hex::encode(Sha256::digest(Value::from(fields.to_vec()).to_string()))
}

/// Sorts the keys of a value, and removes links, because they may differ between servers.
fn stable(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| !matches!(name.as_str(), "_links" | "_expandable"));
            let sorted: BTreeMap<&String, Value> = kept.map(|(name, field)| (name, stable(field))).collect();
            Value::Object(sorted.into_iter().map(|(name, field)| (name.clone(), field)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(stable).collect()),
        other => other.clone(),
    }
}

/// Returns all pages that the source selects. If a page changes during the listing, it may appear twice, and the last
/// entry is used.
pub(super) fn list(client: &Client<'_>, site: &Site) -> Result<Vec<Listed>, FetchError> {
    let cql = format!("{} order by created asc", selection(site));
    let mut listed = search(client, &cql, EXPAND, PAGE)?;
    add_outer_restrictions(client, &mut listed)?;
    Ok(listed)
}

/// Returns which of these pages the source still selects.
pub(super) fn confirm(client: &Client<'_>, site: &Site, ids: &[&str]) -> Result<HashSet<String>, FetchError> {
    let mut found = HashSet::new();
    for ids in ids.chunks(IDS) {
        let cql = format!("{} and id in ({})", selection(site), ids.join(","));
        found.extend(search(client, &cql, "version", PAGE)?.into_iter().map(|page| page.id));
    }
    Ok(found)
}

/// Returns all pages that a query finds.
pub(super) fn search(client: &Client<'_>, cql: &str, expand: &str, limit: usize) -> Result<Vec<Listed>, FetchError> {
    let mut path = format!("/rest/api/content/search?cql={}&expand={}&limit={limit}", encoded(cql), encoded(expand));
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<Listed> = Vec::new();
    let mut seen = HashSet::new();
    loop {
        if !seen.insert(path.clone()) {
            return Err(FetchError::Answer {
                message: format!("{}: the site keeps returning the same part of the listing", client.base()),
            });
        }
        let Some(answer) = client.get(&path)? else {
            return Err(FetchError::Misconfigured {
                message: format!("{} has no Confluence REST API at this address (404)", client.base()),
                hint: "Check `site`. For Cloud it ends with /wiki, and for Data Center with the context path.".into(),
            });
        };
        let results = answer.get("results").and_then(Value::as_array).ok_or_else(|| FetchError::Answer {
            message: format!("{}: the listing has no `results`", client.base()),
        })?;
        for value in results {
            let Some(page) = Listed::of(value) else { continue };
            if let Some(earlier) = places.get(&page.id).and_then(|place| found.get_mut(*place)) {
                *earlier = page;
            } else {
                places.insert(page.id.clone(), found.len());
                found.push(page);
            }
        }
        let Some(next) = next_part(&answer) else { return Ok(found) };
        next.clone_into(&mut path);
    }
}

/// Returns the files attached to the pages `ids`, by page.
pub(super) fn attachments(
    client: &Client<'_>,
    site: &Site,
    ids: &[&str],
) -> Result<BTreeMap<String, Vec<Listed>>, FetchError> {
    let of_spaces = site.labels.is_empty() && site.ancestors.is_empty() && site.cql.is_none();
    let conditions = if of_spaces && !site.spaces.is_empty() {
        vec![format!("space in ({})", quoted(&site.spaces))]
    } else {
        ids.chunks(IDS).map(|ids| format!("container in ({})", ids.join(", "))).collect()
    };
    let wanted: HashSet<&str> = ids.iter().copied().collect();
    let mut found: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
    for condition in conditions {
        let cql = format!("type = attachment and {condition} order by created asc");
        for file in search(client, &cql, "version,container", PAGE)? {
            let page = file.value.pointer("/container/id").and_then(id);
            if let Some(page) = page.filter(|page| wanted.contains(page.as_str())) {
                found.entry(page).or_default().push(file);
            }
        }
    }
    Ok(found)
}

/// An id, which some servers write as a number.
fn id(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|id| id.to_string()))
}

/// Adds the restrictions of ancestors that the source does not select, because a restriction also applies to all descendants of its
/// page. They are stored in the `ancestors` of the pages, as in an answer of the REST interface.
fn add_outer_restrictions(client: &Client<'_>, listed: &mut [Listed]) -> Result<(), FetchError> {
    let own: HashSet<&str> = listed.iter().map(|page| page.id.as_str()).collect();
    let ancestors = |page: &Listed| -> Vec<String> {
        let items = page.value.get("ancestors").and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.get("id")?.as_str().map(str::to_owned)).collect()
    };
    let mut outer: Vec<String> = listed.iter().flat_map(ancestors).filter(|id| !own.contains(id.as_str())).collect();
    outer.sort();
    outer.dedup();
    let mut restrictions: BTreeMap<String, Value> = BTreeMap::new();
    for ids in outer.chunks(IDS) {
        let expand = "version,restrictions.read.restrictions.user,restrictions.read.restrictions.group";
        for page in search(client, &format!("id in ({})", ids.join(",")), expand, PAGE)? {
            if let Some(value) = page.value.get("restrictions") {
                restrictions.insert(page.id, value.clone());
            }
        }
    }
    for page in listed.iter_mut() {
        let items = page.value.get_mut("ancestors").and_then(Value::as_array_mut).into_iter().flatten();
        for item in items {
            let found = item.get("id").and_then(Value::as_str).and_then(|id| restrictions.get(id));
            if let (Some(found), Some(item)) = (found, item.as_object_mut()) {
                item.insert("restrictions".into(), found.clone());
            }
        }
    }
    Ok(())
}

/// Returns the condition of a source in Confluence's query language (CQL).
fn selection(site: &Site) -> String {
    let mut conditions = vec!["type in (page, blogpost)".to_owned()];
    if !site.spaces.is_empty() {
        conditions.push(format!("space in ({})", quoted(&site.spaces)));
    }
    if !site.labels.is_empty() {
        conditions.push(format!("label in ({})", quoted(&site.labels)));
    }
    if !site.ancestors.is_empty() {
        let ids = site.ancestors.join(", ");
        conditions.push(format!("(ancestor in ({ids}) or id in ({ids}))"));
    }
    if let Some(cql) = &site.cql {
        conditions.push(format!("({cql})"));
    }
    conditions.join(" and ")
}

fn quoted(texts: &[String]) -> String {
    let quote = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    texts.iter().map(quote).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sources::Deployment;

    #[test]
    fn a_page_meets_every_condition() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let site = Site {
            url: "https://example.com".into(),
            deployment: Deployment::Cloud,
            email: None,
            spaces: texts(&["OPS", "A\"B"]),
            labels: texts(&["public"]),
            ancestors: texts(&["7", "8"]),
            cql: Some("title ~ x or title ~ y".into()),
            parallel: 1,
        };
        insta::assert_snapshot!(selection(&site), @r#"type in (page, blogpost) and space in ("OPS", "A\"B") and label in ("public") and (ancestor in (7, 8) or id in (7, 8)) and (title ~ x or title ~ y)"#);
    }

    #[test]
    fn a_mark_depends_on_restrictions_and_not_on_links() {
        let value = |restrictions: &str, link: &str| serde_json::json!({ "title": "T", "restrictions": restrictions, "space": { "key": "A", "_links": link } });
        assert_eq!(mark(&value("a", "x")), mark(&value("a", "y")));
        assert_ne!(mark(&value("a", "x")), mark(&value("b", "x")));
    }
}

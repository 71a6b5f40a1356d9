//! Reads pages from answers of Confluence's REST API, version 1 and 2. An answer is one page or the results of a query.

use std::collections::HashSet;

use serde_json::Value;

use super::super::document::{Attachment, Document};
use super::attached::AttachedFile;
use super::library::{Ancestor, Body, Kind, PageRef};
use super::page::{Comment, add_meta};
use crate::normalize::readers::Restriction;

/// The type of an object in the REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Page,
    Blog,
    /// A node of the page tree without a page: a folder, a whiteboard or a database.
    Branch,
    Comment,
    Attachment,
    Space,
    User,
    Other,
}

/// An object of a file, and the address of the site in that file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'v> {
    pub value: &'v Value,
    pub class: Class,
    /// The list that contains the object.
    list: Option<&'v Value>,
}

/// Returns the objects of a JSON file, which is one object or the results of a query.
/// Returns `None` if the file is not an answer of the REST API.
pub(super) fn items(value: &Value) -> Option<Vec<Item<'_>>> {
    let list = value.get("results").and_then(Value::as_array).or_else(|| value.as_array());
    let Some(list) = list else {
        let class = class(value);
        return (class != Class::Other).then(|| vec![Item { value, class, list: None }]);
    };
    // A search returns each page as the `content` of a hit.
    let inner = |hit| Value::get(hit, "content").filter(|content| content.is_object()).unwrap_or(hit);
    // An array whose objects have no bodies may come from another tool.
    let is_bare = |item: &Value| value.is_array() && item.get("body").is_none();
    let classified = |item| match class(item) {
        Class::Page | Class::Blog if is_bare(item) => Class::Other,
        class => class,
    };
    let items: Vec<Item<'_>> =
        list.iter().map(inner).map(|item| Item { value: item, class: classified(item), list: Some(value) }).collect();
    let is_known =
        items.iter().any(|item| item.class != Class::Other) || value.get("results").is_some() && items.is_empty();
    is_known.then_some(items)
}

fn class(value: &Value) -> Class {
    let has = |name: &str| value.get(name).is_some_and(|value| !value.is_null());
    match value.get("type").and_then(Value::as_str) {
        Some("page") if has("id") && has("title") => Class::Page,
        Some("blogpost") if has("id") && has("title") => Class::Blog,
        Some("folder" | "whiteboard" | "database" | "embed") if has("id") => Class::Branch,
        Some("comment") => Class::Comment,
        Some("attachment") => Class::Attachment,
        _ if is_user(value) => Class::User,
        _ if has("key") && has("name") && (has("homepageId") || has("type") || has("homepage")) => Class::Space,
        _ if has("mediaType") || has("downloadLink") => Class::Attachment,
        _ if has("pageId") || has("blogPostId") || has("parentCommentId") => Class::Comment,
        None if has("id") && value.get("title").is_some_and(Value::is_string) => {
            let webui = text(value, "/_links/webui").unwrap_or_default();
            if webui.contains("/blog/") { Class::Blog } else { Class::Page }
        }
        _ => Class::Other,
    }
}

fn is_user(value: &Value) -> bool {
    let has = |name: &str| value.get(name).and_then(Value::as_str).is_some();
    (has("accountId") || has("userKey") || has("username")) && (has("displayName") || has("publicName"))
}

/// Returns whether a value cannot be a page or a part of one. Examples are the settings of a tool or a list of names.
pub(super) fn is_foreign(value: &Value) -> bool {
    const OF_A_PAGE: [&str; 8] =
        ["body", "results", "content", "spaceId", "space", "ancestors", "_links", "_expandable"];
    match value {
        Value::Array(items) => items.iter().all(is_foreign),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str);
            !matches!(kind, Some("doc" | "page" | "blogpost"))
                && !OF_A_PAGE.iter().any(|name| fields.contains_key(*name))
        }
        _ => true,
    }
}

/// Returns the string or number at `pointer`.
pub(super) fn text(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the elements of a list, or the `results` of an expanded list.
fn list<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    let found = value.pointer(pointer);
    let items = found.and_then(|found| found.get("results").unwrap_or(found).as_array());
    items.into_iter().flatten()
}

impl<'v> Item<'v> {
    /// Returns the status unless it is `current`.
    pub(super) fn other_status(&self) -> Option<&'v str> {
        self.value.get("status").and_then(Value::as_str).filter(|status| !matches!(*status, "current" | ""))
    }

    /// Returns the address of the site, if the object or its list contains it.
    pub(super) fn base(&self) -> Option<String> {
        let base = text(self.value, "/_links/base").or_else(|| text(self.list?, "/_links/base"));
        base.or_else(|| {
            // `…/rest/api/content/1` and `…/api/v2/pages/1` are below the address of the site.
            let own = text(self.value, "/_links/self").filter(|own| own.contains("://"))?;
            let at = own.find("/rest/api/").or_else(|| own.find("/api/v2/"))?;
            own.get(..at).map(str::to_owned)
        })
    }

    /// Returns whether the object has version 2 of the API, which only Cloud supports.
    pub(super) fn is_version_2(&self) -> bool {
        self.value.get("spaceId").is_some() || self.value.get("parentType").is_some()
    }

    /// Returns the entry of a page in the library. `base` is the address of its site, if it is known.
    pub(super) fn reference(&self, base: Option<&str>) -> PageRef {
        let value = self.value;
        let webui = text(value, "/_links/webui");
        let url = match (webui.as_deref(), base) {
            (Some(webui), _) if webui.contains("://") => Some(webui.to_owned()),
            (Some(webui), Some(base)) => Some(format!("{base}{webui}")),
            _ => None,
        };
        let space_key = text(value, "/space/key")
            .or_else(|| text(value, "/_expandable/space").and_then(|path| last_part(&path)))
            .or_else(|| webui.as_deref().and_then(space_of_address));
        let status = self.other_status();
        let branch = status.is_some() || self.class == Class::Branch;
        let mut labels: Vec<String> = ["/metadata/labels", "/labels"]
            .into_iter()
            .flat_map(|pointer| list(value, pointer))
            .filter(|label| label.get("prefix").and_then(Value::as_str).is_none_or(|prefix| prefix == "global"))
            .filter_map(|label| label.get("name").unwrap_or(label).as_str().map(str::to_owned))
            .collect();
        labels.sort();
        labels.dedup();
        let ancestors: Vec<Ancestor> = list(value, "/ancestors")
            .filter_map(|ancestor| {
                Some(Ancestor {
                    content_id: text(ancestor, "/id")?,
                    title: text(ancestor, "/title").unwrap_or_default(),
                    restriction: restriction(ancestor),
                })
            })
            .collect();
        PageRef {
            content_id: text(value, "/id").unwrap_or_default(),
            kind: match self.class {
                _ if branch => Kind::Branch,
                Class::Blog => Kind::Blog,
                _ => Kind::Page,
            },
            title: text(value, "/title").unwrap_or_default(),
            space_key,
            url,
            parent: text(value, "/parentId"),
            ancestors,
            position: value.get("position").or_else(|| value.pointer("/extensions/position")).and_then(Value::as_i64),
            labels,
            restrictions: restriction(value).into_iter().collect(),
            created: created(value),
            updated: updated(value),
            has_cloud_body: value.pointer("/body/atlas_doc_format").is_some(),
            ..PageRef::default()
        }
    }
}

fn created(value: &Value) -> Option<String> {
    text(value, "/history/createdDate").or_else(|| text(value, "/createdAt"))
}

fn updated(value: &Value) -> Option<String> {
    ["/version/when", "/version/createdAt", "/history/lastUpdated/when"].iter().find_map(|pointer| text(value, pointer))
}

fn last_part(path: &str) -> Option<String> {
    path.rsplit('/').next().filter(|key| !key.is_empty()).map(str::to_owned)
}

/// Returns the key in `/spaces/KEY/…` or `/display/KEY/…`.
fn space_of_address(webui: &str) -> Option<String> {
    let (_, rest) = webui.split_once("/spaces/").or_else(|| webui.split_once("/display/"))?;
    rest.split(['/', '?']).next().filter(|key| !key.is_empty()).map(str::to_owned)
}

/// Returns the view restriction of a page. `None` means that there is no restriction, or that it is unknown.
pub(super) fn restriction(value: &Value) -> Option<Restriction> {
    let (readers, is_restricted) = subjects(read_restriction(value)?);
    // Only the listed users may read, even if some of their names are missing.
    is_restricted.then_some(readers)
}

/// Returns who may view the space of a page, or `None` if everybody may view it or the answer does not contain its
/// permissions. `everybody` are the groups to which every reader belongs.
pub(super) fn space_restriction(value: &Value, everybody: &[String]) -> Option<Restriction> {
    let is_view = |one: &&Value| {
        let part = |name: &str| one.pointer(&format!("/operation/{name}")).and_then(Value::as_str);
        part("operation") == Some("read") && part("targetType") == Some("space")
    };
    let views: Vec<&Value> = list(value, "/space/permissions").filter(is_view).collect();
    let is_anonymous = |one: &&Value| one.get("anonymousAccess").and_then(Value::as_bool) == Some(true);
    if views.is_empty() || views.iter().any(is_anonymous) {
        return None;
    }
    let readers: Restriction =
        views.iter().filter_map(|one| one.get("subjects")).flat_map(|found| subjects(found).0).collect();
    let is_open = everybody.iter().any(|group| readers.contains(&format!("group:{group}")));
    (!is_open).then_some(readers)
}

/// Returns the users and groups in `read`, and whether there are any, even without names.
fn subjects(read: &Value) -> (Restriction, bool) {
    let named = |kind: &str, names: &[&str], prefix: &str| -> (Restriction, bool) {
        let all = read.get(kind);
        let items: Vec<&Value> = list(read, &format!("/{kind}")).collect();
        let size = all.and_then(|all| all.get("size")).and_then(Value::as_u64).unwrap_or(0);
        let named = items.iter().filter_map(|item| names.iter().find_map(|name| text(item, name)));
        (named.map(|name| format!("{prefix}:{name}")).collect(), !items.is_empty() || size > 0)
    };
    let (mut readers, has_users) = named("user", &["/accountId", "/username", "/userKey", "/publicName"], "user");
    let (groups, has_groups) = named("group", &["/name", "/id"], "group");
    readers.extend(groups);
    (readers, has_users || has_groups)
}

/// Returns the users and groups of the operation `read`. The answer has one of several forms.
fn read_restriction(value: &Value) -> Option<&Value> {
    let all = value.get("restrictions")?;
    let of_list =
        || list(value, "/restrictions").find(|one| one.get("operation").and_then(Value::as_str) == Some("read"));
    let read = all.get("read").or_else(of_list)?;
    Some(read.get("restrictions").unwrap_or(read))
}

/// Returns whether the answer contains the readers of the page, even if these are all users.
fn has_restrictions(value: &Value) -> bool {
    value
        .get("restrictions")
        .is_some_and(|all| all.get("read").is_some() || all.is_array() || all.get("results").is_some())
}

/// Returns the body as ADF if the answer contains ADF, and otherwise in storage format.
pub(super) fn body(value: &Value) -> Option<Body> {
    let body = value.get("body")?;
    let is_blank = |value: &&Value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
    let adf = body.pointer("/atlas_doc_format/value").filter(|value| !is_blank(value));
    if let Some(adf) = adf {
        return Some(Body::Adf(adf.clone()));
    }
    let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let storage = ["/storage/value", "/editor/value", "/view/value", "/export_view/value"];
    let storage = storage.iter().find_map(|pointer| at(pointer)).map(Body::Storage);
    storage.or_else(|| at("/wiki/value").map(Body::Wiki))
}

/// Returns the comments of a page. Replies follow their parent comment.
pub(super) fn comments(value: &Value) -> Vec<Comment> {
    let embedded = ["/children/comment", "/descendants/comment", "/comments", "/footerComments", "/inlineComments"];
    let mut comments = Vec::new();
    for pointer in embedded {
        for item in list(value, pointer) {
            comments.extend(comment(item));
            comments.extend(self::comments(item));
        }
    }
    comments
}

/// Reads a comment if it is current and has a body.
pub(super) fn comment(value: &Value) -> Option<Comment> {
    let is_current =
        value.get("status").and_then(Value::as_str).is_none_or(|status| matches!(status, "current" | "open"));
    let body = body(value).filter(|_| is_current)?;
    Some(Comment { author: author(value), body })
}

/// Returns the page of a comment in a list.
pub(super) fn page_of_comment(value: &Value) -> Option<String> {
    let pointers = ["/pageId", "/blogPostId", "/container/id"];
    pointers.iter().find_map(|pointer| text(value, pointer)).or_else(|| {
        // `/rest/api/content/1` is the address of a container that was not expanded.
        text(value, "/_expandable/container").and_then(|path| last_part(&path))
    })
}

fn author(value: &Value) -> Option<String> {
    let pointers = ["/version/by/displayName", "/history/createdBy/displayName", "/version/by/publicName"];
    pointers.iter().find_map(|pointer| text(value, pointer))
}

/// Returns the id of the account that wrote the newest version. The library contains the name.
fn author_id(value: &Value) -> Option<String> {
    ["/version/authorId", "/authorId"].iter().find_map(|pointer| text(value, pointer))
}

/// Adds the display names of all people in the answer, by account id, user key and user name.
pub(super) fn people(value: &Value, add: &mut impl FnMut(String, String)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| people(item, add)),
        Value::Object(fields) => {
            if is_user(value) {
                let name = text(value, "/displayName").or_else(|| text(value, "/publicName"));
                for id in ["/accountId", "/userKey", "/username"].iter().filter_map(|pointer| text(value, pointer)) {
                    add(id, name.clone().unwrap_or_default());
                }
            }
            // Skip bodies, because they may be long and contain no people.
            fields.iter().filter(|(name, _)| *name != "body").for_each(|(_, field)| people(field, add));
        }
        _ => {}
    }
}

/// Returns the files attached to a page. If `trailblazer fetch` wrote a separate list, uses this list, because it is complete.
fn attachment_items(value: &Value) -> impl Iterator<Item = &Value> {
    let own = value.get("attachments").is_some_and(|own| !own.is_null());
    list(value, if own { "/attachments" } else { "/children/attachment" })
}

/// Returns the files attached to a page, with their name, address and media ids.
pub(super) fn attachments(value: &Value) -> Vec<(Attachment, Vec<String>)> {
    attachment_items(value)
        .filter_map(|item| {
            let filename = text(item, "/title").or_else(|| text(item, "/filename"))?;
            let url =
                ["/_links/download", "/downloadLink", "/download_url"].iter().find_map(|pointer| text(item, pointer));
            let ids = ["/fileId", "/extensions/fileId", "/id"].iter().filter_map(|pointer| text(item, pointer));
            Some((Attachment { filename, url }, ids.collect()))
        })
        .collect()
}

/// Returns the files attached to a page, for reading their text.
pub(super) fn attached_files(value: &Value) -> Vec<AttachedFile> {
    let file = |item| {
        Some(AttachedFile {
            filename: text(item, "/title").or_else(|| text(item, "/filename"))?,
            url: ["/_links/download", "/downloadLink"].iter().find_map(|pointer| text(item, pointer)),
            updated: updated(item),
        })
    };
    let mut names = HashSet::new();
    attachment_items(value).filter_map(file).filter(|file| names.insert(file.filename.clone())).collect()
}

/// Returns the other data of the page. `name` returns the name of an account.
pub(super) fn document(value: &Value, name: impl Fn(&str) -> Option<String>) -> Document {
    let mut document = Document {
        version: value.pointer("/version/number").and_then(Value::as_i64),
        created_at: created(value),
        updated_at: updated(value),
        ..Document::default()
    };
    let author = author(value).or_else(|| author_id(value).and_then(|id| name(&id)));
    add_meta(&mut document.meta, "author", author.as_deref());
    add_meta(&mut document.meta, "space_id", text(value, "/spaceId").as_deref());
    add_meta(&mut document.meta, "space_name", text(value, "/space/name").as_deref());
    add_meta(&mut document.meta, "status", text(value, "/status").as_deref());
    add_meta(&mut document.meta, "type", (class(value) == Class::Blog).then_some("blogpost"));
    add_meta(&mut document.meta, "parent_id", text(value, "/parentId").as_deref());
    if !has_restrictions(value) {
        document.losses.insert("readers:not-fetched".to_owned(), 1);
    }
    document
}

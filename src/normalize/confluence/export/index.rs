//! Reads everything except the bodies from an export. This is the first pass.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::BufRead;
use std::path::Path;

use super::super::super::text::one_line;
use super::super::super::{FileError, ReadError};
use super::super::links::is_internal_key;
use super::attached::Attachment;
use super::object::{Object, Objects};
use super::restrictions::Restrictions;
use crate::normalize::readers::Restriction;

/// A range of bytes of `entities.xml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub start: u64,
    pub end: u64,
}

/// The format of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    Storage,
    Wiki,
    /// Exports before Confluence 4 do not declare the format.
    Unknown,
}

/// The location of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BodyPlace {
    pub span: Span,
    pub line: u64,
    pub markup: Markup,
}

/// A current version of a page, a blog post or a folder.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub id: String,
    pub title: String,
    pub space: Option<String>,
    pub parent: Option<String>,
    pub version: Option<i64>,
    pub created: Option<String>,
    pub updated: Option<String>,
    pub creator: Option<String>,
    pub modifier: Option<String>,
    pub blog: bool,
    pub folder: bool,
    /// The status of a node that is not current, such as a draft.
    pub other_status: Option<String>,
    pub position: Option<i64>,
    /// The number of bytes in its properties that are not UTF-8.
    pub invalid_bytes: u64,
    bodies: Vec<String>,
    /// The ids of its permission sets.
    permissions: Vec<String>,
}

impl Node {
    /// Returns whether the node becomes a document.
    pub(super) fn is_document(&self) -> bool {
        self.other_status.is_none() && !self.folder
    }
}

/// A current comment.
#[derive(Debug)]
pub(super) struct CommentNode {
    pub id: String,
    parent: Option<String>,
    pub author: Option<String>,
    created: Option<String>,
    bodies: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Space {
    pub key: String,
    pub name: String,
    pub home: Option<String>,
}

/// The result of the first pass.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Pages by id.
    pub pages: HashMap<String, Node>,
    /// Spaces by id.
    pub spaces: BTreeMap<String, Space>,
    /// Display names by key and by name.
    pub users: HashMap<String, String>,
    pub restrictions: Restrictions,
    /// Comments by page.
    comments: HashMap<String, Vec<CommentNode>>,
    pub templates: usize,
    /// File names by attachment id.
    pub attachments: BTreeMap<String, String>,
    /// Attachments by page and file name.
    files_of: HashMap<String, BTreeMap<String, Attachment>>,
    /// Media ids by attachment id.
    pub file_ids: HashMap<String, String>,
    /// Set if the file ends early or cannot be read completely.
    pub truncated: Option<FileError>,
    bodies: HashMap<String, BodyPlace>,
    /// Bodies by their owner, which is a page or a comment.
    bodies_of: HashMap<String, Vec<String>>,
    labels: HashMap<String, String>,
    /// Label ids by page.
    labeled: HashMap<String, Vec<String>>,
}

/// Reads an export once. `name` is the name of the file in error messages.
pub(super) fn build(source: impl BufRead, path: &Path, name: &str) -> Result<Index, ReadError> {
    let mut index = Index::default();
    let mut objects = Objects::new(source);
    loop {
        match objects.next() {
            Ok(Some(object)) => index.add(&object),
            Ok(None) => break,
            Err(message) => {
                let line = Some(objects.line);
                index.truncated = Some(FileError { path: name.to_owned(), line, message });
                break;
            }
        }
    }
    if index.pages.is_empty() && index.truncated.is_none() && index.spaces.is_empty() {
        let message = format!("{} contains neither a space nor a page", path.display());
        return Err(ReadError::Input { message });
    }
    Ok(index)
}

impl Index {
    fn add(&mut self, object: &Object) {
        match object.class.as_str() {
            "Page" | "BlogPost" | "Folder" => self.add_page(object),
            "Comment" => self.add_comment(object),
            "PageTemplate" => self.templates += usize::from(is_newest(object)),
            "ContentPermissionSet" | "ContentPermission" | "SpacePermission" => self.restrictions.add(object),
            "BodyContent" => self.add_body(object),
            "Space" => self.add_space(object),
            "Attachment" => self.add_attachment(object),
            "Label" => {
                // Labels in the namespace `my` are personal favorites.
                if object.value("namespace") != Some("my")
                    && let Some(name) = object.value("name")
                {
                    self.labels.insert(object.id.clone(), name.to_owned());
                }
            }
            "Labelling" => {
                if let (Some((_, label)), Some((_, content))) = (object.reference("label"), object.reference("content"))
                {
                    self.labeled.entry(content.clone()).or_default().push(label.clone());
                }
            }
            "ConfluenceUserImpl" | "InternalUser" | "User" => self.add_user(object),
            "ContentProperty" => self.add_content_property(object),
            _ => {}
        }
    }

    fn add_page(&mut self, object: &Object) {
        if !is_newest(object) {
            return;
        }
        let reference = |name: &str| object.reference(name).map(|(_, id)| id.clone());
        let node = Node {
            id: object.id.clone(),
            title: one_line(object.value("title").unwrap_or_default()),
            space: reference("space"),
            parent: reference("parent"),
            version: object.value("version").and_then(|version| version.parse().ok()),
            created: object.value("creationDate").map(str::to_owned),
            updated: object.value("lastModificationDate").map(str::to_owned),
            creator: reference("creator").or_else(|| object.value("creatorName").map(str::to_owned)),
            modifier: reference("lastModifier").or_else(|| object.value("lastModifierName").map(str::to_owned)),
            blog: object.class == "BlogPost",
            folder: object.class == "Folder" || object.value("isFolder") == Some("true"),
            other_status: object.value("contentStatus").filter(|_| !is_current(object)).map(str::to_owned),
            position: object.value("position").and_then(|position| position.parse().ok()),
            invalid_bytes: object.invalid_bytes,
            bodies: object.collection("bodyContents").to_vec(),
            permissions: object.collection("contentPermissionSets").to_vec(),
        };
        self.pages.insert(node.id.clone(), node);
    }

    fn add_comment(&mut self, object: &Object) {
        let owner = ["containerContent", "content", "page", "owner"].iter().find_map(|name| object.reference(name));
        let Some((_, page)) = owner.filter(|_| is_newest(object) && is_current(object)) else { return };
        let reference = |name: &str| object.reference(name).map(|(_, id)| id.clone());
        self.comments.entry(page.clone()).or_default().push(CommentNode {
            id: object.id.clone(),
            parent: reference("parent"),
            author: reference("creator").or_else(|| object.value("creatorName").map(str::to_owned)),
            created: object.value("creationDate").map(str::to_owned),
            bodies: object.collection("bodyContents").to_vec(),
        });
    }

    fn add_body(&mut self, object: &Object) {
        const WITHOUT_A_PAGE: [&str; 3] = ["SpaceDescription", "CustomContentEntityObject", "Draft"];
        let Some((span, line)) = object.body else { return };
        // Some exports use a common class for all contents. Ids are unique across all classes.
        let owner = object.reference("content");
        if owner.is_some_and(|(class, _)| WITHOUT_A_PAGE.contains(&class.as_str())) {
            return;
        }
        let markup = match object.value("bodyType") {
            Some("0") => Markup::Wiki,
            // Custom content has its own format.
            Some("1") => return,
            Some(_) => Markup::Storage,
            None => Markup::Unknown,
        };
        self.bodies.insert(object.id.clone(), BodyPlace { span, line, markup });
        if let Some((_, content)) = owner {
            self.bodies_of.entry(content.clone()).or_default().push(object.id.clone());
        }
    }

    fn add_space(&mut self, object: &Object) {
        let space = Space {
            key: object.value("key").unwrap_or_default().to_owned(),
            name: object.value("name").unwrap_or_default().to_owned(),
            home: object.reference("homePage").map(|(_, id)| id.clone()),
        };
        self.spaces.insert(object.id.clone(), space);
    }

    fn add_attachment(&mut self, object: &Object) {
        let title = object.value("title").or_else(|| object.value("fileName"));
        if let Some(title) = title.filter(|_| is_current(object) && is_newest(object)) {
            let title = one_line(title);
            if let Some((_, page)) = object.reference("containerContent").or_else(|| object.reference("content")) {
                let version = object.value("version").or_else(|| object.value("attachmentVersion"));
                let version = version.unwrap_or("1").to_owned();
                let updated = object.value("lastModificationDate").map(str::to_owned);
                let attachment = Attachment { id: object.id.clone(), version, updated };
                self.files_of.entry(page.clone()).or_default().insert(title.clone(), attachment);
            }
            self.attachments.insert(object.id.clone(), title);
        }
    }

    fn add_user(&mut self, object: &Object) {
        self.restrictions.add_user(object);
        let mut names =
            ["displayName", "fullName", "name", "lowerName"].into_iter().filter_map(|name| object.value(name));
        let Some(name) = names.find(|name| !is_internal_key(name)) else { return };
        let keys = [
            Some(object.id.as_str()),
            object.value("name"),
            object.value("lowerName"),
            object.value("atlassianAccountId"),
        ];
        for key in keys.into_iter().flatten() {
            self.users.insert(key.to_owned(), name.to_owned());
        }
    }

    fn add_content_property(&mut self, object: &Object) {
        let is_file_id = matches!(object.value("name"), Some("FILESTORE_ID" | "MEDIA_FILE_ID" | "file-id" | "fileId"));
        if let (true, Some((_, attachment)), Some(id)) =
            (is_file_id, object.reference("content"), object.value("stringValue"))
        {
            self.file_ids.insert(attachment.clone(), id.to_owned());
        }
    }

    /// Returns the body of a page. Storage format is preferred if there are several.
    pub(super) fn body_of(&self, page: &str) -> Option<BodyPlace> {
        self.body_among(page, self.pages.get(page).map_or(&[], |node| node.bodies.as_slice()))
    }

    fn body_among(&self, content: &str, listed: &[String]) -> Option<BodyPlace> {
        let named = self.bodies_of.get(content).map_or(&[][..], Vec::as_slice);
        let mut bodies = listed.iter().chain(named).filter_map(|id| self.bodies.get(id));
        let first = bodies.next()?;
        let storage = std::iter::once(first).chain(bodies).find(|body| body.markup == Markup::Storage);
        Some(*storage.unwrap_or(first))
    }

    /// Returns the comments of a page and the locations of their bodies in chronological order. Replies follow their parents.
    pub(super) fn comments_of(&self, page: &str) -> Vec<(&CommentNode, BodyPlace)> {
        let Some(all) = self.comments.get(page) else { return Vec::new() };
        let ids: HashSet<&str> = all.iter().map(|comment| comment.id.as_str()).collect();
        let mut replies: HashMap<Option<&str>, Vec<&CommentNode>> = HashMap::new();
        for comment in all {
            let parent = comment.parent.as_deref().filter(|parent| ids.contains(parent) && *parent != comment.id);
            replies.entry(parent).or_default().push(comment);
        }
        for thread in replies.values_mut() {
            thread.sort_by(|a, b| (&b.created, &b.id).cmp(&(&a.created, &a.id)));
        }
        let mut stack = replies.remove(&None).unwrap_or_default();
        let mut ordered = Vec::new();
        while let Some(comment) = stack.pop() {
            ordered.extend(self.body_among(&comment.id, &comment.bodies).map(|body| (comment, body)));
            stack.extend(replies.remove(&Some(comment.id.as_str())).unwrap_or_default());
        }
        ordered
    }

    /// Returns the view restrictions of a page and of its space. A reader must pass all of them.
    pub(super) fn restrictions_of(&self, node: &Node, everybody: &[String]) -> Vec<Restriction> {
        let own = self.restrictions.of_page(&node.id, &node.permissions);
        let space = node.space.as_deref().and_then(|space| self.restrictions.of_space(space, everybody));
        own.into_iter().chain(space).collect()
    }

    /// Returns the labels of a page, sorted and without duplicates.
    pub(super) fn labels(&self, page: &str) -> Vec<String> {
        let ids = self.labeled.get(page).map_or(&[][..], Vec::as_slice);
        let names: BTreeSet<&String> = ids.iter().filter_map(|id| self.labels.get(id)).collect();
        names.into_iter().cloned().collect()
    }

    /// Returns the sorted names of the files that are attached to a page.
    pub(super) fn attachments_of(&self, page: &str) -> impl Iterator<Item = &str> {
        self.files_of.get(page).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// Returns a file that is attached to a page.
    pub(super) fn attachment(&self, page: &str, filename: &str) -> Option<&Attachment> {
        self.files_of.get(page)?.get(filename)
    }

    /// Returns the ids of all pages: the page tree of each space, then blog posts by date.
    pub(super) fn order(&self) -> Vec<String> {
        let mut children: HashMap<&str, Vec<&Node>> = HashMap::new();
        let mut roots = Vec::new();
        for node in self.pages.values() {
            let parent = node.parent.as_deref().and_then(|parent| self.pages.get_key_value(parent));
            match parent.map(|(id, _)| id.as_str()) {
                Some(parent) => children.entry(parent).or_default().push(node),
                None => roots.push(node),
            }
        }
        let homes: HashSet<&str> = self.spaces.values().filter_map(|space| space.home.as_deref()).collect();
        let key = |node: &Node| {
            node.space.as_deref().and_then(|space| self.spaces.get(space)).map(|space| space.key.as_str())
        };
        roots.sort_by(|a, b| {
            let home = |node: &Node| !homes.contains(node.id.as_str());
            let by_place = a.blog.cmp(&b.blog).then_with(|| key(a).cmp(&key(b))).then_with(|| home(a).cmp(&home(b)));
            by_place
                .then_with(|| if a.blog { a.created.cmp(&b.created) } else { Ordering::Equal })
                .then_with(|| siblings(a, b))
        });
        for nodes in children.values_mut() {
            nodes.sort_by(|a, b| siblings(a, b));
        }
        let mut order = Vec::with_capacity(self.pages.len());
        let mut seen = HashSet::new();
        let mut stack: Vec<&Node> = roots.into_iter().rev().collect();
        while let Some(node) = stack.pop() {
            if seen.insert(node.id.as_str()) {
                order.push(node.id.clone());
                stack.extend(children.get(node.id.as_str()).into_iter().flatten().rev());
            }
        }
        // Pages in a cycle have no root.
        let mut rest: Vec<&str> = self.pages.keys().map(String::as_str).filter(|id| !seen.contains(id)).collect();
        rest.sort_unstable();
        order.extend(rest.into_iter().map(str::to_owned));
        order
    }
}

/// Compares sibling pages by position, then by title, then by id.
fn siblings(a: &Node, b: &Node) -> Ordering {
    let position = |node: &Node| (node.position.is_none(), node.position);
    position(a).cmp(&position(b)).then_with(|| a.title.cmp(&b.title)).then_with(|| a.id.cmp(&b.id))
}

/// Returns whether an object is current: not a draft, deleted or archived.
fn is_current(object: &Object) -> bool {
    object.value("contentStatus").is_none_or(|status| status == "current")
}

/// Returns whether an object is the newest version.
fn is_newest(object: &Object) -> bool {
    object.reference("originalVersion").is_none() && object.value("originalVersionId").is_none()
}

/// Converts `2022-10-03 20:55:17.275` to RFC 3339. The offset of the writer's clock is appended if it is known.
pub(super) fn timestamp(text: &str, offset: &str) -> String {
    match text.split_once(' ') {
        Some((date, time)) if date.len() == 10 => format!("{date}T{time}{offset}"),
        _ => text.to_owned(),
    }
}

//! A Confluence Cloud site for tests. It serves a generated space, validates every request and answer against
//! Atlassian's documents, and fails on request.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

use super::openapi;
use permissions::Viewer;

mod permissions;

/// The token of the site's only account.
pub const TOKEN: &str = "secret-token-7";

/// A page of the space.
#[derive(Debug, Clone)]
pub struct Page {
    pub title: String,
    pub body: String,
    pub version: i64,
    pub parent: Option<u64>,
    pub labels: Vec<String>,
    /// Groups that may view the page. Empty means everybody.
    pub groups: Vec<String>,
}

/// A fault of the site.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The site returns this status and these headers.
    Status(u16, &'static str),
    /// The site closes the connection in the middle of the answer.
    Drop,
    /// The site deletes the page before it answers.
    Delete(u64),
    /// The site creates a new version of the page before it answers.
    Edit(u64),
    /// The site returns a web page.
    SignIn,
    /// The site returns a list without entries.
    Forget,
    /// The site returns the cursor of the request again.
    RepeatCursor,
}

/// A file attached to a page.
#[derive(Debug, Clone)]
pub struct File {
    pub name: String,
    /// A part of the id. It does not change when other files are removed.
    place: usize,
    pub version: i64,
    pub bytes: Vec<u8>,
    /// The number of bytes that the site lists.
    size: usize,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<u64, Page>,
    /// Pages that are blog posts.
    blog: BTreeSet<u64>,
    /// By page; an attachment's id consists of its page and its place.
    files: BTreeMap<u64, Vec<File>>,
    /// For each request in order; `None` is answered.
    faults: VecDeque<Option<Fault>>,
    /// Who may view the space: kinds and ids. `None` means that the account may not read the permissions.
    viewers: Option<Vec<Viewer>>,
    /// A page whose body the site cannot return.
    broken: Option<u64>,
    /// Parts of paths that the account may not read.
    refused: Vec<String>,
    /// Whether version 1 of the API no longer returns spaces.
    is_v2_only: bool,
    requests: Vec<String>,
    /// Errors that the site found in a request or in its own answer.
    complaints: Vec<String>,
}

/// The site. It listens on 127.0.0.1 until the test process ends.
#[derive(Clone)]
pub struct Confluence {
    url: String,
    /// Where it keeps files.
    media: String,
    deployment: &'static str,
    state: Arc<Mutex<State>>,
}

impl Confluence {
    /// Starts a Cloud site with `count` pages in a tree below page 1.
    pub fn start(count: u64) -> Self {
        Self::deployed("cloud", count)
    }

    /// Starts a Data Center site. Atlassian's documents do not describe its API.
    pub fn start_data_center(count: u64) -> Self {
        Self::deployed("datacenter", count)
    }

    fn deployed(deployment: &'static str, count: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/wiki", listener.local_addr().unwrap());
        let files = TcpListener::bind("127.0.0.1:0").unwrap();
        let media = format!("http://{}", files.local_addr().unwrap());
        let site = Self { url, media, deployment, state: Arc::default() };
        site.let_view(Some(&[("group", "confluence-users")]));
        for id in 1..=count {
            let parent = (id > 1).then_some(id / 8).map(|parent| parent.max(1));
            site.put(
                id,
                Page {
                    title: format!("Page {id}"),
                    body: format!("<p>Text of page number{id}.</p>"),
                    version: 1,
                    parent,
                    labels: vec!["guide".into()],
                    groups: Vec::new(),
                },
            );
        }
        let server = site.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let server = server.clone();
                thread::spawn(move || while server.serve(&connection).is_some() {});
            }
        });
        let server = site.clone();
        thread::spawn(move || {
            for connection in files.incoming().flatten() {
                let server = server.clone();
                thread::spawn(move || while server.serve_file(&connection).is_some() {});
            }
        });
        site
    }

    /// Makes a page a blog post.
    pub fn make_blog_post(&self, id: u64) {
        self.edit(id, |page| page.parent = None);
        self.state().blog.insert(id);
    }

    /// Sets who may view the space: kinds (`user`, `group`, `role`, `anonymous`) and names.
    pub fn let_view(&self, viewers: Option<&[(&'static str, &str)]>) {
        let owned =
            |viewers: &[(&'static str, &str)]| viewers.iter().map(|(kind, id)| (*kind, (*id).to_owned())).collect();
        self.state().viewers = viewers.map(owned);
    }

    /// Lets each request for the body of a page fail.
    pub fn break_page(&self, id: u64) {
        self.state().broken = Some(id);
    }

    /// Refuses requests whose path contains one of these parts.
    pub fn refuse(&self, parts: &[&str]) {
        self.state().refused = parts.iter().map(ToString::to_string).collect();
    }

    /// Removes spaces from version 1 of the API.
    pub fn only_in_v2(&self) {
        self.state().is_v2_only = true;
    }

    pub fn attach(&self, page: u64, name: &str, version: i64, bytes: &[u8]) {
        let mut state = self.state();
        let files = state.files.entry(page).or_default();
        if let Some(file) = files.iter_mut().find(|file| file.name == name) {
            (file.version, file.bytes, file.size) = (version, bytes.to_owned(), bytes.len());
        } else {
            let place = files.last().map_or(0, |last| last.place + 1);
            files.push(File { name: name.to_owned(), place, version, bytes: bytes.to_owned(), size: bytes.len() });
        }
    }

    /// Lists another size of a file than it has.
    pub fn list_size(&self, page: u64, name: &str, size: usize) {
        let mut state = self.state();
        state.files.get_mut(&page).unwrap().iter_mut().find(|file| file.name == name).unwrap().size = size;
    }

    pub fn detach(&self, page: u64, name: &str) {
        self.state().files.entry(page).or_default().retain(|file| file.name != name);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Returns the configuration of a source for this site.
    pub fn source(&self, name: &str) -> String {
        let Self { url, deployment, .. } = self;
        format!("sources:\n  {name}: {{ kind: confluence, site: '{url}', deployment: {deployment}, spaces: [OPS] }}\n")
    }

    pub fn put(&self, id: u64, page: Page) {
        self.state().pages.insert(id, page);
    }

    pub fn edit(&self, id: u64, change: impl FnOnce(&mut Page)) {
        change(self.state().pages.get_mut(&id).unwrap());
    }

    pub fn delete(&self, id: u64) {
        self.state().pages.remove(&id);
    }

    /// Sets the faults for the next requests.
    pub fn misbehave(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state().faults = faults.into_iter().collect();
    }

    /// Returns the requests since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }

    /// Panics if a request or an answer did not match Atlassian's documents.
    #[track_caller]
    pub fn assert_satisfied(&self) {
        let complaints = self.state().complaints.clone();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }

    /// Serves a file on another host, which must not see the token.
    fn serve_file(&self, connection: &TcpStream) -> Option<()> {
        let (target, head) = read_head(connection)?;
        if head.to_lowercase().contains("authorization") {
            self.state().complaints.push("another host gets the token".into());
        }
        self.write_file(connection, target.trim_start_matches('/'))
    }

    fn write_file(&self, mut connection: &TcpStream, id: &str) -> Option<()> {
        let bytes = self.file(id);
        let status = if bytes.is_some() { 200 } else { 404 };
        let bytes = bytes.unwrap_or_default();
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", bytes.len());
        connection.write_all(&[head.as_bytes(), &bytes].concat()).ok()
    }

    /// The bytes of an attachment.
    fn file(&self, id: &str) -> Option<Vec<u8>> {
        let (page, place) = id.strip_prefix("att")?.split_once('x')?;
        let state = self.state();
        let place: usize = place.parse().ok()?;
        let file = state.files.get(&page.parse().ok()?)?.iter().find(|file| file.place == place)?;
        Some(file.bytes.clone())
    }

    fn serve(&self, connection: &TcpStream) -> Option<()> {
        let (target, head) = read_head(connection)?;
        let fault = {
            let mut state = self.state();
            state.requests.push(target.clone());
            if !head.to_lowercase().contains(&format!("authorization: bearer {TOKEN}")) {
                state.complaints.push(format!("no token: {head}"));
            }
            if target.contains(TOKEN) {
                state.complaints.push(format!("the token is in the address: {target}"));
            }
            state.faults.pop_front().flatten()
        };
        match &fault {
            Some(Fault::Status(status, headers)) => {
                return write(connection, *status, headers, r#"{"message": "not now"}"#);
            }
            Some(Fault::Drop) => {
                let mut connection = connection;
                let _ = connection.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n{\"resu");
                return None;
            }
            Some(Fault::Delete(id)) => self.delete(*id),
            Some(Fault::Edit(id)) => self.edit(*id, |page| {
                page.version += 1;
                page.body = format!("<p>Edited text of page number{id}.</p>");
            }),
            Some(Fault::SignIn) => return write(connection, 200, "", "\n<!doctype html><title>Sign in</title>"),
            Some(Fault::Forget) => {
                return write(
                    connection,
                    200,
                    "",
                    &json!({ "results": [], "_links": { "base": self.url } }).to_string(),
                );
            }
            Some(Fault::RepeatCursor) | None => {}
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let query: Vec<(String, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| {
                (name.to_owned(), percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
            })
            .collect();
        if self.state().refused.iter().any(|part| path.contains(part)) {
            return write(connection, 403, "", "{}");
        }
        let broken = self.state().broken.map(|id| id.to_string());
        let is_asked =
            |id: &String| query.iter().any(|(name, ids)| name == "id" && ids.split(',').any(|one| one == id));
        if path.starts_with("/wiki/api/v2/pages") && broken.is_some_and(|id| is_asked(&id)) {
            return write(connection, 500, "", "{}");
        }
        if path.contains("/space") && self.state().viewers.is_none() {
            return write(connection, 404, "", "{}");
        }
        if path.contains("/rest/api/space") && self.state().is_v2_only {
            return write(connection, 410, "", "{}");
        }
        let answer = self.answer(path, &query, matches!(fault, Some(Fault::RepeatCursor)));
        // Validating thousands of pages takes minutes.
        let is_cloud = self.deployment == "cloud" && self.state().pages.len() <= 1000;
        let checked = std::panic::catch_unwind(|| {
            if is_cloud {
                openapi::assert_valid(path, &query, &answer);
            }
        });
        if let Err(panic) = checked {
            let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            self.state().complaints.push(message);
        }
        match path.strip_suffix("/download").and_then(|path| path.rsplit('/').next()) {
            Some(id) => write(connection, 302, &format!("location: {}/{id}\r\n", self.media), ""),
            None if path.starts_with("/wiki/download/") => self.write_file(connection, path.rsplit('/').next()?),
            None => write(connection, 200, "", &answer.to_string()),
        }
    }

    fn answer(&self, path: &str, query: &[(String, String)], repeats: bool) -> Value {
        let get = |name: &str| query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let limit: usize = get("limit").unwrap_or("25").parse().unwrap();
        let state = self.state();
        let viewers = state.viewers.as_deref().unwrap_or_default();
        match path {
            "/wiki/rest/api/content/search" => {
                let cql = get("cql").unwrap();
                if cql.starts_with("type = attachment and ") {
                    let results: Vec<Value> =
                        state.files.iter().flat_map(|(page, files)| attachments(*page, files)).collect();
                    let links = json!({ "base": self.url, "context": "/wiki" });
                    return json!({ "size": results.len(), "results": results, "start": 0, "limit": limit, "_links": links });
                }
                let ids: Option<Vec<u64>> = cql.split_once("id in (").map(|(_, rest)| {
                    rest.split(')').next().unwrap().split(',').filter_map(|id| id.trim().parse().ok()).collect()
                });
                let start: usize = get("cursor").unwrap_or("0").parse().unwrap();
                let expand = get("expand").unwrap_or_default();
                let found: Vec<u64> = match ids {
                    Some(ids) => ids.into_iter().filter(|id| state.pages.contains_key(id)).collect(),
                    None => state.pages.keys().copied().collect(),
                };
                let some = found.iter().skip(start).take(limit);
                let some: Vec<Value> = some.map(|id| content(&state, *id, &state.pages[id], expand)).collect();
                let mut links = json!({ "base": self.url, "context": "/wiki" });
                if start + some.len() < found.len() || repeats {
                    let cursor = if repeats { start } else { start + some.len() };
                    let cql = percent_encoding::utf8_percent_encode(cql, percent_encoding::NON_ALPHANUMERIC);
                    links["next"] = json!(format!(
                        "/rest/api/content/search?cql={cql}&expand={expand}&limit={limit}&cursor={cursor}"
                    ));
                }
                json!({ "size": some.len(), "results": some, "start": start, "limit": limit, "_links": links })
            }
            "/wiki/api/v2/pages" | "/wiki/api/v2/blogposts" => {
                let is_blog = path.ends_with("blogposts");
                let ids = get("id").unwrap().split(',').map(|id| id.parse().unwrap());
                let ids: Vec<u64> = ids.filter(|id| state.blog.contains(id) == is_blog).collect();
                let some = ids.iter().filter_map(|id| Some((*id, state.pages.get(id)?)));
                let results: Vec<Value> = some.map(|(id, page)| bulk_page(id, page, is_blog)).collect();
                json!({ "results": results, "_links": { "base": self.url } })
            }
            "/wiki/api/v2/spaces/9/permissions" => {
                permissions::of_version_2(viewers, &self.url, limit, get("cursor").unwrap_or("0").parse().unwrap())
            }
            "/wiki/rest/api/group/by-id" => {
                let name = get("id").unwrap().trim_start_matches(permissions::ID_OF_GROUP);
                json!({ "type": "group", "name": name, "id": get("id") })
            }
            "/wiki/rest/api/space/OPS" => permissions::of_version_1(viewers, self.deployment == "cloud"),
            "/wiki/rest/api/user" => {
                let key = get("key").unwrap();
                json!({ "type": "known", "userKey": key, "username": key, "displayName": format!("Name of {key}") })
            }
            "/wiki/rest/api/user/bulk" => {
                let ids = query.iter().filter(|(name, _)| name == "accountId");
                let results: Vec<Value> = ids
                    .map(|(_, id)| json!({ "type": "known", "accountId": id, "accountType": "atlassian", "email": "",
                        "publicName": format!("Name of {id}"), "displayName": format!("Name of {id}"),
                        "profilePicture": { "path": "", "width": 1, "height": 1, "isDefault": true }, "_expandable": {}, "_links": {} }))
                    .collect();
                json!({ "size": results.len(), "results": results, "start": 0, "limit": limit, "_links": {} })
            }
            _ => json!({ "message": format!("no {path}") }),
        }
    }
}

fn content(state: &State, id: u64, page: &Page, expand: &str) -> Value {
    let (kind, part) = if state.blog.contains(&id) { ("blogpost", "blog/2026/01/01") } else { ("page", "pages") };
    let mut value = json!({ "id": id.to_string(), "type": kind, "status": "current", "title": page.title,
        "_links": { "webui": format!("/spaces/OPS/{part}/{id}") } });
    if expand.contains("body.storage") {
        value["body"] = json!({ "storage": { "value": page.body, "representation": "storage" } });
    }
    if expand.contains("children.attachment") {
        let files = json!([{ "id": format!("att{id}"), "type": "attachment", "status": "current", "title": format!("file{id}.pdf") }]);
        value["children"] =
            json!({ "attachment": { "results": files, "start": 0, "limit": 25, "size": 1, "_links": {} } });
    }
    if expand.contains("version") {
        value["version"] = json!({ "number": page.version, "when": "2026-01-01T00:00:00.000Z", "minorEdit": false });
    }
    if expand.contains("space") {
        value["space"] = json!({ "id": 9, "key": "OPS", "name": "Operations", "type": "global", "status": "current",
            "_expandable": {}, "_links": {} });
    }
    if expand.contains("history") {
        value["history"] = json!({ "latest": true, "createdDate": "2026-01-01T00:00:00.000Z" });
    }
    if expand.contains("ancestors") {
        let mut above = Vec::new();
        let mut next = page.parent;
        while let Some(parent) = next.filter(|parent| state.pages.contains_key(parent)) {
            above.insert(0, json!({ "id": parent.to_string(), "type": "page", "status": "current", "title": state.pages[&parent].title }));
            next = state.pages[&parent].parent;
        }
        value["ancestors"] = json!(above);
    }
    if expand.contains("metadata.labels") {
        let labels: Vec<Value> = page
            .labels
            .iter()
            .map(|name| json!({ "id": name, "prefix": "global", "name": name, "label": name }))
            .collect();
        value["metadata"] = json!({ "labels": { "size": labels.len(), "results": labels, "start": 0, "limit": 200 } });
    }
    if expand.contains("restrictions") {
        let groups: Vec<Value> =
            page.groups.iter().map(|name| json!({ "type": "group", "name": name, "id": name })).collect();
        let users = json!({ "results": [], "start": 0, "limit": 200, "size": 0 });
        value["restrictions"] = json!({ "read": { "operation": "read", "_expandable": {}, "_links": {}, "restrictions": {
            "user": users, "group": { "size": groups.len(), "results": groups, "start": 0, "limit": 200 } } } });
    }
    value
}

fn attachments(page: u64, files: &[File]) -> Vec<Value> {
    let one = |file: &File| {
        let id = format!("att{page}x{}", file.place);
        json!({ "id": id, "type": "attachment", "status": "current", "title": file.name,
            "version": { "number": file.version, "when": "2026-01-02T00:00:00.000Z", "minorEdit": false },
            "container": { "id": page.to_string(), "type": "page" },
            "extensions": { "mediaType": "x/y", "fileSize": file.size },
            "_links": { "download": format!("/download/attachments/{page}/{id}") } })
    };
    files.iter().map(one).collect()
}

/// Reads a request. Returns its target and its whole head.
fn read_head(connection: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some((head.split(' ').nth(1)?.to_owned(), head))
}

fn bulk_page(id: u64, page: &Page, is_blog: bool) -> Value {
    let mut value = json!({ "id": id.to_string(), "status": "current", "title": page.title, "spaceId": "9",
        "parentId": page.parent.map(|parent| parent.to_string()).unwrap_or_default(), "parentType": "page", "position": 0,
        "authorId": "a1", "ownerId": "a1", "createdAt": "2026-01-01T00:00:00.000Z",
        "version": { "createdAt": "2026-01-01T00:00:00.000Z", "message": "", "number": page.version, "minorEdit": false, "authorId": "a1" },
        "body": { "storage": { "representation": "storage", "value": page.body } },
        "_links": { "webui": format!("/spaces/OPS/pages/{id}"), "editui": "", "tinyui": "" } });
    if is_blog {
        let fields = value.as_object_mut().unwrap();
        fields.retain(|name, _| !matches!(name.as_str(), "parentId" | "parentType" | "position" | "ownerId"));
        fields["_links"]["webui"] = json!(format!("/spaces/OPS/blog/2026/01/01/{id}"));
    }
    value
}

fn write(mut connection: &TcpStream, status: u16, headers: &str, body: &str) -> Option<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n");
    connection.write_all((head + body).as_bytes()).ok()
}

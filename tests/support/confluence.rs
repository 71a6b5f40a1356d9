//! A Confluence Cloud site for tests. It serves a generated space, validates every request and answer against
//! Atlassian's documents, and fails on request.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

use super::openapi;

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
    /// The site returns the cursor of the request again.
    RepeatCursor,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<u64, Page>,
    /// The faults for the next requests in order. `None` means a normal answer.
    faults: VecDeque<Option<Fault>>,
    requests: Vec<String>,
    /// Errors that the site found in a request or in its own answer.
    complaints: Vec<String>,
}

/// The site. It listens on 127.0.0.1 until the test process ends.
#[derive(Clone)]
pub struct Confluence {
    url: String,
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
        let site = Self { url, deployment, state: Arc::default() };
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
        site
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

    fn serve(&self, connection: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(connection);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let target = head.split(' ').nth(1)?.to_owned();
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
        write(connection, 200, "", &answer.to_string())
    }

    fn answer(&self, path: &str, query: &[(String, String)], repeats: bool) -> Value {
        let get = |name: &str| query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let limit: usize = get("limit").unwrap_or("25").parse().unwrap();
        let state = self.state();
        match path {
            "/wiki/rest/api/content/search" => {
                let cql = get("cql").unwrap();
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
            "/wiki/api/v2/pages" => {
                let ids: Vec<u64> = get("id").unwrap().split(',').map(|id| id.parse().unwrap()).collect();
                let some = ids.iter().filter_map(|id| Some((*id, state.pages.get(id)?)));
                let results: Vec<Value> = some.map(|(id, page)| bulk_page(id, page)).collect();
                json!({ "results": results, "_links": { "base": self.url } })
            }
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
    let mut value = json!({ "id": id.to_string(), "type": "page", "status": "current", "title": page.title,
        "_links": { "webui": format!("/spaces/OPS/pages/{id}") } });
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

fn bulk_page(id: u64, page: &Page) -> Value {
    json!({ "id": id.to_string(), "status": "current", "title": page.title, "spaceId": "9",
        "parentId": page.parent.map(|parent| parent.to_string()).unwrap_or_default(), "parentType": "page", "position": 0,
        "authorId": "a1", "ownerId": "a1", "createdAt": "2026-01-01T00:00:00.000Z",
        "version": { "createdAt": "2026-01-01T00:00:00.000Z", "message": "", "number": page.version, "minorEdit": false, "authorId": "a1" },
        "body": { "storage": { "representation": "storage", "value": page.body } },
        "_links": { "webui": format!("/spaces/OPS/pages/{id}"), "editui": "", "tinyui": "" } })
}

fn write(mut connection: &TcpStream, status: u16, headers: &str, body: &str) -> Option<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n");
    connection.write_all((head + body).as_bytes()).ok()
}

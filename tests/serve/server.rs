//! Starts `trailblazer serve` and sends requests to it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Child;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Method, Request};

use crate::support::Sandbox;

/// A server on a free port. It is stopped when this value is dropped.
pub struct Server {
    /// Its folder and database.
    pub sandbox: Sandbox,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    child: Child,
    agent: Agent,
}

/// An answer of the server.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Name in lower case and value of each header.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// Returns the value of a header, or an empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Returns the body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the status.
    #[track_caller]
    pub fn status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl Server {
    /// Starts a server with the default settings on [`library`].
    pub fn new() -> Self {
        Self::start(library(), &[], &[])
    }

    /// Starts a server in `sandbox` with additional arguments and environment variables.
    pub fn start(sandbox: Sandbox, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = sandbox.command(&[&["serve"], args].concat());
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.envs(env.iter().copied()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
            let mut stderr = String::new();
            child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            panic!("{error}: {line}{stderr}")
        });
        crate::support::schema::assert_valid(&event);
        let port = event["url"].as_str().unwrap().rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .allow_non_standard_methods(true)
            .build()
            .into();
        Self { sandbox, url: format!("http://127.0.0.1:{port}"), child, agent }
    }

    /// Sends a request.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = self.agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: response.body_mut().read_to_string().unwrap(),
        }
    }

    /// Sends a GET request.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Sends a GET request as a browser does.
    pub fn page(&self, path: &str) -> Answer {
        self.send("GET", path, &[("accept", "text/html,application/xhtml+xml")], "")
    }

    /// Sends a POST request with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], &body.to_string())
    }

    /// Stops the server. Returns its exit code and the rest of its standard output.
    pub fn stop(mut self) -> (Option<i32>, String) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM).unwrap();
        let code = self.child.wait().unwrap().code();
        let mut rest = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        (code, rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a sandbox with an embedded run whose documents are suitable for tests of search, pages and links.
pub fn library() -> Sandbox {
    let sandbox = Sandbox::new();
    let document = |id: &str, title: &str, body: &str| {
        serde_json::json!({
            "id": id, "title": title, "text_md": body, "url": format!("https://docs.example/{id}"), "labels": ["guide"],
            "breadcrumbs": ["Handbook"], "source_system": "dita", "source_path": format!("guide/{id}.dita"),
            "updated_at": "2026-02-03T04:05:06Z", "meta": {"language": "en"}, "losses": {"macro:toc": 2},
        })
        .to_string()
    };
    let lines = [
        document(
            "topic:g/lease.dita",
            "Leases",
            "# Expiry\n\nA lease that is not renewed expires after 45 minutes.\n\n# Renewal\n\n## By a worker\n\nWorkers renew each lease every ten seconds. See [vectors](topic:g/vector.dita#shape).\n",
        ),
        document(
            "topic:g/vector.dita",
            "Vectors",
            "# Shape\n\n| part | size |\n|---|--:|\n| vector | 384 |\n\n```sql\nselect 1 < 2;\n```\n",
        ),
        document(
            HOSTILE,
            HOSTILE,
            &format!(
                "# {HOSTILE}\n\nHostile zebra {HOSTILE}\n\n[zebra](javascript:alert(1)) <img src=x onerror=alert(1)>\n\n```\n{HOSTILE}\n```\n"
            ),
        ),
    ];
    sandbox.write("var/runs/one/normalize/normalized.ndjson", lines.join("\n") + "\n");
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run", "--quiet"]).success();
    sandbox
}

/// Returns [`library`] with a document of three sections about animals. The second one has two chunks.
pub fn manual() -> Sandbox {
    let sandbox = library();
    let sleeps =
        |animal: &str| format!("# About the {animal}\n\n{}\n\n", format!("The {animal} sleeps all day. ").repeat(30));
    let burrow = "Its burrow is long and deep. ".repeat(30);
    let body = [sleeps("numbat"), sleeps("wombat"), burrow, "\n\n".into(), sleeps("dingo")].concat();
    let document = serde_json::json!({"id": "animals", "title": "Animals", "text_md": body, "source_system": "dita"});
    sandbox.write("var/runs/animals/normalize/normalized.ndjson", format!("{document}\n"));
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run", "--quiet"]).success();
    sandbox
}

/// Text that would run in an element, an attribute or a script if it were not escaped.
pub const HOSTILE: &str = "\"'><script>window.hacked=1</script><img src=x onerror=window.hacked=1>";

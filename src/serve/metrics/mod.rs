//! `/metrics` in `OpenMetrics`, `/healthz` and `/readyz`.

mod scrape;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::backlog;
use super::caller::Caller;
use super::problem::Problem;
use super::state::State;
use crate::db::{history, install};
use scrape::Scrape;

/// Upper bounds of latency buckets, in seconds.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The counters of this process.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter<u64, AtomicU64>>,
    request_seconds: Histogram,
    search_seconds: Histogram,
    embed_seconds: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    path: &'static str,
    method: &'static str,
    status: u16,
}

impl Metrics {
    pub fn new() -> Self {
        let histogram = || Histogram::new(SECONDS);
        let (request_seconds, search_seconds, embed_seconds) = (histogram(), histogram(), histogram());
        let requests = Family::<RequestLabels, Counter<u64, AtomicU64>>::default();
        let mut registry = Registry::with_prefix("trailblazer");
        registry.register("http_requests", "Requests answered, by kind of path", requests.clone());
        let mut time = |name: &str, help: &str, histogram: &Histogram| {
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        };
        time("http_request_duration", "Time to answer a request", &request_seconds);
        time("search_duration", "Time to answer a search, including the vector of the question", &search_seconds);
        time("embed_duration", "Time to embed a question or the texts of one request", &embed_seconds);
        Self { registry, requests, request_seconds, search_seconds, embed_seconds }
    }

    pub fn count_request(&self, uri: &Uri, method: &Method, status: StatusCode, took: Duration) {
        let labels = RequestLabels { path: kind_of(uri.path()), method: name_of(method), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.observe(took.as_secs_f64());
    }

    pub fn time_search(&self, took: Duration) {
        self.search_seconds.observe(took.as_secs_f64());
    }

    pub fn time_embedding(&self, took: Duration) {
        self.embed_seconds.observe(took.as_secs_f64());
    }
}

/// Returns the category of a path. There are only a few categories, so that clients cannot create many metrics.
fn kind_of(path: &str) -> &'static str {
    const KINDS: [&str; 15] = [
        "/",
        "/d",
        "/backlog",
        "/runs",
        "/assets",
        "/api/search",
        "/api/documents",
        "/api/backlog",
        "/api/runs",
        "/api/embed",
        "/api/openapi.json",
        "/api/facets",
        "/mcp",
        "/metrics",
        "/healthz",
    ];
    let is_kind = |kind: &&str| path == *kind || path.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/'));
    KINDS[1..].iter().find(|kind| is_kind(kind)).copied().unwrap_or(if path == "/" { "/" } else { "other" })
}

fn name_of(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new().route("/metrics", get(metrics)).route("/healthz", get(healthz)).route("/readyz", get(readyz))
}

async fn metrics(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.require_known()?;
    let backlog = backlog::read(&state).await?;
    let attempts = state.pool.with(history::attempt_totals).await?;
    let model = state.models.name();
    let mut scraped = Registry::default();
    scraped.register_collector(Box::new(Scrape { backlog, attempts, pool: state.pool.size_and_use(), model }));
    let mut body = String::new();
    text::encode_registry(&mut body, &state.metrics.registry)
        .and_then(|()| text::encode_registry(&mut body, &scraped))
        .and_then(|()| text::encode_eof(&mut body))
        .map_err(|_| Problem::internal())?;
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("text/plain") && !accept.contains("openmetrics") {
        return Ok(
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], classic(&body)).into_response()
        );
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// Converts `OpenMetrics` to the older text format, where the name of a counter includes its suffix.
fn classic(metrics: &str) -> String {
    let counters: Vec<&str> =
        metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut text = String::with_capacity(metrics.len());
    for line in metrics.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        let mut words = line.splitn(4, ' ');
        let (hash, kind, name) = (words.next(), words.next(), words.next().unwrap_or_default());
        match (hash, kind, words.next()) {
            (Some("#"), Some(kind), Some(rest)) if counters.contains(&name) => {
                let _ = writeln!(text, "# {kind} {name}_total {rest}");
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

/// Returns success if the process is running.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Returns success if the database is available and its schema has the version of this binary.
async fn readyz(Shared(state): Shared<Arc<State>>) -> Result<&'static str, Problem> {
    match state.pool.with(install::state).await? {
        install::State::Current => Ok("ready\n"),
        _ => Err(Problem::busy("the schema of the database does not match this server")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_bear_their_whole_name_in_the_older_format() {
        let metrics =
            "# HELP a Text here.\n# TYPE a counter\na_total{b=\"c\"} 1\n# TYPE d gauge\n# UNIT d s\nd 2.0\n# EOF\n";
        let expected = "# HELP a_total Text here.\n# TYPE a_total counter\na_total{b=\"c\"} 1\n# TYPE d gauge\nd 2.0\n";
        assert_eq!(classic(metrics), expected);
    }

    #[test]
    fn paths_are_counted_by_kind_so_that_labels_stay_few() {
        for (path, kind) in [
            ("/", "/"),
            ("/d/run/doc", "/d"),
            ("/api/documents/a/b", "/api/documents"),
            ("/backlog", "/backlog"),
            ("/backlogs", "other"),
            ("/etc/passwd", "other"),
        ] {
            assert_eq!(kind_of(path), kind);
        }
    }
}

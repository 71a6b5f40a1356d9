//! Checks every request before it is answered, and adds headers to every answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::caller;
use super::page;
use super::problem::Problem;
use super::state::State;

/// Timeout of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Scripts and styles are loaded only from this server, inline scripts are disabled, and other
/// sites cannot frame or fetch the pages.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Checks host, origin, rate and identity. Answers the request within the limits, and sets security headers.
pub(super) async fn admit(
    Shared(state): Shared<Arc<State>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let (uri, method, headers) = (request.uri().clone(), request.method().clone(), request.headers().clone());
    let origin = headers.get(header::ORIGIN).cloned();
    let is_allowed_origin = origin.as_ref().is_some_and(|origin| is_configured_origin(&state, origin));
    let checked = check(&state, &method, &uri, &headers, address.ip(), is_allowed_origin);
    let mut response = match checked {
        Err(problem) => page::problem_or_page(&uri, &headers, problem),
        Ok(()) if method == Method::OPTIONS && is_allowed_origin => StatusCode::NO_CONTENT.into_response(),
        Ok(()) => match caller::identify(&state, &headers, address.ip()) {
            Err(problem) if !is_probe(&uri) => page::problem_or_page(&uri, &headers, problem),
            identified => {
                request.extensions_mut().insert(identified.unwrap_or_default());
                answer(&state, request, next, &uri, &headers).await
            }
        },
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Some(origin) = origin.filter(|_| is_allowed_origin) {
        allow_origin(response.headers_mut(), origin);
    }
    state.metrics.count_request(&uri, &method, response.status(), begun.elapsed());
    response
}

/// Answers within the limits for the duration and the number of requests.
async fn answer(state: &State, request: Request, next: Next, uri: &Uri, headers: &HeaderMap) -> Response {
    // A probe must not fail because the server is busy.
    let permit = if is_probe(uri) { None } else { Some(state.limits.admit()) };
    let permit = match permit.transpose() {
        Ok(permit) => permit,
        Err(problem) => return page::problem_or_page(uri, headers, problem),
    };
    // Runs in a separate task, so that a panic affects only this request, which gets status 500.
    let answered = tokio::spawn(async move {
        let response = next.run(request).await;
        drop(permit);
        response
    });
    let abort = answered.abort_handle();
    let problem = match tokio::time::timeout(REQUEST_TIMEOUT, answered).await {
        Ok(Ok(response)) => return response,
        Ok(Err(_)) => Problem::internal(),
        Err(_) => {
            abort.abort();
            Problem::busy("the request took too long")
        }
    };
    page::problem_or_page(uri, headers, problem)
}

fn check(
    state: &State,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    address: IpAddr,
    is_allowed_origin: bool,
) -> Result<(), Problem> {
    let host = host(uri, headers).ok_or_else(|| Problem::invalid("the request does not contain a host"))?;
    if !is_own_host(state, &host) {
        let problem =
            Problem::new(StatusCode::MISDIRECTED_REQUEST, "this server does not accept requests for this host");
        return Err(problem.hint("Add the name to serve.hosts, or use the IP address."));
    }
    if !is_allowed_origin && !is_same_origin(headers, &host) {
        let problem = Problem::new(StatusCode::FORBIDDEN, "the request comes from a page of another site");
        return Err(problem.hint("serve.cors_origins lists the origins that may call this server."));
    }
    let is_read = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let is_cross_site = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none");
    if !is_read && is_cross_site && !is_allowed_origin {
        return Err(Problem::new(StatusCode::FORBIDDEN, "the request comes from a page of another site"));
    }
    if is_probe(uri) { Ok(()) } else { state.limits.count(address, Instant::now()) }
}

/// Returns whether the path is for probes of the server. Such requests are always answered, and reveal no data.
fn is_probe(uri: &Uri) -> bool {
    matches!(uri.path(), "/healthz" | "/readyz")
}

/// Returns the host and port in the request.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let named = uri.authority().map(|authority| authority.as_str().to_owned());
    named.or_else(|| headers.get(header::HOST)?.to_str().ok().map(str::to_owned)).map(|host| host.to_ascii_lowercase())
}

/// Returns the host without its port.
fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

/// Returns whether a host name can belong only to this server. Another site can point its own host name at the address of this
/// server (DNS rebinding), but not `localhost` or an IP address.
fn is_own_host(state: &State, host: &str) -> bool {
    let name = without_port(host);
    name == "localhost"
        || name.parse::<IpAddr>().is_ok()
        || state.settings.hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Returns whether the request comes from a page of this server, or from a program other than a browser.
fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
    let of_origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    // If a proxy terminates TLS, the scheme is different, and the port may be missing.
    of_origin == Some(host)
}

fn is_configured_origin(state: &State, origin: &HeaderValue) -> bool {
    let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
    state.settings.cors_origins.contains(&origin)
}

fn allow_origin(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    let allowed = "authorization, content-type, accept, mcp-protocol-version, mcp-session-id";
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(allowed));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_brackets_are_no_part_of_a_host() {
        for (host, name) in
            [("a:80", "a"), ("a", "a"), ("[::1]:80", "::1"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")]
        {
            assert_eq!(without_port(host), name);
        }
    }

    #[test]
    fn a_page_of_another_site_is_told_by_its_origin() {
        let headers = |origin: &'static str| HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]);
        assert!(is_same_origin(&HeaderMap::new(), "a:1"));
        assert!(is_same_origin(&headers("https://a:1"), "a:1"));
        for origin in ["http://b:1", "null", "http://a:2", "http://a:1.evil", "ftp://a:1"] {
            assert!(!is_same_origin(&headers(origin), "a:1"), "{origin}");
        }
    }
}

//! Sends requests to one site. Handles authentication, retries, and redirects on the same host.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Response, Uri};
use ureq::tls::TlsConfig;
use ureq::{Body, Error};
use url::Url;

use super::{FetchError, Token};
use crate::certificates;
use crate::config::sources::Site;
use crate::stop::Stop;

/// Timeout of one request, including the answer.
const TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Number of consecutive failed requests after which the fetch ends.
const TRIES: u32 = 6;
/// Maximum sum of all pauses of one request.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const MOST_REDIRECTS: u32 = 5;
/// The host of all Cloud sites for tokens with scopes. The path contains the id of the site.
const GATEWAY: &str = "api.atlassian.com";
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// The connection to one site.
pub(super) struct Client<'a> {
    agent: Agent,
    site: Uri,
    /// The path of the site without a slash at the end: `/wiki` for Cloud.
    context: String,
    url: String,
    authorization: String,
    stop: &'a Stop,
    requests: AtomicU64,
}

/// The result of a request that failed.
enum Failed {
    /// A later attempt may succeed.
    Later {
        message: String,
        wait: Option<Duration>,
    },
    Never(FetchError),
}

impl<'a> Client<'a> {
    pub fn new(site: &Site, token: &Token, stop: &'a Stop) -> Result<Self, FetchError> {
        let uri: Uri = site.url.parse().map_err(|error| FetchError::Misconfigured {
            message: format!("{}: no address: {error}", site.url),
            hint: "Correct `site`.".into(),
        })?;
        let authorization = match &site.email {
            Some(email) => {
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("{email}:{}", token.0));
                format!("Basic {pair}")
            }
            None => format!("Bearer {}", token.0),
        };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .tls_config(TlsConfig::builder().root_certs(certificates::trusted()).build())
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("trailblazer/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self {
            agent: config.into(),
            context: uri.path().trim_end_matches('/').to_owned(),
            site: uri,
            url: site.url.clone(),
            authorization,
            stop,
            requests: AtomicU64::new(0),
        })
    }

    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Returns the address of the site, which is the start of all links to its pages.
    pub fn base(&self) -> &str {
        &self.url
    }

    /// Returns the start of the links in an answer. `api.atlassian.com`, which accepts tokens with scopes, has no pages for
    /// browsers. Its answers name the site that has them.
    pub fn base_of_links<'v>(&'v self, answer: &'v Value) -> &'v str {
        let named = answer.pointer("/_links/base").and_then(Value::as_str).filter(|base| base.starts_with("https://"));
        if self.site.host() == Some(GATEWAY) { named.unwrap_or(&self.url) } else { &self.url }
    }

    /// Returns the JSON at `path`, or `None` if it does not exist (404).
    /// The path is relative to the site and may contain a query.
    pub fn get(&self, path: &str) -> Result<Option<Value>, FetchError> {
        self.patiently(|| self.try_get(path))
    }

    /// Returns the JSON at `path`, or `None` if it does not exist or the account may not read it.
    pub fn get_if_allowed(&self, path: &str) -> Result<Option<Value>, FetchError> {
        match self.get(path) {
            Err(FetchError::Misconfigured { .. } | FetchError::Answer { .. }) => Ok(None),
            other => other,
        }
    }

    /// Returns the bytes at `path`, or `None` if the file does not exist (404) or has more than `limit` bytes.
    pub fn download(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, FetchError> {
        self.patiently(|| self.try_download(path, limit))
    }

    /// Tries until the site answers, or until the limits of attempts and time are reached.
    fn patiently<T>(&self, attempt: impl Fn() -> Result<T, Failed>) -> Result<T, FetchError> {
        let mut waited = Duration::ZERO;
        let mut tries = 0;
        loop {
            if self.stop.is_asked() {
                return Err(FetchError::Stopped);
            }
            tries += 1;
            let (message, wait) = match attempt() {
                Ok(value) => return Ok(value),
                Err(Failed::Never(error)) => return Err(error),
                Err(Failed::Later { message, wait }) => (message, wait),
            };
            // If the server says when it will be ready, the number of retries is not limited.
            let pause = wait.map_or(FIRST_WAIT * 2_u32.pow(tries.min(8) - 1), |wait| wait.max(FIRST_WAIT));
            waited += pause;
            if (wait.is_none() && tries >= TRIES) || waited > LONGEST_WAIT {
                return Err(FetchError::Unreachable { message: format!("{}: {message}", self.url) });
            }
            log::debug!("{}: {message}; trying again in {:.1} s", self.url, pause.as_secs_f64());
            self.stop.sleep(pause);
        }
    }

    fn try_get(&self, path: &str) -> Result<Option<Value>, Failed> {
        let Some(mut response) = self.answer(path, "application/json", |address| self.address(address))? else {
            return Ok(None);
        };
        let body = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec().map_err(later)?;
        if body.trim_ascii_start().starts_with(b"<") {
            return Err(Failed::Never(FetchError::Misconfigured {
                message: format!("{} answers with a web page instead of JSON, perhaps to sign in", self.url),
                hint: "Check `site`, the token, and whether a proxy asks for a sign-in.".into(),
            }));
        }
        // The answer may be incomplete.
        let value = serde_json::from_slice(&body)
            .map_err(|error| Failed::Later { message: format!("the answer is not JSON: {error}"), wait: None })?;
        Ok(Some(value))
    }

    fn try_download(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Failed> {
        // A site may redirect to files on another host. That host gets no token, and its address must
        // use HTTPS if the address of the site does.
        let is_as_secure = |uri: &Uri| uri.scheme_str() == Some("https") || uri.scheme() == self.site.scheme();
        let to = |address: &str| match address.parse() {
            Ok(uri) if is_as_secure(&uri) => Ok(address.to_owned()),
            _ => self.address(address),
        };
        let Some(mut response) = self.answer(path, "*/*", to)? else { return Ok(None) };
        match response.body_mut().with_config().limit(limit).read_to_vec() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::BodyExceedsLimit(_)) => Ok(None),
            Err(error) => Err(later(error)),
        }
    }

    /// Sends a request, and follows redirects to the addresses that `to` returns. Returns `None` for the status 404.
    fn answer(
        &self,
        path: &str,
        accept: &str,
        to: impl Fn(&str) -> Result<String, FetchError>,
    ) -> Result<Option<Response<Body>>, Failed> {
        let mut address = self.address(path).map_err(Failed::Never)?;
        for _ in 0..=MOST_REDIRECTS {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let begun = Instant::now();
            let mut request = self.agent.get(&address).header("accept", accept);
            if address.parse().is_ok_and(|uri| self.is_same_host(&uri)) {
                request = request.header("authorization", &self.authorization);
            }
            let mut response = request.call().map_err(later)?;
            log::trace!("{} {} {:.3} s", response.status(), without_query(&address), begun.elapsed().as_secs_f64());
            match response.status().as_u16() {
                200 => return Ok(Some(response)),
                301 | 302 | 303 | 307 | 308 => {
                    address = self.redirected(&response, &address, &to).map_err(Failed::Never)?;
                }
                404 => return Ok(None),
                status => return Err(self.refused(status, &mut response)),
            }
        }
        Err(Failed::Never(FetchError::Answer { message: format!("{}: too many redirects", self.url) }))
    }

    /// Returns the absolute address of a path on the site, or of a link from the site.
    fn address(&self, path: &str) -> Result<String, FetchError> {
        if path.contains("://") {
            let uri: Uri = path
                .parse()
                .map_err(|_| FetchError::Answer { message: format!("{}: a link is not a valid address", self.url) })?;
            return if self.is_same_host(&uri) { Ok(path.to_owned()) } else { Err(self.elsewhere(&uri)) };
        }
        let origin = format!(
            "{}://{}",
            self.site.scheme_str().unwrap_or("https"),
            self.site.authority().map_or("", ureq::http::uri::Authority::as_str)
        );
        Ok(format!("{origin}{}", below(&self.context, path)))
    }

    fn is_same_host(&self, uri: &Uri) -> bool {
        let port = |uri: &Uri| uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        uri.scheme() == self.site.scheme() && uri.host() == self.site.host() && port(uri) == port(&self.site)
    }

    fn elsewhere(&self, uri: &Uri) -> FetchError {
        FetchError::Answer {
            message: format!(
                "{} redirects to another host, {}, to which the token is not sent; correct `site`",
                self.url,
                uri.host().unwrap_or_default()
            ),
        }
    }

    fn redirected(
        &self,
        response: &Response<Body>,
        from: &str,
        to: impl Fn(&str) -> Result<String, FetchError>,
    ) -> Result<String, FetchError> {
        let location = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let address = resolved(from, location)
            .ok_or_else(|| FetchError::Answer { message: format!("{}: a redirect has no address", self.url) })?;
        to(&address)
    }

    /// Converts the status to an error. The message includes the body, which never contains our headers.
    fn refused(&self, status: u16, response: &mut Response<Body>) -> Failed {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let wait = header("retry-after").and_then(seconds);
        let text = response.body_mut().with_config().limit(64 * 1024).read_to_string().unwrap_or_default();
        let said = serde_json::from_str::<Value>(&text).ok().and_then(|value| {
            let pointers = ["/message", "/errors/0/title", "/error"];
            pointers.iter().find_map(|pointer| value.pointer(pointer)?.as_str().map(str::to_owned))
        });
        let said = said.map(|said| format!(": {}", said.chars().take(300).collect::<String>())).unwrap_or_default();
        let message = format!("status {status}{said}");
        match status {
            429 | 503 => Failed::Later { message, wait },
            408 | 425 | 500..=599 => Failed::Later { message, wait: None },
            401 | 403 => Failed::Never(FetchError::Misconfigured {
                message: format!("{} rejected the token: {message}", self.url),
                hint: "Check the token, the `email` that belongs to it (Cloud), and which pages its account may see."
                    .into(),
            }),
            400 => Failed::Never(FetchError::Misconfigured {
                message: format!("{} rejected the selection: {message}", self.url),
                hint: "Check `spaces`, `labels`, `ancestors` and `cql`.".into(),
            }),
            _ => Failed::Never(FetchError::Answer { message: format!("{}: {message}", self.url) }),
        }
    }
}

/// Returns a path of the site as a path of the host. A link may contain the context of the site, or only its last part: behind
/// `https://api.atlassian.com/ex/confluence/ID/wiki`, a link begins with `/wiki`.
fn below(context: &str, path: &str) -> String {
    let ends = context.match_indices('/').map(|(at, _)| &context[at..]);
    let rest = ends.filter_map(|end| path.strip_prefix(end)).find(|rest| rest.starts_with('/'));
    format!("{context}{}", rest.unwrap_or(path))
}

/// Returns the address that a `Location` header names in the answer to a request for `from`. It may be relative to `from`.
fn resolved(from: &str, location: &str) -> Option<String> {
    let from = Url::parse(from).ok()?;
    (!location.is_empty()).then(|| from.join(location).ok()).flatten().map(String::from)
}

/// Returns an address for the log, without the query. In addresses of files, the query contains a signature.
fn without_query(address: &str) -> &str {
    address.split('?').next().unwrap_or(address)
}

/// Reads `Retry-After` in seconds. Any date means one minute, because the clocks may differ.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Some(Duration::from_secs_f64(seconds.min(86_400.0))),
        Err(_) if text.ends_with("GMT") => Some(Duration::from_secs(60)),
        _ => None,
    }
}

fn later(error: Error) -> Failed {
    match error {
        Error::Tls(_) | Error::Rustls(_) => {
            Failed::Never(FetchError::Answer { message: format!("the certificate is not trusted: {error}") })
        }
        error => Failed::Later { message: error.to_string(), wait: None },
    }
}

/// Returns the path of the next part of a list, or `None` after the last part.
pub(super) fn next_part(answer: &Value) -> Option<&str> {
    answer.pointer("/_links/next").and_then(Value::as_str).filter(|next| !next.is_empty())
}

/// Encodes a value for a query.
pub(super) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_behind_the_gateway_begin_with_the_site_that_an_answer_names() {
        let answer = serde_json::json!({ "_links": { "base": "https://acme.atlassian.net/wiki" } });
        let stop = Stop::default();
        for (url, expected) in [
            ("https://api.atlassian.com/ex/confluence/1/wiki", "https://acme.atlassian.net/wiki"),
            ("https://docs.example.com/wiki", "https://docs.example.com/wiki"),
        ] {
            let site = Site {
                url: url.into(),
                deployment: crate::config::sources::Deployment::Cloud,
                email: None,
                spaces: Vec::new(),
                labels: Vec::new(),
                ancestors: Vec::new(),
                cql: None,
                parallel: 1,
            };
            let client = Client::new(&site, &Token("t".into()), &stop).unwrap();
            assert_eq!(client.base_of_links(&answer), expected);
            assert_eq!(client.base_of_links(&Value::Null), url);
        }
    }

    #[test]
    fn links_with_a_part_of_the_context_lead_to_the_site() {
        for (context, path, expected) in [
            ("/wiki", "/wiki/api/v2/pages", "/wiki/api/v2/pages"),
            ("/wiki", "/rest/api/content", "/wiki/rest/api/content"),
            ("/wiki", "/wikipedia", "/wiki/wikipedia"),
            ("/ex/confluence/1/wiki", "/wiki/api/v2/pages", "/ex/confluence/1/wiki/api/v2/pages"),
            ("/ex/confluence/1/wiki", "/ex/confluence/1/wiki/api", "/ex/confluence/1/wiki/api"),
            ("/ex/confluence/1/wiki", "/rest/api", "/ex/confluence/1/wiki/rest/api"),
            ("", "/rest/api", "/rest/api"),
        ] {
            assert_eq!(below(context, path), expected);
        }
    }

    #[test]
    fn a_redirect_is_relative_to_the_address_of_its_request() {
        let from = "https://c.example:8443/wiki/rest/api/content/1?expand=a";
        for (location, expected) in [
            ("/wiki/x", Some("https://c.example:8443/wiki/x")),
            ("2?b=c", Some("https://c.example:8443/wiki/rest/api/content/2?b=c")),
            ("../y", Some("https://c.example:8443/wiki/rest/api/y")),
            ("?next=1", Some("https://c.example:8443/wiki/rest/api/content/1?next=1")),
            ("//other.example/z", Some("https://other.example/z")),
            ("https://other.example/z", Some("https://other.example/z")),
            ("", None),
        ] {
            assert_eq!(resolved(from, location).as_deref(), expected, "{location}");
        }
    }
}

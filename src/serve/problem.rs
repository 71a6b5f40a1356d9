//! Errors in the format of RFC 9457, `application/problem+json`.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use utoipa::ToSchema;

use crate::embed::EmbedError;
use crate::error::{Error, Exit, SqlState};

/// The reason why a request was not answered (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, JsonSchema)]
pub struct Problem {
    /// Always `about:blank`, because the status identifies the problem.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    kind: &'static str,
    /// The name of the status.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// The error in this request.
    pub detail: String,
    /// How to correct it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Seconds after which the same request may succeed.
    #[serde(skip)]
    #[schema(ignore)]
    #[schemars(skip)]
    retry_after: Option<u32>,
    /// Whether the answer asks for credentials.
    #[serde(skip)]
    #[schema(ignore)]
    #[schemars(skip)]
    asks_credentials: bool,
}

impl Problem {
    /// Creates a problem with the given status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            hint: None,
            retry_after: None,
            asks_credentials: false,
        }
    }

    /// The request is not valid.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// The resource does not exist, or the caller may not see it.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The server is busy.
    pub fn busy(detail: impl Into<String>) -> Self {
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// The client sends too many requests.
    pub fn too_many() -> Self {
        let detail = "this address sends more requests per second than serve.rate_per_second allows";
        Self { retry_after: Some(1), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// The caller must authenticate.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self {
            asks_credentials: true,
            hint: Some(
                "Send `Authorization: Bearer TOKEN`, or use the token as the password with any user \
                 name."
                    .into(),
            ),
            ..Self::new(StatusCode::UNAUTHORIZED, detail)
        }
    }

    /// An internal error. The log contains the details.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Returns the headers for the problem. They do not depend on the format of the body.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.asks_credentials {
            let schemes = HeaderValue::from_static("Bearer, Basic realm=\"trailblazer\", charset=\"UTF-8\"");
            headers.insert(header::WWW_AUTHENTICATE, schemes);
        }
        headers
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.headers(), Json(&self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let hint = error.hint();
        let with_hint = |problem: Self| Self { hint: hint.clone(), ..problem };
        if error.is_connection_loss() {
            log::warn!("{error}");
            return Self::busy("the database is unreachable");
        }
        match &error {
            Error::Database(database) => {
                match (SqlState::of(database), database.code().map(postgres::error::SqlState::code)) {
                    (Some(SqlState::InvalidArgument), _) => with_hint(Self::invalid(error.to_string())),
                    (Some(SqlState::NoSuchRun), _) => Self::not_found(error.to_string()),
                    (Some(SqlState::ClaimLost), _) => with_hint(Self::new(StatusCode::CONFLICT, error.to_string())),
                    // The statement timed out, or it could not get a lock.
                    (_, Some("57014" | "55P03")) => Self::busy("the database did not answer in time"),
                    // The text contains a NUL character, which PostgreSQL does not support.
                    (_, Some("22021" | "22P05")) => {
                        Self::invalid("the request contains characters that cannot be searched")
                    }
                    _ => unexpected(&error),
                }
            }
            Error::NotReady { .. } | Error::LocalServer(_) => {
                log::warn!("{error}");
                Self::busy("the database is not ready")
            }
            Error::Embed(EmbedError::Busy { .. } | EmbedError::Away { .. } | EmbedError::Transient { .. }) => {
                log::warn!("{error}");
                Self::busy("the embedding server does not answer")
            }
            Error::Usage { .. } => with_hint(Self::invalid(error.to_string())),
            _ if error.exit() == Exit::Config => {
                log::error!("{error}");
                Self::busy("the embedding model of the server does not match the database")
            }
            _ => unexpected(&error),
        }
    }
}

/// Details of internal errors are logged, but not sent to the caller.
fn unexpected(error: &Error) -> Problem {
    log::error!("{error}");
    Problem::internal()
}

/// Returns the answer for an unknown path.
pub(super) async fn no_such_path(uri: Uri, headers: HeaderMap) -> Response {
    let problem = Problem::not_found("this path does not exist");
    super::page::problem_or_page(&uri, &headers, problem)
}

/// Returns the answer for a method that the path does not support.
pub(super) async fn no_such_method(method: Method) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path does not support {method}"))
}

//! Parses the parts of a request. An error becomes a problem.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Json, RawPathParams, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::filter::Filter;
use crate::ids::RunId;
use crate::serve::problem::Problem;

/// The query. Its keys may be repeated.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self(parsed(&query(parts)?)?))
    }
}

/// The query of a search: the filter, and the other parameters.
pub struct Filtered<T>(pub Filter, pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Filtered<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let (filter, others) = split(&query(parts)?, |_| true);
        Ok(Self(parsed(&filter)?, parsed(&others)?))
    }
}

/// The query of a search that a browser sends from a form. Empty fields are ignored.
pub struct Submitted<T>(pub Filter, pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Submitted<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let (filter, others) = split(&query(parts)?, |pair| !pair.ends_with('='));
        Ok(Self(parsed(&filter)?, parsed(&others)?))
    }
}

/// Separates the parameters of the filter from the others. Only those that `keep` accepts are returned.
fn split(query: &str, keep: impl Fn(&str) -> bool) -> (String, String) {
    let is_filter = |pair: &&str| Filter::has(pair.split('=').next().unwrap_or_default());
    let (filter, others): (Vec<&str>, Vec<&str>) = query.split('&').filter(|pair| keep(pair)).partition(is_filter);
    (filter.join("&"), others.join("&"))
}

/// Returns the query in percent-encoding.
fn query(parts: &Parts) -> Result<String, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    if percent_encoding::percent_decode_str(query).decode_utf8().is_err() {
        return Err(Problem::invalid("query: expected UTF-8 in percent-encoding"));
    }
    // The database cannot store a NUL character. Browsers replace it in the same way.
    Ok(query.replace("%00", "%EF%BF%BD"))
}

fn parsed<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let parser = serde_html_form::Deserializer::from_bytes(query.as_bytes());
    serde_path_to_error::deserialize(parser).map_err(|error| match error.path().to_string().as_str() {
        "." => Problem::invalid(format!("query: {error}")),
        name => Problem::invalid(format!("query: {name}: {}", error.inner())),
    })
}

/// The parameter in the path.
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let segments = segments(parts, state).await?;
        segments.into_iter().next().map(Self).ok_or_else(Problem::internal)
    }
}

/// The run and the document in a path. `~` means the version that searches find.
pub struct Segments(pub Option<RunId>, pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut segments = segments(parts, state).await?.into_iter();
        let (Some(run), Some(document)) = (segments.next(), segments.next()) else { return Err(Problem::internal()) };
        let run = match run.as_str() {
            "~" => None,
            name => Some(name.parse().map_err(|_| Problem::not_found("no such run"))?),
        };
        Ok(Self(run, document))
    }
}

/// Returns the decoded parameters of the path, in order.
async fn segments<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<String>, Problem> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::invalid("the path is not UTF-8 in percent-encoding"))?;
    Ok(params.iter().map(|(_, value)| value.to_owned()).collect())
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(refused(&rejection)),
        }
    }
}

fn refused(rejection: &JsonRejection) -> Problem {
    let detail = match rejection {
        JsonRejection::JsonDataError(error) => error.body_text(),
        JsonRejection::MissingJsonContentType(_) => "send the body as Content-Type: application/json".into(),
        other => other.body_text(),
    };
    Problem::new(rejection.status(), format!("body: {detail}"))
}

//! The tools `search`, `get_document` and `list_sources`.

use std::sync::Arc;

use rmcp::handler::server::common::schema_for_type;
use rmcp::model::{CallToolResult, ContentBlock, ErrorData, JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text;
use crate::db::search::SearchFilter;
use crate::ids::RunId;
use crate::serve::api::filter::Filter;
use crate::serve::api::types::{Document, Facets, Hit};
use crate::serve::caller::Caller;
use crate::serve::knowledge::{self, Search};
use crate::serve::problem::Problem;
use crate::serve::state::State;

/// Default number of documents in a search result.
const LIMIT: u32 = 5;
/// Default token limit of an answer.
const BUDGET: u32 = 6_000;
/// The minimum and maximum token limit of an answer.
const BUDGETS: std::ops::RangeInclusive<u32> = 200..=100_000;

/// Input of `search`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct SearchInput {
    /// The question in the words of the user. Every answer contains the "phrases in quotes" and does not contain the -words.
    query: String,
    /// Maximum number of documents to return, 1 to 100. Default: 5.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
    /// How much of each document to return: the `passage` that matches (default), the `section` around it, or the `document`.
    #[serde(default)]
    context: Context,
    /// Maximum number of tokens to return, 200 to 100000. Default: 6000.
    #[serde(default)]
    #[schemars(range(min = 200, max = 100_000))]
    max_tokens: Option<u32>,
    /// `list_sources` returns the values.
    #[serde(flatten)]
    filter: Filter,
}

/// How much of each document a search returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Context {
    #[default]
    Passage,
    Section,
    Document,
}

impl Context {
    /// Returns the scope for `graphdb.context`.
    fn scope(self) -> Option<&'static str> {
        match self {
            Self::Passage => None,
            Self::Section => Some("section"),
            Self::Document => Some("document"),
        }
    }
}

/// Input of `get_document`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct DocumentInput {
    /// Id of the document (`doc_id` of a search result), its URL, or its path.
    document: String,
    /// Only this section: its heading or anchor. Default: the whole document.
    #[serde(default)]
    section: Option<String>,
    /// The version in this run (`run_id` of a search result). Default: the current version.
    #[serde(default)]
    run_id: Option<String>,
    /// Maximum number of tokens to return, 200 to 100000. Default: 6000.
    #[serde(default)]
    #[schemars(range(min = 200, max = 100_000))]
    max_tokens: Option<u32>,
}

/// Input of `list_sources`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("additionalProperties" = false))]
struct SourcesInput {}

/// Output of `search`.
#[derive(Debug, Serialize, JsonSchema)]
struct SearchOutput {
    /// The documents that answer the question, best first.
    hits: Vec<Hit>,
    /// Number of documents that were found but omitted to stay within `max_tokens`.
    left_out: usize,
    /// A notice about the answer.
    notice: Option<String>,
}

/// Output of `get_document`.
#[derive(Debug, Serialize, JsonSchema)]
struct DocumentOutput {
    /// The document, or the requested section.
    #[serde(flatten)]
    document: Document,
    /// Whether `markdown` was cut off to stay within `max_tokens`.
    is_cut: bool,
}

/// Returns the tools with their schemas.
pub fn list() -> Vec<Tool> {
    let read_only = || ToolAnnotations::new().read_only(true).destructive(false).idempotent(true).open_world(false);
    vec![
        Tool::new(
            "search",
            "Search the user's documentation. Use it for any question about the products, systems, processes or terms that the \
             documentation covers, before you answer from memory. Returns the best passages with title, section and URL. If they do \
             not answer the question, search again in other words, or read a whole document with get_document.",
            schema_for_type::<SearchInput>(),
        )
        .with_title("Search the documentation")
        .with_raw_output_schema(schema_for_type::<SearchOutput>())
        .with_annotations(read_only()),
        Tool::new(
            "get_document",
            "Read one document, or one section of it, as Markdown. Use it after search, when a passage is cut off, when its context \
             matters, or when the user names a document by title, URL or path. For a long document, ask for a section: the answer \
             lists them.",
            schema_for_type::<DocumentInput>(),
        )
        .with_title("Read a document")
        .with_raw_output_schema(schema_for_type::<DocumentOutput>())
        .with_annotations(read_only()),
        Tool::new(
            "list_sources",
            "List the sources, labels, languages, years of change and quality flags of the documentation with their number of \
             documents. Use it to learn what the documentation covers, or to choose a filter for search.",
            schema_for_type::<SourcesInput>(),
        )
        .with_title("List the sources")
        .with_raw_output_schema(schema_for_type::<Facets>())
        .with_annotations(read_only()),
    ]
}

/// Calls a tool. Errors in the arguments are returned to the model, which can correct them.
/// Only an unknown tool is an error of the protocol.
pub async fn call(
    state: &Arc<State>,
    caller: &Caller,
    name: &str,
    arguments: JsonObject,
) -> Result<CallToolResult, ErrorData> {
    let result = match name {
        "search" => search(state, caller, arguments).await,
        "get_document" => get_document(state, caller, arguments).await,
        "list_sources" => list_sources(state, caller, arguments).await,
        _ => {
            return Err(ErrorData::invalid_params(
                format!("there is no tool \"{name}\"; the tools are search, get_document and list_sources"),
                None,
            ));
        }
    };
    Ok(result.unwrap_or_else(|problem| {
        let hint = problem.hint.map(|hint| format!(" {hint}")).unwrap_or_default();
        CallToolResult::error(vec![ContentBlock::text(format!("{}.{hint}", problem.detail))])
    }))
}

fn input<T: DeserializeOwned + JsonSchema + 'static>(arguments: JsonObject) -> Result<T, Problem> {
    // PostgreSQL does not support this character, and it has no meaning in an argument.
    if arguments.values().any(|value| value.to_string().contains("\\u0000")) {
        return Err(Problem::invalid("the arguments contain a NUL character"));
    }
    let schema = schema_for_type::<T>();
    let known = schema.get("properties").and_then(Value::as_object);
    if let Some(unknown) = arguments.keys().find(|name| !known.is_some_and(|known| known.contains_key(*name))) {
        let names =
            known.map_or_else(String::new, |known| known.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
        return Err(Problem::invalid(format!("unknown field `{unknown}`, expected one of {names}")));
    }
    serde_json::from_value(Value::Object(arguments))
        .map_err(|error| Problem::invalid(format!("the arguments are invalid: {error}")))
}

fn budget(max_tokens: Option<u32>) -> Result<usize, Problem> {
    let budget = max_tokens.unwrap_or(BUDGET);
    if BUDGETS.contains(&budget) {
        return Ok(budget as usize);
    }
    Err(Problem::invalid(format!("max_tokens must be from {} to {}, not {budget}", BUDGETS.start(), BUDGETS.end())))
}

/// Returns text for the model and the same data as structured content for programs.
fn answer(text: String, structured: &impl Serialize) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = serde_json::to_value(structured).ok();
    result
}

async fn search(state: &Arc<State>, caller: &Caller, arguments: JsonObject) -> Result<CallToolResult, Problem> {
    let input: SearchInput = input(arguments)?;
    let budget = budget(input.max_tokens)?;
    let limit = input.limit.unwrap_or(LIMIT);
    let asked = Search {
        query: input.query,
        limit,
        filter: input.filter.to_search()?,
        context: input.context.scope().map(str::to_owned),
        // The contexts of all documents together fit into the budget.
        context_tokens: Some((u32::try_from(budget).unwrap_or(u32::MAX) / limit.max(1)).max(1)),
        ..Search::default()
    };
    let mut found = knowledge::search(state, caller, asked).await?;
    let total = found.hits.len();
    let text = text::search(&mut found, budget);
    let output = SearchOutput { left_out: total - found.hits.len(), hits: found.hits, notice: found.notice };
    Ok(answer(text, &output))
}

async fn get_document(state: &Arc<State>, caller: &Caller, arguments: JsonObject) -> Result<CallToolResult, Problem> {
    let input: DocumentInput = input(arguments)?;
    let budget = budget(input.max_tokens)?;
    let run_id = match input.run_id {
        Some(run_id) => Some(run_id.parse::<RunId>().map_err(Problem::invalid)?),
        None => None,
    };
    let found = knowledge::document(state, caller, &input.document, run_id).await?;
    let mut document = knowledge::view(found, input.section.as_deref())?;
    let is_cut = text::cut(&mut document.markdown, budget);
    // Links, attachments and losses are long and not useful for a model.
    if let Value::Object(meta) = &mut document.meta {
        meta.retain(|_, value| !value.is_array() && !value.is_object());
    }
    let text = text::document(&document, is_cut);
    Ok(answer(text, &DocumentOutput { document, is_cut }))
}

async fn list_sources(state: &Arc<State>, caller: &Caller, arguments: JsonObject) -> Result<CallToolResult, Problem> {
    let SourcesInput {} = input(arguments)?;
    let facets = knowledge::facets(state, caller, &SearchFilter::default()).await?;
    Ok(answer(text::sources(&facets), &facets))
}

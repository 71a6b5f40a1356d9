//! MCP: read-only access to the knowledge base for assistants, as tools and resources.
//! The transport is standard input and output or HTTP.

mod text;
mod tools;

use std::sync::Arc;

use axum::http::request::Parts;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorData, Implementation, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, Resource, ResourceContents, ResourceTemplate, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler, ServiceExt as _};

use super::caller::Caller;
use super::page::links;
use super::problem::Problem;
use super::state::{Setup, State};
use crate::error::{Error, Result};
use crate::stop::Stop;

/// Number of resources in a page.
const PAGE: i32 = 100;
/// The start of a resource's URI. The document id follows it.
const URI: &str = "trailblazer://document/";

const INSTRUCTIONS: &str = "\
This server searches the user's own documentation (manuals, wiki pages) and returns passages with their source. Use `search` for any \
question about the products, systems, processes or terms that the documentation covers, before you answer from memory. Ask in the \
user's words. If no result fits, ask again in other words. Read more with `get_document` when a passage is cut off or its context \
matters. `list_sources` shows what the documentation covers. Cite the title and the URL of each passage that you use. If nothing relevant is found, \
say so.";

/// The knowledge base for one client.
#[derive(Clone)]
pub(super) struct Knowledge {
    state: Arc<State>,
    /// The caller on standard input and output, where requests do not identify their caller.
    local: Caller,
}

impl Knowledge {
    /// Returns the sender of a request. Over HTTP, `guard` has identified the caller.
    fn caller(&self, context: &RequestContext<RoleServer>) -> Caller {
        match context.extensions.get::<Parts>() {
            Some(parts) => parts.extensions.get::<Caller>().cloned().unwrap_or_default(),
            None => self.local.clone(),
        }
    }
}

impl ServerHandler for Knowledge {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().build();
        let mut info = ServerConfig::new(capabilities).with_instructions(INSTRUCTIONS);
        info.server_info = Implementation::new("trailblazer", env!("CARGO_PKG_VERSION"));
        info
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::list()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<CallToolResponse, ErrorData> {
        let caller = self.caller(&context);
        let arguments = request.arguments.unwrap_or_default();
        tools::call(&self.state, &caller, &request.name, arguments).await.map(CallToolResponse::from)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListResourcesResult, ErrorData> {
        let after = request.and_then(|request| request.cursor).unwrap_or_default();
        if after.contains('\0') {
            return Err(ErrorData::invalid_params("the cursor was not issued by this server", None));
        }
        let caller = self.caller(&context);
        let mut found = super::knowledge::list(&self.state, &caller, &after, PAGE + 1)
            .await
            .map_err(|problem| protocol_error(&problem))?;
        let has_more = found.len() > usize::try_from(PAGE).unwrap_or(0);
        found.truncate(usize::try_from(PAGE).unwrap_or(0));
        let next = found.last().filter(|_| has_more).map(|document| document.doc_id.clone());
        let resource = |document: &crate::db::documents::ListedDocument| {
            let resource = Resource::new(uri(&document.doc_id), document.title.clone())
                .with_title(document.title.clone())
                .with_mime_type("text/markdown")
                .with_size(u64::try_from(document.bytes).unwrap_or(0));
            match &document.url {
                Some(url) => resource.with_description(url.clone()),
                None => resource,
            }
        };
        let mut result = ListResourcesResult::with_all_items(found.iter().map(resource).collect());
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> std::result::Result<ListResourceTemplatesResult, ErrorData> {
        let template = ResourceTemplate::new(format!("{URI}{{doc_id}}"), "document")
            .with_title("Document")
            .with_description("A document as Markdown, by its percent-encoded id")
            .with_mime_type("text/markdown");
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> std::result::Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri;
        let missing = || ErrorData::resource_not_found(format!("no resource {uri}"), None);
        let encoded = uri.strip_prefix(URI).ok_or_else(missing)?;
        let doc_id = percent_encoding::percent_decode_str(encoded).decode_utf8().map_err(|_| missing())?;
        let caller = self.caller(&context);
        let document = match super::knowledge::document(&self.state, &caller, &doc_id, None).await {
            Ok(document) => document,
            Err(problem) if problem.status == 404 => return Err(missing()),
            Err(problem) => return Err(protocol_error(&problem)),
        };
        let markdown = format!("# {}\n\n{}", document.title, document.body);
        let contents = ResourceContents::text(markdown, uri).with_mime_type("text/markdown");
        Ok(ReadResourceResult::new(vec![contents]).into())
    }
}

/// Returns the URI of the resource for a document.
fn uri(doc_id: &str) -> String {
    format!("{URI}{}", links::encoded(doc_id))
}

/// Converts a problem to an error of the protocol.
fn protocol_error(problem: &Problem) -> ErrorData {
    let message =
        problem.hint.as_ref().map_or_else(|| problem.detail.clone(), |hint| format!("{}. {hint}", problem.detail));
    if problem.status().is_client_error() {
        ErrorData::invalid_params(message, None)
    } else {
        ErrorData::internal_error(message, None)
    }
}

/// Returns the service for `/mcp`. It keeps no sessions, so requests are independent. `guard` has checked host and origin.
pub(super) fn http(state: &Arc<State>) -> StreamableHttpService<Knowledge, NeverSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(super::MAX_BODY_BYTES)
        .disable_allowed_hosts();
    let knowledge = Knowledge { state: Arc::clone(state), local: Caller::default() };
    StreamableHttpService::new(move || Ok(knowledge.clone()), Arc::new(NeverSessionManager::default()), config)
}

/// Serves a client on standard input and output until the client disconnects or `stop` is requested.
/// The client is the user of this machine, with the given principals.
pub fn stdio(setup: Setup, principals: Vec<String>, stop: &Stop) -> Result<()> {
    let runtime = super::runtime()?;
    // The state must live longer than the runtime, because its connections must not be closed inside the runtime.
    let state = State::new(setup)?;
    let knowledge = Knowledge { state: Arc::clone(&state), local: Caller::local(principals) };
    let failed = |message: String| Error::Output(std::io::Error::other(message));
    let asked = stop.clone();
    let served = runtime.block_on(async move {
        let stopped = async move {
            while !asked.is_asked() {
                tokio::time::sleep(super::LOOK).await;
            }
        };
        let session = async move {
            match knowledge.serve(rmcp::transport::stdio()).await {
                Ok(running) => running.waiting().await.map(drop).map_err(|error| failed(error.to_string())),
                // The client has disconnected before the first request.
                Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(()),
                Err(error) => Err(failed(error.to_string())),
            }
        };
        tokio::select! {
            ended = session => ended,
            () = stopped => Ok(()),
        }
    });
    // Wait only briefly, because the thread that reads standard input cannot be stopped.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    drop(state);
    served
}

//! The shapes of answers. The `OpenAPI` document and the schemas of the MCP tools are generated from them.

mod backlog;
mod embed;
mod knowledge;
mod run;

pub use backlog::{Backlog, Claim, Content, Interval, Pause};
pub use embed::{EmbedAnswer, EmbedKind, EmbedRequest};
pub use knowledge::{Document, FacetValue, Facets, Hit, SearchAnswer, Section};
pub use run::{Attempt, ChunkSize, Loss, Run, RunDetails, RunDocument};

//! Describes run ids in the `OpenAPI` document.

use utoipa::openapi::schema::Schema;
use utoipa::openapi::{ObjectBuilder, RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::ids::RunId;

impl PartialSchema for RunId {
    fn schema() -> RefOr<Schema> {
        matching(format!("^{}$", Self::PATTERN))
    }
}

impl ToSchema for RunId {}

/// A run, or `~` for the version of a document that searches find.
pub(super) struct RunOrSearched;

impl PartialSchema for RunOrSearched {
    fn schema() -> RefOr<Schema> {
        matching(format!("^(~|{})$", RunId::PATTERN))
    }
}

impl ToSchema for RunOrSearched {}

fn matching(pattern: String) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).into()
}

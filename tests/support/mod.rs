//! Shared code of the tests: a temporary cluster, a database for each test, and the command in a separate folder.

pub mod cluster;
pub mod command;
pub mod confluence;
pub mod database;
pub mod documents;
pub mod embedding_server;
pub mod handbook;
pub mod held;
pub mod http;
pub mod openapi;
pub mod proxy;
pub mod schema;
pub mod shell;
pub mod web_proxy;

pub use cluster::cluster;
pub use command::{Run, Sandbox};
pub use database::TestDatabase;
pub use embedding_server::EmbeddingServer;

use std::path::{Path, PathBuf};

/// Returns the folder of the corpora: `TRAILBLAZER_CORPORA`, or the one beside the checkout.
pub fn corpora() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    std::env::var_os("TRAILBLAZER_CORPORA").map_or_else(beside, Into::into)
}

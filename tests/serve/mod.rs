//! Tests `trailblazer serve` and `trailblazer mcp` from the outside.

mod access;
mod api;
mod changes;
mod counterparts;
mod mcp;
mod metrics;
mod pages;
mod server;

pub use server::{Answer, Server};

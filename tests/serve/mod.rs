//! `trailblazer serve` and `trailblazer mcp`, as their clients see them.

mod access;
mod api;
mod changes;
mod counterparts;
mod mcp;
mod metrics;
mod pages;
mod server;

pub use server::{Answer, Server};

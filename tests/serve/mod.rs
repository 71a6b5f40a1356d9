//! Tests `trailblazer serve` and `trailblazer mcp` from the outside.

mod access;
mod api;
mod browser;
mod changes;
mod counterparts;
mod filters;
mod mcp;
mod metrics;
mod pages;
mod readers;
mod server;
mod webdriver;

pub use server::{Answer, Server};

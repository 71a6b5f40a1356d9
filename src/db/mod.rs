//! Database access: connections, installation of the schema, and a typed call for each SQL function.

pub mod archive;
pub mod calls;
pub mod conditions;
mod connection_parameters;
mod connector;
pub mod documents;
pub mod fingerprint;
pub mod health;
pub mod history;
pub mod install;
pub mod local;
pub mod lost_tables;
pub mod models;
pub mod obstacles;
pub mod operations;
pub mod report;
pub mod search;
mod servers;
mod session;
pub mod stage;
mod tls;
pub mod vector_index;
pub mod vectors;

pub use connector::Connector;

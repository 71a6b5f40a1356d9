//! The SQL functions, on a real server.

mod claim;
mod search;

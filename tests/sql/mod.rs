//! Tests of the SQL functions on a real server.

mod claim;
mod claim_cost;
mod complete;
mod complete_runs;
mod delete;
mod fence;
mod filter;
mod fixture;
mod gapless;
mod hostile;
mod install;
mod isolation;
mod names;
mod recovery;
mod register;
mod reset;
mod rights;
mod search;
mod status;
mod style;
mod tokens;
mod transitions;
mod upgrade;
mod vector_index;
mod vectors;
mod versions;

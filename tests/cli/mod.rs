//! The command line, its workers, and the server that it starts.

mod ask;
mod backfill;
mod configuration;
mod connections;
mod crashes;
mod defects;
mod disconnections;
mod doctor;
mod embedding;
mod events;
mod help;
mod hostile;
mod languages;
mod leases;
mod local_server;
mod normalizing;
mod processing;
mod roles;
mod runs;
mod secrets;
mod stopping;
mod streams;

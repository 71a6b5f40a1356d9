//! The command line and the server that it starts.

mod ask;
mod local_server;

//! Compares Confluence documents with published pairs and with independent counts.

mod adf;
mod dialect;
mod export;
mod extra;
mod mutations;
mod pairs;
mod round_trips;
mod storage;
mod words;

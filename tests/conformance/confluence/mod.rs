//! Confluence input against published pairs and against independent counts.

mod adf;
mod dialect;
mod export;
mod extra;
mod mutations;
mod pairs;
mod round_trips;
mod storage;
mod words;

//! Confluence input against published pairs and against independent counts.

mod adf;
mod export;
mod pairs;
mod storage;
mod words;

//! Conformance: real documents and published pairs, read from the corpora beside the checkout.

mod chunk;
mod confluence;
mod corpora;
mod dita;
mod extra_words;
pub mod parsed;
mod table;
mod word_order;

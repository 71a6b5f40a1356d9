//! Conformance tests with real documents and published pairs in the corpora beside the checkout.

mod chunk;
mod confluence;
mod corpora;
mod dita;
mod extra_words;
pub mod parsed;
mod table;
mod word_order;

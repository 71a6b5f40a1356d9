//! Deterministic vectors without a model, for development and tests.

use unicode_segmentation::UnicodeSegmentation as _;

use super::{EmbedError, Model, Provider, Tokenizer};

/// Numbers in a vector.
const DIMENSION: usize = 384;
/// Characters of a word that make one token.
const TOKEN_CHARS: usize = 8;

/// The `hash` provider: signed feature hashing of words and of the three-letter parts of words.
#[derive(Debug, Clone)]
pub struct Hash {
    model: Model,
}

impl Hash {
    /// The name of its one model.
    pub const MODEL: &'static str = "hash-384";

    /// The model `hash-384`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            model: Model {
                name: Self::MODEL.to_owned(),
                provider: "hash".to_owned(),
                dimension: DIMENSION,
                normalized: true,
                query_prefix: String::new(),
                document_prefix: String::new(),
                max_tokens: 256,
            },
        }
    }
}

impl Default for Hash {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for Hash {
    fn model(&self) -> &Model {
        &self.model
    }

    fn tokenizer(&self) -> &dyn Tokenizer {
        &Words
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| vector(text)).collect())
    }
}

/// Words and punctuation marks of UAX #29; a long word is several tokens.
#[derive(Debug, Clone, Copy)]
struct Words;

impl Tokenizer for Words {
    fn token_starts(&self, text: &str, starts: &mut Vec<usize>) {
        for (at, word) in text.split_word_bound_indices() {
            if word.chars().all(char::is_whitespace) {
                continue;
            }
            starts.extend(word.char_indices().step_by(TOKEN_CHARS).map(|(offset, _)| at + offset));
        }
    }

    fn special_tokens(&self) -> usize {
        2
    }
}

/// Hashes the features of `text` into a vector of unit length.
fn vector(text: &str) -> Vec<f32> {
    let mut features = features(text);
    features.sort_unstable();
    let mut sums = vec![0.0_f32; DIMENSION];
    // Sorted, so that the sums round alike everywhere; a word said often counts by the root of its count.
    for group in features.chunk_by(|a, b| a == b) {
        let Some(&Feature { hash, weight }) = group.first() else { continue };
        let times = u16::try_from(group.len()).unwrap_or(u16::MAX);
        add(&mut sums, hash, f32::from(weight) * f32::from(times).sqrt());
    }
    normalize(sums)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Feature {
    hash: u64,
    weight: u8,
}

fn features(text: &str) -> Vec<Feature> {
    let mut features = Vec::new();
    for word in text.unicode_words() {
        let word = word.to_lowercase();
        // Short words are mostly grammar, in the languages that have short words.
        let weight = if word.is_ascii() && word.len() < 4 { 1 } else { 3 };
        features.push(Feature { hash: fnv(word.as_bytes()), weight });
        let marked: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
        for part in marked.windows(3) {
            let part: String = part.iter().collect();
            features.push(Feature { hash: fnv(part.as_bytes()), weight: 1 });
        }
    }
    features
}

/// Adds a feature at the place and with the sign that its hash says.
fn add(sums: &mut [f32], hash: u64, weight: f32) {
    let place = usize::try_from(hash % DIMENSION as u64).unwrap_or(0);
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    if let Some(sum) = sums.get_mut(place) {
        *sum += sign * weight;
    }
}

/// Scales to unit length. Without any feature, or when all cancel out, the first axis.
fn normalize(mut sums: Vec<f32>) -> Vec<f32> {
    let length = sums.iter().map(|sum| sum * sum).sum::<f32>().sqrt();
    if length > 0.0 {
        for sum in &mut sums {
            *sum /= length;
        }
    } else if let Some(first) = sums.first_mut() {
        *first = 1.0;
    }
    sums
}

/// FNV-1a with a final mix, so that all bits depend on all bytes.
fn fnv(bytes: &[u8]) -> u64 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Vec<f32> {
        Hash::new().embed(&[text]).unwrap().remove(0)
    }

    fn cosine(a: &str, b: &str) -> f32 {
        one(a).iter().zip(one(b)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn every_vector_is_finite_and_of_unit_length() {
        for text in ["", " \n", "a", "!!!", "配置と運用", "The quick brown fox", &"word ".repeat(100_000)] {
            let vector = one(text);
            assert_eq!(vector.len(), DIMENSION);
            let length: f32 = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((length - 1.0).abs() < 1e-4, "{length} for {text:.10}");
        }
    }

    #[test]
    fn the_same_text_gives_the_same_vector_on_every_machine() {
        let vector = one("Reset a run");
        let strong: Vec<_> =
            vector.iter().enumerate().filter(|(_, x)| x.abs() > 0.25).map(|(i, x)| (i, *x < 0.0)).collect();
        assert_eq!(strong, [(236, true), (303, true)]);
    }

    #[test]
    fn texts_that_share_words_are_nearer_than_texts_that_do_not() {
        let question = "How do I reset a failed run?";
        let answer = "To reset a run that has failed, call the reset command.";
        let other = "Vectors are written by binary copy into a temporary table.";
        assert!(cosine(question, answer) > cosine(question, other) + 0.2);
        assert!(cosine("Embedding", "embeddings") > cosine("Embedding", "worker") + 0.2);
    }

    #[test]
    fn long_words_count_as_several_tokens() {
        let count = |text| Words.count(text) - Words.special_tokens();
        assert_eq!(count("Reset it, now!"), 5);
        assert_eq!(count("internationalization"), 3);
        assert_eq!(count("設定する"), 4);
        assert_eq!(count(" \n\t"), 0);
    }
}

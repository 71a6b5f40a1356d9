//! Deterministic vectors without a model, for development and tests.

use std::iter;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::{EmbedError, Model, Provider, Tokenizer};
use crate::config::HASH_MODEL;

/// The dimension of a vector.
const DIMENSION: usize = 384;
/// The number of characters in a word that count as one token.
const TOKEN_CHARS: usize = 8;

/// The `hash` provider. It hashes words and their three-letter parts into signed features.
#[derive(Debug, Clone)]
pub struct Hash {
    model: Model,
}

impl Hash {
    /// The name of its only model.
    pub const MODEL: &'static str = HASH_MODEL;

    /// Creates the provider with the model `hash-384`.
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

/// Splits a text into words and punctuation marks (UAX #29). A long word has several tokens.
#[derive(Debug, Clone, Copy)]
struct Words;

impl Tokenizer for Words {
    fn token_starts(&self, text: &str, starts: &mut Vec<usize>) {
        let mut end = 0;
        for (at, word) in words(text) {
            marks(text, end..at, starts);
            tokens(at, word, starts);
            end = at + word.len();
        }
        marks(text, end..text.len(), starts);
    }

    fn special_tokens(&self) -> usize {
        2
    }
}

/// Returns the words of a text and their positions. It works line by line, because ASCII lines are segmented much faster.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n')
        .scan(0, |end, line| {
            let begin = *end;
            *end += line.len();
            Some((begin, line))
        })
        .flat_map(|(begin, line)| line.unicode_word_indices().map(move |(at, word)| (begin + at, word)))
}

/// Adds the tokens of punctuation between words.
fn marks(text: &str, between: Range<usize>, starts: &mut Vec<usize>) {
    let begin = between.start;
    let between = text.get(between).unwrap_or_default();
    if between == " " {
        return;
    }
    for (at, mark) in between.split_word_bound_indices() {
        if !mark.chars().all(char::is_whitespace) {
            tokens(begin + at, mark, starts);
        }
    }
}

fn tokens(begin: usize, word: &str, starts: &mut Vec<usize>) {
    starts.extend(word.char_indices().step_by(TOKEN_CHARS).map(|(at, _)| begin + at));
}

/// Hashes the words of `text` and the three letters around each letter into a vector of unit length.
fn vector(text: &str) -> Vec<f32> {
    let mut sums = [0_i32; DIMENSION];
    for (_, word) in words(text) {
        let mut hash = Fnv::new();
        let mut around = ['^'; 3];
        let letters = word.chars().flat_map(char::to_lowercase);
        for (at, letter) in letters.chain(iter::once('$')).enumerate() {
            around = [around[1], around[2], letter];
            if at > 0 {
                add(&mut sums, around.into_iter().fold(Fnv::new(), Fnv::with), 1);
            }
            if letter != '$' {
                hash = hash.with(letter);
            }
        }
        // Short ASCII words are mostly grammatical words, so they have a lower weight.
        add(&mut sums, hash, if word.is_ascii() && word.len() < 4 { 1 } else { 9 });
    }
    // Use the square root of the count of a word. The sums are integers, so the order of the words does not change the result.
    #[expect(clippy::cast_precision_loss, reason = "a sum of features of one text")]
    normalize(sums.iter().map(|sum| (sum.unsigned_abs() as f32).sqrt().copysign(*sum as f32)).collect())
}

/// Adds a feature. Its hash determines the position and the sign.
fn add(sums: &mut [i32; DIMENSION], feature: Fnv, weight: i32) {
    let hash = feature.mixed();
    let place = usize::try_from(hash % DIMENSION as u64).unwrap_or(0);
    if let Some(sum) = sums.get_mut(place) {
        *sum += if hash >> 63 == 0 { weight } else { -weight };
    }
}

/// Scales to unit length. Returns the first unit vector if there are no features, or if all of them cancel out.
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

/// FNV-1a over characters.
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn with(self, letter: char) -> Self {
        Self((self.0 ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3))
    }

    /// Mixes the hash, so that all its bits depend on all characters.
    fn mixed(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }
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
    fn tokens_are_those_of_the_segmentation_of_the_whole_text() {
        let texts = [
            "a_b __ can't 3.14, e.g. x:y\r\n\r\n\tz  \u{a0}\u{2028}-- \"q\"\n",
            "“Größe”\u{301} עברית 配置と運用 한국어 🇩🇪🇫🇷 👩\u{200d}🚀!\n\u{200d}\u{301}\nwww.example.org/a_b?c=d_\n_",
            include_str!("../../README.md"),
            include_str!("../../examples/docs/dita/guide.ditamap"),
        ];
        for text in texts {
            let mut starts = Vec::new();
            Words.token_starts(text, &mut starts);
            let whole = text.split_word_bound_indices().filter(|(_, part)| !part.trim().is_empty());
            let whole: Vec<usize> = whole
                .flat_map(|(at, part)| part.char_indices().step_by(TOKEN_CHARS).map(move |(to, _)| at + to))
                .collect();
            assert_eq!(starts, whole, "{text:.40}");
        }
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

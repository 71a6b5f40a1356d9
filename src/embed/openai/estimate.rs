//! Estimates token counts for models whose vocabulary is not installed.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::embed::Tokenizer;

/// Estimates token counts on the high side, so that a text that fits by the estimate also fits the model.
#[derive(Debug, Clone, Copy)]
pub struct Estimate;

impl Tokenizer for Estimate {
    fn token_starts(&self, text: &str, starts: &mut Vec<usize>) {
        for (at, word) in text.split_word_bound_indices() {
            if word.chars().all(char::is_whitespace) {
                continue;
            }
            starts.extend(word.char_indices().step_by(letters_per_token(word)).map(|(offset, _)| at + offset));
        }
    }

    fn special_tokens(&self) -> usize {
        2
    }
}

/// Returns how many letters make a token. Common words have one or a few tokens. Numbers, keys and names need more.
fn letters_per_token(word: &str) -> usize {
    if !word.is_ascii() {
        1
    } else if word.len() <= 16 && word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        4
    } else {
        2
    }
}

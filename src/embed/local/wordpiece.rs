//! The tokenizer of BERT. It normalizes, splits at spaces and punctuation, and takes the longest pieces in the vocabulary.

use std::ops::Range;
use std::path::Path;

use hashbrown::HashMap;
use serde::Deserialize;
use unicode_general_category::{GeneralCategory as Category, get_general_category as category};
use unicode_normalization::char::decompose_canonical;

use super::folder::{broken, read_json};
use crate::embed::{EmbedError, Tokenizer};

/// A vocabulary, and the rules to apply it.
#[derive(Debug)]
pub struct WordPiece {
    /// Pieces that begin a word.
    first: HashMap<Box<str>, u32>,
    /// Pieces that continue a word, without their prefix.
    next: HashMap<Box<str>, u32>,
    /// The length of the longest piece, in bytes.
    longest: usize,
    longest_word: usize,
    unknown: u32,
    /// The ids of `[CLS]` and `[SEP]`.
    pub ends: (u32, u32),
    rules: Normalizer,
}

#[derive(Deserialize)]
struct File {
    normalizer: Normalizer,
    pre_tokenizer: Typed,
    model: Model,
}

#[derive(Deserialize)]
struct Typed {
    r#type: String,
}

#[derive(Debug, Deserialize)]
struct Normalizer {
    r#type: String,
    #[serde(default = "yes")]
    clean_text: bool,
    #[serde(default = "yes")]
    handle_chinese_chars: bool,
    /// Defaults to `lowercase`.
    strip_accents: Option<bool>,
    #[serde(default = "yes")]
    lowercase: bool,
}

#[derive(Deserialize)]
struct Model {
    #[serde(default)]
    r#type: Option<String>,
    unk_token: String,
    continuing_subword_prefix: String,
    max_input_chars_per_word: usize,
    vocab: HashMap<Box<str>, u32>,
}

fn yes() -> bool {
    true
}

impl WordPiece {
    /// Reads a `tokenizer.json`. Truncation and padding are ignored, because this tokenizer does neither.
    pub fn load(path: &Path) -> Result<Self, EmbedError> {
        let file: File = read_json(path)?;
        let model = file.model.r#type.as_deref().unwrap_or("WordPiece");
        let kinds = [file.normalizer.r#type.as_str(), file.pre_tokenizer.r#type.as_str(), model];
        if kinds != ["BertNormalizer", "BertPreTokenizer", "WordPiece"] {
            return Err(broken(
                path,
                &format!("its tokenizer is {}, but only BERT's WordPiece is supported", kinds.join(", ")),
            ));
        }
        let id = |token: &str| {
            let missing = || broken(path, &format!("its vocabulary lacks {token}"));
            file.model.vocab.get(token).copied().ok_or_else(missing)
        };
        let unknown = id(&file.model.unk_token)?;
        let ends = (id("[CLS]")?, id("[SEP]")?);
        let prefix = file.model.continuing_subword_prefix;
        let longest = file.model.vocab.keys().map(|piece| piece.len()).max().unwrap_or_default();
        let (next, first): (HashMap<_, _>, _) =
            file.model.vocab.into_iter().partition(|(piece, _)| piece.starts_with(&prefix));
        let next = next.into_iter().filter_map(|(piece, id)| Some((piece.strip_prefix(prefix.as_str())?.into(), id)));
        Ok(Self {
            first,
            next: next.collect(),
            longest,
            longest_word: file.model.max_input_chars_per_word,
            unknown,
            ends,
            rules: file.normalizer,
        })
    }

    /// Calls `emit` with each token of `text` and its start.
    pub fn tokenize(&self, text: &str, mut emit: impl FnMut(u32, usize)) {
        let mut word = Word::default();
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if byte.is_ascii_alphanumeric() {
                let letter = if self.rules.lowercase { byte.to_ascii_lowercase() } else { byte };
                word.push(char::from(letter), at);
                at += 1;
            } else if byte.is_ascii() {
                at += 1;
                // Other control characters are removed, even inside a word.
                if byte.is_ascii_graphic() {
                    self.end(&mut word, &mut emit);
                    word.push(char::from(byte), at - 1);
                    self.end(&mut word, &mut emit);
                } else if byte.is_ascii_whitespace() && byte != b'\x0c' || !self.rules.clean_text {
                    self.end(&mut word, &mut emit);
                }
            } else {
                let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
                self.wide(c, at, &mut word, &mut emit);
                at += c.len_utf8();
            }
        }
        self.end(&mut word, &mut emit);
    }

    /// Processes a character outside ASCII.
    fn wide(&self, c: char, at: usize, word: &mut Word, emit: &mut impl FnMut(u32, usize)) {
        let rules = &self.rules;
        if rules.clean_text && (c == '\u{fffd}' || is_other(c)) {
            return;
        }
        if c.is_whitespace() {
            return self.end(word, emit);
        }
        if rules.handle_chinese_chars && is_cjk(c) {
            self.end(word, emit);
            self.decompose(c, at, word, emit);
            return self.end(word, emit);
        }
        self.decompose(c, at, word, emit);
    }

    /// Removes accents, converts to lower case, and splits at punctuation.
    fn decompose(&self, c: char, at: usize, word: &mut Word, emit: &mut impl FnMut(u32, usize)) {
        let mut push = |c: char| {
            if is_punctuation(c) {
                self.end(word, emit);
                word.push(c, at);
                self.end(word, emit);
            } else {
                word.push(c, at);
            }
        };
        let mut lower = |c: char| {
            if self.rules.lowercase { c.to_lowercase().for_each(&mut push) } else { push(c) }
        };
        if self.rules.strip_accents.unwrap_or(self.rules.lowercase) {
            decompose_canonical(c, |c| {
                if category(c) != Category::NonspacingMark {
                    lower(c);
                }
            });
        } else {
            lower(c);
        }
    }

    /// Ends the word and emits its pieces, each as long as possible.
    /// If a piece is unknown, the whole word is one unknown token.
    fn end(&self, word: &mut Word, emit: &mut impl FnMut(u32, usize)) {
        if word.text.is_empty() {
            return;
        }
        if let Some(id) = self.first.get(word.text.as_str()) {
            emit(*id, word.origin(0));
        } else if self.split(word).is_some() {
            word.pieces.iter().for_each(|(id, at)| emit(*id, word.origin(*at)));
        } else {
            emit(self.unknown, word.origin(0));
        }
        word.clear();
    }

    fn split(&self, word: &mut Word) -> Option<()> {
        if word.text.len() > self.longest_word && word.text.chars().count() > self.longest_word {
            return None;
        }
        let mut at = 0;
        while at < word.text.len() {
            let pieces = if at == 0 { &self.first } else { &self.next };
            let (end, id) = longest(pieces, &word.text, at..word.text.len().min(at + self.longest))?;
            word.pieces.push((id, at));
            at = end;
        }
        Some(())
    }
}

impl Tokenizer for WordPiece {
    fn token_starts(&self, text: &str, starts: &mut Vec<usize>) {
        self.tokenize(text, |_, at| starts.push(at));
    }

    fn special_tokens(&self) -> usize {
        2
    }

    fn count(&self, text: &str) -> usize {
        let mut count = self.special_tokens();
        self.tokenize(text, |_, _| count += 1);
        count
    }
}

/// Finds the longest piece at the start of `range` in `text`. Returns its end and its id.
fn longest(pieces: &HashMap<Box<str>, u32>, text: &str, range: Range<usize>) -> Option<(usize, u32)> {
    let ends = (range.start + 1..=range.end).rev();
    ends.filter_map(|end| text.get(range.start..end).map(|piece| (end, piece)))
        .find_map(|(end, piece)| pieces.get(piece).map(|id| (end, *id)))
}

/// The current word, normalized.
#[derive(Debug, Default)]
struct Word {
    text: String,
    start: usize,
    /// The source position of each byte of `text`. Empty as long as normalization has not changed any lengths.
    origins: Vec<usize>,
    pieces: Vec<(u32, usize)>,
}

impl Word {
    fn push(&mut self, c: char, at: usize) {
        if self.text.is_empty() {
            self.start = at;
        } else if self.origins.is_empty() && at != self.start + self.text.len() {
            self.origins.extend((0..self.text.len()).map(|i| self.start + i));
        }
        let is_shifted = !self.origins.is_empty();
        self.text.push(c);
        if is_shifted {
            self.origins.resize(self.text.len(), at);
        }
    }

    fn origin(&self, at: usize) -> usize {
        self.origins.get(at).copied().unwrap_or(self.start + at)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.origins.clear();
        self.pieces.clear();
    }
}

/// Returns whether `c` is a control character, a format character or not assigned.
fn is_other(c: char) -> bool {
    matches!(
        category(c),
        Category::Control | Category::Format | Category::Unassigned | Category::PrivateUse | Category::Surrogate
    )
}

fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation();
    }
    matches!(
        category(c),
        Category::ConnectorPunctuation
            | Category::DashPunctuation
            | Category::OpenPunctuation
            | Category::ClosePunctuation
            | Category::InitialPunctuation
            | Category::FinalPunctuation
            | Category::OtherPunctuation
    )
}

/// Returns whether BERT treats `c` as Chinese. Kana and hangul are not included.
fn is_cjk(c: char) -> bool {
    matches!(u32::from(c),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x2_0000..=0x2_A6DF | 0x2_A700..=0x2_B73F | 0x2_B740..=0x2_B81F
        | 0x2_B920..=0x2_CEAF | 0xF900..=0xFAFF | 0x2_F800..=0x2_FA1F)
}

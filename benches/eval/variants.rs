//! Changes questions as if somebody typed them carelessly or on a different keyboard.

use unicode_normalization::UnicodeNormalization;

/// Changes a question. The number selects the position of the change.
type Change = fn(&str, usize) -> String;

/// The changes, with their names in the tables.
pub const ALL: [(&str, Change); 5] = [
    ("none", |question, _| question.to_owned()),
    ("two letters swapped in the longest word", |question, seed| swapped(question, seed, 1)),
    ("two letters swapped in each of the two longest words", |question, seed| swapped(question, seed, 2)),
    ("a letter missing in the longest word", without_letter),
    ("full-width letters", |question, _| full_width(question)),
];

/// Returns the ranges of the longest words that consist of letters, longest first.
fn longest_words(question: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut begins = None;
    for (place, c) in question.char_indices().chain([(question.len(), ' ')]) {
        match begins {
            None if c.is_ascii_alphabetic() => begins = Some(place),
            Some(start) if !c.is_ascii_alphabetic() => {
                words.push((start, place));
                begins = None;
            }
            _ => {}
        }
    }
    words.sort_by_key(|(start, end)| (std::cmp::Reverse(end - start), *start));
    words
}

fn swapped(question: &str, seed: usize, count: usize) -> String {
    let mut bytes = question.as_bytes().to_vec();
    for (start, end) in longest_words(question).into_iter().take(count).filter(|(start, end)| end - start >= 5) {
        // Do not swap the first letter, or two equal letters.
        let places: Vec<usize> = (start + 1..end - 1).filter(|place| bytes[*place] != bytes[place + 1]).collect();
        if !places.is_empty() {
            let place = places[seed % places.len()];
            bytes.swap(place, place + 1);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn without_letter(question: &str, seed: usize) -> String {
    let mut text = question.to_owned();
    if let Some((start, end)) = longest_words(question).first().filter(|(start, end)| end - start >= 5) {
        text.remove(start + 1 + seed % (end - start - 1));
    }
    text
}

fn full_width(question: &str) -> String {
    let wide = |c: char| if c.is_ascii_alphanumeric() { char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c) } else { c };
    question.nfd().map(wide).collect()
}

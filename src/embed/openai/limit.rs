//! Measures the maximum number of tokens that a server really reads from a text, because some servers ignore the rest without an error.

use super::OpenAi;
use crate::embed::EmbedError;

/// Maximum number of requests that are sent to find the limit.
const REQUESTS: usize = 10;
/// A word that is one token in the vocabulary of every model.
const WORD: &str = "time ";
/// Two different last words of one token each.
const ENDS: [&str; 2] = ["sea", "mountain"];
/// Because servers round, vectors are equal if they differ by less than this part of their length.
const SAME: f32 = 1e-5;

/// Returns the maximum number of tokens that the server reads from a text, including special tokens, but at most `most`.
///
/// If the server drops the last word, two texts that differ only in that word get the same vector.
/// Returns `None` if even short texts get the same vector, because the limit then cannot be measured.
pub(super) fn find(server: &OpenAi, most: usize) -> Result<Option<usize>, EmbedError> {
    let special = server.tokenizer.special_tokens();
    let least = special + 1;
    let text = |tokens: usize, end: &str| WORD.repeat(tokens.saturating_sub(least)) + end;
    let mut asked = 1;
    let both = [least, most].map(|tokens| ENDS.map(|end| text(tokens, end)));
    let both: Vec<&str> = both.iter().flatten().map(String::as_str).collect();
    match server.request(&both) {
        Ok(vectors) => match vectors.as_slice() {
            [a, b, ..] if is_same(a, b) => return Ok(None),
            [_, _, a, b] if !is_same(a, b) => return Ok(Some(most)),
            _ => {}
        },
        // The server may reject long texts because of their length. If it also fails with short texts, there is another cause.
        Err(EmbedError::Refused { .. } | EmbedError::Transient { .. }) => {
            asked += 1;
            let short = server.embed_batch(both.get(..2).unwrap_or_default()).map_err(refuses_all)?;
            if matches!(short.as_slice(), [a, b] if is_same(a, b)) {
                return Ok(None);
            }
        }
        Err(other) => return Err(other),
    }
    let (mut reads, mut drops) = (0, most);
    while drops - reads > 1 && asked < REQUESTS {
        let tokens = usize::midpoint(reads, drops);
        let ends = ENDS.map(|end| text(tokens, end));
        asked += 1;
        let reads_end = tokens <= least
            || match server.request(&ends.each_ref().map(String::as_str)) {
                Ok(vectors) => matches!(vectors.as_slice(), [a, b] if !is_same(a, b)),
                Err(EmbedError::Refused { .. } | EmbedError::Transient { .. }) => false,
                Err(other) => return Err(other),
            };
        if reads_end { reads = tokens } else { drops = tokens }
    }
    Ok(Some(reads.max(least)))
}

/// Returns the configuration error for a server that refuses even a short text.
fn refuses_all(error: EmbedError) -> EmbedError {
    match error {
        EmbedError::Refused { message, .. } => EmbedError::Misconfigured {
            message: format!("{message}; the server refuses every text; check embed.model and embed.dimensions"),
        },
        other => other,
    }
}

fn is_same(a: &[f32], b: &[f32]) -> bool {
    let length: f32 = a.iter().map(|x| x * x).sum();
    let difference: f32 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
    difference <= SAME * SAME * length
}

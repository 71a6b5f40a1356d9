//! Groups texts into batches.

/// Groups texts, given by their token counts, into batches of at most `batch_tokens` tokens and `max_texts` texts.
///
/// Returns positions. Each batch has texts of similar length, shortest first, so that a server adds little padding.
/// A text with more than `batch_tokens` tokens gets its own batch.
#[must_use]
pub fn batches(token_counts: &[usize], batch_tokens: usize, max_texts: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<(usize, usize)> = token_counts.iter().copied().zip(0..).collect();
    order.sort_unstable();
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut room = 0;
    for (tokens, position) in order {
        match batches.last_mut() {
            Some(batch) if tokens <= room && batch.len() < max_texts => {
                batch.push(position);
                room -= tokens;
            }
            _ => {
                batches.push(vec![position]);
                room = batch_tokens.saturating_sub(tokens);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_like_length_share_a_batch() {
        assert_eq!(batches(&[30, 5, 31, 6], 70, 10), [vec![1, 3, 0], vec![2]]);
    }

    #[test]
    fn no_batch_is_over_its_tokens_or_its_texts() {
        let counts: Vec<usize> = (0..500).map(|i| 1 + i * 37 % 211).collect();
        let batches = batches(&counts, 400, 7);
        for batch in &batches {
            assert!(batch.len() <= 7);
            assert!(batch.iter().map(|i| counts[*i]).sum::<usize>() <= 400);
        }
        let mut all: Vec<usize> = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..500).collect::<Vec<_>>());
    }

    #[test]
    fn a_text_larger_than_a_batch_stands_alone() {
        assert_eq!(batches(&[10, 900, 20], 100, 10), [vec![0, 2], vec![1]]);
    }

    #[test]
    fn a_limit_of_nothing_still_batches_everything() {
        assert_eq!(batches(&[1, 2], 0, 0), [vec![0], vec![1]]);
        assert!(batches(&[], 100, 10).is_empty());
    }
}

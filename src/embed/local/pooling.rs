//! Combines the vectors of a text's tokens into one vector.

use serde::Deserialize;

/// The method that combines the vectors of a text's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The mean.
    Mean,
    /// The sum, divided by the square root of the number of tokens.
    MeanSqrt,
    /// The mean, with a higher weight for later tokens.
    WeightedMean,
    /// The maximum in each position.
    Max,
    /// The vector of the first token, `[CLS]`.
    Cls,
    /// The vector of the last token.
    Last,
}

/// The content of `1_Pooling/config.json`. Older files have a switch for each mode, and newer files name the mode.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the keys of the file")]
pub struct PoolingFile {
    pooling_mode: Option<Modes>,
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
    include_prompt: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Several(Vec<String>),
}

impl PoolingFile {
    /// Returns the mode that the file selects, or the reason why there is none.
    pub fn mode(self) -> Result<Pooling, String> {
        const NAMES: [(&str, Pooling); 6] = [
            ("cls", Pooling::Cls),
            ("mean", Pooling::Mean),
            ("max", Pooling::Max),
            ("mean_sqrt_len_tokens", Pooling::MeanSqrt),
            ("weightedmean", Pooling::WeightedMean),
            ("lasttoken", Pooling::Last),
        ];
        if self.include_prompt == Some(false) {
            return Err("include_prompt: false is not supported".into());
        }
        let switches = [
            self.pooling_mode_cls_token,
            self.pooling_mode_mean_tokens,
            self.pooling_mode_max_tokens,
            self.pooling_mode_mean_sqrt_len_tokens,
            self.pooling_mode_weightedmean_tokens,
            self.pooling_mode_lasttoken,
        ];
        let chosen: Vec<String> = match self.pooling_mode {
            Some(Modes::One(name)) => vec![name],
            Some(Modes::Several(names)) => names,
            None => NAMES.iter().zip(switches).filter(|(_, on)| *on).map(|((name, _), _)| (*name).to_owned()).collect(),
        };
        let known = |name: &String| NAMES.iter().find(|(known, _)| known == name).map(|(_, pooling)| *pooling);
        match chosen.as_slice() {
            [name] => known(name).ok_or_else(|| format!("pooling {name} is not supported")),
            names => Err(format!("only one pooling mode is supported, not [{}]", names.join(", "))),
        }
    }
}

impl Pooling {
    /// Combines the rows of a text's tokens into one vector with `dimension` numbers.
    pub fn pool(self, tokens: &[f32], dimension: usize) -> Vec<f32> {
        let rows = tokens.chunks_exact(dimension);
        #[expect(clippy::cast_precision_loss, reason = "a text has some hundreds of tokens")]
        let count = rows.len() as f32;
        match self {
            Self::Cls => rows.take(1).next().unwrap_or_default().to_vec(),
            Self::Last => rows.last().unwrap_or_default().to_vec(),
            Self::Max => {
                let mut largest = vec![f32::NEG_INFINITY; dimension];
                rows.for_each(|row| largest.iter_mut().zip(row).for_each(|(max, x)| *max = max.max(*x)));
                largest
            }
            Self::Mean => weighted(rows, dimension, |_| 1.0, count),
            Self::MeanSqrt => weighted(rows, dimension, |_| 1.0, count.sqrt()),
            Self::WeightedMean => weighted(rows, dimension, |place| place, count * (count + 1.0) / 2.0),
        }
    }
}

/// Returns the weighted sum of the rows, divided by `divisor`. The weight depends on the position, which starts at 1.
fn weighted<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    dimension: usize,
    weight: impl Fn(f32) -> f32,
    divisor: f32,
) -> Vec<f32> {
    let mut sums = vec![0.0; dimension];
    let mut place = 0.0;
    for row in rows {
        place += 1.0;
        let weight = weight(place);
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
    }
    for sum in &mut sums {
        *sum /= divisor;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_pooled_as_sentence_transformers_does() {
        let rows = [1.0, -2.0, 3.0, 4.0, 5.0, 1.0, 7.0, -3.0];
        let pool = |pooling: Pooling| pooling.pool(&rows, 2);
        assert_eq!(pool(Pooling::Mean), [4.0, 0.0]);
        assert_eq!(pool(Pooling::MeanSqrt), [8.0, 0.0]);
        assert_eq!(pool(Pooling::WeightedMean), [5.0, -0.3]);
        assert_eq!(pool(Pooling::Max), [7.0, 4.0]);
        assert_eq!(pool(Pooling::Cls), [1.0, -2.0]);
        assert_eq!(pool(Pooling::Last), [7.0, -3.0]);
    }

    #[test]
    fn files_of_all_versions_choose_one_mode() {
        let mode = |json: &str| serde_json::from_str::<PoolingFile>(json).unwrap().mode();
        assert_eq!(mode(r#"{"pooling_mode_max_tokens": true, "pooling_mode_cls_token": false}"#), Ok(Pooling::Max));
        assert_eq!(mode(r#"{"pooling_mode": "cls", "include_prompt": true}"#), Ok(Pooling::Cls));
        assert_eq!(mode(r#"{"pooling_mode": ["lasttoken"]}"#), Ok(Pooling::Last));
        for refused in [
            "{}",
            r#"{"pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": true}"#,
            r#"{"pooling_mode": "attention"}"#,
            r#"{"pooling_mode": "mean", "include_prompt": false}"#,
        ] {
            assert!(mode(refused).is_err(), "{refused}");
        }
    }
}

//! The ranges of numbers in the configuration.

use serde::Deserialize;
use serde::de::{self, Deserializer};

use super::SMALLEST_CHUNK;

pub(super) fn auto_or_number<'de, D: Deserializer<'de>>(
    deserializer: D,
    least: usize,
    most: usize,
) -> Result<Option<usize>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(usize),
        Word(String),
    }
    let refused = || de::Error::custom(format!("expected `auto` or a whole number from {least} to {most}"));
    match Form::deserialize(deserializer).map_err(|_| refused())? {
        Form::Number(number) if (least..=most).contains(&number) => Ok(Some(number)),
        Form::Word(word) if word == "auto" => Ok(None),
        _ => Err(refused()),
    }
}

pub(super) fn max_tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    auto_or_number(deserializer, SMALLEST_CHUNK, 1_000_000)
}

pub(super) fn in_range<'de, D: Deserializer<'de>>(deserializer: D, least: u32, most: u32) -> Result<u32, D::Error> {
    let refused = || de::Error::custom(format!("expected a whole number from {least} to {most}"));
    let number = u32::deserialize(deserializer).map_err(|_| refused())?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(refused()) }
}

pub(super) fn ttl_minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, 10_080)
}

pub(super) fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let refused = || de::Error::custom("expected a whole number from 1 to 36500");
    match Option::<u32>::deserialize(deserializer).map_err(|_| refused())? {
        Some(days) if !(1..=36_500).contains(&days) => Err(refused()),
        days => Ok(days),
    }
}

pub(super) fn artifacts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    in_range(deserializer, 1, 1_000).map(|number| number as usize)
}

pub(super) fn lag_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 0, 31_536_000)
}

pub(super) fn attempts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    in_range(deserializer, 1, 9_999)
}

pub(super) fn chunk_tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    in_range(deserializer, 0, 1_000_000).map(|number| number as usize)
}

//! Tests with random faults, and tests that compare random calls with a model.

mod chaos;
mod model;
mod provider;
mod readers;
mod scale;
mod schedules;
mod server;
mod sync;

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the number in an environment variable, or `default`.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .filter(|text| !text.is_empty())
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, and should be a number")))
}

/// A small random number generator (xorshift64*). The numbers depend only on the seed.
struct Random(u64);

impl Random {
    /// Starts with `SEED` or the current time, and prints the seed.
    #[expect(clippy::disallowed_methods, reason = "a seed")]
    fn seeded(name: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
        let seed = setting("SEED", u64::try_from(now % 1_000_000_000).unwrap());
        println!("{name}: SEED={seed}");
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound
    }

    /// Returns one of the elements.
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

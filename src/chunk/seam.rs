//! A place where a document may be cut.

/// How strong a seam is. Seams of the lowest level are cut first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(u8);

impl Level {
    /// Before the first byte and after the last.
    pub const EDGE: Self = Self(0);
    /// Between sentences, words, characters, or lines of code: inside a block.
    pub const INNER: Self = Self(u8::MAX);
    /// Levels 1 to 6 are headings.
    const LAST_HEADING: u8 = 6;

    /// Before a heading.
    pub fn heading(level: u8) -> Self {
        Self(level.clamp(1, Self::LAST_HEADING))
    }

    /// Before a block that stands in `depth` others.
    pub fn block(depth: u8) -> Self {
        // Deeper blocks share a level, because each level costs a pass.
        Self(Self::LAST_HEADING + 1 + depth.min(24))
    }

    /// The level of the heading that begins here, if one does.
    pub fn as_heading(self) -> Option<u8> {
        (1..=Self::LAST_HEADING).contains(&self.0).then_some(self.0)
    }
}

/// A place where a document may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seam {
    /// The first byte after the cut.
    pub at: usize,
    pub level: Level,
    /// Among seams of one level that are near each other, the cut is at the one with the greatest weight.
    pub weight: u64,
}

/// Bytes of following text that decide between equal seams.
const CONTEXT: usize = 64;

impl Seam {
    /// A seam whose weight depends only on the text after it, so that it is the same wherever that text stands.
    pub fn new(body: &str, at: usize, level: Level) -> Self {
        let (before, after) = body.split_at_checked(at).unwrap_or_default();
        let after = after.as_bytes();
        let after = after.get(..CONTEXT).unwrap_or(after);
        // A line that ends with a colon introduces the next block, so a cut after it is the last choice.
        let introduces = before.trim_end().ends_with([':', '：']);
        let weight = hash(after) >> 1;
        Self { at, level, weight: if introduces { weight >> 1 } else { weight | 1 << 62 } }
    }
}

/// FNV-1a with a final mix.
fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

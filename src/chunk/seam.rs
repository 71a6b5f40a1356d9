//! A place where a document may be cut.

/// The strength of a seam. Seams with the lowest level are cut first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(u8);

impl Level {
    /// The start or the end of the document.
    pub const EDGE: Self = Self(0);
    /// A seam inside a block: between sentences, words, characters or lines of code.
    pub const INNER: Self = Self(u8::MAX);
    /// Levels 1 to 6 are for headings.
    const LAST_HEADING: u8 = 6;

    /// Returns the seam before a heading.
    pub fn heading(level: u8) -> Self {
        Self(level.clamp(1, Self::LAST_HEADING))
    }

    /// The seam before a block that is nested in `depth` others.
    pub fn block(depth: u8) -> Self {
        // All very deep blocks share one level, because each level needs a pass.
        Self(Self::LAST_HEADING + 1 + depth.min(24))
    }

    /// Returns the level of the heading that begins here, if there is one.
    pub fn as_heading(self) -> Option<u8> {
        (1..=Self::LAST_HEADING).contains(&self.0).then_some(self.0)
    }
}

/// A place where a document may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seam {
    /// The position of the first byte after the cut.
    pub at: usize,
    pub level: Level,
    /// If several seams of one level are near each other, the document is cut at the seam with the greatest weight.
    pub weight: u64,
}

/// The number of bytes after the seam whose hash decides between equal seams.
const CONTEXT: usize = 64;

impl Seam {
    /// Creates a seam. Its weight depends only on the text after it, so the same text has the same seams in every document.
    pub fn new(body: &str, at: usize, level: Level) -> Self {
        let (before, after) = body.split_at_checked(at).unwrap_or_default();
        let after = after.as_bytes();
        let after = after.get(..CONTEXT).unwrap_or(after);
        // A line that ends with a colon introduces the next block, so a cut after it should be the last choice.
        let introduces = before.trim_end().ends_with([':', '：']);
        let weight = hash(after) >> 1;
        Self { at, level, weight: if introduces { weight >> 1 } else { weight | 1 << 62 } }
    }
}

/// FNV-1a, followed by a mixing step.
fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

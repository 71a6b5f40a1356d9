//! Exit codes.

/// The exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The work is complete.
    Done = 0,
    /// A part of the work failed.
    Failures = 1,
    /// The command line is not valid.
    Usage = 2,
    /// The configuration is not valid.
    Config = 3,
    /// The database or the embedding server is unreachable or not ready.
    Unreachable = 4,
    /// A confirmation is missing.
    Refused = 5,
    /// Stopped by SIGINT.
    Interrupted = 130,
    /// Stopped by SIGTERM.
    Terminated = 143,
}

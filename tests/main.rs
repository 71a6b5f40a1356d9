//! The one test binary.

mod conformance;

//! Downloads a file, and continues where an earlier download stopped.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use ureq::http::StatusCode;
use ureq::http::header::{AUTHORIZATION, CONTENT_RANGE, RANGE};

use super::{Index, Package, SetupError, Wheel, file};
use crate::stop::Stop;

/// Number of consecutive failures without new data after which the download ends.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// A file to download, and its source.
#[derive(Clone, Copy)]
pub struct Download<'a> {
    /// The index that lists the file.
    pub index: &'a Index,
    /// The file.
    pub wheel: &'a Wheel,
    /// The package that the file belongs to. It contains the pinned hashes.
    pub package: &'a Package,
}

/// Downloads a wheel to `target`, which is created only after the hash is verified. Until then, the data is in a temporary
/// file in the same folder.
pub fn download(this: Download<'_>, target: &Path, bar: &ProgressBar, stop: &Stop) -> Result<(), SetupError> {
    if target.is_file() && this.package.verify(target).is_ok() {
        bar.inc(this.wheel.size.unwrap_or(0));
        return Ok(());
    }
    let part = target.with_extension("whl.part");
    let mut failures = 0;
    let begun = bar.position();
    loop {
        let before = length(&part);
        bar.set_position(begun + before);
        match this.receive(&part, bar, stop) {
            Ok(()) => break,
            Err(SetupError::Unreachable { url, message }) => {
                failures = if length(&part) > before { 1 } else { failures + 1 };
                if failures >= TRIES {
                    return Err(SetupError::Unreachable { url, message });
                }
                log::debug!("{url}: {message}; trying again");
                stop.sleep(FIRST_WAIT * 2_u32.pow(failures - 1));
            }
            Err(error) => return Err(error),
        }
    }
    if let Err(error) = this.package.verify(&part) {
        // A file with a wrong hash must be downloaded from the start.
        fs::remove_file(&part).map_err(file(&part))?;
        return Err(error);
    }
    fs::rename(&part, target).map_err(file(target))
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

impl Download<'_> {
    /// Downloads the missing bytes and appends them to `part`.
    fn receive(self, part: &Path, bar: &ProgressBar, stop: &Stop) -> Result<(), SetupError> {
        let unreachable = |message: String| SetupError::Unreachable { url: self.wheel.url.clone(), message };
        let offset = length(part);
        let mut request = self.index.agent.get(&self.wheel.url);
        if let Some(authorization) = self.index.authorization_for(&self.wheel.url) {
            request = request.header(AUTHORIZATION, authorization);
        }
        if offset > 0 {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        let mut response = request.call().map_err(|error| unreachable(error.to_string()))?;
        let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
        let continues = range.is_some_and(|range| range.starts_with(&format!("bytes {offset}-")));
        let mut out = match response.status() {
            StatusCode::PARTIAL_CONTENT if continues => File::options().append(true).open(part),
            StatusCode::OK => File::create(part),
            // The file should be complete. The hash is checked later.
            StatusCode::RANGE_NOT_SATISFIABLE if offset > 0 => return Ok(()),
            status => return Err(unreachable(format!("the server answers {status}"))),
        }
        .map_err(file(part))?;
        if response.status() == StatusCode::OK {
            bar.set_position(bar.position().saturating_sub(offset));
        }
        let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            if stop.is_asked() {
                return Err(SetupError::Stopped);
            }
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    out.write_all(&buffer[..count]).map_err(file(part))?;
                    bar.inc(count as u64);
                }
                Err(error) => return Err(unreachable(error.to_string())),
            }
        }
        match self.wheel.size {
            Some(size) if length(part) < size => Err(unreachable("the connection ended early".into())),
            _ => Ok(()),
        }
    }
}

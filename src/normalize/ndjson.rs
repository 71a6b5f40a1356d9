//! Reads older artifacts: files with one JSON object per line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::files::Root;

/// Maximum length of a line in bytes.
const MAX_LINE: u64 = 128 * 1024 * 1024;

/// Finds an artifact: the input itself, or the file `name` in a run folder or its `ingest` folder.
pub fn find(input: &Path, name: &str) -> Option<PathBuf> {
    if input.is_file() {
        return input.extension().is_some_and(|extension| extension == "ndjson").then(|| input.to_owned());
    }
    let root = Root::of(input).ok()?;
    [input.join(name), input.join("ingest").join(name)].into_iter().find(|path| root.has(path))
}

/// A line of the file.
pub struct Line {
    start: u64,
    length: u64,
    /// The line number, counted from 1.
    pub number: u64,
}

/// Returns the positions of all lines that are not blank.
pub fn lines(path: &Path) -> std::io::Result<Vec<Line>> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut lines, mut start, mut number) = (Vec::new(), 0, 0);
    loop {
        let (mut length, mut blank, mut ended) = (0_u64, true, false);
        while !ended {
            let available = reader.fill_buf()?;
            if available.is_empty() {
                break;
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = available.get(..end.map_or(available.len(), |end| end + 1)).unwrap_or_default();
            blank &= part.iter().all(u8::is_ascii_whitespace);
            ended = end.is_some();
            let taken = part.len();
            length += taken as u64;
            reader.consume(taken);
        }
        if length == 0 {
            return Ok(lines);
        }
        number += 1;
        if !blank {
            lines.push(Line { start, length, number });
        }
        start += length;
    }
}

/// Returns the value in a line.
pub fn load(path: &Path, line: &Line) -> Result<Value, String> {
    if line.length > MAX_LINE {
        return Err(format!("the line has more than {MAX_LINE} bytes"));
    }
    let bytes = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(line.start))?;
        let mut bytes = Vec::new();
        file.take(line.length).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = bytes().map_err(|error| format!("cannot be read: {error}"))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("no valid JSON: {error}"))
}

/// Returns the strings in a field that contains a list.
pub fn strings(value: &Value, name: &str) -> Vec<String> {
    let items = value.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// Returns a field that contains a number or a string that is not empty.
pub fn text(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

//! Reads the description of an export, `exportDescriptor.properties`.

/// Returns a property of the export's description.
pub(super) fn property(descriptor: &str, name: &str) -> Option<String> {
    let lines = descriptor.lines().filter_map(|line| line.split_once('='));
    let value = lines.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().replace("\\:", ":")).next();
    value.filter(|value| !value.is_empty())
}

/// Returns the offset of the times in an export from UTC, if it is known. Cloud uses UTC.
/// A server uses its local time, and writes its time zone in the first line of the description.
pub(super) fn offset(descriptor: &str, is_cloud: Option<bool>) -> String {
    if is_cloud == Some(true) {
        return "Z".to_owned();
    }
    let date = descriptor.lines().find(|line| line.starts_with('#') && line.contains(':'));
    let zone = date.and_then(|line| line.split_whitespace().rev().nth(1)).unwrap_or_default();
    match zone {
        "UTC" | "Z" => "Z".to_owned(),
        // Other names have a different offset in winter and in summer.
        zone => zone.strip_prefix("GMT").filter(|offset| is_offset(offset)).unwrap_or_default().to_owned(),
    }
}

/// Returns whether this is an offset such as `+02:00`.
fn is_offset(text: &str) -> bool {
    text.len() == 6
        && text.starts_with(['+', '-'])
        && text.bytes().enumerate().skip(1).all(|(at, byte)| if at == 3 { byte == b':' } else { byte.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn times_have_the_zone_that_the_export_names_or_none() {
        assert_eq!(offset("#Mon Jan 03 10:00:00 UTC 2011\na=b", None), "Z");
        assert_eq!(offset("#Mon Jan 03 10:00:00 GMT+02:00 2011", None), "+02:00");
        // The offset is different in summer.
        assert_eq!(offset("#Mon Jan 03 10:00:00 CET 2011", Some(false)), "");
        assert_eq!(offset("", None), "");
        assert_eq!(offset("#Mon Jan 03 10:00:00 CET 2011", Some(true)), "Z");
    }
}

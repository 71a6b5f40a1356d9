//! Names of programming languages in code fences.

/// Alternative names in lower case, and the names that highlighters know.
const ALIASES: &[(&str, &str)] = &[
    ("actionscript3", "actionscript"),
    ("bourne", "bash"),
    ("c#", "csharp"),
    ("c++", "cpp"),
    ("cold-fusion", "coldfusion"),
    ("console", "shell"),
    ("cs", "csharp"),
    ("coldfusion", "coldfusion"),
    ("html/xml", "xml"),
    ("js", "javascript"),
    ("javafx", "java"),
    ("none", ""),
    ("plain", ""),
    ("plaintext", ""),
    ("plain-text", ""),
    ("py", "python"),
    ("sh", "bash"),
    ("text", ""),
    ("text/plain", ""),
    ("txt", ""),
    ("visual-basic", "vbnet"),
    ("vb", "vbnet"),
    ("xhtml", "xml"),
    ("yml", "yaml"),
];

/// Returns the info string for a fence: one common word in lower case, or an empty string if there is no language.
pub(super) fn info_string(language: &str) -> String {
    let name = language.trim().to_lowercase();
    let name = name.split_whitespace().collect::<Vec<_>>().join("-");
    let known = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, known)| *known);
    let name = known.unwrap_or(&name);
    // A backtick would end the info string.
    name.chars().filter(|c| *c != '`' && !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::info_string;

    #[test]
    fn info_string_uses_the_common_spelling() {
        assert_eq!(info_string("C#"), "csharp");
        assert_eq!(info_string(" YML "), "yaml");
        assert_eq!(info_string("none"), "");
        assert_eq!(info_string("Objective C"), "objective-c");
        assert_eq!(info_string("a`b"), "ab");
    }
}

//! Converts Confluence emoticons to Unicode.

/// The names of emoticons and the characters that they show.
const EMOTICONS: &[(&str, &str)] = &[
    ("smile", "🙂"),
    ("sad", "🙁"),
    ("cheeky", "😛"),
    ("laugh", "😀"),
    ("wink", "😉"),
    ("thumbs-up", "👍"),
    ("thumbs-down", "👎"),
    ("information", "ℹ️"),
    ("tick", "✓"),
    ("cross", "✗"),
    ("warning", "⚠️"),
    ("plus", "➕"),
    ("minus", "➖"),
    ("question", "❓"),
    ("light-on", "💡"),
    ("light-off", "🌑"),
    ("yellow-star", "⭐"),
    ("red-star", "★"),
    ("green-star", "★"),
    ("blue-star", "★"),
    ("heart", "❤️"),
    ("broken-heart", "💔"),
];

/// Returns the character of an emoticon.
pub(super) fn emoticon(name: &str) -> Option<&'static str> {
    EMOTICONS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Returns the emoticon for a `code` of wiki markup.
pub(super) fn wiki(code: &str) -> Option<&'static str> {
    let name = match code {
        "(/)" => "tick",
        "(x)" => "cross",
        "(!)" => "warning",
        "(i)" => "information",
        "(?)" => "question",
        "(y)" => "thumbs-up",
        "(n)" => "thumbs-down",
        "(+)" => "plus",
        "(-)" => "minus",
        "(on)" => "light-on",
        "(off)" => "light-off",
        "(*)" => "yellow-star",
        _ => return None,
    };
    emoticon(name)
}

//! Escapes text that a parser would read as markup. It adds no unnecessary backslashes.

/// Returns the length of the longest run of `wanted` in `text`.
pub(super) fn longest_run(text: &str, wanted: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Returns the length of the shortest run of backticks that does not occur in `text`, for the delimiters of a code span.
pub(super) fn shortest_absent_run(text: &str) -> usize {
    longest_run(text, '`') + 1
}

/// The context of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The neighboring characters, if they are known.
    pub before: Option<char>,
    pub after: Option<char>,
    /// Whether the text is inside a link, where `]` would end the link.
    pub in_link: bool,
    /// Whether some text around it is struck, so that a `~` could open or close the mark.
    pub has_strike: bool,
}

/// Appends `text` to `out`, and escapes characters that would be inline markup. `text` contains no spaces.
pub(super) fn push_text(out: &mut String, text: &str, place: Place) {
    let mut previous = place.before;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next).or(place.after);
        let rest = text.get(at..).unwrap_or_default();
        if needs_escape(c, previous, next, rest, place) {
            out.push('\\');
        }
        out.push(c);
        previous = Some(c);
    }
}

fn needs_escape(c: char, previous: Option<char>, next: Option<char>, rest: &str, place: Place) -> bool {
    match c {
        '*' | '`' | '[' => true,
        ']' => place.in_link,
        // An underscore inside a word is never emphasis.
        '_' => !(previous.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric)),
        // A tilde after a space cannot close a strike-through. Without a closing delimiter, no mark begins.
        '~' => place.has_strike || next.is_none_or(|n| n == '~') || previous.is_some_and(|p| !p.is_whitespace()),
        '\\' => next.is_none_or(|n| n.is_ascii_punctuation()),
        '<' => next.is_none_or(|n| n.is_ascii_alphabetic() || matches!(n, '/' | '!' | '?')),
        '&' => is_entity(rest),
        _ => false,
    }
}

/// Returns whether `text` begins with a character reference.
fn is_entity(text: &str) -> bool {
    let Some((name, _)) = text.get(1..).and_then(|rest| rest.split_once(';')) else { return false };
    let name = name.strip_prefix('#').unwrap_or(name);
    !name.is_empty() && name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Escapes characters at the start of a line that would be block markup.
pub(super) fn line_starts(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        match marker_at(line) {
            Some(at) => {
                let (before, after) = line.split_at(at);
                out.push_str(before);
                out.push('\\');
                out.push_str(after);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Returns where `line` needs a backslash so that it does not begin a new block.
fn marker_at(line: &str) -> Option<usize> {
    let first = line.chars().next()?;
    let ends_marker = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
    match first {
        '>' => Some(0),
        '#' => {
            let rest = line.trim_start_matches('#');
            (line.len() - rest.len() <= 6 && ends_marker(rest)).then_some(0)
        }
        '+' | '-' if ends_marker(line.get(1..).unwrap_or_default()) => Some(0),
        // The underline of a heading, a thematic break, or the second line of a table.
        '-' | '=' | ':' | '|' => {
            (line.contains(['-', '=']) && line.chars().all(|c| matches!(c, '-' | '=' | ':' | '|' | ' '))).then_some(0)
        }
        '0'..='9' => {
            let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let rest = line.get(digits..)?;
            let marker = rest.strip_prefix(['.', ')'])?;
            (digits <= 9 && ends_marker(marker)).then_some(digits)
        }
        _ => None,
    }
}

/// Escapes `#` characters at the end of a heading. A parser would remove them.
pub(super) fn closing_hashes(text: &str) -> String {
    let before = text.trim_end_matches('#');
    if before.len() < text.len() && (before.is_empty() || before.ends_with(' ')) {
        let (before, hashes) = text.split_at(before.len());
        return format!("{before}\\{hashes}");
    }
    text.to_owned()
}

/// Writes a link destination. If it would end too early, it is enclosed in angle brackets.
pub(super) fn destination(target: &str) -> String {
    let target = target.trim();
    let plain = !target.is_empty()
        && !target.starts_with('<')
        && !target.contains(|c: char| c.is_whitespace() || c.is_control())
        && parentheses_balance(target);
    if plain {
        // A backslash before punctuation would disappear, and an entity would be replaced.
        return escape_destination(target);
    }
    let mut out = String::from("<");
    for c in target.chars() {
        match c {
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '\n' | '\r' => {}
            c => out.push(c),
        }
    }
    out.push('>');
    out
}

fn escape_destination(target: &str) -> String {
    let mut out = String::with_capacity(target.len());
    let mut chars = target.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let rest = target.get(at..).unwrap_or_default();
        if (c == '\\' && next.is_none_or(|n| n.is_ascii_punctuation())) || (c == '&' && is_entity(rest)) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn parentheses_balance(target: &str) -> bool {
    let mut open = 0_i64;
    for c in target.chars() {
        match c {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        // Parsers may support only 32 levels.
        if !(0..=30).contains(&open) {
            return false;
        }
    }
    open == 0
}

//! Converts inline notations.

use super::{between, outside_fences, running_text};

pub(super) fn plain_tags(text: &str) -> String {
    running_text(text, |part| {
        let part =
            ["<u>", "</u>", "<ins>", "</ins>", "</span>"].iter().fold(part.to_owned(), |p, tag| p.replace(tag, ""));
        let part = between(&part, "<span", ">", |_| Some(String::new()));
        between(&part, "==", "==", |inner| (!inner.trim_matches('=').is_empty()).then(|| inner.to_owned()))
    })
}

pub(super) fn marks(text: &str) -> String {
    const TAGS: &[(&str, &str)] = &[
        ("<b>", "**"),
        ("</b>", "**"),
        ("<strong>", "**"),
        ("</strong>", "**"),
        ("<i>", "*"),
        ("</i>", "*"),
        ("<s>", "~~"),
        ("</s>", "~~"),
    ];
    let word = |inner: &str| !inner.is_empty() && !inner.contains([' ', '~', '^', '[']);
    running_text(text, |part| {
        // These characters are operators in formulas.
        if part.contains("$$") {
            return part.to_owned();
        }
        let part = TAGS.iter().fold(part.to_owned(), |part, (tag, mark)| part.replace(tag, mark));
        let part =
            between(&part.replace("~~", "\u{1}"), "~", "~", |inner| word(inner).then(|| format!("<sub>{inner}</sub>")));
        between(&part, "^", "^", |inner| word(inner).then(|| format!("<sup>{inner}</sup>"))).replace('\u{1}', "~~")
    })
}

/// Converts `<a href="x">y</a>` to `[y](x)`.
pub(super) fn anchors(text: &str) -> String {
    between(text, "<a href=\"", "</a>", |inner| {
        let (href, words) = inner.split_once("\">")?;
        Some(format!("[{words}]({href})"))
    })
}

/// Converts `<img src="x" …>` to `![](x)`.
pub(super) fn html_images(text: &str) -> String {
    running_text(text, |part| {
        between(part, "<img src=\"", ">", |inner| Some(format!("![]({})", inner.split('"').next()?)))
    })
}

/// Converts `![|16](address/file?query)` to `![file](…)`.
pub(super) fn image_sizes(text: &str) -> String {
    between(text, "![|", ")", |inner| {
        let (_, address) = inner.split_once("](")?;
        let path = address.split('?').next()?;
        Some(format!("![{}]({address})", path.rsplit('/').next()?))
    })
}

pub(super) fn braces(text: &str) -> String {
    running_text(text, |part| {
        // An indented code block.
        if part.starts_with("    @") {
            return part.to_owned();
        }
        let part = between(part, "{user:", "}", |name| Some(format!("@{}", name.trim_start_matches('@'))));
        let part = between(&part, "{date:", "}", |date| Some(date.to_owned()));
        let part = between(&part, "{status:", "}", |title| Some(format!("**{title}**")));
        between(&part, "@{", "}", |name| (!name.is_empty() && !name.contains(' ')).then(|| name.to_owned()))
    })
}

pub(super) fn status_images(text: &str) -> String {
    running_text(text, |part| {
        between(part, "![", "]", |title| Some(format!("\u{1}{title}\u{2}")))
            .replace("\u{2}[STATUS-", "\u{3}")
            .split('\u{1}')
            .map(|piece| match piece.split_once('\u{3}') {
                Some((title, rest)) => {
                    format!("**{title}**{}", rest.split_once(']').map_or("", |(_, rest)| rest))
                }
                None => match piece.split_once('\u{2}') {
                    Some((alt, rest)) => format!("![{alt}]{rest}"),
                    None => piece.to_owned(),
                },
            })
            .collect()
    })
}

/// Converts lists and code in cells, which other converters write in block notation.
pub(super) fn cell_blocks(text: &str) -> String {
    let text = outside_fences(text, |line| {
        if !line.starts_with('|') {
            return line.to_owned();
        }
        between(line, "```", "```", |code| {
            let lines = code.split("<br>").skip(1).filter(|line| !line.is_empty());
            Some(lines.map(|line| format!("`{}`", line.trim_end())).collect::<Vec<_>>().join("<br>"))
        })
    });
    let text = text.as_str();
    running_text(text, |part| {
        let part = part.replace("<br><br>", "<br>").replace("<br>- ", "<br>• ").replace("<br>> ", "<br>");
        let is_delimiter = part.trim_matches(['|', '-', ':', ' ']).is_empty();
        if part.starts_with('|') && !is_delimiter { part.replace("| - ", "| • ") } else { part }
    })
}

/// Converts `![text](file "title")` on a separate line. The title becomes the caption.
pub(super) fn image_titles(text: &str) -> String {
    outside_fences(text, |line| {
        let inner = line.strip_prefix("![").and_then(|rest| rest.strip_suffix("\")"));
        match inner.and_then(|inner| inner.split_once(" \"")) {
            Some((image, title)) => format!("![{image})\n\n*{title}*"),
            None => line.to_owned(),
        }
    })
}

pub(super) fn invisible(text: &str) -> String {
    text.replace(['\u{200b}', '\u{ad}'], "")
}

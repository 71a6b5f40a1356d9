//! Converts block notations.

use super::{between, outside_fences, running_text};

pub(super) fn comments(text: &str) -> String {
    let body = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).map_or(text, |(_, body)| body);
    // A comment may span several lines. Inside code, it is code.
    let mut inside = false;
    outside_fences(body, |line| {
        let mut out = String::new();
        let mut rest = line;
        loop {
            let mark = if inside { "-->" } else { "<!--" };
            let Some((before, after)) =
                rest.split_once(mark).filter(|(before, _)| before.matches('`').count() % 2 == 0)
            else {
                break;
            };
            if !inside {
                // A comment in the text of a page is escaped.
                out.push_str(before.trim_end_matches('\\'));
            }
            inside = !inside;
            rest = after;
        }
        if inside { out } else { out + rest }
    })
}

pub(super) fn navigation(text: &str) -> String {
    outside_fences(text, |line| {
        if ["[[_TOC_]]", "[[_LISTING_]]"].contains(&line.trim()) { String::new() } else { line.to_owned() }
    })
}

pub(super) fn heading_ids(text: &str) -> String {
    outside_fences(text, |line| match line.rsplit_once(" {#") {
        Some((heading, id)) if line.starts_with('#') && id.ends_with('}') => heading.to_owned(),
        _ => line.to_owned(),
    })
}

/// Returns the label of a kind of callout.
fn label(kind: &str) -> String {
    let kind = kind.to_lowercase();
    let mut letters = kind.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Quotes `lines`. The label is before the first paragraph or on a separate line.
fn quote(label: &str, lines: &[String]) -> Vec<String> {
    let start = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(lines.len());
    let lines = lines.get(start..).unwrap_or_default();
    let first = lines.first().map_or("", String::as_str);
    let is_text = !first.starts_with(['-', '*', '#', '>', '|', '`', '~']) || first.starts_with("**");
    let is_text = is_text && !first.starts_with(|c: char| c.is_ascii_digit());
    let mut out = Vec::new();
    if is_text {
        out.push(format!("> **{label}:** {first}"));
        out.extend(lines.iter().skip(1).map(|line| format!("> {line}")));
    } else {
        out.extend([format!("> **{label}:**"), ">".to_owned()]);
        out.extend(lines.iter().map(|line| format!("> {line}")));
    }
    out
}

/// Returns a parameter of `~~~panel type=info title="x"`.
fn parameter<'t>(head: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = head.split_once(&format!("{name}="))?;
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split_whitespace().next(),
    }
}

pub(super) fn tildes(text: &str) -> String {
    let mut open: Vec<(String, Vec<String>)> = vec![(String::new(), Vec::new())];
    for line in text.split('\n') {
        let bare = line.trim();
        if bare.starts_with("~~~panel") || bare.starts_with("~~~expand") {
            open.push((bare.to_owned(), Vec::new()));
        } else if bare == "~~~" && open.len() > 1 {
            let (head, content) = open.pop().expect("an open block");
            let title = parameter(&head, "title");
            let mut block = Vec::new();
            if head.starts_with("~~~expand") {
                block.extend(title.map(|title| format!("**{title}**\n")));
                block.extend(content);
            } else {
                let content = title.map(|title| format!("{title}\n>")).into_iter().chain(content).collect::<Vec<_>>();
                block = quote(&label(parameter(&head, "type").unwrap_or("info")), &content);
            }
            let into = &mut open.last_mut().expect("the text itself").1;
            into.push(String::new());
            into.extend(block);
            into.push(String::new());
        } else {
            open.last_mut().expect("the text itself").1.push(line.to_owned());
        }
    }
    open.into_iter().flat_map(|(_, lines)| lines).collect::<Vec<_>>().join("\n")
}

pub(super) fn details(text: &str) -> String {
    let text = outside_fences(text, |line| {
        // Tags in the text of a page are escaped.
        let line = &line.replace("\\<", "<");
        let bare = line.trim();
        if bare.starts_with("<details") || bare == "</details>" {
            return String::new();
        }
        let summary = bare.strip_prefix("<summary>").and_then(|rest| rest.strip_suffix("</summary>"));
        match summary {
            Some(title) => format!("**{}**", between(title, "<", ">", |_| Some(String::new()))),
            None => line.clone(),
        }
    });
    // A collapsed callout is an expand macro, so its lines lose one quotation mark.
    let mut out: Vec<String> = Vec::new();
    let mut inside: Option<String> = None;
    for line in text.split('\n') {
        if let Some((before, title)) = line.split_once("> [!note]- ") {
            inside = Some(before.to_owned());
            out.push(format!("{before}**{title}**"));
        } else if let Some(rest) = inside.as_ref().and_then(|before| line.strip_prefix(&format!("{before}>"))) {
            out.push(format!("{}{}", inside.as_deref().unwrap_or_default(), rest.strip_prefix(' ').unwrap_or(rest)));
        } else {
            inside = None;
            out.push(line.to_owned());
        }
    }
    out.join("\n")
}

pub(super) fn admonitions(text: &str) -> String {
    let mut out = Vec::new();
    let lines: Vec<&str> = text.split('\n').collect();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let Some(head) = line.strip_prefix("!!! ") else {
            out.push((*line).to_owned());
            continue;
        };
        let (kind, title) = head.split_once(' ').unwrap_or((head, ""));
        let title = title.trim().trim_matches('"');
        let mut content = Vec::new();
        if !title.is_empty() {
            content.extend([format!("**{title}**"), String::new()]);
        }
        while let Some(line) = lines.get(at).filter(|line| line.starts_with("    ") || line.trim().is_empty()) {
            content.push(line.strip_prefix("    ").unwrap_or_default().to_owned());
            at += 1;
        }
        let inner = admonitions(&content.join("\n"));
        out.extend(quote(&label(kind), &inner.split('\n').map(str::to_owned).collect::<Vec<_>>()));
        out.push(String::new());
    }
    out.join("\n")
}

pub(super) fn alerts(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut pending: Option<(String, String)> = None;
    for line in text.split('\n') {
        if let Some((before, label)) = pending.take() {
            let rest = line.strip_prefix(&before).and_then(|rest| rest.strip_prefix('>')).map(str::trim);
            match rest {
                Some("") => {
                    pending = Some((before, label));
                    continue;
                }
                Some(text) => {
                    let content = [text.to_owned()];
                    out.extend(quote(&label, &content).into_iter().map(|line| format!("{before}{line}")));
                    continue;
                }
                None => out.push(format!("{before}> **{label}:**")),
            }
        }
        // GitLab writes `> NOTE:` on a separate line.
        let shout = line.strip_prefix("> ").and_then(|rest| rest.strip_suffix(':'));
        let shout = shout.filter(|kind| !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_uppercase()));
        // Other tools write a symbol and the kind in bold.
        let bold = line.strip_prefix("> ").and_then(|rest| rest.strip_suffix("**")?.split_once(" **"));
        let signed = bold.filter(|(sign, _)| !sign.is_empty() && !sign.contains(|c: char| c.is_alphanumeric()));
        let kind = shout.or(signed.map(|(_, kind)| kind).filter(|kind| kind.chars().all(char::is_alphabetic)));
        let line = &kind.map_or_else(|| line.to_owned(), |kind| format!("> [!{kind}]"));
        let kind = line.split_once("> [!").filter(|(before, _)| before.trim_matches(['>', ' ']).is_empty());
        match kind.and_then(|(before, rest)| Some((before, rest.split_once(']')?))) {
            Some((before, (kind, title))) if title.trim().is_empty() => {
                pending = Some((before.to_owned(), label(kind)));
            }
            Some((before, (kind, title))) => out.push(format!("{before}> **{}:** {}", label(kind), title.trim())),
            None => out.push(line.to_owned()),
        }
    }
    out.join("\n")
}

pub(super) fn code_titles(text: &str) -> String {
    let mut open = false;
    let lines = text.split('\n').map(|line| {
        let Some(info) = line.strip_prefix("```").filter(|_| !open) else {
            open = open && line.trim_end() != "```";
            return line.to_owned();
        };
        open = true;
        let language = info.split_whitespace().next().unwrap_or_default();
        let title = info.split_once("title ").map(|(_, title)| format!("**{}**\n\n", title.trim()));
        format!("{}```{language}", title.unwrap_or_default())
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn math(text: &str) -> String {
    let text = between(text, "```math\n", "\n```", |tex| Some(format!("$${tex}$$")));
    running_text(&text, |part| between(part, "\\(", "\\)", |tex| Some(format!("${tex}$"))))
}

pub(super) fn html_tables(text: &str) -> String {
    between(text, "<table", "</table>", |table| {
        let mut grid: Vec<Vec<Option<String>>> = Vec::new();
        let mut header = false;
        for (y, row) in table.split("<tr>").skip(1).enumerate() {
            let mut x = 0;
            let cells: Vec<&str> =
                row.split('<').filter(|tag| tag.starts_with("td") || tag.starts_with("th")).collect();
            let texts: Vec<&str> = row.split("</td>").flat_map(|part| part.split("</th>")).collect();
            header |= y == 0 && cells.iter().all(|cell| cell.starts_with("th"));
            for (cell, text) in cells.iter().zip(&texts) {
                let span = |name: &str| -> usize {
                    cell.split_once(&format!("{name}=\""))
                        .and_then(|(_, rest)| rest.split('"').next()?.parse().ok())
                        .unwrap_or(1)
                };
                let text = text.replace("<li>", "• ").replace("</li>", "<br>");
                let text = between(&text.replace("<br>", "\u{1}"), "<", ">", |_| Some(String::new()));
                let text = text.trim_end_matches('\u{1}').replace('\u{1}', "<br>");
                while grid.get(y).and_then(|row| row.get(x)).is_some_and(Option::is_some) {
                    x += 1;
                }
                for down in y..y + span("rowspan") {
                    for across in x..x + span("colspan") {
                        grid.resize(grid.len().max(down + 1), Vec::new());
                        let row = &mut grid[down];
                        row.resize(row.len().max(across + 1), None);
                        row[across] = Some(text.clone());
                    }
                }
            }
        }
        let columns = grid.iter().map(Vec::len).max()?;
        let line = |row: &[Option<String>]| {
            let cells = (0..columns).map(|x| row.get(x).cloned().flatten().unwrap_or_default());
            format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
        };
        if !header {
            grid.insert(0, Vec::new());
        }
        let mut lines: Vec<String> = grid.iter().map(|row| line(row)).collect();
        lines.insert(1, format!("|{}", " --- |".repeat(columns)));
        Some(lines.join("\n"))
    })
}

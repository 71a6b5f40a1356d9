use super::*;
use crate::embed::{Hash, Provider as _};

const LIMITS: Limits = Limits { max_tokens: 64, min_tokens: 12, overlap_tokens: 0 };

fn chunks(title: &str, body: &str, limits: Limits) -> Vec<Chunk> {
    chunk(title, body, limits, Hash::new().tokenizer())
}

fn words(n: usize, word: &str) -> String {
    join(" ", (0..n).map(|i| format!("{word}{i}")))
}

fn join(separator: &str, parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

#[test]
fn a_blank_body_has_one_chunk_of_the_title_or_none() {
    for body in ["", " \n\n\t\n"] {
        let found = chunks(" Release notes ", body, LIMITS);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].text.as_str(), found[0].range.clone()), ("Release notes", 0..0));
        assert_eq!(found[0].heading_path, ["Release notes"]);
        assert_eq!(uncovered(body, &found), None);
        assert!(chunks("  ", body, LIMITS).is_empty());
        let long = chunks(&words(200, "title"), body, LIMITS);
        assert!(long[0].text.ends_with("title199") && long[0].token_count <= LIMITS.max_tokens, "{}", long[0].text);
    }
}

#[test]
fn a_small_document_is_one_chunk_with_its_headings_inside() {
    let body = "# Set up\n\nInstall it.\n\n## Next\n\nRun it.\n";
    let found = chunks("Guide", body, LIMITS);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text, format!("Guide\n\n{}", body.trim()));
    assert_eq!(found[0].heading_path, ["Guide"]);
    assert_eq!(found[0].range, 0..body.trim_end().len());
}

#[test]
fn a_document_without_a_title_has_no_empty_path() {
    assert_eq!(chunks("  ", "Text.", LIMITS)[0].text, "Text.");
}

#[test]
fn the_path_holds_the_headings_that_are_open_before_the_chunk() {
    let body = format!("# A\n\n{}\n\n## B\n\n{}\n\n{}\n", words(40, "a"), words(40, "b"), words(40, "c"));
    let found = chunks("T", &body, LIMITS);
    let paths: Vec<_> = found.iter().map(|c| c.heading_path.join("/")).collect();
    assert_eq!(paths, ["T", "T/A", "T/A/B"]);
    assert!(found[1].text.starts_with("T > A\n\n## B\n\nb0 "));
    assert!(found[2].text.starts_with("T > A > B\n\nc0 "));
}

#[test]
fn a_long_path_is_shortened_from_the_left() {
    let body = format!("# {}\n\n## Near\n\nText.\n\n{}", words(40, "far"), words(50, "x"));
    let found = chunks("Title", &body, LIMITS);
    let last = found.last().unwrap();
    assert_eq!(last.heading_path.len(), 3);
    assert!(last.text.starts_with("Near\n\n"), "{}", last.text);
    let body = format!("# {}\n\nText.\n\n{}", words(40, "far"), words(50, "x"));
    let found = chunks("Title", &body, LIMITS);
    assert!(found.last().unwrap().text.starts_with("far9 far10 "), "{}", found.last().unwrap().text);
}

#[test]
fn tables_are_split_by_rows_and_repeat_their_head() {
    let rows = join("\n", (0..40).map(|i| format!("| key{i} | value {i} |")));
    let body = format!("| Name | Meaning |\n| --- | --- |\n{rows}");
    let found = chunks("T", &body, LIMITS);
    assert!(found.len() > 4);
    for chunk in &found {
        assert_eq!(chunk.kind, Kind::Table);
        assert!(chunk.text.starts_with("T\n\n| Name | Meaning |\n| --- | --- |\n| key"), "{}", chunk.text);
        assert!(chunk.text.ends_with(" |"), "{}", chunk.text);
    }
}

/// Returns the body of a chunk without its heading path.
fn shown(chunk: &Chunk) -> &str {
    chunk.text.split_once("\n\n").unwrap().1
}

#[test]
fn every_part_of_a_long_row_repeats_its_first_cell_under_its_own_column() {
    let body = format!(
        "| Name | Type | Notes | Default |\n| --- | --- | --- | --- |\n| timeout | duration | {} | {} |\n| x | y | z | w |\n",
        words(200, "note"),
        words(200, "value")
    );
    let limits = Limits { max_tokens: 96, ..LIMITS };
    let found = chunks("T", &body, limits);
    assert_eq!(uncovered(&body, &found), None);
    let (mut notes, mut values) = (0, 0);
    for chunk in &found {
        assert!(chunk.token_count <= limits.max_tokens);
        let mut lines = shown(chunk).lines();
        let heads: Vec<&str> = lines.next().unwrap().trim_matches('|').split('|').map(str::trim).collect();
        assert!(lines.next().unwrap().starts_with("|-") || chunk.range.start == 0, "{}", chunk.text);
        for row in lines.filter(|line| line.contains("note") || line.contains("value")) {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            assert_eq!(cells[0], "timeout", "{}", chunk.text);
            for (head, cell) in heads.iter().zip(&cells) {
                let expected = if cell.contains("note") { "Notes" } else { "Default" };
                if cell.contains("note") || cell.contains("value") {
                    assert_eq!(*head, expected, "{}", chunk.text);
                    notes += usize::from(expected == "Notes");
                    values += usize::from(expected == "Default");
                }
            }
            assert!(row.ends_with('|'), "{}", chunk.text);
        }
    }
    assert!(notes > 1 && values > 1, "{notes} {values}");
}

#[test]
fn a_head_of_many_columns_is_shortened_and_stays() {
    for columns in [4, 9, 12] {
        let limits = Limits { max_tokens: 128, ..LIMITS };
        let row = |cell: &dyn Fn(usize) -> String| join(" | ", (0..columns).map(cell));
        let head = row(&|i| format!("Column{i} with a rather long name"));
        let rows = join("\n", (0..20).map(|r| format!("| {} |", row(&|i| format!("r{r}c{i}")))));
        let body = format!("| {head} |\n|{}\n{rows}", " --- |".repeat(columns));
        let found = chunks("T", &body, limits);
        assert!(found.len() > 2, "{columns}");
        for chunk in found.iter().filter(|chunk| chunk.text.contains("| r")) {
            let head = shown(chunk).lines().next().unwrap();
            assert!(head.starts_with("| Col"), "{columns}: {}", chunk.text);
            assert_eq!(head.matches('|').count(), columns + 1, "{}", chunk.text);
            assert!(chunk.token_count <= limits.max_tokens);
        }
    }
}

#[test]
fn every_part_of_a_nested_list_repeats_the_items_it_stands_in() {
    let steps = |system: &str| {
        let steps = join("\n", (1..=13).map(|i| format!("      {i}. Press the button {i} and wait for it.")));
        format!("   - {system}\n\n{steps}\n")
    };
    let body = format!("1. Install the agent:\n{}{}{}2. Done.\n", steps("Windows"), steps("Linux"), steps("macOS"));
    let found = chunks("T", &body, LIMITS);
    assert_eq!(uncovered(&body, &found), None);
    assert!(found.len() > 5);
    let mut texts: Vec<&str> = found.iter().map(|chunk| chunk.text.as_str()).collect();
    for chunk in &found {
        assert!(chunk.token_count <= LIMITS.max_tokens);
        let above = ["Windows", "Linux", "macOS"].map(|system| body.find(system).unwrap());
        let system = above.iter().filter(|at| **at < chunk.range.end).count();
        let name = ["", "Windows", "Linux", "macOS"][system];
        assert!(chunk.text.contains("Install the agent:") && chunk.text.contains(name), "{}", chunk.text);
    }
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), found.len());
}

#[test]
fn a_list_without_nesting_repeats_nothing() {
    let body = join("\n", (0..40).map(|i| format!("- item {i} of the list")));
    for chunk in chunks("T", &body, LIMITS) {
        assert_eq!(shown(&chunk), &body[chunk.range.clone()]);
    }
}

#[test]
fn a_long_parent_item_is_repeated_in_short() {
    let steps = join("\n", (0..40).map(|i| format!("  - step {i} of many")));
    let body = format!("- {}\n{steps}\n", words(30, "parent"));
    for chunk in chunks("T", &body, LIMITS).iter().skip(1) {
        let first = shown(chunk).lines().next().unwrap();
        assert!(first.starts_with("- parent0 ") && first.ends_with('…') && first.len() < 90, "{}", chunk.text);
    }
}

#[test]
fn a_repeated_item_stays_in_its_quotation() {
    let steps = join("\n", (0..40).map(|i| format!(">     - step {i} of many")));
    for chunk in chunks("T", &format!("> - - parent\n{steps}\n"), LIMITS).iter().skip(1) {
        assert!(shown(chunk).starts_with(">   - parent\n>     - step "), "{}", chunk.text);
    }
}

#[test]
fn an_item_without_text_is_not_repeated() {
    let lines = join("\n", (0..60).map(|i| format!(">   step_{i} = {i}")));
    for chunk in chunks("T", &format!("> - ```\n{lines}\n>   ```\n"), LIMITS) {
        assert!(shown(&chunk).starts_with("> - ```\n>   step_"), "{}", chunk.text);
    }
}

#[test]
fn code_is_split_at_blank_lines_and_its_fence_restored() {
    let function = |i| format!("fn f{i}() {{\n    let x = {i};\n    g(x);\n}}\n");
    let body = format!("```rust\n{}```\n", join("\n", (0..12).map(function)));
    let found = chunks("T", &body, LIMITS);
    assert!(found.len() > 3);
    for chunk in &found {
        assert_eq!(chunk.kind, Kind::Code);
        assert!(chunk.text.starts_with("T\n\n```rust\nfn f"), "{}", chunk.text);
        assert!(chunk.text.ends_with("}\n```"), "{}", chunk.text);
    }
}

#[test]
fn long_code_without_blank_lines_is_split_at_lines() {
    let lines = join("\n", (0..60).map(|i| format!("> step_{i} = {i}")));
    for chunk in chunks("T", &format!("> ~~~~\n{lines}\n> ~~~~\n"), LIMITS) {
        assert!(chunk.text.starts_with("T\n\n> ~~~~\n> step_"), "{}", chunk.text);
        assert!(chunk.text.ends_with("\n> ~~~~"), "{}", chunk.text);
    }
}

#[test]
fn a_heading_never_stands_alone() {
    let body = format!("## A\n\n{}\n\n## B\n\n```\n{}\n```\n\n## Empty\n", words(200, "a"), words(200, "b "));
    for chunk in chunks("T", &body, LIMITS) {
        assert!(
            chunk.text.lines().any(|line| !line.is_empty() && line != "T" && !line.starts_with('#')),
            "{}",
            chunk.text
        );
    }
}

#[test]
fn headings_without_content_go_with_what_comes_next() {
    let body = format!("# One\n\n## Two\n\n{}\n\n## Three\n\n{}", words(40, "a"), words(40, "b"));
    let found = chunks("T", &body, LIMITS);
    assert!(found[0].text.starts_with("T\n\n# One\n\n## Two\n\na0"));
    assert_eq!(found[1].heading_path, ["T", "One"]);
}

#[test]
fn small_sections_under_one_heading_merge() {
    let found = chunks("T", &join("\n\n", (0..40).map(|i| format!("## Term {i}\n\nShort."))), LIMITS);
    assert!(found.len() < 20, "{}", found.len());
    assert!(found.iter().all(|c| c.token_count > 15));
}

#[test]
fn a_small_piece_never_joins_a_section_that_ends_its_heading() {
    let body = format!("# A\n\n{}\n\n## A1\n\nSmall.\n\n# B\n\nSmall too.\n", words(55, "a"));
    for chunk in chunks("T", &body, LIMITS) {
        let has_both = chunk.text.contains("# A1") && chunk.text.contains("# B");
        assert!(!has_both, "{}", chunk.text);
    }
}

#[test]
fn a_line_that_introduces_a_list_stays_with_it() {
    for seed in 0..20 {
        let block =
            |i| format!("{}\n\nThese are the steps:\n\n- {}", words(16, &format!("p{seed}x{i}x")), words(8, "item"));
        let body = join("\n\n", (0..12).map(block));
        let apart = chunks("T", &body, LIMITS).iter().filter(|chunk| chunk.text.ends_with(':')).count();
        assert_eq!(apart, 0, "{seed}");
    }
}

#[test]
fn japanese_is_cut_at_sentences() {
    let body = "設定ファイルを開きます。次に値を変更します。最後に保存してください。".repeat(12);
    let found = chunks("設定", &body, LIMITS);
    assert!(found.len() > 5);
    assert!(found.iter().all(|c| c.text.ends_with('。') && !c.cut));
}

#[test]
fn sentences_do_not_end_inside_addresses() {
    let body = "See https://example.com/find?q=1&page=2 for this. ".repeat(20);
    assert!(chunks("T", &body, LIMITS).iter().all(|c| c.text.starts_with("T\n\nSee ")));
}

#[test]
fn what_has_no_boundary_is_cut_between_characters_and_says_so() {
    let found = chunks("T", &"x".repeat(3000), LIMITS);
    assert!(found.len() > 5);
    assert!(found.iter().all(|c| c.cut));
    let found = chunks("T", &"word ".repeat(300), LIMITS);
    assert!(found.iter().all(|c| !c.cut));
}

#[test]
fn overlap_repeats_whole_words_of_the_chunk_before_within_the_budget() {
    let limits = Limits { overlap_tokens: 8, ..LIMITS };
    let body = words(300, "w");
    let found = chunks("T", &body, limits);
    assert_eq!(uncovered(&body, &found), None);
    for pair in found.windows(2) {
        let shown = pair[1].text.strip_prefix("T\n\n").unwrap();
        let own = &body[pair[1].range.clone()];
        let repeated = shown.strip_suffix(own).unwrap().trim();
        assert!(!repeated.is_empty() && pair[0].text.ends_with(repeated), "{repeated}");
        assert!(pair[1].token_count <= limits.max_tokens);
    }
}

#[test]
fn nothing_of_another_section_is_repeated() {
    let limits = Limits { overlap_tokens: 8, ..LIMITS };
    let body = format!("# A\n\n{}\n\n# B\n\n{}\n", words(40, "a"), words(40, "b"));
    let found = chunks("T", &body, limits);
    assert!(found.iter().any(|c| c.text.starts_with("T\n\n# B")), "{found:#?}");
}

/// Counts more tokens than it returns starts, like an encoding that joins tokens across a cut.
struct Jealous;

impl Tokenizer for Jealous {
    fn token_starts(&self, text: &str, starts: &mut Vec<usize>) {
        starts.extend(text.char_indices().step_by(6).map(|(at, _)| at));
    }

    fn special_tokens(&self) -> usize {
        1
    }

    fn count(&self, text: &str) -> usize {
        self.special_tokens() + text.chars().count() / 3
    }
}

#[test]
fn the_budget_holds_when_parts_have_more_tokens_than_the_whole() {
    let body = format!("# Häding\n\n{}\n\n| a | b |\n|---|---|\n{}", words(90, "wörd"), "| 1 | 2 |\n".repeat(60));
    let found = chunk("Title", &body, LIMITS, &Jealous);
    assert!(found.iter().all(|c| c.token_count <= LIMITS.max_tokens));
    assert!(found.len() > 5);
    assert_eq!(uncovered(&body, &found), None);
}

/// Treats any word as one token, like BERT with unknown words.
struct Whole;

impl Tokenizer for Whole {
    fn token_starts(&self, text: &str, starts: &mut Vec<usize>) {
        let begins =
            |(at, c): &(usize, char)| !c.is_whitespace() && !text[..*at].ends_with(|c: char| !c.is_whitespace());
        starts.extend(text.char_indices().filter(begins).map(|(at, _)| at));
    }

    fn special_tokens(&self) -> usize {
        2
    }
}

#[test]
fn a_word_without_end_is_cut_even_if_the_tokenizer_takes_it_for_one() {
    let found = chunk("T", &"x".repeat(50_000), LIMITS, &Whole);
    assert!(found.iter().all(|c| c.cut && c.text.len() <= 64 * LIMITS.max_tokens));
}

#[test]
fn uncovered_finds_gaps_overlaps_and_ranges_outside() {
    let at = |range: Range<usize>| Chunk {
        range,
        heading_path: Vec::new(),
        kind: Kind::Text,
        token_count: 1,
        text: String::new(),
        cut: false,
    };
    let body = "one two\n\nthree ";
    assert_eq!(uncovered(body, &[at(0..7), at(9..14)]), None);
    assert_eq!(uncovered(body, &[at(0..3), at(9..14)]), Some(3..9));
    assert_eq!(uncovered(body, &[at(0..7)]), Some(7..15));
    assert_eq!(uncovered(body, &[at(0..9), at(7..14)]), Some(7..14));
    assert_eq!(uncovered(body, &[at(0..7), at(9..99)]), Some(9..99));
    assert_eq!(uncovered("", &[]), None);
}

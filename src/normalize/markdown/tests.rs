use super::super::tree::{Block, Cell, Inline, List, ListItem, Table};
use super::write;

fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

fn paragraph(content: &str) -> Block {
    Block::Paragraph(vec![text(content)])
}

fn inline(content: Vec<Inline>) -> String {
    write(&[Block::Paragraph(content)])
}

fn list(items: Vec<Vec<Block>>) -> Block {
    let items = items.into_iter().map(|content| ListItem { checked: None, content }).collect();
    Block::List(List { ordered: false, start: 1, items })
}

fn numbered(start: u64, items: Vec<Vec<Block>>) -> Block {
    let items = items.into_iter().map(|content| ListItem { checked: None, content }).collect();
    Block::List(List { ordered: true, start, items })
}

fn cell(content: &str) -> Cell {
    Cell { content: vec![paragraph(content)], ..Cell::default() }
}

fn code(language: &str, text: &str) -> Block {
    Block::Code { language: language.to_owned(), text: text.to_owned() }
}

#[test]
fn an_empty_document_is_the_empty_string() {
    assert_eq!(write(&[]), "");
    assert_eq!(write(&[paragraph("  "), Block::Group(vec![]), code("rust", "\n")]), "");
}

#[test]
fn text_is_escaped_only_where_it_would_be_markup() {
    assert_eq!(
        inline(vec![text("a * b, snake_case, _x_, [c], `d`, # e, \\ f, \\* g")]),
        "a \\* b, snake_case, \\_x\\_, \\[c], \\`d\\`, # e, \\ f, \\\\\\* g"
    );
    assert_eq!(inline(vec![text("a < b <c> &amp; & ~5 a~~b~~")]), "a < b \\<c> \\&amp; & ~5 a\\~\\~b\\~\\~");
}

#[test]
fn line_starts_do_not_begin_other_blocks() {
    for (from, to) in [
        ("# a", "\\# a"),
        ("#a", "#a"),
        ("- a", "\\- a"),
        ("-a", "-a"),
        ("+", "\\+"),
        ("> a", "\\> a"),
        ("12. a", "12\\. a"),
        ("1) a", "1\\) a"),
        ("1.5 a", "1.5 a"),
        ("---", "\\---"),
        ("===", "\\==="),
        ("| - |", "\\| - |"),
    ] {
        assert_eq!(inline(vec![text(from)]), to, "for {from:?}");
    }
    assert_eq!(inline(vec![text("a"), Inline::Break, text("- b")]), "a\\\n\\- b");
}

#[test]
fn blank_space_moves_outside_of_marks() {
    let strong = |content: &str| Inline::Strong(vec![text(content)]);
    assert_eq!(inline(vec![text("a"), strong(" b "), text("c")]), "a **b** c");
    assert_eq!(inline(vec![strong(" "), text("c")]), "c");
    assert_eq!(inline(vec![strong("a"), strong("b")]), "**ab**");
    assert_eq!(inline(vec![Inline::Strong(vec![strong("a"), text(" b")])]), "**a b**");
    assert_eq!(inline(vec![Inline::Strong(vec![text("a"), Inline::Break]), text("b")]), "**a**\\\nb");
}

#[test]
fn marks_that_could_not_close_are_written_so_that_they_do() {
    let strong = |content: &str| Inline::Strong(vec![text(content)]);
    assert_eq!(inline(vec![strong("Note:"), text("text")]), "**Note**:text");
    assert_eq!(inline(vec![text("a"), strong("(b)"), text("c")]), "a(**b**)c");
    assert_eq!(
        inline(vec![text("a"), Inline::Strong(vec![Inline::Code("b".to_owned())]), text("c")]),
        "a<strong>`b`</strong>c"
    );
    assert_eq!(inline(vec![strong("Note:"), text(" text")]), "**Note:** text");
}

#[test]
fn code_spans_are_longer_than_the_backticks_inside() {
    assert_eq!(inline(vec![Inline::Code("a`b".to_owned())]), "``a`b``");
    assert_eq!(inline(vec![Inline::Code("`a``".to_owned())]), "``` `a`` ```");
    assert_eq!(inline(vec![Inline::Code("a\nb".to_owned())]), "`a b`");
    assert_eq!(inline(vec![Inline::Code("a".to_owned()), Inline::Code("b".to_owned())]), "`ab`");
}

#[test]
fn links_are_never_empty() {
    let link = |target: &str, content: Vec<Inline>| Inline::Link { target: target.to_owned(), content };
    assert_eq!(inline(vec![link("https://a.b", vec![])]), "[https://a.b](https://a.b)");
    assert_eq!(inline(vec![link("", vec![text("a")])]), "a");
    assert_eq!(inline(vec![link("#a b", vec![text("a ]")])]), "[a \\]](<#a b>)");
    assert_eq!(inline(vec![link("a(b", vec![text(" x ")]), text("y")]), "[x](<a(b>) y");
    assert_eq!(inline(vec![text("!"), link("u", vec![text("a")])]), "\\![a](u)");
    let image = Inline::Image { source: "b.png".to_owned(), alt: "b".to_owned() };
    assert_eq!(inline(vec![link("u", vec![image])]), "[![b](b.png)](u)");
}

#[test]
fn fences_are_longer_than_the_backticks_inside() {
    assert_eq!(write(&[code("JS", "\n  a\n\n```\n")]), "````javascript\n  a\n\n```\n````");
}

#[test]
fn lists_are_tight_unless_an_item_holds_more_than_text_and_a_list() {
    let nested = list(vec![vec![paragraph("a"), list(vec![vec![paragraph("b")]])], vec![paragraph("c")]]);
    assert_eq!(write(&[nested]), "- a\n  - b\n- c");
    let loose = numbered(10, vec![vec![paragraph("a"), code("", "x\n\ny")], vec![paragraph("c")]]);
    assert_eq!(write(&[loose]), "10. a\n\n    ```\n    x\n\n    y\n    ```\n\n11. c");
    let late = list(vec![vec![paragraph("a"), numbered(3, vec![vec![paragraph("b")]])]]);
    assert_eq!(write(&[late]), "- a\n\n  3. b");
}

#[test]
fn lists_that_follow_each_other_stay_apart() {
    let one = || list(vec![vec![paragraph("a")]]);
    assert_eq!(write(&[one(), one(), one()]), "- a\n\n* a\n\n- a");
    assert_eq!(write(&[one(), paragraph("x"), one()]), "- a\n\nx\n\n- a");
}

#[test]
fn a_rule_at_the_head_of_an_item_stays_inside_it() {
    assert_eq!(write(&[list(vec![vec![Block::Rule]])]), "- ***");
}

#[test]
fn tables_are_rectangular_and_repeat_spanning_cells() {
    let wide = Cell { colspan: 2, ..cell("w") };
    let tall = Cell { rowspan: 2, ..cell("t|u") };
    let table = Table {
        caption: vec![text("Cap")],
        header_rows: 1,
        rows: vec![vec![wide], vec![tall, cell("x")], vec![cell("y")], vec![cell("z")]],
    };
    assert_eq!(
        write(&[Block::Table(table)]),
        "**Cap**\n\n| w | w |\n| --- | --- |\n| t\\|u | x |\n| t\\|u | y |\n| z |  |"
    );
}

#[test]
fn a_table_without_header_gets_an_empty_one() {
    let table = Table { rows: vec![vec![cell("a"), cell("b")]], ..Table::default() };
    assert_eq!(write(&[Block::Table(table)]), "|  |  |\n| --- | --- |\n| a | b |");
}

#[test]
fn blocks_in_a_cell_become_lines() {
    let content = vec![paragraph("a"), list(vec![vec![paragraph("b")], vec![paragraph("c")]])];
    let coded = Cell { content: vec![code("", "x = 1\n  y|z")], ..Cell::default() };
    let table = Table {
        header_rows: 1,
        rows: vec![vec![cell("h"), cell("i")], vec![Cell { content, ..Cell::default() }, coded]],
        ..Table::default()
    };
    assert_eq!(write(&[Block::Table(table)]), "| h | i |\n| --- | --- |\n| a<br>• b<br>• c | `x = 1`<br>`  y\\|z` |");
}

#[test]
fn a_table_in_a_cell_turns_the_rows_into_records() {
    let inner = Table { header_rows: 1, rows: vec![vec![cell("p")], vec![cell("q")]], ..Table::default() };
    let nested = Cell { content: vec![Block::Table(inner)], ..Cell::default() };
    let table = Table {
        header_rows: 1,
        rows: vec![vec![cell("A"), cell("B")], vec![cell("1"), nested], vec![cell("2"), cell("3")]],
        ..Table::default()
    };
    assert_eq!(
        write(&[Block::Table(table)]),
        "- **A:** 1\n\n  **B:**\n\n  | p |\n  | --- |\n  | q |\n\n- **A:** 2\n\n  **B:** 3"
    );
}

#[test]
fn a_record_has_one_bold_label_of_everything_in_the_header_cell() {
    let part = |content: Vec<Inline>| Block::Paragraph(content);
    let strong = |content: &str| Inline::Strong(vec![text(content)]);
    let nested = Cell {
        content: vec![Block::Table(Table { rows: vec![vec![cell("q")]], ..Table::default() })],
        ..Cell::default()
    };
    let label = |head: Vec<Block>| {
        let head = Cell { content: head, header: true, ..Cell::default() };
        let table = Table { header_rows: 1, rows: vec![vec![head], vec![nested.clone()]], ..Table::default() };
        let written = write(&[Block::Table(table)]);
        written.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(label(vec![part(vec![strong("col 1")]), part(vec![text("second line")])]), "- **col 1 second line:**");
    assert_eq!(label(vec![part(vec![text("a "), strong("b")])]), "- **a b:**");
    assert_eq!(label(vec![part(vec![text("Name:")])]), "- **Name:**");
    assert_eq!(label(vec![part(vec![Inline::Emphasis(vec![text("a")]), Inline::Break, text("b")])]), "- ***a* b:**");
    assert_eq!(label(vec![code("", "x = 1\ny")]), "- **`x = 1 y`:**");
}

#[test]
fn row_header_cells_are_bold() {
    let head = Cell { header: true, ..cell("h") };
    let table = Table { rows: vec![vec![head, cell("v")]], ..Table::default() };
    assert_eq!(write(&[Block::Table(table)]), "|  |  |\n| --- | --- |\n| **h** | v |");
}

#[test]
fn admonitions_carry_their_label_on_the_first_line() {
    let note = |content: Vec<Block>| Block::Admonition { label: "Note".to_owned(), content };
    assert_eq!(write(&[note(vec![paragraph("a"), paragraph("b")])]), "> **Note:** a\n>\n> b");
    assert_eq!(write(&[note(vec![code("", "x")])]), "> **Note:**\n>\n> ```\n> x\n> ```");
}

#[test]
fn footnotes_are_defined_at_the_end() {
    let footnote = Block::Footnote { label: "n 1".to_owned(), content: vec![paragraph("a"), paragraph("b")] };
    let body = Block::Paragraph(vec![text("x"), Inline::FootnoteReference("n 1".to_owned())]);
    assert_eq!(write(&[footnote, body, paragraph("y")]), "x[^n-1]\n\ny\n\n[^n-1]: a\n\n    b");
}

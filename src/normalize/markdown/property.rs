//! Property tests: two `CommonMark` parsers read generated trees.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::super::tree::{Block, Inline};
use super::write;

const STRONG: u8 = 1;
const EMPHASIS: u8 = 2;
const STRIKE: u8 = 4;
const SUBSCRIPT: u8 = 8;
const SUPERSCRIPT: u8 = 16;
const CODE: u8 = 32;
const LINK: u8 = 64;

/// Characters and their marks. Marks on punctuation and spaces are ignored, because they may be moved outside.
#[derive(Debug, Default, PartialEq)]
struct Shown(Vec<(char, u8)>);

impl Shown {
    fn push(&mut self, text: &str, marks: u8) {
        for c in text.chars() {
            let is_blank = c.is_whitespace() && c != '\u{3000}';
            let c = if is_blank { ' ' } else { c };
            if is_blank && self.0.last().is_none_or(|(last, _)| *last == ' ') {
                continue;
            }
            self.0.push((c, if c.is_alphanumeric() { marks } else { 0 }));
        }
    }

    fn trimmed(mut self) -> Self {
        while self.0.last().is_some_and(|(last, _)| *last == ' ') {
            self.0.pop();
        }
        self
    }
}

fn expected(content: &[Inline], marks: u8, into: &mut Shown) {
    for item in content {
        match item {
            Inline::Text(text) => into.push(text, marks),
            Inline::Strong(inner) => expected(inner, marks | STRONG, into),
            Inline::Emphasis(inner) => expected(inner, marks | EMPHASIS, into),
            Inline::Strike(inner) => expected(inner, marks | STRIKE, into),
            Inline::Subscript(inner) => expected(inner, marks | SUBSCRIPT, into),
            Inline::Superscript(inner) => expected(inner, marks | SUPERSCRIPT, into),
            Inline::Code(text) => into.push(text, if text.trim().is_empty() { marks } else { marks | CODE }),
            Inline::Link { content, .. } => expected(content, marks | LINK, into),
            Inline::Break => into.push(" ", marks),
            _ => {}
        }
    }
}

/// Returns the mark of an HTML tag, and whether the tag opens it.
fn tag(html: &str) -> Option<(u8, bool)> {
    let name = html.strip_prefix('<')?.strip_suffix('>')?;
    let (name, opens) = name.strip_prefix('/').map_or((name, true), |name| (name, false));
    let mark = match name {
        "strong" => STRONG,
        "em" => EMPHASIS,
        "del" => STRIKE,
        "sub" => SUBSCRIPT,
        "sup" => SUPERSCRIPT,
        _ => return None,
    };
    Some((mark, opens))
}

fn read_by_pulldown(markdown: &str) -> Shown {
    let mut shown = Shown::default();
    let mut open: Vec<u8> = Vec::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH) {
        let marks = open.iter().fold(0, |all, mark| all | mark);
        match event {
            Event::Start(Tag::Strong) => open.push(STRONG),
            Event::Start(Tag::Emphasis) => open.push(EMPHASIS),
            Event::Start(Tag::Strikethrough) => open.push(STRIKE),
            Event::Start(Tag::Link { .. }) => open.push(LINK),
            Event::End(TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Link) => drop(open.pop()),
            Event::InlineHtml(html) => match tag(&html) {
                Some((mark, true)) => open.push(mark),
                Some((_, false)) => drop(open.pop()),
                None => shown.push(&html, marks),
            },
            Event::Text(text) => shown.push(&text, marks),
            Event::Code(text) => shown.push(&text, marks | CODE),
            Event::SoftBreak | Event::HardBreak => shown.push(" ", marks),
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            other => shown.push(&format!("{other:?}"), 0),
        }
    }
    shown.trimmed()
}

fn read_by_comrak(markdown: &str) -> Shown {
    use comrak::nodes::{AstNode, NodeValue};
    fn visit<'a>(node: &'a AstNode<'a>, marks: &mut u8, shown: &mut Shown) {
        for child in node.children() {
            let own = match &child.data.borrow().value {
                NodeValue::Text(text) => {
                    shown.push(text, *marks);
                    0
                }
                NodeValue::Code(code) => {
                    shown.push(&code.literal, *marks | CODE);
                    0
                }
                NodeValue::SoftBreak | NodeValue::LineBreak => {
                    shown.push(" ", *marks);
                    0
                }
                NodeValue::HtmlInline(html) => {
                    match tag(html) {
                        Some((mark, true)) => *marks |= mark,
                        Some((mark, false)) => *marks &= !mark,
                        None => shown.push(html, *marks),
                    }
                    0
                }
                NodeValue::Strong => STRONG,
                NodeValue::Emph => EMPHASIS,
                NodeValue::Strikethrough => STRIKE,
                NodeValue::Link(_) => LINK,
                NodeValue::Paragraph => 0,
                other => {
                    shown.push(&format!("{other:?}"), 0);
                    0
                }
            };
            let before = *marks;
            *marks |= own;
            visit(child, marks, shown);
            if own != 0 {
                *marks = before;
            }
        }
    }
    let arena = comrak::Arena::new();
    let mut options = comrak::Options::default();
    options.extension.strikethrough = true;
    let root = comrak::parse_document(&arena, markdown, &options);
    let mut shown = Shown::default();
    visit(root, &mut 0, &mut shown);
    shown.trimmed()
}

fn words() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => "[a-c1]{1,2}".prop_map(String::from),
        4 => Just(" ".to_owned()),
        4 => prop::sample::select(vec![".", ",", ":", "(", ")", "*", "_", "~", "\\", "<", "&", "!", "[", "]", "`", "-", "#", "\n", ">", "1.", "+"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["—", "“", "」", "\u{3000}", "€", "é", "字", "🙂", "\u{a0}", "e\u{301}"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

fn inlines() -> impl Strategy<Value = Vec<Inline>> {
    let leaf = prop_oneof![
        8 => words().prop_map(Inline::Text),
        1 => "[a ]{0,3}".prop_map(Inline::Code),
        1 => Just(Inline::Break),
    ];
    let item = leaf.prop_recursive(4, 24, 4, |inner| {
        let content = prop::collection::vec(inner, 0..4);
        prop_oneof![
            4 => content.clone().prop_map(Inline::Strong),
            4 => content.clone().prop_map(Inline::Emphasis),
            2 => content.clone().prop_map(Inline::Strike),
            1 => content.clone().prop_map(Inline::Subscript),
            1 => content.clone().prop_map(Inline::Superscript),
            1 => content.prop_filter("no empty link", |content| {
                let mut shown = Shown::default();
                expected(content, 0, &mut shown);
                !shown.trimmed().0.is_empty()
            }).prop_map(|content| Inline::Link { target: "u".to_owned(), content }),
        ]
    });
    prop::collection::vec(item, 0..6)
}

proptest! {
    #![proptest_config(config())]

    /// Spaces are kept, and every word has the marks from the tree.
    #[test]
    fn parsers_read_generated_marks_as_meant(content in inlines()) {
        let mut meant = Shown::default();
        expected(&content, 0, &mut meant);
        let meant = meant.trimmed();
        let markdown = write(&[Block::Paragraph(content)]);
        prop_assert_eq!(&read_by_pulldown(&markdown), &meant, "pulldown-cmark reads {}", markdown);
        prop_assert_eq!(&read_by_comrak(&markdown), &meant, "comrak reads {}", markdown);
    }
}

/// Returns a configuration with the same cases each time.
/// `PROPTEST_CASES` sets their number, and `PROPTEST_RNG_SEED` selects others.
fn config() -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    let cases = number("PROPTEST_CASES").and_then(|cases| u32::try_from(cases).ok()).unwrap_or(2000);
    let rng_seed = RngSeed::Fixed(number("PROPTEST_RNG_SEED").unwrap_or(1));
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

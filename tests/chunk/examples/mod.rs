//! All chunks of small documents. Every cut and every repeated text is visible, so that no rule changes unnoticed.

mod blocks;

use std::fmt::Write as _;

use trailblazer::chunk::{Limits, chunk};
use trailblazer::embed::{Hash, Provider as _};

const LIMITS: Limits = Limits { max_tokens: 40, min_tokens: 8, overlap_tokens: 0 };

/// Returns the chunks with their kinds and sizes.
fn shown(body: &str, limits: Limits) -> String {
    let mut text = String::new();
    for chunk in chunk("T", body, limits, Hash::new().tokenizer()) {
        let cut = if chunk.cut { ", cut inside a word" } else { "" };
        let _ = writeln!(text, "=== {:?}, {} tokens{cut}\n{}", chunk.kind, chunk.token_count, chunk.text);
    }
    text
}

/// Returns `prefix0 prefix1 …`.
fn words(count: usize, prefix: &str) -> String {
    (0..count).map(|number| format!("{prefix}{number}")).collect::<Vec<_>>().join(" ")
}

/// Returns the lines with `marker` before each.
fn within(marker: &str, lines: &str) -> String {
    lines.lines().map(|line| format!("{marker}{line}\n")).collect::<Vec<_>>().concat()
}

#[test]
fn nested_lists_repeat_the_items_above() {
    let items = |marker: &str, count: usize| -> String {
        (0..count).map(|number| format!("{marker}- item {number} says little\n")).collect::<Vec<_>>().concat()
    };
    let body = format!("1. {}\n{}   - inner:\n{}2. Done.\n", words(14, "outer"), items("   ", 4), items("     ", 6));
    insta::assert_snapshot!(shown(&body, LIMITS), @r"
    === Text, 19 tokens
    T

    1. outer0 outer1 outer2 outer3 outer4 outer5 outer6 outer7 outer8 outer9 outer10 outer11 outer12 outer13
    === Text, 19 tokens
    T

    1. outer0 outer1 outer2…
       - item 0 says little
       - item 1 says little
    === Text, 22 tokens
    T

    1. outer0 outer1 outer2…
       - item 2 says little
       - item 3 says little
       - inner:
    === Text, 39 tokens
    T

    1.…
       - inner:
         - item 0 says little
         - item 1 says little
         - item 2 says little
         - item 3 says little
         - item 4 says little
         - item 5 says little
    === Text, 7 tokens
    T

    2. Done.
    ");
    insta::assert_snapshot!(shown(&within("> ", &format!("- - both\n{}", items("    ", 8))), LIMITS), @r"
    === Text, 19 tokens
    T

    > - - both
    >     - item 0 says little
    >     - item 1 says little
    === Text, 24 tokens
    T

    >   - both
    >     - item 2 says little
    >     - item 3 says little
    >     - item 4 says little
    === Text, 24 tokens
    T

    >   - both
    >     - item 5 says little
    >     - item 6 says little
    >     - item 7 says little
    ");
    insta::assert_snapshot!(shown(&format!("- first paragraph\n\n  {}\n\n  {}\n", words(20, "a"), words(20, "b")), LIMITS), @r"
    === Text, 27 tokens
    T

    - first paragraph

      a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12 a13 a14 a15 a16 a17 a18 a19
    === Text, 27 tokens
    T

    - first paragraph
      b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 b10 b11 b12 b13 b14 b15 b16 b17 b18 b19
    ");
}

#[test]
fn sections_are_cut_at_the_strongest_headings_and_small_ones_are_merged() {
    let body = format!(
        "Intro.\n\n# One\n\n## Bare\n\n{}\n\n### Small\n\nText.\n\n### Also small\n\nText.\n\n## Two\n\nThese are:\n\n- a\n- b\n\n{}\n\n# Three\n\n***\n\n{}\n\n## Empty\n",
        words(20, "a"),
        words(24, "b"),
        words(10, "c"),
    );
    insta::assert_snapshot!(shown(&body, LIMITS), @r"
    === Text, 30 tokens
    T

    Intro.

    # One

    ## Bare

    a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12 a13 a14 a15 a16 a17 a18 a19
    === Text, 20 tokens
    T > One > Bare

    ### Small

    Text.

    ### Also small

    Text.
    === Text, 39 tokens
    T > One

    ## Two

    These are:

    - a
    - b

    b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 b10 b11 b12 b13 b14 b15 b16 b17 b18 b19 b20 b21 b22 b23
    === Text, 21 tokens
    T

    # Three

    ***

    c0 c1 c2 c3 c4 c5 c6 c7 c8 c9

    ## Empty
    ");
}

#[test]
fn running_text_is_cut_between_sentences_and_repeats_the_end_of_the_previous_chunk() {
    let sentence =
        |number: usize| format!("Sentence {number} has a [link to a page](https://example.com/{number}) in it. ");
    let body: String = (0..6).map(sentence).collect();
    insta::assert_snapshot!(shown(&body, LIMITS), @r"
    === Text, 26 tokens
    T

    Sentence 0 has a [link to a page](https://example.com/0) in it.
    === Text, 26 tokens
    T

    Sentence 1 has a [link to a page](https://example.com/1) in it.
    === Text, 26 tokens
    T

    Sentence 2 has a [link to a page](https://example.com/2) in it.
    === Text, 26 tokens
    T

    Sentence 3 has a [link to a page](https://example.com/3) in it.
    === Text, 26 tokens
    T

    Sentence 4 has a [link to a page](https://example.com/4) in it.
    === Text, 26 tokens
    T

    Sentence 5 has a [link to a page](https://example.com/5) in it.
    ");
    insta::assert_snapshot!(shown(&body, Limits { overlap_tokens: 6, ..LIMITS }), @r"
    === Text, 26 tokens
    T

    Sentence 0 has a [link to a page](https://example.com/0) in it.
    === Text, 29 tokens
    T

    in it. Sentence 1 has a [link to a page](https://example.com/1) in it.
    === Text, 29 tokens
    T

    in it. Sentence 2 has a [link to a page](https://example.com/2) in it.
    === Text, 29 tokens
    T

    in it. Sentence 3 has a [link to a page](https://example.com/3) in it.
    === Text, 29 tokens
    T

    in it. Sentence 4 has a [link to a page](https://example.com/4) in it.
    === Text, 29 tokens
    T

    in it. Sentence 5 has a [link to a page](https://example.com/5) in it.
    ");
    insta::assert_snapshot!(shown(&"設定を開きます。値を変更します。保存します。".repeat(4), LIMITS), @r"
    === Text, 25 tokens
    T

    設定を開きます。値を変更します。保存します。
    === Text, 25 tokens
    T

    設定を開きます。値を変更します。保存します。
    === Text, 25 tokens
    T

    設定を開きます。値を変更します。保存します。
    === Text, 25 tokens
    T

    設定を開きます。値を変更します。保存します。
    ");
    insta::assert_snapshot!(shown(&"x".repeat(400), LIMITS), @r"
    === Text, 29 tokens, cut inside a word
    T

    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    === Text, 15 tokens, cut inside a word
    T

    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    === Text, 15 tokens, cut inside a word
    T

    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    ");
}

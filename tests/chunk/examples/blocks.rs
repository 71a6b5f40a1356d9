//! Tables and code.

use super::{LIMITS, shown, within, words};

#[test]
fn a_long_row_is_cut_at_cells_and_then_inside_them() {
    let body = format!(
        "| Name | Type | Notes | Default |\n|---|---|---|---|\n| a | b | c | d |\n| timeout | duration | {} | {} |\n| | | {} | |\n| e | f | g | h |\n",
        words(30, "note"),
        words(6, "value"),
        words(20, "more")
    );
    insta::assert_snapshot!(shown(&body, LIMITS), @r"
    === Table, 38 tokens
    T

    | Name | Type | Notes | Default |
    |---|---|---|---|
    | a | b | c | d |
    === Table, 31 tokens
    T

    | Name | Type | Notes | Default |
    | timeout | duration | note0 note1 note2 note3 note4 note5 note6 note7 note8 note9 note10 note11 note12 |
    === Table, 38 tokens
    T

    | Name | Notes | Default |
    | timeout | note13 note14 note15 note16 note17 note18 note19 note20 note21 note22 note23 note24 note25 note26 note27 note28 note29 | value0 value1 value2 value3 value4 value5 |
    === Table, 37 tokens
    T

    | Name | Type | Notes | Default |
    | | | more0 more1 more2 more3 more4 more5 more6 more7 more8 more9 more10 more11 more12 more13 more14 more15 more16 more17 more18 more19 | |
    === Table, 21 tokens
    T

    | Name | Type | Notes | Default |
    | e | f | g | h |
    ");
}

#[test]
fn a_long_row_in_a_list_and_in_a_quotation() {
    let table = format!("| Name | Notes |\n|---|---|\n| retries | {} |\n| x | y |\n", words(30, "note"));
    insta::assert_snapshot!(shown(&format!("- Options:\n\n{}", within("  ", &table)), LIMITS), @r"
    === Text, 23 tokens
    T

    - Options:

      | Name | Notes |
      |---|---|
      | retries |
    === Table, 33 tokens
    T

    - Options:
      | Name | Notes |
      |-|-|
      | retries | note0 note1 note2 note3 note4 note5 note6 note7 note8 note9 note10 note11 note12 |
    === Table, 37 tokens
    T

    - Options:
      | Name | Notes |
      |-|-|
      | retries | note13 note14 note15 note16 note17 note18 note19 note20 note21 note22 note23 note24 note25 note26 note27 note28 note29 |
    === Table, 21 tokens
    T

    - Options:
      | Name | Notes |
      |-|-|
      | x | y |
    ");
    insta::assert_snapshot!(shown(&within("> ", &table), LIMITS), @r"
    === Table, 23 tokens
    T

    > | Name | Notes |
    > |---|---|
    > | retries |
    === Table, 33 tokens
    T

    > | Name | Notes |
    > |-|-|
    > | retries | note0 note1 note2 note3 note4 note5 note6 note7 note8 note9 note10 note11 note12 |
    === Table, 37 tokens
    T

    > | Name | Notes |
    > |-|-|
    > | retries | note13 note14 note15 note16 note17 note18 note19 note20 note21 note22 note23 note24 note25 note26 note27 note28 note29 |
    === Table, 21 tokens
    T

    > | Name | Notes |
    > |-|-|
    > | x | y |
    ");
}

#[test]
fn a_table_with_a_long_head() {
    let head: Vec<String> = (0..5).map(|number| format!("Column {number} with a name")).collect();
    let row = |row: usize| (0..5).map(|number| format!("r{row}c{number}")).collect::<Vec<_>>().join(" | ");
    let rows = (0..6).map(|number| format!("| {} |\n", row(number))).collect::<Vec<_>>().concat();
    let body = format!("| {} |\n|{}\n{rows}", head.join(" | "), "---|".repeat(5));
    insta::assert_snapshot!(shown(&body, LIMITS), @r"
    === Table, 34 tokens
    T

    | Column 0 with a name | Column 1 with a name | Column 2 with a name | Column 3 with a name | Column 4 with a name |
    === Table, 24 tokens
    T

    |---|---|---|---|---|
    === Table, 23 tokens
    T

    | Column | Column | Column | Column |
    | r0c0 | r0c1 | r0c2 | r0c3 | r0c4 |
    === Table, 34 tokens
    T

    | Column | Column | Column | Column |
    | r1c0 | r1c1 | r1c2 | r1c3 | r1c4 |
    | r2c0 | r2c1 | r2c2 | r2c3 | r2c4 |
    === Table, 23 tokens
    T

    | Column | Column | Column | Column |
    | r3c0 | r3c1 | r3c2 | r3c3 | r3c4 |
    === Table, 34 tokens
    T

    | Column | Column | Column | Column |
    | r4c0 | r4c1 | r4c2 | r4c3 | r4c4 |
    | r5c0 | r5c1 | r5c2 | r5c3 | r5c4 |
    ");
}

#[test]
fn code_is_cut_at_blank_lines_then_at_lines_and_then_inside_them() {
    let body = format!(
        "Before.\n\n```rust\nfn one() {{\n    first();\n    second();\n}}\n\nfn two() {{\n    third();\n}}\n\n\n{}\nlast();\n```\n\nAfter.\n",
        words(50, "long")
    );
    insta::assert_snapshot!(shown(&body, LIMITS), @r"
    === Text, 26 tokens
    T

    Before.

    ```rust
    fn one() {
        first();
        second();
    }
    ```
    === Code, 20 tokens
    T

    ```rust
    fn two() {
        third();
    }
    ```
    === Code, 32 tokens
    T

    ```rust
    long0 long1 long2 long3 long4 long5 long6 long7 long8 long9 long10 long11 long12 long13 long14 long15 long16 long17 long18 long19 long20 long21
    ```
    === Code, 38 tokens
    T

    ```rust
    long22 long23 long24 long25 long26 long27 long28 long29 long30 long31 long32 long33 long34 long35 long36 long37 long38 long39 long40 long41 long42 long43 long44 long45 long46 long47 long48 long49
    ```
    === Text, 16 tokens
    T

    ```rust
    last();
    ```

    After.
    ");
}

#[test]
fn code_in_a_list_in_a_quotation_and_without_an_end() {
    let lines = |count: usize, prefix: &str| words(count, prefix).replace("0 ", "0\n").replace("5 ", "5\n");
    let code = format!("```\n{}\n\n{}\n```\n", lines(24, "a"), lines(20, "b"));
    insta::assert_snapshot!(shown(&format!("- Run:\n\n{}", within("  ", &code)), LIMITS), @r"
    === Text, 36 tokens
    T

    - Run:

      ```
      a0
      a1 a2 a3 a4 a5
      a6 a7 a8 a9 a10
      a11 a12 a13 a14 a15
      a16 a17 a18 a19 a20
      a21 a22 a23
      ```
    === Code, 32 tokens
    T

    - Run:
      ```
      b0
      b1 b2 b3 b4 b5
      b6 b7 b8 b9 b10
      b11 b12 b13 b14 b15
      b16 b17 b18 b19
      ```
    ");
    insta::assert_snapshot!(shown(&within("> ", &code), LIMITS), @r"
    === Code, 19 tokens
    T

    > ```
    > a0
    > a1 a2 a3 a4 a5
    > ```
    === Code, 34 tokens
    T

    > ```
    > a6 a7 a8 a9 a10
    > a11 a12 a13 a14 a15
    > a16 a17 a18 a19 a20
    > a21 a22 a23
    >
    > ```
    === Code, 36 tokens
    T

    > ```
    > b0
    > b1 b2 b3 b4 b5
    > b6 b7 b8 b9 b10
    > b11 b12 b13 b14 b15
    > b16 b17 b18 b19
    > ```
    ");
    insta::assert_snapshot!(shown(code.trim_end_matches("```\n"), LIMITS), @r"
    === Code, 33 tokens
    T

    ```
    a0
    a1 a2 a3 a4 a5
    a6 a7 a8 a9 a10
    a11 a12 a13 a14 a15
    a16 a17 a18 a19 a20
    a21 a22 a23
    ```
    === Code, 29 tokens
    T

    ```
    b0
    b1 b2 b3 b4 b5
    b6 b7 b8 b9 b10
    b11 b12 b13 b14 b15
    b16 b17 b18 b19
    ```
    ");
    insta::assert_snapshot!(shown(&within("    ", &lines(50, "c")), LIMITS), @r"
    === Code, 34 tokens
    T

        c0
        c1 c2 c3 c4 c5
        c6 c7 c8 c9 c10
        c11 c12 c13 c14 c15
        c16 c17 c18 c19 c20
        c21 c22 c23 c24 c25
        c26 c27 c28 c29 c30
    === Code, 22 tokens
    T

        c31 c32 c33 c34 c35
        c36 c37 c38 c39 c40
        c41 c42 c43 c44 c45
        c46 c47 c48 c49
    ");
}

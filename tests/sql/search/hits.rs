//! The parts of a hit: its snippet, section and address.

use super::Library;

#[test]
fn a_snippet_reads_as_plain_text() {
    let mut library = Library::new();
    let text = "Claims\n\n## A claim\n\n| Column | Meaning |\n|:--|---|\n| `claim` | See **[claims](topic:a/b)** |\n\n\
                ```sql\nselect claim\n```\n\n> Never \\*claim\\* twice";
    let snippet = "select regexp_replace(translate(graphdb.snippet('claim', $1, '{Claims}'), e'\\x01\\x02', '<>'), '[[:space:]]+', ' ', 'g')";
    let snippet: String = library.client.query_one(snippet, &[&text]).unwrap().get(0);
    insta::assert_snapshot!(snippet, @"A <claim> Column | Meaning <claim> | See <claims> select <claim> Never *<claim>* twice");
}

#[test]
fn a_chunk_that_begins_with_a_heading_belongs_to_the_section_of_this_heading() {
    let mut library = Library::new();
    let texts = [
        "T\n\nintro",
        "T\n\n## Step `one`\n\nalpha",
        "T > Step one\n\nbeta",
        "T\n\n## Two\n\ngamma",
        "T > Two\n\ndelta",
    ];
    library.add("r", "d", &texts);
    library
        .client
        .batch_execute(
            "update graphdb.documents set url = 'https://x.example/d'; \
             update graphdb.chunks set heading_path = case ord when 2 then '{T,Step one}' when 4 then '{T,Two}' else '{T}' end::text[]",
        )
        .unwrap();
    let mut context = |ord: i32| -> (i32, i32, String) {
        let read = "select c.first_ord, c.last_ord, c.url from graphdb.context('r', 'd', $1, 'section') as c";
        let row = library.client.query_one(read, &[&ord]).unwrap();
        (row.get(0), row.get(1), row.get(2))
    };
    assert_eq!(context(1), (1, 2, "https://x.example/d#step-one".to_owned()));
    assert_eq!(context(2), (1, 2, "https://x.example/d#step-one".to_owned()));
    assert_eq!(context(3), (3, 4, "https://x.example/d#two".to_owned()));
    let found = library.client.query_one("select s.url from graphdb.search('alpha') as s", &[]).unwrap();
    assert_eq!(found.get::<_, &str>(0), "https://x.example/d#step-one");
}

#[test]
fn the_address_of_a_hit_has_the_anchor_of_the_published_page() {
    let body = "intro\n\n# Öne\n\na\n\n````\n# code\n```\n# code\n````\n\n## Two\n\nb\n\n# Three\n\nc";
    let starts = ["intro", "# Öne", "a\n", "## Two", "b\n", "# Three", "c"].map(|text| body.rfind(text).unwrap());
    let mut library = Library::new();
    library.add("r", "d", &["word 0", "word 1", "word 2", "word 3", "word 4", "word 5", "word 6"]);
    let mut urls = |url: &str, anchors: Option<&str>| {
        library
            .client
            .execute(
                "update graphdb.documents set url = $1, body = $2, meta = jsonb_strip_nulls(jsonb_build_object('anchors', $3::text::jsonb))",
                &[&url, &body, &anchors],
            )
            .unwrap();
        for (ord, start) in (0_i32..).zip(starts) {
            let (start, end) = (i32::try_from(start).unwrap(), i32::try_from(body.len()).unwrap());
            let update = "update graphdb.chunks set byte_start = $2, byte_end = $3, heading_path = array['T', 'Own'] where ord = $1";
            library.client.execute(update, &[&ord, &start, &end]).unwrap();
        }
        let found =
            library.client.query("select url from graphdb.search('word', p_per_document => 10) order by ord", &[]);
        let found: Vec<String> = found.unwrap().iter().map(|row| row.get(0)).collect();
        let context = library.client.query_one("select url from graphdb.context('r', 'd', 4, '0')", &[]).unwrap();
        assert_eq!(context.get::<_, String>(0), found[4]);
        found
    };
    let with = |anchor: &str| format!("https://x/p#{anchor}");
    let page = "https://x/p".to_owned();
    assert_eq!(
        urls("https://x/p", Some(r#"["One", "Two", "p-Three"]"#)),
        [page.clone(), with("One"), with("One"), with("Two"), with("Two"), with("p-Three"), with("p-Three")]
    );
    // A heading without an anchor has the anchor of the heading above it, but not of another section.
    assert_eq!(
        urls("https://x/p", Some(r#"["One", "", ""]"#)),
        [page.clone(), with("One"), with("One"), with("One"), with("One"), page.clone(), page.clone()]
    );
    assert_eq!(urls("https://x/p#own", Some(r#"["One", "Two", "Three"]"#)), vec![with("own"); 7]);
    assert_eq!(urls("https://x/p", None), vec![with("own"); 7]);
}

#[test]
fn stop_words_of_a_question_are_not_marked_for_another_language() {
    let mut library = Library::new();
    let mark = "select translate(graphdb._mark_words('What do the exit codes mean?', 'What the exit code does'), e'\\x01\\x02', '<>')";
    let languages = "create or replace function graphdb._search_languages(p_principals jsonb default '{\"as\": []}') returns text[] \
                     language sql stable as $$ select '{english,german,simple}'::text[] $$";
    library.client.batch_execute(languages).unwrap();
    assert_eq!(library.client.query_one(mark, &[]).unwrap().get::<_, String>(0), "What the <exit> <code> does");
}

#[test]
fn a_snippet_keeps_code_as_it_is() {
    let mut library = Library::new();
    let text = "Copy `a**b` to C:\\\\_tmp, *not* 2 * 3, see [it](http://x/a_(b)).\n\n> ```bash\n> # Copy it\n> sed 's/\\./x/' > out # **all**\n                > cat \\\n> ---\n> ```\n\n| Copy | `x\\|y` |";
    let snippet: String = library
        .client
        .query_one("select translate(graphdb.snippet('copy', $1), e'\\x01\\x02', '')", &[&text])
        .unwrap()
        .get(0);
    insta::assert_snapshot!(snippet, @r"
    Copy a**b to C:\_tmp, not 2 * 3, see it.
    # Copy it
    sed 's/\./x/' > out # **all**
    cat \
    ---
    Copy | x|y
    ");
}

#[test]
fn a_snippet_is_shown_as_it_is_written_whatever_characters_it_contains() {
    let mut library = Library::new();
    for (text, expected) in [
        ("Das Max\u{ad}imum FÜR 10² m² in ½.", "Das <Max\u{ad}imum> FÜR 10² m² in ½."),
        (
            "MAXIMUM\u{200b} \u{1f469}\u{200d}\u{1f4bb} Der REST",
            "<MAXIMUM>\u{200b} \u{1f469}\u{200d}\u{1f4bb} Der REST",
        ),
        ("ＭＡＸＩＭＵＭ in ﬁx", "<ＭＡＸＩＭＵＭ> in ﬁx"),
    ] {
        let snippet = "select translate(graphdb.snippet('maximum', $1), e'\\x01\\x02', '<>')";
        let snippet: String = library.client.query_one(snippet, &[&text]).unwrap().get(0);
        assert_eq!(snippet, expected);
    }
}

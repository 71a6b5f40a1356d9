//! Paragraphs stay whole, and words of different elements are separated.

use super::{body, document};

const B: (&str, &str) = ("b.dita", "<topic id='b'><title>B</title><shortdesc>bees.</shortdesc></topic>");

fn linked(xml: &str) -> String {
    let topic = format!("<topic id='t'><title>T</title><body>{xml}</body></topic>");
    document(&[("t.dita", &topic), B], "topic:c/t").text_md
}

#[test]
fn what_a_link_a_footnote_or_an_image_holds_does_not_split_a_paragraph() {
    let link = "<xref href='b.dita'>bee<desc>about bees</desc></xref>";
    for (around, expected) in [
        ("ph", "One: [bee](topic:c/b), and two."),
        ("b", "One: **[bee](topic:c/b)**, and two."),
        ("term", "One: [bee](topic:c/b), and two."),
        ("acme", "One: [bee](topic:c/b), and two."),
    ] {
        assert_eq!(linked(&format!("<p>One: <{around}>{link}</{around}>, and two.</p>")), expected, "{around}");
    }
    assert_eq!(body("<p>A <ph>foot<fn><p>note</p></fn></ph>, and two.</p>"), "A foot[^1], and two.\n\n[^1]: note");
    let image = "<p>A <ph>with <image href='http://x/y.png'><alt>icon</alt><longdescref href='http://z/'/></image></ph>, and.</p>";
    assert!(!body(image).contains('\n'), "{}", body(image));
    assert_eq!(
        body("<p>Use <ph><object data='http://x/y.mp4'><desc>d</desc></object></ph> here.</p>"),
        "Use [d](http://x/y.mp4) here."
    );
}

#[test]
fn no_paragraph_begins_with_the_punctuation_after_a_block() {
    assert_eq!(
        body("<p>See <ul><li>one</li><li>two</li></ul>, then <codeblock>x</codeblock>. End</p>"),
        "See\n\n- one\n- two,\n\nthen\n\n```\nx\n```\n\nEnd"
    );
    assert_eq!(body("<p>Run <codeblock>x</codeblock>.</p>"), "Run\n\n```\nx\n```");
    assert_eq!(body("<p>a<note>b</note>.NET is</p>"), "a\n\n> **Note:** b\n\n.NET is");
}

#[test]
fn words_of_unknown_elements_stay_apart() {
    assert_eq!(body("<acme-list><acme-item>one</acme-item><acme-item>two</acme-item></acme-list>"), "one\n\ntwo");
    assert_eq!(body("<p>Then <acme><one>x</one><two>y</two></acme>.</p>"), "Then x y.");
    assert_eq!(body("<p>Set <acme-param>cfg</acme-param>, then (<acme-x>y</acme-x>).</p>"), "Set cfg, then (y).");
    assert_eq!(body("<dl><dlentry><dt><p>a</p><p>b</p></dt><dd>c</dd></dlentry></dl>"), "- **a b**: c");
}

#[test]
fn blank_space_of_the_layout_is_not_shown() {
    let menu = "<p>Go <menucascade>\n <uicontrol>A</uicontrol>\n <uicontrol>B</uicontrol>\n</menucascade>, then.</p>";
    assert_eq!(body(menu), "Go **A** > **B**, then.");
    assert_eq!(body("<dl><dlentry><dt>Name:</dt><dd>v</dd></dlentry></dl>"), "- **Name:** v");
    assert_eq!(body("<dl><dlentry><dt>Why?</dt><dd>v</dd></dlentry></dl>"), "- **Why?** v");
}

#[test]
fn files_without_words_contribute_none() {
    assert_eq!(
        body("<p>Click <image href='http://x/Refresh16.png'/> now</p>"),
        "Click ![](http://x/Refresh16.png) now"
    );
    assert_eq!(
        body("<object data='https://www.youtube.com/embed/UZwg385RKNw' outputclass='video'/>"),
        "[Video](https://www.youtube.com/embed/UZwg385RKNw)"
    );
    assert_eq!(
        body("<video href='http://x/v.mp4'><fallback>Your browser cannot play</fallback></video>"),
        "[v.mp4](http://x/v.mp4)"
    );
    assert_eq!(body("<video><fallback>See the text</fallback></video>"), "See the text");
}

#[test]
fn related_links_have_one_heading() {
    let list = |title: &str, link: &str| {
        format!("<linklist>{title}<link href='http://{link}/'><linktext>{link}</linktext></link></linklist>")
    };
    let (same, other) = ("<title>Related  Information</title>", "<title>See also</title>");
    let related = |links: &str| {
        super::topic(&format!("<topic id='t'><title>T</title><related-links>{links}</related-links></topic>"))
    };
    let loose = "<link href='http://l/'><linktext>l</linktext></link>";
    let heading = "**Related information**\n\n";
    assert_eq!(related(&list(same, "x")), "**Related Information**\n\n- [x](http://x/)");
    assert_eq!(related(&list(other, "x")), "**See also**\n\n- [x](http://x/)");
    assert_eq!(related(&list("", "x")), format!("{heading}- [x](http://x/)"));
    // A blank line alone does not separate two lists.
    let both = related(&format!("{loose}{}", list(same, "x")));
    assert_eq!(both.matches("elated").count(), 1, "{both}");
    let after = related(&format!("<linkpool>{}</linkpool>{loose}", list(same, "x")));
    assert_eq!(after.to_lowercase().matches("related information").count(), 1, "{after}");
    assert_eq!(
        related(&format!("{loose}{}", list(other, "x"))),
        format!("{heading}- [l](http://l/)\n\n**See also**\n\n- [x](http://x/)")
    );
    assert_eq!(
        related(&format!("{}{loose}", list(other, "x"))),
        format!("**See also**\n\n- [x](http://x/)\n\n{heading}- [l](http://l/)")
    );
}

#[test]
fn links_show_titles_and_what_is_missing_is_counted() {
    assert_eq!(linked("<p><xref href='b.dita' scope='peer'/></p>"), "[B](topic:c/b)");
    assert_eq!(
        linked("<p><xref href='b.dita#nosuch/x'/> <xref href='b.dita#b/no'/></p>"),
        "[B](topic:c/b) [B](topic:c/b)"
    );
    let read = document(
        &[
            (
                "t.dita",
                "<topic id='t'><title>T</title><body><p><xref href='b.dita#b/no'/> <xref href='c%20d.dita'/></p></body></topic>",
            ),
            B,
        ],
        "topic:c/t",
    );
    assert_eq!(read.losses.get("link:missing-element"), Some(&1));
    assert_eq!(read.losses.get("link:unresolved"), Some(&1));
    assert_eq!(read.text_md, "[B](topic:c/b) c d.dita");
    assert!(read.links.iter().any(|link| link.href == "b.dita#b/no" && link.target_id.is_none()));
}

#[test]
fn a_menu_path_a_link_and_what_follows_stay_apart() {
    let menu = "<menucascade><uicontrol>A</uicontrol><uicontrol>B</uicontrol></menucascade>";
    assert_eq!(
        super::body(&format!("<p>Go {menu}<term>now</term>, {menu}.</p>")),
        "Go **A** > **B** now, **A** > **B**."
    );
    let links = "<p><xref href='http://x/'>x</xref><xref href='http://y/'>y</xref>z</p>";
    assert_eq!(super::body(links), "[x](http://x/) [y](http://y/)z");
    assert_eq!(super::body("<p>un<b>do</b>ing</p>"), "un**do**ing");
}

#[test]
fn references_without_an_address_keep_their_own_text() {
    assert_eq!(super::body("<p>a <coderef>b</coderef> <include>c</include> <audio>d</audio></p>"), "a b c d");
    let missing = super::body("<codeblock><coderef href='none.c'>own</coderef></codeblock>");
    assert_eq!(missing, "```\nown\n```");
}

#[test]
fn header_rows_without_spans_are_rows_of_their_own() {
    let table = |first: &str| {
        super::body(&format!(
            "<table><tgroup cols='2'><colspec colname='c1'/><colspec colname='c2'/><thead><row>{first}</row><row><entry>c</entry><entry>d</entry></row></thead>\
             <tbody><row><entry>e</entry><entry>f</entry></row></tbody></tgroup></table>"
        ))
    };
    let apart = table("<entry>a</entry><entry>b</entry>");
    assert!(apart.starts_with("| a | b |\n| --- | --- |\n"), "{apart}");
    assert!(apart.replace('*', "").ends_with("| c | d |\n| e | f |"), "{apart}");
    let over = table("<entry namest='c1' nameend='c2'>a</entry>");
    assert_eq!(over, "| a<br>c | a<br>d |\n| --- | --- |\n| e | f |");
}

#[test]
fn code_shows_no_descriptions_and_keeps_its_footnotes() {
    let link = "<xref href='b.dita'>bee<desc>about bees</desc></xref>";
    assert_eq!(linked(&format!("<p><codeph>run {link}</codeph>, then</p>")), "`run bee`, then");
    assert_eq!(linked(&format!("<p><codeph>{link}</codeph>, then</p>")), "[`bee`](topic:c/b), then");
    assert_eq!(linked(&format!("<codeblock>run {link}</codeblock>")), "```\nrun bee\n```");
    assert_eq!(body("<p><codeph>x<fn>note</fn></codeph>.</p>"), "`x`[^1].\n\n[^1]: note");
    let topic = format!("<topic id='t'><title>T</title><body><p><codeph>a {link}</codeph></p></body></topic>");
    assert_eq!(document(&[("t.dita", &topic), B], "topic:c/t").losses["xref:description"], 1);
}

#[test]
fn a_long_description_shows_its_text_or_the_title_of_its_topic() {
    let image = |long: &str| linked(&format!("<p><image href='http://x/y.png'>{long}</image></p>"));
    assert_eq!(image("<longdescref href='long.html'/>"), "![](http://x/y.png)");
    assert_eq!(image("<longdescref href='b.dita'/>"), "![](http://x/y.png) [B](topic:c/b)");
    assert_eq!(
        image("<longdescref href='http://z/'>All of it</longdescref>"),
        "![](http://x/y.png) [All of it](http://z/)"
    );
}

#[test]
fn text_around_the_blocks_in_an_element_continues_the_paragraph() {
    let expected = "1 un\n\n- l\n\nb, and two";
    assert_eq!(body("<p>1 <acme>un<ul><li>l</li></ul>b</acme>, and two</p>"), expected);
    assert_eq!(body("<p>1 <ph>un<ul><li>l</li></ul>b</ph>, and two</p>"), expected);
}

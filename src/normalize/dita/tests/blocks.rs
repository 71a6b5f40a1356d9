use super::{body, document, topic};

#[test]
fn nested_topics_stand_one_level_deeper() {
    let xml = "<topic id='a'><title>A</title><body><section><title>S</title><p>x</p></section></body>\
        <topic id='b'><title>B</title><body><section><title>S</title><p>y</p></section></body></topic></topic>";
    assert_eq!(topic(xml), "## S\n\nx\n\n## B\n\n### S\n\ny");
}

#[test]
fn a_composite_file_is_one_document() {
    let xml = "<dita><concept id='a'><title>A</title><conbody><p>x</p></conbody></concept><task id='b'><title>B</title></task></dita>";
    let read = document(&[("t.dita", xml)], "topic:c/t");
    assert_eq!((read.title.as_str(), read.text_md.as_str()), ("A", "x\n\n## B"));
}

#[test]
fn a_section_without_a_title_leaves_no_heading() {
    assert_eq!(body("<section><p>a</p></section><section><title/><p>b</p></section>"), "a\n\nb");
}

#[test]
fn short_description_and_abstract_come_first() {
    let xml = "<topic id='t'><title>T</title><abstract>Before <shortdesc>Short.</shortdesc><p>After</p></abstract><body><p>x</p></body></topic>";
    assert_eq!(topic(xml), "Before\n\nShort.\n\nAfter\n\nx");
}

#[test]
fn a_paragraph_with_blocks_inside_keeps_their_order() {
    assert_eq!(body("<p>a<ul><li>b</li></ul>c</p>"), "a\n\n- b\n\nc");
}

#[test]
fn code_keeps_its_lines_and_names_its_language() {
    let xml = "<codeblock outputclass='language-xml show'>\n&lt;a>\n  <b>x</b>\n&lt;/a></codeblock>";
    assert_eq!(body(xml), "```xml\n<a>\n  x\n</a>\n```");
}

#[test]
fn line_ends_of_lines_are_kept() {
    assert_eq!(body("<lines>a\nb</lines>"), "a\\\nb");
}

#[test]
fn steps_number_on_past_a_section_between_them() {
    let steps = "<task id='t'><title>T</title><taskbody><steps><step><cmd>a</cmd><info>i</info></step>\
        <stepsection>Then</stepsection><step importance='optional'><cmd>b</cmd><substeps><substep><cmd>c</cmd></substep></substeps></step></steps></taskbody></task>";
    assert_eq!(topic(steps), "1. a\n\n   i\n\nThen\n\n2. (Optional) b\n   1. c");
}

#[test]
fn definitions_follow_their_terms() {
    let xml = "<dl><dlhead><dthd>H</dthd><ddhd>D</ddhd></dlhead><dlentry><dt>a</dt><dt>b</dt><dd>one</dd><dd>two</dd></dlentry></dl>";
    assert_eq!(body(xml), "- **H**: **D**\n\n- **a**, **b**: one\n\n  two");
}

#[test]
fn notes_are_labeled_with_their_type() {
    assert_eq!(body("<note type='caution'>a</note>"), "> **Caution:** a");
    assert_eq!(body("<note type='other' othertype='Hint'><p>a</p><p>b</p></note>"), "> **Hint:** a\n>\n> b");
    let hazard = "<hazardstatement type='danger'><messagepanel><typeofhazard>t</typeofhazard><howtoavoid>h</howtoavoid></messagepanel></hazardstatement>";
    assert_eq!(body(hazard), "> **Danger:** t\n>\n> h");
}

#[test]
fn spans_of_a_table_are_repeated() {
    let xml = "<table><title>C</title><tgroup cols='3'><colspec colname='a'/><colspec colname='b'/><colspec colname='c'/>\
        <thead><row><entry>1</entry><entry>2</entry><entry>3</entry></row></thead>\
        <tbody><row><entry namest='a' nameend='b'>x</entry><entry morerows='1'>y</entry></row><row><entry>p</entry><entry>q</entry></row>\
        <row><entry colname='c'>z</entry></row></tbody></tgroup></table>";
    let rows: Vec<String> = body(xml).lines().map(|line| line.replace(' ', "")).collect();
    assert_eq!(rows, ["**C**", "", "|1|2|3|", "|---|---|---|", "|x|x|y|", "|p|q|y|", "|||z|"]);
}

#[test]
fn a_property_without_a_value_keeps_its_columns() {
    let xml = "<reference id='t'><title>T</title><refbody><properties><property><proptype>t</proptype><propvalue>v</propvalue><propdesc>d</propdesc></property>\
        <property><proptype>u</proptype><propdesc>e</propdesc></property></properties></refbody></reference>";
    let rows: Vec<String> = topic(xml).lines().skip(2).map(|line| line.replace(' ', "")).collect();
    assert_eq!(rows, ["|t|v|d|", "|u||e|"]);
}

#[test]
fn phrases_of_software_are_code() {
    let xml = "<p><codeph>a</codeph> <xmlelement>b</xmlelement> <xmlatt>c</xmlatt> <uicontrol>d</uicontrol> <varname>e</varname> <menucascade><uicontrol>f</uicontrol><uicontrol>g</uicontrol></menucascade></p>";
    assert_eq!(body(xml), "`a` `<b>` `@c` **d** *e* **f** > **g**");
}

#[test]
fn blank_space_at_the_ends_of_code_stands_outside() {
    assert_eq!(body("<p>the <codeph>a </codeph>step<codeph> b</codeph></p>"), "the `a` step `b`");
}

#[test]
fn trademarks_carry_their_sign() {
    assert_eq!(body("<p><tm tmtype='reg'>A</tm> <tm tmtype='tm'>B</tm></p>"), "A\u{ae} B\u{2122}");
}

#[test]
fn footnotes_are_defined_once_and_referred_to_often() {
    let xml =
        "<p>a<fn id='f'>note</fn><xref type='fn' href='#t/f'/> b<xref type='fn' href='#t/f'/> c<fn>other</fn></p>";
    assert_eq!(body(xml), "a[^1] b[^1] c[^2]\n\n[^1]: note\n\n[^2]: other");
}

#[test]
fn a_footnote_that_nothing_refers_to_stands_where_it_is() {
    assert_eq!(body("<p>a<fn id='f'>note</fn></p>"), "a[^1]\n\n[^1]: note");
}

#[test]
fn the_title_of_a_figure_is_below_an_image_and_above_anything_else() {
    assert_eq!(
        body("<fig><title>F</title><image href='http://x/a.png'><alt>A</alt></image></fig>"),
        "![A](http://x/a.png)\n\n*F*"
    );
    assert_eq!(body("<fig><title>F</title><codeblock>x</codeblock></fig>"), "**F**\n\n```\nx\n```");
}

#[test]
fn text_that_no_reader_sees_is_left_out() {
    let xml = "<p>a<indexterm>b</indexterm><draft-comment>c</draft-comment><data>d</data></p>";
    let read =
        document(&[("t.dita", &format!("<topic id='t'><title>T</title><body>{xml}</body></topic>"))], "topic:c/t");
    assert_eq!(read.text_md, "a");
    assert_eq!(read.losses.get("element:draft-comment"), Some(&1));
    assert_eq!(read.meta["keywords"], serde_json::json!(["b"]));
}

#[test]
fn unknown_elements_keep_their_text_and_are_counted() {
    let xml = "<topic id='t'><title>T</title><body><strange><p>a</p></strange><p>b <odd>c</odd></p></body></topic>";
    let read = document(&[("t.dita", xml)], "topic:c/t");
    assert_eq!(read.text_md, "a\n\nb c");
    assert_eq!((read.losses["element:strange"], read.losses["element:odd"]), (1, 1));
}

#[test]
fn specializations_follow_their_class() {
    let xml = "<story id='t' class='- topic/topic my/story '><head class='- topic/title my/head '>T</head>\
        <text class='- topic/body my/text '><para class='- topic/p my/para '>a <name class='+ topic/keyword my/name '>b</name></para></text></story>";
    let read = document(&[("t.xml", xml)], "topic:c/t");
    assert_eq!((read.title.as_str(), read.text_md.as_str()), ("T", "a b"));
}

#[test]
fn a_glossary_entry_tells_its_other_names() {
    let xml = "<glossentry id='t'><glossterm>World Wide Web</glossterm><glossdef>A web.</glossdef><glossBody><glossPartOfSpeech value='noun'/>\
        <glossUsage>Often.</glossUsage><glossAlt><glossAcronym>WWW</glossAcronym></glossAlt><glossAlt><glossSynonym>Web</glossSynonym></glossAlt></glossBody></glossentry>";
    let read = document(&[("t.dita", xml)], "topic:c/t");
    assert_eq!(
        (read.title.as_str(), read.text_md.as_str()),
        ("World Wide Web", "A web.\n\nOften.\n\nAlso: WWW\n\nAlso: Web")
    );
}

#[test]
fn formulas_keep_their_symbols_or_their_tex() {
    let mathml = "<equation-inline><mathml><m:math xmlns:m='m'><m:mi>x</m:mi><m:mo>=</m:mo><m:mn>1</m:mn></m:math></mathml></equation-inline>";
    assert_eq!(body(&format!("<p>a {mathml}</p>")), "a x = 1");
    let tex = "<equation-block><mathml><m:math xmlns:m='m'><m:mi>x</m:mi><m:annotation encoding='application/x-tex'>x^2</m:annotation></m:math></mathml></equation-block>";
    assert_eq!(body(tex), "$$x^2$$");
}

#[test]
fn a_choice_table_stands_in_its_step_and_its_options_are_headings() {
    let xml = "<task id='t'><title>T</title><taskbody><prereq>p</prereq><steps><step><cmd>a</cmd><choicetable keycol='1'><chhead><choptionhd>O</choptionhd><chdeschd>D</chdeschd></chhead>\
        <chrow><choption>o</choption><chdesc>d</chdesc></chrow></choicetable><stepresult>r</stepresult></step></steps></taskbody></task>";
    assert_eq!(topic(xml), "p\n\n1. a\n\n   | O | D |\n   | --- | --- |\n   | **o** | d |\n\n   r");
}

#[test]
fn troubleshooting_reads_in_order() {
    let xml = "<troubleshooting id='t'><title>T</title><troublebody><condition><title>Condition</title><p>c</p></condition><troubleSolution><cause><p>why</p></cause>\
        <remedy><responsibleParty>me</responsibleParty><steps><step><cmd>do</cmd></step></steps></remedy></troubleSolution></troublebody></troubleshooting>";
    assert_eq!(topic(xml), "## Condition\n\nc\n\nwhy\n\nme\n\n1. do");
}

#[test]
fn image_maps_objects_and_quotations_keep_what_they_lead_to() {
    let map = "<imagemap><image href='http://x/i.png'/><area><shape>rect</shape><coords>1,2</coords><xref href='http://y/'>y</xref></area></imagemap>";
    assert_eq!(body(map), "![](http://x/i.png)\n\n- [y](http://y/)");
    assert_eq!(body("<object data='http://v/v.mp4'><desc>film</desc></object>"), "[v.mp4](http://v/v.mp4)\n\nfilm");
    let quotation = "<lq href='http://z/' scope='external' format='html' reftitle='Book'>quoted</lq>";
    assert_eq!(body(quotation), "> quoted\n>\n> [Book](http://z/)");
}

#[test]
fn every_group_of_a_table_is_a_table() {
    let xml = "<table><title>C</title><desc>about</desc><tgroup cols='1'><tbody><row><entry>1</entry></row></tbody></tgroup><tgroup cols='1'><tbody><row><entry>2</entry></row></tbody></tgroup></table>";
    assert_eq!(body(xml), "**C**\n\n|  |\n| --- |\n| 1 |\n\n|  |\n| --- |\n| 2 |\n\nabout");
    let simple = "<simpletable keycol='1'><sthead><stentry>h</stentry><stentry>i</stentry></sthead><strow><stentry>k</stentry><stentry>v</stentry></strow></simpletable>";
    assert_eq!(body(simple), "| h | i |\n| --- | --- |\n| **k** | v |");
}

#[test]
fn lists_of_related_links_keep_their_titles_and_remarks() {
    let xml = "<topic id='t'><title>T</title><related-links><linklist><title>L</title><desc>about</desc>\
        <link href='http://q/' format='html' scope='external'><linktext>q</linktext></link><linkinfo>remark</linkinfo></linklist></related-links></topic>";
    assert_eq!(topic(xml), "**L**\n\nabout\n\n- [q](http://q/)\n\nremark");
}

#[test]
fn headings_have_the_anchors_of_the_published_page() {
    let xml = "<topic id='t'><title>T</title><body><section id='s'><title>One</title><p>a</p></section><section><title>Two</title></section>\
        <note><p>n</p></note></body><topic id='u'><title>Three</title><body><example id='e'><title>Four</title></example></body></topic></topic>";
    let document = super::document(&[("t.dita", xml)], "topic:c/t");
    assert_eq!(document.anchors, ["t__s", "", "u", "u__e"]);
    assert_eq!(document.text_md.matches('#').count(), 2 + 2 + 2 + 3);
}

#[test]
fn text_in_unknown_parts_of_tables_and_lists_is_kept() {
    for (xml, expected) in [
        (
            "<table><tgroup cols='1'><tbody><acme-row><entry>A</entry></acme-row></tbody></tgroup></table>",
            "|  |\n| --- |\n| A |",
        ),
        ("<table><tgroup cols='1'><acme><row><entry>A</entry></row></acme></tgroup></table>", "|  |\n| --- |\n| A |"),
        ("<table><acme><tbody><row><entry>A</entry></row></tbody></acme></table>", "|  |\n| --- |\n| A |"),
        (
            "<table>t<tgroup cols='2'>u<tbody>v<row>A<acme>B</acme></row><acme>w</acme></tbody></tgroup></table>",
            "|  |  |\n| --- | --- |\n| A | B |\n\nt\n\nu\n\nv\n\nw",
        ),
        (
            "<simpletable>t<strow>A<stentry>B</stentry></strow><acme>u</acme><acme><stentry>C</stentry></acme></simpletable>",
            "|  |  |\n| --- | --- |\n| A | B |\n| C |  |\n\nt\n\nu",
        ),
        (
            "<properties><property>A<propvalue>B</propvalue></property><acme>u</acme></properties>",
            "|  |  |\n| --- | --- |\n| A | B |\n\nu",
        ),
        (
            "<choicetable><chrow>A<chdesc>B</chdesc></chrow><acme>u</acme></choicetable>",
            "|  |  |\n| --- | --- |\n| A | B |\n\nu",
        ),
        ("<dl>a<dlentry><dt>b</dt>c<dd>d</dd></dlentry></dl>", "- a\n\n- **b**: c\n\n  d"),
        (
            "<hazardstatement><messagepanel>a<typeofhazard>b</typeofhazard></messagepanel>c</hazardstatement>",
            "> **Hazard:** a\n>\n> b\n>\n> c",
        ),
        ("<foreign><x>no</x><fallback>FB words</fallback></foreign>", "FB words"),
        ("<p>a <foreign><fallback>FB words</fallback></foreign>.</p>", "a FB words."),
        ("<unknown><fallback><p>one</p><p>two</p></fallback></unknown>", "one\n\ntwo"),
        ("<syntaxdiagram><kwd>a</kwd><synnote>note</synnote></syntaxdiagram>", "```\na\n```\n\n[^1]\n\n[^1]: note"),
        ("<p>see<synnote>note</synnote></p>", "see[^1]\n\n[^1]: note"),
    ] {
        assert_eq!(body(xml), expected, "{xml}");
    }
    let read = document(
        &[(
            "t.dita",
            "<topic id='t'><title>T</title><body><table><tgroup cols='1'><tbody><acme-row><entry>A</entry></acme-row></tbody></tgroup></table></body></topic>",
        )],
        "topic:c/t",
    );
    assert_eq!(read.losses["element:acme-row"], 1);
    assert_eq!(
        topic("<topic id='t'><title>T</title>loose <b>text</b><body><p>x</p></body></topic>"),
        "loose **text**\n\nx"
    );
}

#[test]
fn the_notes_and_the_symbol_of_a_term_are_shown() {
    let entry = "<glossentry id='t'><glossterm>T</glossterm><glossdef>d</glossdef><glossBody><glossPartOfSpeech value='noun'/>\
        <glossUsage>usage</glossUsage><glossScopeNote>scope</glossScopeNote><glossSymbol href='http://x/s.png' scope='external'><alt>sign</alt></glossSymbol></glossBody></glossentry>";
    assert_eq!(topic(entry), "d\n\nusage\n\nscope\n\n![sign](http://x/s.png)");
}

#[test]
fn diagnostics_have_the_titles_of_their_parts() {
    let topic = topic(
        "<troubleshooting id='t'><title>T</title><troublebody><diagnostics><diagnostics-general><title>Look</title><p>g</p></diagnostics-general>\
         <diagnostics-steps><steps><step><cmd>s</cmd></step></steps></diagnostics-steps></diagnostics></troublebody></troubleshooting>",
    );
    assert_eq!(topic, "## Look\n\ng\n\n1. s");
}

#[test]
fn the_number_of_an_equation_is_in_parentheses_and_apart() {
    let block = |xml: &str| body(&format!("<equation-block>{xml}</equation-block>"));
    assert_eq!(block("<equation-number>1</equation-number>a=b"), "(1) a=b");
    assert_eq!(block("a=b<equation-number>1</equation-number>"), "a=b (1)");
    assert_eq!(block("<equation-number/>a=b"), "a=b");
}

#[test]
fn formulas_in_foreign_content_are_text() {
    let math = "<m:math xmlns:m='x'><m:mi>x</m:mi><m:mo>=</m:mo><m:mn>1</m:mn></m:math>";
    assert_eq!(body(&format!("<p>If <foreign>{math}</foreign> holds</p>")), "If x = 1 holds");
    assert_eq!(body(&format!("<foreign>{math}<fallback>no</fallback></foreign>")), "x = 1");
    assert_eq!(body(&format!("<p>a<draft-comment>{math}</draft-comment></p>")), "a");
}

#[test]
fn footnotes_and_images_in_the_title_of_a_document_keep_their_text() {
    let xml = "<topic id='t'><title>Press <image href='http://x/e.png'><alt>Enter</alt></image><fn>Or Return</fn></title><body><p>x<fn>y</fn></p></body></topic>";
    let read = document(&[("t.dita", xml)], "topic:c/t");
    assert_eq!(read.title, "Press Enter");
    assert_eq!(read.text_md, "[^1]\n\nx[^2]\n\n[^1]: Or Return\n\n[^2]: y");
}

#[test]
fn attributes_with_visible_text_or_addresses_are_kept() {
    assert_eq!(body("<note spectitle='Mind'>text</note>"), "> **Note:** Mind\n>\n> text");
    let quote = body("<lq>words<longquoteref href='http://x/y' scope='external' format='html'/></lq>");
    assert_eq!(quote, "> words\n>\n> [http://x/y](http://x/y)");
}

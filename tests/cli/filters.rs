//! Conditions of DITA leak nothing: what a ditaval excludes is neither in the artifact nor anywhere in the database.

use crate::support::Sandbox;

/// Where an element with a condition may stand. `@` is the condition, and each place has a secret of its own.
const MAP: &str = "<map><title>Guide <ph @>SECRETa</ph></title>\
    <topicmeta><author @>SECRETb</author><othermeta name='x' content='SECRETc' @/><data name='SECRETd' value='SECRETe' @/></topicmeta>\
    <keydef keys='open'><topicmeta><keywords><keyword>Opened</keyword><keyword @>SECRETf</keyword></keywords></topicmeta></keydef>\
    <keydef keys='closed' @><topicmeta><keywords><keyword>SECRETg</keyword></keywords><linktext>SECRETh</linktext></topicmeta></keydef>\
    <topicref href='open.dita'><topicmeta><navtitle @>SECRETi</navtitle><keywords><keyword @>SECRETj</keyword></keywords></topicmeta></topicref>\
    <topicref href='closed.dita' @ navtitle='SECRETk'/>\
    <topichead navtitle='SECRETl' @><topicref href='below.dita'/></topichead>\
    <mapref href='closed.ditamap' @ navtitle='SECRETm'/>\
    <topicref href='root.dita'><topicmeta><navtitle>SECRETn</navtitle></topicmeta></topicref>\
    <topicref href='parent.dita'><topicref href='child.dita' @/></topicref>\
    <reltable><relrow><relcell><topicref href='open.dita'/></relcell><relcell @><topicref href='closed.dita'/></relcell></relrow>\
    <relrow @><relcell><topicref href='open.dita'/></relcell><relcell><topicref href='below.dita'/></relcell></relrow></reltable></map>";
const OPEN: &str = "<topic id='open'><title>Open <ph @>SECRETA</ph></title><titlealts @><navtitle>SECRETB</navtitle><searchtitle>SECRETC</searchtitle></titlealts>\
    <abstract><shortdesc @>SECRETD</shortdesc></abstract>\
    <prolog><author @>SECRETE</author><metadata @><keywords><indexterm>SECRETF</indexterm></keywords></metadata>\
    <metadata><audience type='SECRETG' @/><prodinfo @><prodname>SECRETH</prodname></prodinfo><othermeta name='y' content='SECRETI' @/></metadata>\
    <resourceid appid='SECRETJ' @/></prolog>\
    <body @2><p>Visible words. <keyword keyref='closed'/> <xref keyref='closed'/> <xref href='closed.dita'/> <xref href='root.dita'/> <xref href='parts.dita#parts/closed'/></p>\
    <section @><title>SECRETK</title><p>SECRETL</p></section><p conref='parts.dita#parts/closed'/><p conkeyref='closed/x'/>\
    <image href='SECRETM.png' @><alt>SECRETN</alt></image><image href='x.png'><alt @>SECRETO</alt></image>\
    <table><title @>SECRETP</title><tgroup cols='2'><tbody><row @><entry>SECRETQ</entry></row><row><entry>1</entry><entry @>SECRETR</entry></row></tbody></tgroup></table>\
    <simpletable><sthead><stentry @>SECRETS</stentry></sthead><strow @><stentry>SECRETT</stentry></strow></simpletable>\
    <dl><dlentry @><dt>SECRETU</dt><dd>SECRETV</dd></dlentry></dl><fn @>SECRETW</fn><codeblock>a <ph @>SECRETX</ph></codeblock>\
    <note type='other' othertype='SECRETY' @>SECRETZ</note><ul><li>one</li><li @><p>SECRETaa</p></li></ul><draft-comment @>SECRETbb</draft-comment>\
    <object data='SECRETcc' @><desc>SECRETdd</desc></object><fig @><title>SECRETee</title></fig><p>to <b @>SECRETff</b><term keyref='open' @>SECRETgg</term></p></body>\
    <related-links @><link href='http://SECRETii.example'><linktext>SECRETjj</linktext></link></related-links>\
    <topic id='nested' @><title>SECRETkk</title><body><p>SECRETll</p></body></topic></topic>";
const PARTS: &str = "<topic id='parts'><title>Parts</title><body><p id='closed' @>SECRETmm</p></body></topic>";
const ROOT: &str = "<topic id='root' @><title>SECRETnn</title><body><p>SECREToo</p></body></topic>";

/// Returns every row of every table of the schema that mentions a secret, in any case.
fn leaks(sandbox: &Sandbox) -> Vec<String> {
    let tables = "select c.relname::text from pg_catalog.pg_class as c where c.relnamespace = 'graphdb'::regnamespace and c.relkind in ('r', 'p', 'm') order by 1";
    let mut leaks = Vec::new();
    for table in sandbox.database.column(tables) {
        let rows =
            format!("select '{table}: ' || left(t::text, 2000) from graphdb.{table} as t where t::text ~* 'secret'");
        leaks.extend(sandbox.database.column(&rows));
    }
    leaks
}

#[test]
fn what_a_ditaval_excludes_is_neither_in_the_artifact_nor_in_the_database() {
    let plain = |title: &str| format!("<topic id='t'><title>{title}</title></topic>");
    // Every attribute that can be a condition, a group, a value of several, and a value below another in a subject scheme.
    let conditions = [
        ("product='internal'", "product", "internal"),
        ("audience='internal hidden'", "audience", "internal"),
        ("platform='internal'", "platform", "internal"),
        ("otherprops='internal'", "otherprops", "internal"),
        ("deliveryTarget='internal'", "deliveryTarget", "internal"),
        ("rev='1' props='team(internal)'", "team", "internal"),
        ("props='internal'", "props", "internal"),
    ];
    for (condition, attribute, value) in conditions {
        let sandbox = Sandbox::new();
        let files = [
            ("guide.ditamap", MAP.to_owned()),
            ("open.dita", OPEN.replace("@2", "")),
            ("parts.dita", PARTS.to_owned()),
            ("root.dita", ROOT.to_owned()),
            ("closed.dita", plain("SECRETpp")),
            ("below.dita", plain("SECRETqq")),
            ("child.dita", plain("SECRETrr")),
            ("parent.dita", plain("Parent")),
            ("closed.ditamap", "<map><title>SECRETss</title><topicref href='deep.dita'/></map>".to_owned()),
            ("deep.dita", plain("SECRETtt")),
        ];
        for (name, text) in files {
            sandbox.write(&format!("docs/{name}"), text.replace('@', condition));
        }
        let rule = |value: &str| format!("<prop att='{attribute}' val='{value}' action='exclude'/>");
        sandbox.write("x.ditaval", format!("<val>{}{}</val>", rule(value), rule("hidden")));
        let args =
            ["normalize", "docs/guide.ditamap", "--source", "dita", "--run-id", "guide", "--ditaval", "x.ditaval"];
        let normalized = sandbox.run(&args).success();
        sandbox.run(&["run"]).success();
        let artifact =
            std::fs::read_to_string(sandbox.folder().join("var/runs/guide/normalize/normalized.ndjson")).unwrap();
        assert!(artifact.contains("Visible words"), "{condition}: {artifact}");
        assert!(!artifact.to_lowercase().contains("secret"), "{condition}: {artifact}");
        assert!(!normalized.stdout.to_lowercase().contains("secret"), "{condition}: {}", normalized.stdout);
        assert_eq!(leaks(&sandbox), Vec::<String>::new(), "{condition}");
        assert!(!sandbox.database.value("select count(*) from graphdb.chunks where text ~ 'Visible'").starts_with('0'));
    }
}

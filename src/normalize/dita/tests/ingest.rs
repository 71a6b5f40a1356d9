use super::read_input;
use crate::normalize::Options;

#[test]
fn lines_of_the_older_artifact_become_documents() {
    let folder = tempfile::tempdir().unwrap();
    let ingest = folder.path().join("2025-01-01_000000_abcd/ingest");
    std::fs::create_dir_all(&ingest).unwrap();
    let lines = [
        r#"{"id":"topic:d/a#a","title":"A & B","source_path":"d/a.dita","doctype":"concept","labels":["x"],"attachments":["i/p.png"],"updated_at":"2025-01-01T00:00:00Z","body_dita_xml":"<conbody><p platform='linux'>See <xref href='b.dita'/>.</p></conbody>"}"#,
        r#"{"id":"topic:d/b#b","title":"B","source_path":"d/b.dita","doctype":"topic","body_dita_xml":"<body><ul><li>one</li><li>two <b>three</b> x"}"#,
        "not JSON",
        r#"{"title":"no id"}"#,
        r#"{"id":"map:m","title":"M","source_path":"m.ditamap","doctype":"map","body_dita_xml":""}"#,
    ];
    std::fs::write(ingest.join("dita.ndjson"), lines.join("\n")).unwrap();
    let (documents, failures) = read_input(&folder.path().join("2025-01-01_000000_abcd"), &Options::default());
    let texts: Vec<(&str, &str)> = documents.iter().map(|read| (read.id.as_str(), read.text_md.as_str())).collect();
    assert_eq!(
        texts,
        [
            ("topic:dita/d/a", "See [B](topic:dita/d/b)."),
            ("topic:dita/d/b", "- one\n- two **three** x"),
            ("map:dita/m", ""),
        ]
    );
    assert_eq!((documents[0].title.as_str(), documents[0].meta["ingest_id"].as_str()), ("A & B", Some("topic:d/a#a")));
    assert_eq!(documents[0].labels, ["platform:linux", "x"]);
    assert_eq!(documents[0].updated_at.as_deref(), Some("2025-01-01T00:00:00Z"));
    assert_eq!(documents[0].attachments[0].filename, "p.png");
    let failures: Vec<(Option<u64>, &str)> =
        failures.iter().map(|failure| (failure.line, failure.message.split("; ").next().unwrap())).collect();
    assert_eq!(failures[0], (Some(2), "d/b.dita: not well-formed XML: </topic> where </li> of line 1 should be"));
    assert!(failures[1].1.starts_with("no valid JSON"), "{failures:?}");
    assert_eq!(failures[2], (Some(4), "the object has no `id`"));
    assert_eq!(failures.len(), 3);
}

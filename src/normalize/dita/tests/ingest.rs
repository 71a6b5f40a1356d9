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
    assert_eq!(
        failures[0],
        (Some(2), "d/b.dita: not well-formed XML: expected </li> (opened on line 1), but found </topic>")
    );
    assert!(failures[1].1.starts_with("no valid JSON"), "{failures:?}");
    assert_eq!(failures[2], (Some(4), "the object has no `id`"));
    assert_eq!(failures.len(), 3);
}

#[test]
fn labels_metadata_and_breadcrumbs_come_from_the_sidecars() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, lines: &[&str]| std::fs::write(folder.path().join(name), lines.join("\n")).unwrap();
    write(
        "dita.ndjson",
        &[
            r#"{"id":"topic:d/a#a","title":"A","source_path":"d/a.dita","doctype":"topic","labels":["x"],"created_at":"2025-01-01T00:00:00Z","body_dita_xml":"<body><p>a<indexterm>own</indexterm></p></body>"}"#,
            r#"{"id":"topic:d/b","title":"B","source_path":"d/b.dita","doctype":"topic","body_dita_xml":""}"#,
        ],
    );
    write(
        "meta.jsonl",
        &[
            r#"{"page_id":"topic:d/a#a","collection":"manual","path_tags":["d"],"labels":["y","x"],"meta":{"audience":["admin"],"keywords":["more","own"],"otherprops":{},"resource_app":null,"critdates":{"created":"2024-05-06","modified":""},"data_pairs":{"k":"v"}}}"#,
            r#"{"page_id":"topic:d/b","collection":null,"path_tags":[],"labels":[],"meta":{}}"#,
            "{}",
        ],
    );
    write(
        "breadcrumbs.jsonl",
        &[
            r#"{"page_id":"topic:d/a","breadcrumbs":["Guide","A"]}"#,
            r#"{"page_id":"topic:d/a","breadcrumbs":["Guide","A in the map"]}"#,
            r#"{"page_id":"topic:d/a","breadcrumbs":["Book","A"]}"#,
        ],
    );
    let (documents, failures) = read_input(folder.path(), &Options::default());
    let read = &documents[0];
    assert_eq!((&read.labels, &read.breadcrumbs), (&vec!["x".to_owned(), "y".to_owned()], &vec!["Guide".to_owned()]));
    assert_eq!(read.created_at.as_deref(), Some("2024-05-06T00:00:00Z"));
    assert_eq!(
        serde_json::to_value(&read.meta).unwrap(),
        serde_json::json!({
            "doctype": "topic", "ingest_id": "topic:d/a#a", "collection": "manual", "path_tags": ["d"], "audience": ["admin"],
            "keywords": ["own", "more"], "critdates": {"created": "2024-05-06", "modified": ""}, "data_pairs": {"k": "v"},
            "parents": [["Guide"], ["Book"]],
        })
    );
    assert_eq!(
        serde_json::to_value(&documents[1].meta).unwrap(),
        serde_json::json!({"doctype": "topic", "ingest_id": "topic:d/b"})
    );
    let failures: Vec<_> = failures.iter().map(|failure| (failure.path.as_str(), failure.line)).collect();
    assert_eq!(failures, [("meta.jsonl", Some(3))]);
}

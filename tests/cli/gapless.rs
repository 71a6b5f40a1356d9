//! A second connection searches all the time, with full-text search and vector search, and never misses a document.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use nix::sys::signal::Signal;

use crate::support::Sandbox;
use crate::support::held::send;

const DOCUMENTS: i64 = 8;

fn write_all(sandbox: &Sandbox, words: &str) {
    for number in 0..DOCUMENTS {
        let paragraphs: Vec<String> =
            (0..12).map(|part| format!("<p>common {words} words of part {part} in document {number}.</p>")).collect();
        let paragraphs = paragraphs.concat();
        let topic = format!("<topic id='t'><title>Document {number}</title><body>{paragraphs}</body></topic>");
        sandbox.write(&format!("docs/{number}.dita"), topic);
    }
}

/// Returns the numbers of documents that a search by words misses, that a search by vector misses, and that it finds
/// incompletely.
fn missed(client: &mut postgres::Client) -> (i64, i64, i64) {
    let row = client
        .query_one(
            "select (select count(distinct s.doc_id) from graphdb.search('common', null, null, 1000) as s), \
                    (select count(distinct s.doc_id) from graphdb.search('', (select e.embedding from graphdb.embeddings as e limit 1), \
                                                                         (select m.model from graphdb.embedding_models as m), 1000) as s), \
                    (select count(*) from graphdb.documents as d where d.is_searched and ( \
                       not exists (select from graphdb.chunks as c where (c.run_id, c.doc_id, c.revision) = (d.run_id, d.doc_id, d.revision) \
                                   and c.byte_end >= octet_length(rtrim(d.body, e' \\n'))) \
                       or exists (select from graphdb.chunks as c where (c.run_id, c.doc_id, c.revision) = (d.run_id, d.doc_id, d.revision) \
                                  and not exists (select from graphdb.embeddings as e where e.input_sha256 = c.input_sha256))))",
            &[],
        )
        .unwrap();
    (DOCUMENTS - row.get::<_, i64>(0), DOCUMENTS - row.get::<_, i64>(1), row.get(2))
}

#[test]
fn no_document_is_missed_while_a_run_changes_fails_is_reset_and_loses_its_workers() {
    let sandbox = Sandbox::new();
    write_all(&sandbox, "first");
    let normalize = ["normalize", "docs", "--source", "dita"];
    sandbox.run(&normalize).success();
    sandbox.run(&["run"]).success();
    let (is_over, asked) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = sandbox.database.connect();
            while !is_over.load(Ordering::Relaxed) {
                let missed = missed(&mut client);
                asked.fetch_add(1, Ordering::Relaxed);
                if missed != (0, 0, 0) {
                    is_over.store(true, Ordering::Relaxed);
                    panic!("missed {missed:?}");
                }
            }
        });
        // Work that is killed after this number of answers on the other connection.
        let killed = |answers: u32| {
            let mut child = sandbox.spawn(&["run"]);
            let begun = asked.load(Ordering::Relaxed);
            while asked.load(Ordering::Relaxed) < begun + answers && child.try_wait().unwrap().is_none() {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                thread::yield_now();
            }
            send(&child, Signal::SIGKILL);
            child.wait().unwrap();
        };
        let reset = |scope: &str| sandbox.run(&["runs", "reset", "--force", "--yes", "--scope", scope]).success();
        for (round, words) in ["second", "third"].iter().enumerate() {
            write_all(&sandbox, words);
            sandbox.run(&normalize).success();
            killed(1 + u32::try_from(round).unwrap() * 3);
            reset("processed");
            sandbox.run(&["run", "--phases", "chunk"]).success();
            sandbox.run(&["run"]).success();
        }
        for scope in ["processed", "embeddings", "all"] {
            sandbox.configure("reset: { delete_chunks: true }\nchunk: { max_tokens: 64 }");
            reset(scope);
            killed(2);
            reset(scope);
            sandbox.run(&["run"]).success();
            sandbox.configure("");
            reset("processed");
            sandbox.run(&["run"]).success();
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(asked.load(Ordering::Relaxed) > 20);
    let left = "select count(*) from graphdb.documents where not is_current or not is_searched";
    assert_eq!(sandbox.database.value(left), "0");
    assert_eq!(sandbox.database.value("select count(*) from graphdb.stale_embeddings"), "0");
}

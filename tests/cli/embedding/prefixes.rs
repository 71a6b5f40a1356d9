//! The prefixes of documents and questions.

use super::{run, texts, write_alike};
use crate::support::embedding_server::good;
use crate::support::{EmbeddingServer, Run, Sandbox};

/// Returns the command with prefixes for questions and documents.
fn with_prefixes(sandbox: &Sandbox, server: &EmbeddingServer, prefixes: [&str; 2], args: &[&str]) -> Run {
    let mut command = sandbox.command_with_vectors_of(&server.url, args);
    command.env("TRAILBLAZER_EMBED_QUERY_PREFIX", prefixes[0]).env("TRAILBLAZER_EMBED_DOCUMENT_PREFIX", prefixes[1]);
    Run::of(command.output().unwrap())
}

#[test]
fn every_document_and_every_question_is_sent_with_its_prefix() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 3);
    with_prefixes(&sandbox, &server, ["ask: ", "say: "], &["run"]).success();
    let sent: Vec<String> = server.requests().iter().flat_map(texts).filter(|text| text.contains("number")).collect();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|text| text.starts_with("say: T\n\nText number ")), "{sent:?}");
    // The prefix belongs to the model, not to the text.
    assert_eq!(sandbox.database.value("select count(*) from graphdb.chunks where text like '%say: %'"), "0");
    with_prefixes(&sandbox, &server, ["ask: ", "say: "], &["ask", "which number"]).success();
    assert_eq!(texts(server.requests().last().unwrap()), ["ask: which number"]);
}

#[test]
fn prefixes_are_a_part_of_the_model() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 3);
    run(&sandbox, &server).success();
    let asked = with_prefixes(&sandbox, &server, ["ask: ", "say: "], &["ask", "number"]).success();
    // Until the model with these prefixes is served, a question is embedded without them.
    assert!(!asked.stderr.contains("full-text"), "{}", asked.stderr);
    assert_eq!(server.requests().last().unwrap()["input"], serde_json::json!(["number"]));
    with_prefixes(&sandbox, &server, ["ask: ", "say: "], &["run"]).success();
    let models = "select concat_ws('|', model, query_prefix, document_prefix, (select count(*) from graphdb.embeddings as e \
                  where e.model_id = m.model_id)) from graphdb.embedding_models as m order by 1";
    assert_eq!(sandbox.database.column(models), ["small+ask+say|ask: |say: |3", "small|||3"]);
    assert!(server.requests().iter().all(|request| request["model"] == "small"));
}

#[test]
fn a_well_known_model_without_its_prefixes_is_pointed_out() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 1);
    let advice = "nomic-embed-text finds more with its prefixes: set embed.query_prefix to \"search_query: \" and \
                  embed.document_prefix to \"search_document: \"";
    for (args, prefix, is_told) in
        [(&["run"][..], None, true), (&["db", "doctor"], None, true), (&["db", "doctor"], Some("x: "), false)]
    {
        let mut command = sandbox.command_with_vectors_of(&server.url, args);
        command.env("TRAILBLAZER_EMBED_MODEL", "nomic-embed-text");
        if let Some(prefix) = prefix {
            command.env("TRAILBLAZER_EMBED_QUERY_PREFIX", prefix);
        }
        let run = Run::of(command.args(["--events", "never"]).output().unwrap()).success();
        assert_eq!(format!("{}{}", run.stdout, run.stderr).contains(advice), is_told, "{run:?}");
    }
}

//! `trailblazer embed`

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Run, Sandbox};

/// Runs `embed` on `input`, without a database.
fn embed(args: &[&str], input: &[u8]) -> Run {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&[&["embed"], args].concat());
    command.env("TRAILBLAZER_DB_URL", "postgresql://nobody@127.0.0.1:1/none");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(&input).ok());
    let run = Sandbox::wait(child);
    writing.join().unwrap();
    run
}

fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn embed_turns_lines_into_vectors_in_order() {
    let run = embed(&[], b"one two\nthree\r\nfour").success();
    let lines = lines(&run);
    let texts: Vec<&Value> = lines.iter().map(|line| &line["text"]).collect();
    assert_eq!(texts, ["one two", "three", "four"]);
    assert_eq!(lines[0]["model"], "hash-384");
    assert!(lines.iter().all(|line| line["vector"].as_array().unwrap().len() == 384));
    assert_ne!(lines[0]["vector"], lines[1]["vector"]);
}

#[test]
fn embed_keeps_the_other_keys_of_ndjson() {
    let run =
        embed(&["--kind", "document"], b"{\"id\": 7, \"text\": \"one\"}\n{\"id\": 8, \"text\": \"two\"}\n").success();
    let lines = lines(&run);
    assert_eq!((&lines[0]["id"], &lines[1]["id"]), (&json!(7), &json!(8)));
}

#[test]
fn embed_embeds_the_others_when_one_text_does_not_fit() {
    let long = "word ".repeat(200_000);
    let run = embed(&[], format!("one\n{long}\ntwo\n").as_bytes()).exits(1);
    let lines = lines(&run);
    assert!(lines[0]["vector"].is_array() && lines[2]["vector"].is_array());
    assert!(lines[1]["error"].as_str().unwrap().contains("split it"));
    assert!(run.stderr.contains("not embedded: 1 text"), "{}", run.stderr);
}

#[test]
fn embed_writes_one_line_for_each_line_that_it_cannot_read() {
    let ndjson = embed(&[], b"{\"text\": \"one\"}\nplain\n{\"id\": 7}\n{\"text\": \"two\"}\n").exits(1);
    let written = lines(&ndjson);
    assert_eq!(written.len(), 4);
    assert!(written[0]["vector"].is_array() && written[3]["vector"].is_array());
    assert_eq!(written[1]["text"], "plain");
    assert_eq!(written[2]["id"], 7);
    for line in &written[1..3] {
        assert!(line["error"].as_str().unwrap().contains("not a JSON object with the key \"text\""), "{line}");
    }
    let plain = embed(&[], b"one\n\xff\n\ntwo\n").exits(1);
    let written = lines(&plain);
    let errors: Vec<&str> = written.iter().map(|line| line["error"].as_str().unwrap_or("none")).collect();
    assert_eq!(errors, ["none", "the line is not UTF-8", "the line is empty", "none"]);
    assert!(plain.stderr.contains("not embedded: 2 texts"), "{}", plain.stderr);
    assert_eq!(embed(&[], b"").success().stdout, "");
}

#[test]
fn embed_answers_each_line_of_a_program_that_waits() {
    let sandbox = Sandbox::new();
    let mut child = sandbox.command(&["embed"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for text in ["one", "two"] {
        writeln!(stdin, "{text}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["text"], text);
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

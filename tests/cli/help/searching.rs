//! The help of the commands that answer questions.

use super::help;

#[test]
fn help_of_ask() {
    insta::assert_snapshot!(help(&["ask"]), @r#"
    Search the documentation for the answer to a question

    Usage: trailblazer ask [OPTIONS] <QUESTION>...

    Examples:
      trailblazer ask "How do I reset runs that failed?"
      trailblazer ask 'expired "claim token" -python'     Require the phrase, exclude the word
      trailblazer ask chunk --source dita --limit 3
      trailblazer ask "back up" --where status=approved --where 'updated>=2026-01-01'
      trailblazer ask "back up" --context section       Print whole sections instead of their best parts
      trailblazer ask "back up" --text-only             Full-text search only, without the model
      trailblazer ask "back up" --json | jq -r '.title // empty'

    Arguments:
      <QUESTION>...  Words and "phrases in quotes". Every answer contains the phrases. To exclude a
                     word, write -word at the end and quote the whole question

    Options:
          --limit <N>                     Show N documents [default: 5]
          --source <SOURCE>               Only documents of this source; can be repeated
          --label <LABEL>                 Only documents with this label; can be repeated
          --run-id <GLOB>                 Only documents of runs whose id matches. * stands for any
                                          text, ? for one character
          --where <CONDITION>             Only documents with KEY=VALUE, KEY>=DATE or KEY<=DATE. A key
                                          is path, ancestor, language, updated, source, label, run or a
                                          key of the metadata. If a KEY is repeated, one of its values
                                          must match
          --without <WORD>                No answers with this word or phrase; can be repeated
          --min-score <SCORE>             Only answers with at least this score, from 0 to 1 [default:
                                          0.14 with a model]
          --context <section|document|N>  Show the whole section, the document, or N neighboring chunks
                                          on each side
          --every-chunk                   Show more than one chunk of a document. --limit then counts
                                          chunks
          --text-only                     Full-text search only, without the model
          --as <PRINCIPAL>                Read as this user or group, for example user:ann or group:hr;
                                          can be repeated [default: search.principals]
          --json                          Print JSON, one object per line, instead of text
      -h, --help                          Print help

    [global options]

    The same in SQL: select * from graphdb.search('How do I reset runs that failed?')
    "#);
}

#[test]
fn help_of_show() {
    insta::assert_snapshot!(help(&["show"]), @"
    Print a document, or one section of it, as Markdown

    Usage: trailblazer show [OPTIONS] <DOC>

    Examples:
      trailblazer show topic:guide/tasks/reset-runs
      trailblazer show https://docs.example.com/reset-runs.html --section examples
      trailblazer show 123456 --sections                  The anchors for --section

    Arguments:
      <DOC>  Id, URL or path of the document

    Options:
          --section <ANCHOR>  Print only the section with this anchor or heading
          --sections          List the sections instead
          --run-id <ID>       Print the version in this run [default: the version that searches return]
          --as <PRINCIPAL>    Read as this user or group, for example user:ann or group:hr; can be
                              repeated [default: search.principals]
          --json              Print JSON with all metadata
      -h, --help              Print help

    [global options]

    The same in SQL: select * from graphdb.find_document('topic:guide/tasks/reset-runs')
    ");
}

#[test]
fn help_of_embed() {
    insta::assert_snapshot!(help(&["embed"]), @"
    Compute vectors for texts on standard input, for other programs

    Usage: trailblazer embed [OPTIONS]

    Examples:
      echo 'How do I reset runs?' | trailblazer embed
      trailblazer embed --kind document < texts.txt           One text per line
      jq -c '{id, text}' pages.json | trailblazer embed       NDJSON: other keys are kept

    Options:
          --kind <KIND>  Kind of texts. Some models use different prefixes for questions and documents
                         [default: query] [possible values: query, document]
      -h, --help         Print help

    [global options]

    Each line of standard input yields one line of NDJSON, in order: `text`, `model` and `vector`, or
    `error` if the line is empty or cannot be read. The command needs no database.
    ");
}

#[test]
#[cfg(feature = "serve")]
fn help_of_serve() {
    insta::assert_snapshot!(help(&["serve"]), @"
    Serve web pages, a JSON API, MCP and metrics over HTTP

    Usage: trailblazer serve [OPTIONS]

    Examples:
      trailblazer serve                                Then open http://127.0.0.1:8080/
      trailblazer serve --listen 0.0.0.0:8080          Needs TRAILBLAZER_SERVE_TOKENS or a trusted proxy
      curl 'http://127.0.0.1:8080/api/search?q=claim'  JSON; described at /api/openapi.json

    Options:
          --listen <ADDRESS>  Address and port to listen on [default: serve.listen, which is
                              127.0.0.1:8080]
          --allow-changes     Allow visitors to retry, reset and release runs on the backlog pages. The
                              database role must be an admin role
          --text-only         Full-text search only, without a model
      -h, --help              Print help

    [global options]

    Paths: / search, /backlog, /api/…, /mcp (Model Context Protocol), /metrics, /healthz, /readyz.
    ");
}

#[test]
#[cfg(feature = "serve")]
fn help_of_mcp() {
    insta::assert_snapshot!(help(&["mcp"]), @"
    Serve the Model Context Protocol on standard input and output

    Usage: trailblazer mcp [OPTIONS]

    Examples:
      claude mcp add docs -- trailblazer mcp --config /path/to/.trailblazer.yaml
      claude mcp add hr -- trailblazer mcp --as group:hr

    Options:
          --as <PRINCIPAL>  Read as this user or group, for example user:ann or group:hr; can be
                            repeated [default: search.principals]
          --text-only       Full-text search only, without a model
      -h, --help            Print help

    [global options]

    Assistants and editors start this command themselves. `trailblazer serve` offers the same protocol
    over HTTP at /mcp. See docs/mcp.md.
    ");
}

#[test]
fn help_of_eval() {
    insta::assert_snapshot!(help(&["eval"]), @"
    Measure how well search answers your own questions

    Usage: trailblazer eval [OPTIONS] [FILE]

    Examples:
      trailblazer eval questions.tsv
      trailblazer eval questions.tsv --json > before.json
      trailblazer eval questions.tsv --baseline before.json     Exit with code 1 if results get worse
      trailblazer eval --known-items --limit 200                Use titles of documents as questions

    Arguments:
      [FILE]  Questions and the documents that answer them

    Options:
          --known-items      Use the titles of all documents as questions
          --limit <N>        Ask at most N questions
          --baseline <FILE>  An earlier result (--json) to compare with
          --margin <SHARE>   Ignore a decrease of a measure up to this value [default: 0.01]
          --as <PRINCIPAL>   Read as this user or group, for example user:ann or group:hr; can be
                             repeated [default: search.principals]
          --json             Print JSON, one object per line, instead of text
      -h, --help             Print help

    [global options]

    Each line of FILE contains a question, a tab, and the ids of the documents that answer it, separated
    by |. Write doc#heading for a section. A third column can contain conditions in the syntax of `ask
    --where`, separated by semicolons.
    ");
}

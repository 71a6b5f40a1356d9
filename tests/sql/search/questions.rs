//! How a search reads a question: phrases, excluded words, names, typing errors and languages.

use postgres::Client;
use serde_json::{Value, json};

use super::Library;

#[test]
fn search_demands_a_text_in_quotes_and_refuses_a_word_after_a_minus() {
    let mut library = Library::new();
    library.add("r", "d", &["a claim token", "a token to claim", "a claim token in python"]);
    assert_eq!(library.find("\"claim token\" -python"), ["a claim token"]);
    assert_eq!(library.find("“claim token” -python"), ["a claim token"]);
    assert_eq!(library.find("„claim token“ -python"), ["a claim token"]);
    assert_eq!(library.find("token \"python\""), ["a claim token in python"]);
    assert_eq!(library.find("\"python\" or \"claim token\"").len(), 2);
    assert_eq!(library.find("claim -\"claim token\""), ["a token to claim"]);
}

#[test]
fn a_quote_without_another_and_an_inch_demand_nothing() {
    let mut library = Library::new();
    library.add("r", "d", &["a rack of 19 inches for the server", "how to mount a disk"]);
    for question in ["mount a 19\" rack server", "mount \"a server rack", "mount a 19\" rack, not 23\" server"] {
        assert_eq!(library.find(question).len(), 2, "{question}");
    }
    assert_eq!(library.find("mount 19\" \"for the server\"").len(), 1);
}

#[test]
fn a_pasted_text_is_asked_for_by_its_beginning() {
    let mut library = Library::new();
    library.add("r", "d", &["some words"]);
    for text in ["wort ", "語", "\"words\" ", "-wort "] {
        assert_eq!(library.find(&format!("words {}", text.repeat(20_000))), ["some words"], "{text}");
    }
}

#[test]
fn search_finds_identifiers_and_options_by_their_parts() {
    let mut library = Library::new();
    let texts = [
        "call graphdb.claim_run('embed')",
        "pass --dry-run",
        "an element <topicref> of a map",
        "set embed.batch_tokens",
    ];
    library.add("r", "d", &texts);
    let asked = ["claim_run", "what does --dry-run do", "topicref", "batch_tokens"];
    for (question, expected) in asked.iter().zip(texts) {
        assert_eq!(library.find(question)[0], expected, "{question:?}");
    }
}

#[test]
fn search_finds_words_inside_text_without_spaces() {
    let mut library = Library::new();
    library.add(
        "r",
        "d",
        &["新しいデータベースを作成します。", "索引を削除します。", "PostgreSQLの設定", "ฐานข้อมูลใหม่"],
    );
    assert_eq!(library.find("データベース"), ["新しいデータベースを作成します。"]);
    assert_eq!(library.find("\"索引を削除\""), ["索引を削除します。"]);
    assert_eq!(library.find("postgresql"), ["PostgreSQLの設定"]);
    assert_eq!(library.find("ข้อมูล"), ["ฐานข้อมูลใหม่"]);
}

#[test]
fn search_finds_words_of_other_languages() {
    let mut library = Library::new();
    library.add("r", "d", &["Die Datenbank muss geöffnet werden", "Une base de données", "База данных"]);
    assert_eq!(library.find("Datenbank geöffnet")[0], "Die Datenbank muss geöffnet werden");
    assert_eq!(library.find("données"), ["Une base de données"]);
    assert_eq!(library.find("данных"), ["База данных"]);
}

#[test]
fn typography_and_forms_of_characters_never_decide() {
    let mut library = Library::new();
    let texts = [
        "The cluster—quorate or not—restarts.",
        "Extras→Befehlszeile, «Größe» and tenant’s ™",
        "Wählen Sie ｻｰﾊﾞｰ oder ﬁrmware",
        "La contraseña",
    ];
    library.add("r", "d", &texts);
    for (question, expected) in [
        ("quorate", 0),
        ("Befehlszeile", 1),
        ("grosse", 1),
        ("tenant", 1),
        ("サーバー", 2),
        ("firmware", 2),
        ("WA\u{308}HLEN", 2),
        ("contrasena", 3),
    ] {
        assert_eq!(library.find(question), [texts[expected]], "{question}");
    }
}

#[test]
fn the_same_words_are_found_whatever_the_locale() {
    let text = "Prüfung—Überblick “ПРИВЕТ” ÄRGER ΑΣΦΆΛΕΙΑ データベース हिन्दी max_connections ｻｰﾊﾞｰ";
    let mut admin = crate::support::cluster().admin();
    let mut vectors = Vec::new();
    let name = format!("tb_locale_{}", std::process::id());
    let providers = [
        "locale 'C'",
        "locale 'C.UTF-8'",
        "locale 'en_US.UTF-8'",
        "locale_provider icu icu_locale 'tr-TR' locale 'C.UTF-8'",
        "locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'",
    ];
    for provider in providers {
        // Some servers do not have every locale.
        let create = format!("create database {name} template template0 encoding 'UTF8' {provider}");
        if admin.batch_execute(&create).is_err() {
            eprintln!("skipped {provider}: this server does not have it");
            continue;
        }
        let url = crate::support::cluster().url(&name);
        let mut client = Client::connect(&url, postgres::NoTls).unwrap();
        trailblazer::db::install::install(&mut client).unwrap();
        let vector: String = client
            .query_one("select string_agg(graphdb._search_vector(l, '{}', $1)::text, ' ') from unnest('{german,russian,simple}'::text[]) as l", &[&text])
            .unwrap()
            .get(0);
        vectors.push(vector);
        drop(client);
        crate::support::cluster().drop_database(&name);
    }
    assert!(vectors.len() > 1, "only one locale");
    assert!(vectors.iter().all(|vector| *vector == vectors[0]), "{vectors:#?}");
    assert!(vectors[0].contains("'arg'") && vectors[0].contains("'привет'"), "{}", vectors[0]);
}

#[test]
fn the_page_with_a_name_verbatim_comes_first() {
    let mut library = Library::new();
    let names = [
        "max_connections",
        "3.14.2",
        "ORA-00942",
        "--dry-run",
        "/etc/app/main.conf",
        "C:\\app\\main.ini",
        "session.open()",
        "maxPoolSize",
        "IOException",
        "ECONNRESET",
        "OOMKilled",
        "550e8400-e29b-41d4-a716-446655440000",
    ];
    for (number, name) in names.iter().enumerate() {
        library.add(&format!("r{number}"), &format!("d{number}"), &[&format!("See `{name}` for this.")]);
    }
    let like = "connections_max max connections 3.14.3 3.1.2 ORA-00943 ORA 00942 dry run etc app main conf ini session open \
                pool size error log version limit changed describe";
    library.add("other", "other", &[like]);
    for (number, name) in names.iter().enumerate() {
        for question in [
            (*name).to_owned(),
            format!("Where does the log describe {name} and which limit of the session changed in this version?"),
        ] {
            let found = library.client.query("select s.doc_id from graphdb.search($1) as s", &[&question]).unwrap();
            assert_eq!(found[0].get::<_, &str>(0), format!("d{number}"), "{question}");
        }
    }
}

#[test]
fn a_dash_excludes_nothing_but_a_word_at_the_end_of_a_question_in_words() {
    let mut library = Library::new();
    library.add("r", "d", &["Run tar -xzf on the archive", "java -jar service.jar exits with code -9 in windows"]);
    let mut without = |question: &str| -> Vec<String> {
        library.client.query_one("select r.without from graphdb.read_question($1) as r", &[&question]).unwrap().get(0)
    };
    for question in
        ["tar -xzf", "how do I call tar -xzf", "java -jar service.jar", "exit code -9", "get pods -n payments"]
    {
        assert_eq!(without(question), Vec::<String>::new(), "{question}");
    }
    assert_eq!(without("how does java exit -windows"), ["windows"]);
    assert_eq!(library.find("archive java -windows"), ["Run tar -xzf on the archive"]);
    assert_eq!(library.find_in("archive java", &json!({"without": "windows"})), ["Run tar -xzf on the archive"]);
}

#[test]
fn typing_errors_are_corrected_by_words_that_documents_shown_have() {
    let mut library = Library::new();
    library.add("r1", "a", &["Reset the embeddings of a failed run"]).add(
        "r2",
        "b",
        &["Set max_connections as failer"],
    );
    library.client.batch_execute("select graphdb.refresh_search()").unwrap();
    let mut read = |question: &str, filter: &Value| -> String {
        let read = "select r.question from graphdb.read_question($1, $2) as r";
        library.client.query_one(read, &[&question, filter]).unwrap().get(0)
    };
    assert_eq!(read("reest the embeddnigs", &json!({})), "reset the embeddings");
    assert_eq!(read("max_conections", &json!({})), "max_connections");
    assert_eq!(read("reest the embeddnigs", &json!({"source": "r2-source"})), "reest the embeddnigs");
    assert_eq!(read("pizza in Rome", &json!({})), "pizza in Rome");
    // Other documents contain the word, so it is not a typo.
    assert_eq!(read("failed", &json!({"source": "r2-source"})), "failed");
    assert_eq!(read("ｒｅｅｓｔ", &json!({})), "reset");
    assert_eq!(read("Ｒｅｓｅｔ the ﬁle", &json!({})), "Reset the file");
    let unchanged = "reset “a faield run” \"embeddnigs\" of runs -faield";
    assert_eq!(read(unchanged, &json!({})), unchanged.replace(['“', '”'], "\""));
    assert_eq!(read("embeddnigs of faield runs -faield", &json!({})), "embeddings of failed runs -faield");
    assert_eq!(library.find("embeddnigs"), ["Reset the embeddings of a failed run"]);
}

/// The crate strsim counts without a maximum.
#[test]
fn typing_errors_are_counted_up_to_a_maximum() {
    let mut library = Library::new();
    let words = [
        "", "a", "ab", "ba", "abc", "acb", "bca", "abcd", "badc", "dcba", "abcde", "bacde", "abdce", "acebd",
        "abcdefgh",
    ];
    for (word, other) in words.iter().flat_map(|word| words.map(|other| (word, other))) {
        for most in 0..3_i32 {
            let count = "select graphdb._typing_errors($1, $2, $3)";
            let counted: i32 = library.client.query_one(count, &[word, &other, &most]).unwrap().get(0);
            let expected = strsim::osa_distance(word, other).min(usize::try_from(most + 1).unwrap());
            assert_eq!(usize::try_from(counted).unwrap(), expected, "{word} {other} {most}");
        }
    }
}

#[test]
fn each_document_is_stemmed_in_its_language() {
    let mut library = Library::new();
    library.add("r1", "de", &["Die Sicherungen werden geöffnet"]).add("r2", "fr", &["Les paramètres sont créés"]);
    library
        .client
        .batch_execute(
            "update graphdb.documents set language = case doc_id when 'de' then 'german' else 'french' end; \
             update graphdb.chunks set language = case doc_id when 'de' then 'german' else 'french' end",
        )
        .unwrap();
    assert_eq!(library.find("Sicherung"), ["Die Sicherungen werden geöffnet"]);
    assert_eq!(library.find("parametre"), ["Les paramètres sont créés"]);
    assert_eq!(library.find_in("paramètre", &json!({"language": "de"})), Vec::<String>::new());
}

#[test]
fn a_page_with_a_name_comes_before_one_with_the_other_words_even_if_many_pages_have_it() {
    let mut library = Library::new();
    for n in 0..800 {
        let name = if n % 27 == 0 { "ERR-7781" } else { "ERR-7782" };
        library.add(
            &format!("r{n}"),
            &format!("d{n}"),
            &[&format!("The journal of day {n} contains {name} and machine {n}.")],
        );
    }
    library.add("renew", "renew", &["How to renew an expired license key after moving to another machine"]);
    let found = library.find("ERR-7781 how to renew an expired license key");
    assert!(found[0].contains("ERR-7781"), "{found:?}");
}

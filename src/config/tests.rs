use super::*;

fn from_file(text: &str) -> Result<Config, ConfigError> {
    resolve(Some(("x.yaml", text)), |_| None)
}

fn message(text: &str) -> String {
    let error = from_file(text).expect_err("should be refused");
    match error.hint() {
        Some(hint) => format!("{error} | {hint}"),
        None => error.to_string(),
    }
}

#[test]
fn nothing_given_means_the_defaults() {
    let config = from_file("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(from_file("database:\nworkers: ~\n").unwrap(), config);
    assert_eq!(config.backlog.claim_ttl_minutes, 45);
}

#[test]
fn environment_wins_over_file_wins_over_default() {
    let text = "backlog: { claim_ttl_minutes: 10, max_attempts: 3 }";
    let config = resolve(Some(("x.yaml", text)), |name| {
        (name == "TRAILBLAZER_BACKLOG_CLAIM_TTL_MINUTES").then(|| "20".to_owned())
    })
    .unwrap();
    assert_eq!((config.backlog.claim_ttl_minutes, config.backlog.max_attempts), (20, 3));
    assert_eq!(config.workers, Workers(None));
}

#[test]
fn a_provider_elsewhere_has_more_requests_in_flight_than_a_small_machine_has_cores() {
    assert!(Workers(None).count(ProviderKind::OpenAi) >= 8);
    assert_eq!(Workers(Some(2)).count(ProviderKind::OpenAi), 2);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    assert_eq!(Workers(None).count(ProviderKind::Local), cores);
}

#[test]
fn unknown_key_names_key_line_and_nearest() {
    insta::assert_snapshot!(message("workers: 2\nbacklog:\n  claim_ttl_minute: 5\n"),
        @"x.yaml:3: unknown key `backlog.claim_ttl_minute` | Did you mean `backlog.claim_ttl_minutes`?");
    insta::assert_snapshot!(message("wrokers: 2\n"), @"x.yaml:1: unknown key `wrokers` | Did you mean `workers`?");
    insta::assert_snapshot!(message("embde: { model: m }\n"), @"x.yaml:1: unknown key `embde` | Did you mean `embed`?");
    insta::assert_snapshot!(message("log:\n  nothing_similar: 5\n"),
        @"x.yaml:2: unknown key `log.nothing_similar` | Known keys: log.dir, log.format, log.max_megabytes, log.keep_days.");
    let unknown = message("nothing_similar: 5\n");
    assert!(unknown.ends_with(", sync, confluence, dita, sources."), "{unknown}");
    insta::assert_snapshot!(message("embed:\n  claim_ttl_minutes: 5\n"),
        @"x.yaml:2: unknown key `embed.claim_ttl_minutes` | Did you mean `backlog.claim_ttl_minutes`?");
}

#[test]
fn wrong_type_names_line_and_what_is_expected() {
    insta::assert_snapshot!(message("\nbacklog:\n  max_attempts: many\n"), @"x.yaml:3: backlog.max_attempts: expected a whole number from 1 to 9999");
    insta::assert_snapshot!(message("workers: 0\n"), @"x.yaml:1: workers: expected `auto` or a whole number from 1 to 1024");
    insta::assert_snapshot!(message("- a\n"), @"x.yaml: expected `key: value` lines");
}

#[test]
fn weights_and_vector_index_are_words() {
    let config = from_file("embed: { weights: int8, vector_index: halfvec }").unwrap();
    assert_eq!((config.embed.weights, config.embed.vector_index), (Weights::Int8, VectorIndex::Halfvec));
    insta::assert_snapshot!(message("embed:\n  weights: int4\n"), @"x.yaml:2: embed.weights: unknown variant `int4`, expected `f32` or `int8` | Did you mean `int8`?");
}

#[test]
fn a_word_that_a_key_does_not_take_is_named_with_its_nearest() {
    insta::assert_snapshot!(message("embed: { provider: lokal }\n"),
        @"x.yaml:1: embed.provider: unknown variant `lokal`, expected one of `local`, `openai`, `hash` | Did you mean `local`?");
    insta::assert_snapshot!(message("backlog:\n  mode: everything\n"),
        @"x.yaml:2: backlog.mode: unknown variant `everything`, expected `default_all_unprocessed` or `explicit_scope`");
    let error = resolve(None, |name| (name == "TRAILBLAZER_EMBED_PROVIDER").then(|| "openia".to_owned())).unwrap_err();
    insta::assert_snapshot!(error, @"TRAILBLAZER_EMBED_PROVIDER: embed.provider: unknown variant `openia`, expected one of `local`, `openai`, `hash`");
    assert_eq!(error.hint().as_deref(), Some("Did you mean `openai`?"));
}

#[test]
fn bad_environment_names_the_variable() {
    let error = resolve(None, |name| (name == "TRAILBLAZER_WORKERS").then(|| "lots".to_owned())).unwrap_err();
    insta::assert_snapshot!(error, @"TRAILBLAZER_WORKERS: workers: expected `auto` or a whole number from 1 to 1024");
}

#[test]
fn an_empty_variable_sets_nothing_and_what_is_wrong_is_told_where_it_stands() {
    let env = |value: &'static str| move |name: &str| name.starts_with("TRAILBLAZER_").then(|| value.to_owned());
    assert_eq!(resolve(None, env("")).unwrap(), Config::default());
    let file = "workers: 1\ndatabase:\n  url: here\n";
    let error = resolve(Some(("x.yaml", file)), env("")).unwrap_err();
    insta::assert_snapshot!(error, @"x.yaml:3: database.url: not a valid connection URL: a parameter has no value; expected a URL such as postgresql://user@host:5432/database");
    let url = |name: &str| (name == "TRAILBLAZER_DB_URL").then(|| "there".to_owned());
    for file in [Some(("x.yaml", file)), None] {
        let error = resolve(file, url).unwrap_err().to_string();
        assert!(error.starts_with("TRAILBLAZER_DB_URL: database.url: not a valid connection URL"), "{error}");
    }
}

#[test]
fn a_url_never_shows_its_password() {
    let config = from_file("database: { url: 'postgresql://me:secret@db.example/docs' }").unwrap();
    insta::assert_snapshot!(config.database.url.as_ref().unwrap(), @"host=db.example port=5432 dbname=docs user=me");
    assert!(!format!("{config:?}").contains("secret"));
    assert!(!message("database: { url: 'postgresql://me:secret@:::/x' }").contains("secret"));
}

#[test]
fn a_variable_that_sets_nothing_is_named_with_its_nearest() {
    let names = [
        "TRAILBLAZER_EMBED_MODELS",
        "TRAILBLAZER_DATABASE_URL",
        "TRAILBLAZER_MAX_ATTEMPTS",
        "TRAILBLAZER_DB_URL",
        "TRAILBLAZER_EMBED_API_KEY",
        "TRAILBLAZER_COLOUR",
        "TRAILBLAZER_BACKLOG_CLAIM_TTL",
        "TRAILBLAZER_CLAIM_TTL",
        "TRAILBLAZER_EMBED",
        "HOME",
    ];
    let unknown = unknown_variables(names.into_iter().map(str::to_owned));
    let near = |name: &str| unknown.iter().find(|(unknown, _)| unknown == name).cloned();
    assert_eq!(unknown.len(), 7);
    assert_eq!(near("TRAILBLAZER_DATABASE_URL").unwrap().1.unwrap(), "TRAILBLAZER_DB_URL");
    assert_eq!(near("TRAILBLAZER_MAX_ATTEMPTS").unwrap().1.unwrap(), "TRAILBLAZER_BACKLOG_MAX_ATTEMPTS");
    assert_eq!(near("TRAILBLAZER_EMBED_MODELS").unwrap().1.unwrap(), "TRAILBLAZER_EMBED_MODEL");
    assert_eq!(near("TRAILBLAZER_COLOUR").unwrap().1, None);
    for begun in ["TRAILBLAZER_BACKLOG_CLAIM_TTL", "TRAILBLAZER_CLAIM_TTL"] {
        assert_eq!(near(begun).unwrap().1.unwrap(), "TRAILBLAZER_BACKLOG_CLAIM_TTL_MINUTES");
    }
    assert_eq!(near("TRAILBLAZER_EMBED").unwrap().1, None, "several begin so");
}

#[test]
fn a_model_that_the_hash_provider_does_not_have_is_refused_where_it_is_set() {
    insta::assert_snapshot!(message("embed:\n  provider: hash\n  model: text-embedding-3-small\n"),
        @"x.yaml:3: embed.model: the provider `hash` has only the model `hash-384`; remove this key, or set embed.provider to another provider");
    let model = |name: &str| (name == "TRAILBLAZER_EMBED_MODEL").then(|| "small".to_owned());
    let error = resolve(Some(("x.yaml", "embed: { provider: hash }")), model).unwrap_err();
    assert!(error.to_string().starts_with("TRAILBLAZER_EMBED_MODEL: embed.model: "), "{error}");
    for model in ["", ", model: hash-384", ", model: all-MiniLM-L6-v2"] {
        from_file(&format!("embed: {{ provider: hash{model} }}")).unwrap();
    }
}

#[test]
fn a_base_url_without_a_scheme_or_a_server_is_refused_where_it_is_set() {
    let refused =
        "x.yaml:2: embed.base_url: expected http:// or https:// and a server, for example http://localhost:8080/v1";
    for address in ["localhost:8080", "https://", "http:///v1", "https://me@:80/"] {
        assert_eq!(message(&format!("embed:\n  base_url: {address}\n  provider: openai\n  model: m\n")), refused);
    }
    let url = |name: &str| (name == "TRAILBLAZER_EMBED_BASE_URL").then(|| "me:secret@server/v1".to_owned());
    let error = resolve(None, url).unwrap_err().to_string();
    assert!(error.starts_with("TRAILBLAZER_EMBED_BASE_URL: ") && !error.contains("secret"), "{error}");
    for address in ["HTTPS://server/v1", "http://me:secret@[::1]:8080", "http://localhost?x=/"] {
        from_file(&format!("embed: {{ provider: openai, model: m, base_url: '{address}' }}")).unwrap();
    }
}

#[test]
fn openai_without_a_model_is_refused_where_it_is_chosen() {
    insta::assert_snapshot!(message("embed:\n  base_url: http://server/v1\n  provider: openai\n"),
        @"x.yaml:3: embed.model: the provider `openai` needs the name of a model on its server, for example text-embedding-3-small");
    let openai = |name: &str| (name == "TRAILBLAZER_EMBED_PROVIDER").then(|| "openai".to_owned());
    let error = resolve(None, openai).unwrap_err().to_string();
    assert!(error.starts_with("TRAILBLAZER_EMBED_PROVIDER: embed.model: "), "{error}");
    // OpenAI has no model with this name, but another server may.
    assert!(message("embed: { provider: openai, model: all-MiniLM-L6-v2 }").contains("embed.model"));
    from_file("embed: { provider: openai, model: all-MiniLM-L6-v2, base_url: 'http://server/v1' }").unwrap();
}

#[test]
fn a_key_that_the_provider_does_not_use_is_refused_where_it_is_set() {
    insta::assert_snapshot!(message("embed:\n  base_url: http://localhost/v1\n"),
        @"x.yaml:2: embed.base_url: this key is only for the provider `openai`; remove it, or set embed.provider to openai");
    insta::assert_snapshot!(message("embed:\n  provider: hash\n  dimensions: 384\n"),
        @"x.yaml:3: embed.dimensions: this key is only for the provider `openai`; remove it, or set embed.provider to openai");
    insta::assert_snapshot!(message("embed:\n  provider: openai\n  model: m\n  weights: int8\n"),
        @"x.yaml:4: embed.weights: this key is only for the provider `local`; remove it, or set embed.provider to local");
    insta::assert_snapshot!(message("embed:\n  provider: hash\n  query_prefix: 'q: '\n"),
        @"x.yaml:3: embed.query_prefix: the provider `hash` does not use prefixes; remove this key, or set embed.provider to another provider");
    from_file("embed: { provider: hash, weights: f32, base_url: ~, dimensions: ~, document_prefix: ~ }").unwrap();
}

#[test]
fn values_of_a_wrong_type_are_refused_in_the_words_of_the_file() {
    for (text, refused) in [
        ("embed: hash\n", "x.yaml:1: embed: invalid type: string \"hash\", expected a section with keys"),
        ("\nbacklog: 5\n", "x.yaml:2: backlog: invalid type: integer `5`, expected a section with keys"),
        ("chunk:\n  min_tokens: few\n", "x.yaml:2: chunk.min_tokens: expected a whole number from 0 to 1000000"),
        ("chunk:\n  overlap_tokens: -1\n", "x.yaml:2: chunk.overlap_tokens: expected a whole number from 0 to 1000000"),
        ("embed:\n  dimensions: 0\n", "x.yaml:2: embed.dimensions: expected a whole number from 1 to 16000"),
        ("embed:\n  dimensions: all\n", "x.yaml:2: embed.dimensions: expected a whole number from 1 to 16000"),
        ("embed:\n  batch_tokens: 3\n", "x.yaml:2: embed.batch_tokens: expected a whole number from 24 to 10000000"),
    ] {
        assert_eq!(message(text), refused);
    }
}

#[test]
fn the_address_of_a_dita_page_names_its_path() {
    insta::assert_snapshot!(message("dita:\n  page_url: index.html\n"),
        @"x.yaml:2: dita.page_url: `index.html` gives all pages the same address; use a placeholder, for example \
             {path}.html");
    assert!(from_file("dita: { page_url: \"guide/{path}\" }").is_ok());
}

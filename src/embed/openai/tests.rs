use super::*;

#[path = "../../../tests/support/embedding_server.rs"]
mod embedding_server;

use embedding_server::{EmbeddingServer, error, good, truncated};
use serde_json::{Value, json};

const PATIENCE: Patience =
    Patience { tries: 3, first_wait: Duration::from_millis(1), longest: Duration::from_millis(500) };

fn provider_at(server: &EmbeddingServer, dimensions: Option<usize>) -> Result<OpenAi, EmbedError> {
    let settings = Settings {
        model: "small".into(),
        base_url: Some(server.url.clone()),
        api_key: Some("sk-secret".into()),
        dimensions,
        ..Settings::default()
    };
    OpenAi::with_patience(&settings, PATIENCE)
}

#[test]
fn vectors_come_back_in_the_order_of_the_texts() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let provider = provider_at(&server, Some(3)).unwrap();
    let vectors = provider.embed(&["four", "a", "three"]).unwrap();
    assert_eq!(vectors.iter().map(|v| v[0]).collect::<Vec<_>>(), [4.0, 1.0, 5.0]);
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0]["model"], "small");
    assert_eq!(requests[0]["dimensions"], 3);
    let headers = requests[0]["headers"].as_str().unwrap();
    assert!(headers.starts_with("post /v1/embeddings "), "{headers}");
    assert!(headers.contains("authorization: bearer sk-secret"), "{headers}");
}

#[test]
fn an_unknown_dimension_is_asked_for_once_and_then_insisted_on() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let provider = provider_at(&server, None).unwrap();
    assert_eq!(provider.model().dimension, 3);
    assert!(server.requests()[0].get("dimensions").is_none());
    let other = EmbeddingServer::start(|_, request| good(request));
    let refused = provider_at(&other, Some(4)).unwrap().embed(&["text"]).unwrap_err();
    assert!(matches!(&refused, EmbedError::Misconfigured { message } if message.contains("3 numbers instead of 4")));
}

#[test]
fn a_known_model_is_prepared_without_a_request() {
    let settings =
        Settings { model: "text-embedding-3-small".into(), api_key: Some("sk-secret".into()), ..Settings::default() };
    let provider = OpenAi::new(&settings).unwrap();
    assert_eq!((provider.model().dimension, provider.model().max_tokens), (1536, 8191));
}

#[test]
fn a_busy_server_is_asked_again() {
    let server = EmbeddingServer::start(|number, request| match number {
        0 => error(429, "retry-after-ms: 1\r\n", "slow down"),
        1 => error(503, "", "loading"),
        _ => good(request),
    });
    assert!(provider_at(&server, Some(3)).unwrap().embed(&["text"]).is_ok());
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_long_wait_is_left_to_the_caller() {
    let server = EmbeddingServer::start(|_, _| error(429, "Retry-After: 77\r\n", "slow down"));
    let busy = provider_at(&server, Some(3)).unwrap().embed(&["text"]).unwrap_err();
    assert!(matches!(busy, EmbedError::Busy { retry_after: Some(wait), .. } if wait == Duration::from_secs(77)));
    assert_eq!(server.requests().len(), 1);
}

fn parsed(retry_after: &str) -> Option<Duration> {
    let mut headers = ureq::http::HeaderMap::new();
    headers.insert("retry-after", retry_after.parse().unwrap());
    reply::retry_after(&headers)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a date that a server sends")]
fn a_date_is_understood_as_a_wait() {
    let header = |value: &str| parsed(value).map(|wait| wait.as_secs() / 60);
    let later = (chrono::Utc::now() + chrono::TimeDelta::minutes(10)).to_rfc2822();
    assert!(matches!(header(&later), Some(9 | 10)));
    assert_eq!(header("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0));
    assert_eq!(header("soon"), None);
    assert_eq!(header("-3"), None);
}

#[test]
fn a_server_that_fails_every_request_is_tried_a_bounded_number_of_times() {
    let server =
        EmbeddingServer::start(|number, _| if number == 1 { (0, "", String::new()) } else { error(500, "", "oops") });
    let failure = provider_at(&server, Some(3)).unwrap().embed(&["text"]).unwrap_err();
    assert!(
        matches!(&failure, EmbedError::Failing { message } if message.ends_with("answered 500: oops")),
        "{failure}"
    );
    // The last request contains a text that cannot cause the failure.
    assert_eq!(server.requests().len(), 4);
}

fn failure_at(url: &str) -> EmbedError {
    let settings =
        Settings { model: "small".into(), base_url: Some(url.into()), dimensions: Some(3), ..Settings::default() };
    OpenAi::with_patience(&settings, PATIENCE).unwrap().embed(&["text"]).unwrap_err()
}

#[test]
fn a_server_that_is_not_reached_is_away_and_the_text_is_not_to_blame() {
    for url in ["http://127.0.0.1:1/v1", "http://me:secret@nowhere.invalid/v1", "https://127.0.0.1:1/v1"] {
        let failure = failure_at(url);
        assert!(matches!(failure, EmbedError::Away { .. }), "{failure:?}");
        assert!(!failure.to_string().contains("leads to") && !failure.to_string().contains("secret"), "{failure}");
    }
}

#[test]
fn a_connection_that_always_breaks_off_amid_a_request_is_the_servers_fault() {
    let server = EmbeddingServer::start(|_, _| (0, "", String::new()));
    let failure = provider_at(&server, Some(3)).unwrap().embed(&["text"]).unwrap_err();
    assert!(matches!(failure, EmbedError::Failing { .. }), "{failure:?}");
}

#[test]
fn a_request_is_given_up_after_the_time_that_the_settings_give_it() {
    let server = EmbeddingServer::start(|_, _| {
        std::thread::sleep(Duration::from_secs(2));
        (503, "", String::new())
    });
    let settings = Settings {
        model: "small".into(),
        base_url: Some(server.url.clone()),
        dimensions: Some(3),
        timeout: Some(Duration::from_millis(50)),
        ..Settings::default()
    };
    let failure = OpenAi::with_patience(&settings, PATIENCE).unwrap().embed(&["text"]).unwrap_err();
    assert!(matches!(failure, EmbedError::Failing { .. }), "{failure:?}");
}

#[test]
fn the_address_that_a_redirect_leads_to_is_named_when_it_is_not_reached() {
    let server = EmbeddingServer::start(|_, _| (302, "location: http://127.0.0.1:1/moved\r\n", String::new()));
    let failure = failure_at(&server.url);
    assert!(matches!(failure, EmbedError::Away { .. }), "{failure:?}");
    assert!(failure.to_string().contains("/v1/embeddings leads to 127.0.0.1:1: io: "), "{failure}");
}

#[test]
fn poisoned_texts_are_named_by_bisection() {
    let server = EmbeddingServer::start(|_, request| {
        let poisoned =
            request["input"].as_array().unwrap().iter().any(|text| text.as_str().unwrap().contains("poison"));
        if poisoned { error(400, "", "input is not valid") } else { good(request) }
    });
    let provider = provider_at(&server, Some(3)).unwrap();
    let mut texts = vec!["fine"; 64];
    texts[5] = "poison";
    texts[41] = "more poison";
    let refused = provider.embed(&texts).unwrap_err();
    let EmbedError::Refused { positions, message } = refused else { panic!("{refused}") };
    assert_eq!(positions, [5, 41]);
    assert!(message.contains("input is not valid"), "{message}");
    assert!(server.requests().len() < 30, "{}", server.requests().len());
}

#[test]
fn a_text_that_the_server_fails_on_is_found_by_bisection() {
    let failures: [fn() -> embedding_server::Reply; 5] = [
        || error(500, "", "CUDA error"),
        || (200, "", r#"{"data": [{"index": 0, "embedding": [NaN, NaN, NaN]}]}"#.to_owned()),
        || (200, "", "<html>".to_owned()),
        || (200, "", r#"{"data": []}"#.to_owned()),
        || (0, "", String::new()),
    ];
    for failure in failures {
        let server = EmbeddingServer::start(move |_, request| {
            let texts = request["input"].as_array().unwrap();
            if texts.iter().any(|text| text == "poison") { failure() } else { good(request) }
        });
        let provider = provider_at(&server, Some(3)).unwrap();
        let mut texts = vec!["fine"; 64];
        texts[41] = "poison";
        let refused = provider.embed(&texts).unwrap_err();
        assert!(matches!(&refused, EmbedError::Refused { positions, .. } if *positions == [41]), "{refused:?}");
        assert!(server.requests().len() < 30, "{}", server.requests().len());
    }
}

#[test]
fn texts_that_a_server_fails_on_only_together_are_embedded_one_by_one() {
    let server = EmbeddingServer::start(|_, request| {
        if request["input"].as_array().unwrap().len() > 2 { error(500, "", "out of memory") } else { good(request) }
    });
    let vectors = provider_at(&server, Some(3)).unwrap().embed(&["one", "three", "to", "four", "a"]).unwrap();
    assert_eq!(vectors.iter().map(|v| v[0]).collect::<Vec<_>>(), [3.0, 5.0, 2.0, 4.0, 1.0]);
}

#[test]
fn a_server_that_goes_away_during_a_bisection_is_no_texts_fault() {
    let server = EmbeddingServer::start(|number, request| {
        // The batch fails three times, and a harmless text succeeds. Then everything fails.
        if number == 3 { good(request) } else { error(500, "", "oops") }
    });
    let failure = provider_at(&server, Some(3)).unwrap().embed(&["one", "two", "three"]).unwrap_err();
    assert!(matches!(failure, EmbedError::Failing { .. }), "{failure:?}");
}

#[test]
fn the_number_of_tokens_that_a_server_reads_is_found_in_ten_requests() {
    // The client counts two special tokens that this server does not have.
    for reads in [1, 2, 30, 126, 127, 254, 255, 300, 509] {
        let server = EmbeddingServer::start(move |_, request| truncated(request, reads));
        let provider = provider_at(&server, Some(3)).unwrap();
        assert_eq!(provider.find_limit(512).unwrap(), Some(reads + 2), "reads {reads}");
        assert!(server.requests().len() <= 10, "{} requests", server.requests().len());
    }
}

#[test]
fn a_server_that_reads_all_is_asked_once() {
    for most in [512, 8192] {
        let server = EmbeddingServer::start(move |_, request| truncated(request, most));
        let provider = provider_at(&server, Some(3)).unwrap();
        assert_eq!(provider.find_limit(most).unwrap(), Some(most));
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_large_limit_is_found_from_below() {
    let server = EmbeddingServer::start(|_, request| truncated(request, 5000));
    let found = provider_at(&server, Some(3)).unwrap().find_limit(32_000).unwrap().unwrap();
    assert!((4800..=5002).contains(&found), "{found}");
    assert!(server.requests().len() <= 10, "{} requests", server.requests().len());
}

#[test]
fn a_server_that_refuses_long_texts_has_that_limit() {
    for status in [400, 413, 500] {
        let server = EmbeddingServer::start(move |_, request| {
            let words = |text: &Value| text.as_str().unwrap().split(' ').count();
            let is_long = request["input"].as_array().unwrap().iter().any(|text| words(text) > 254);
            if is_long { error(status, "", "too long") } else { good(request) }
        });
        let found = provider_at(&server, Some(3)).unwrap().find_limit(512).unwrap();
        assert_eq!(found, Some(256), "{status}");
    }
}

#[test]
fn vectors_that_tell_nothing_give_no_limit() {
    let server = EmbeddingServer::start(|_, request| truncated(request, 0));
    // Vectors of zeros are rejected.
    assert!(provider_at(&server, Some(3)).unwrap().find_limit(512).is_err());
    let same = |request: &Value| {
        let data: Vec<Value> = (0..request["input"].as_array().unwrap().len())
            .map(|i| json!({ "index": i, "embedding": [1.0, 2.0, 3.0] }))
            .collect();
        (200, "", json!({ "data": data }).to_string())
    };
    let server = EmbeddingServer::start(move |_, request| same(request));
    assert_eq!(provider_at(&server, Some(3)).unwrap().find_limit(512).unwrap(), None);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_base_url_may_have_a_query_which_is_never_shown() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let url = format!("{}?api-version=2024-02-01&code=s3cret", server.url);
    let settings = Settings { model: "small".into(), base_url: Some(url), dimensions: Some(3), ..Settings::default() };
    let provider = OpenAi::with_patience(&settings, PATIENCE).unwrap();
    provider.embed(&["text"]).unwrap();
    let headers = server.requests()[0]["headers"].as_str().unwrap().to_owned();
    assert!(headers.starts_with("post /v1/embeddings?api-version=2024-02-01&code=s3cret "), "{headers}");
    assert!(!format!("{provider:?}{:?}", provider.server()).contains("s3cret"));
    let away = failure_at("http://127.0.0.1:1/v1?code=s3cret").to_string();
    assert!(away.starts_with("http://127.0.0.1:1/v1/embeddings: ") && !away.contains("s3cret"), "{away}");
}

#[test]
fn numbers_that_are_none_refuse_only_their_text() {
    for bad in [json!([1.0, null, 0.0]), json!([1e39, 0.0, 0.0]), json!([0.0, 0.0, 0.0])] {
        let server = EmbeddingServer::start(move |_, request| {
            let texts = request["input"].as_array().unwrap().iter().enumerate();
            let vector = |text: &Value| if text == "bad" { bad.clone() } else { json!([1.0, 0.0, 0.0]) };
            let data: Vec<Value> = texts.map(|(i, text)| json!({ "index": i, "embedding": vector(text) })).collect();
            (200, "", json!({ "data": data }).to_string())
        });
        let refused = provider_at(&server, Some(3)).unwrap().embed(&["good", "bad", "good"]).unwrap_err();
        assert!(matches!(&refused, EmbedError::Refused { positions, .. } if *positions == [1]), "{refused}");
    }
}

#[test]
fn answers_with_too_few_vectors_or_no_sense_are_not_taken() {
    for body in ["{\"data\": []}", "{\"data\": [{\"index\": 7, \"embedding\": [1, 2, 3]}]}"] {
        let server = EmbeddingServer::start(move |_, _| (200, "", body.to_owned()));
        let failure = provider_at(&server, Some(3)).unwrap().embed(&["text"]).unwrap_err();
        assert!(
            matches!(&failure, EmbedError::Failing { message } if message.contains("an invalid answer")),
            "{failure}"
        );
    }
}

#[test]
fn a_server_that_never_sends_embeddings_is_the_wrong_one() {
    for body in ["<html>", "{\"status\": \"ok\"}"] {
        let server = EmbeddingServer::start(move |_, _| (200, "", body.to_owned()));
        let failure = provider_at(&server, Some(3)).unwrap().embed(&["text"]).unwrap_err();
        assert!(
            matches!(&failure, EmbedError::Misconfigured { message } if message.contains("check embed.base_url")),
            "{failure}"
        );
    }
}

#[test]
fn a_wrong_key_or_model_or_an_empty_account_ends_the_work_at_once() {
    for (status, body) in [(401, "bad key"), (403, "no"), (404, "no such model"), (429, "insufficient_quota")] {
        let server = EmbeddingServer::start(move |_, _| error(status, "", body));
        let failure = provider_at(&server, Some(3)).unwrap().embed(&["text"]).unwrap_err();
        assert!(
            matches!(&failure, EmbedError::Misconfigured { message } if !message.contains("sk-secret")),
            "{failure}"
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn keys_and_passwords_are_never_shown() {
    let settings = Settings {
        model: "text-embedding-3-small".into(),
        base_url: Some("http://user:pass@127.0.0.1:1/v1".into()),
        api_key: Some("sk-secret".into()),
        ..Settings::default()
    };
    let provider = OpenAi::with_patience(&settings, PATIENCE).unwrap();
    let shown = format!("{provider:?} {}", provider.embed(&["text"]).unwrap_err());
    assert!(!shown.contains("secret") && !shown.contains("pass"), "{shown}");
}

#[test]
fn estimates_are_on_the_high_side() {
    let count = |text: &str| Estimate.count(text) - Estimate.special_tokens();
    assert_eq!(count("the quick brown fox"), 6);
    assert!(count("internationalization") >= 4);
    assert!(count("a9f8e7d6c5b4a3f2") >= 8);
    assert!(count("設定ファイル") >= 6);
}

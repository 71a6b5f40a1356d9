use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::wordpiece::WordPiece;
use super::*;

/// Returns the path of the installed model, if there is one.
fn installed() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("var/models/all-MiniLM-L6-v2");
    let folder = std::env::var_os("TRAILBLAZER_MODEL_DIR").map_or(beside, PathBuf::from);
    if folder.join("model.safetensors").exists() {
        return Some(folder);
    }
    eprintln!("skipped: no embedding model at {}", folder.display());
    None
}

/// Returns the model, loaded once for all tests.
fn load() -> Option<&'static Local> {
    static LOCAL: OnceLock<Option<Local>> = OnceLock::new();
    LOCAL.get_or_init(|| installed().map(|folder| Local::load(&folder, Weights::F32).unwrap())).as_ref()
}

fn ids(tokenizer: &WordPiece, text: &str) -> Vec<u32> {
    let mut ids = Vec::new();
    tokenizer.tokenize(text, |id, _| ids.push(id));
    ids
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

const ACCENTS: &str = "設定ファイルを開きます。Ünïcode, naïve — “quotes” and e.g. 3.14%!";

#[test]
fn vectors_are_those_of_the_reference_implementation() {
    let Some(local) = load() else { return };
    let vectors = local.embed(&["Reset a run that has failed.", ACCENTS]).unwrap();
    let expected: [[f32; 8]; 2] = [
        [0.015_715, -0.027_622, -0.032_726, 0.004_369, -0.007_919, 0.006_865, -0.071_756, 0.016_224],
        [-0.035_132, -0.021_265, 0.008_107, 0.046_509, -0.029_185, 0.018_36, 0.123_564, 0.041_535],
    ];
    let sums = [-0.042_136_8, -0.135_514_8];
    for ((vector, expected), sum) in vectors.iter().zip(expected).zip(sums) {
        assert_eq!(vector.len(), 384);
        for (found, expected) in vector.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
        }
        assert!((vector.iter().sum::<f32>() - sum).abs() < 1e-4);
    }
}

#[test]
fn weights_of_eight_bits_give_vectors_close_to_the_model_s_under_another_name() {
    let Some(folder) = installed() else { return };
    let (whole, rounded) = (load().unwrap(), Local::load(&folder, Weights::Int8).unwrap());
    assert_eq!(rounded.model().name, format!("{}-int8", whole.model().name));
    let long = "A worker claims a run, embeds its texts and completes it. ".repeat(15);
    let texts = ["Reset a run that has failed.", ACCENTS, "x", &long];
    let (whole, rounded) = (whole.embed(&texts).unwrap(), rounded.embed(&texts).unwrap());
    for ((text, whole), rounded) in texts.iter().zip(&whole).zip(&rounded) {
        let close = cosine(whole, rounded);
        assert!(close >= 0.99, "{close} for {text:.20}");
        assert!(close < 0.999_99, "{text:.20} was not rounded");
    }
}

#[test]
fn a_text_has_the_same_vector_whatever_is_embedded_beside_it() {
    let Some(local) = load() else { return };
    let long = "word ".repeat(200);
    let texts = ["Reset.", long.as_str(), "What is a claim?", ACCENTS, "x", "Reset."];
    let together = local.embed(&texts).unwrap();
    for (text, vector) in texts.iter().zip(&together) {
        let alone = local.embed(&[text]).unwrap();
        assert!(cosine(vector, &alone[0]) > 0.999_999, "{text:.10}");
    }
    assert!(local.embed(&[]).unwrap().is_empty());
}

#[test]
fn threads_share_one_model() {
    let Some(local) = load() else { return };
    let expected = local.embed(&[ACCENTS]).unwrap();
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..3).map(|_| scope.spawn(|| local.embed(&[ACCENTS]).unwrap())).collect();
        for call in calls {
            assert_eq!(call.join().unwrap(), expected);
        }
    });
}

#[test]
fn a_text_over_the_limit_is_refused_and_never_truncated() {
    let Some(local) = load() else { return };
    assert_eq!(local.model().max_tokens, 256);
    let (fits, too_long) = ("word ".repeat(254), "word ".repeat(255));
    assert_eq!(local.tokenizer().count(&fits), 256);
    assert!(local.embed(&[&fits]).is_ok());
    let refused = local.embed(&["short", &too_long, &too_long]).unwrap_err();
    assert!(matches!(refused, EmbedError::Refused { positions, .. } if positions == [1, 2]));
}

#[test]
fn tokens_are_those_of_the_reference_tokenizer() {
    let Some(local) = load() else { return };
    let ModelTokenizer::WordPiece(tokenizer) = &local.tokenizer else { panic!("{local:?}") };
    let expected = [
        100, 1822, 1720, 30218, 30221, 30259, 30216, 100, 1652, 30203, 30184, 1636, 27260, 1010, 15743, 1517, 1523,
        16614, 1524, 1998, 1041, 1012, 1043, 1012, 1017, 1012, 2403, 1003, 999,
    ];
    assert_eq!(ids(tokenizer, ACCENTS), expected);
    assert_eq!(ids(tokenizer, "unaffable\u{ad}ness\u{0}"), ids(tokenizer, "UNAFFABLENESS"));
    assert_eq!(ids(tokenizer, &"x".repeat(101)), [100]);
    assert!(ids(tokenizer, " \n\t\u{3000}\u{a0}").is_empty());
}

#[test]
fn token_starts_ascend_and_split_no_word_before_its_first_letter() {
    let Some(local) = load() else { return };
    let mut starts = Vec::new();
    let text = "Ünïcode unaffable 設定\u{ad}x";
    local.tokenizer.token_starts(text, &mut starts);
    let parts: Vec<&str> =
        starts.iter().zip(starts.iter().skip(1).copied().chain([text.len()])).map(|(a, b)| &text[*a..b]).collect();
    assert_eq!(parts, ["Ünïcode ", "una", "ffa", "ble ", "設", "定\u{ad}", "x"]);
}

/// Returns a copy of the model's small files, so that a test can damage one.
fn copy() -> Option<tempfile::TempDir> {
    let from = installed()?;
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "modules.json", "tokenizer.json", "sentence_bert_config.json"] {
        fs::copy(from.join(file), folder.path().join(file)).unwrap();
    }
    fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    fs::copy(from.join("1_Pooling/config.json"), folder.path().join("1_Pooling/config.json")).unwrap();
    Some(folder)
}

fn complaint(folder: &Path) -> String {
    Local::load(folder, Weights::F32).unwrap_err().to_string()
}

#[test]
fn a_broken_model_is_named_by_file_with_the_way_out() {
    let Some(folder) = copy() else { return };
    let folder = folder.path();
    for file in ["model.safetensors", "tokenizer.json", "config.json"] {
        fs::write(folder.join(file), "{}").unwrap();
        let message = complaint(folder);
        assert!(message.contains(file) && message.contains("`trailblazer setup`"), "{message}");
    }
}

#[test]
fn what_the_encoder_cannot_compute_is_refused() {
    let Some(folder) = copy() else { return };
    let folder = folder.path();
    fs::write(folder.join("1_Pooling/config.json"), r#"{"pooling_mode": "attention"}"#).unwrap();
    assert!(complaint(folder).contains("pooling attention is not supported"));
    fs::remove_file(folder.join("modules.json")).unwrap();
    let config = fs::read_to_string(folder.join("config.json")).unwrap();
    fs::write(folder.join("config.json"), config.replace("\"bert\"", "\"mpnet\"")).unwrap();
    assert!(complaint(folder).contains("mpnet, gelu, absolute"));
}

/// The vectors that the script in the folder of the tiny models computed with sentence-transformers.
#[derive(serde::Deserialize)]
struct Expected {
    text: String,
    tokens: usize,
    vector: Vec<f32>,
}

#[test]
fn models_of_all_families_and_poolings_give_the_vectors_of_sentence_transformers() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models");
    for (name, is_normalized) in [("tiny-bert-cls", true), ("tiny-bert-max", false), ("tiny-xlm-roberta", true)] {
        let folder = models.join(name);
        let local = Local::load(&folder, Weights::F32).unwrap();
        assert_eq!((local.model().normalized, local.model().max_tokens), (is_normalized, 64), "{name}");
        let expected: Vec<Expected> = serde_json::from_slice(&fs::read(folder.join("expected.json")).unwrap()).unwrap();
        let texts: Vec<&str> = expected.iter().map(|row| row.text.as_str()).collect();
        for (vector, row) in local.embed(&texts).unwrap().iter().zip(&expected) {
            let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
            let length = |a: &[f32]| product(a, a).sqrt();
            let cosine = product(vector, &row.vector) / (length(vector) * length(&row.vector));
            assert!(cosine > 0.9999, "{name}: {cosine} for {}", row.text);
            assert!((length(vector) / length(&row.vector) - 1.0).abs() < 1e-3, "{name}: {}", row.text);
            assert_eq!(local.tokenizer().count(&row.text), row.tokens, "{name}: {}", row.text);
            let mut starts = Vec::new();
            local.tokenizer().token_starts(&row.text, &mut starts);
            assert_eq!(starts.len() + local.tokenizer().special_tokens(), row.tokens, "{name}: {}", row.text);
            assert!(starts.is_sorted(), "{name}: {starts:?}");
        }
    }
    let prompted = Local::load(&models.join("tiny-xlm-roberta"), Weights::F32).unwrap();
    assert_eq!(
        (prompted.model().query_prefix.as_str(), prompted.model().document_prefix.as_str()),
        ("query: ", "passage: ")
    );
}

/// The scores that the script in the folder of the tiny models computed with transformers.
#[derive(serde::Deserialize)]
struct Scored {
    text: String,
    score: f32,
}

#[test]
fn cross_encoders_give_the_scores_of_transformers() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models");
    for name in ["tiny-bert-reranker", "tiny-xlm-roberta-reranker"] {
        let model = CrossEncoder::load(&models.join(name)).unwrap();
        let file = fs::read(models.join(name).join("expected.json")).unwrap();
        let expected: Vec<Scored> = serde_json::from_slice(&file).unwrap();
        let texts: Vec<&str> = expected.iter().map(|row| row.text.as_str()).collect();
        let scores = model.scores("How do I reset a run?", &texts).unwrap();
        assert_eq!(scores.len(), expected.len());
        for (score, row) in scores.iter().zip(&expected) {
            assert!((score - row.score).abs() < 1e-4, "{name}: {score} instead of {} for {}", row.score, row.text);
        }
        // Both texts are longer than the model reads.
        let long = "worker ".repeat(200);
        assert_eq!(model.scores(&long, &[&long, ""]).unwrap().len(), 2, "{name}");
        assert!(model.scores("x", &[]).unwrap().is_empty());
    }
    let embedder = CrossEncoder::load(&models.join("tiny-bert-cls")).err().unwrap().to_string();
    assert!(embedder.contains("it has no classifier"), "{embedder}");
}

//! Damaged pages: there must be an outcome for each file, and valid Markdown.

use std::fs;

use tempfile::TempDir;
use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::parsed::faults;

/// Strings that are difficult for parsers.
const PIECES: &[&str] = &[
    "<",
    ">",
    "&",
    "<![CDATA[",
    "]]>",
    "]] >",
    "<!--",
    "-->",
    "</",
    "<p>",
    "</td>",
    "<table><tr><td colspan=\"99\">",
    "|",
    "`",
    "\n# ",
    "**",
    "[",
    "](",
    "<ac:link>",
    "<ac:structured-macro ac:name=\"",
    "\"",
    "\\",
    "\u{0}",
    "\u{200b}",
    "&#0;",
    "{",
    "}",
    "]",
    "{code}",
    "\"type\":\"table\"",
    "null",
    "1e999",
];

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn damaged_pages_give_an_outcome_each_and_sound_markdown() {
    let storage = corpus("cf-for-obsidian");
    let adf = corpus("adf-extended-parser");
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let folder = TempDir::new().expect("a temporary folder");
    let mut sources = files_ending(&storage, &["input.xml"]);
    sources.extend(files_ending(&adf, &[".adf"]));
    let mut written = 0;
    for path in &sources {
        let original = fs::read_to_string(path).expect("a readable file");
        let ending = path.extension().expect("an ending").to_string_lossy().into_owned();
        for _ in 0..40 {
            let damaged = damage(&original, &mut random);
            fs::write(folder.path().join(format!("{written}.{ending}")), damaged).expect("a written file");
            written += 1;
        }
    }
    assert!(written > 1_000, "{written}");
    let read = read(folder.path(), Source::Confluence, &Options::default());
    assert_eq!(read.documents.len() + read.failures.len(), written);
    for document in &read.documents {
        assert_eq!(faults(&document.text_md), Vec::<String>::new(), "{}", document.text_md);
        assert!(!document.text_md.contains('\0'));
    }
    println!("{written} damaged pages: {} documents, {} failures", read.documents.len(), read.failures.len());
}

/// Inserts strings, removes ranges and repeats others.
fn damage(original: &str, random: &mut Random) -> String {
    let mut text = original.to_owned();
    for _ in 0..=random.below(6) {
        let (a, b) = (random.position(&text), random.position(&text));
        let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 200));
        let to = (0..=to).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0).max(from);
        match random.below(4) {
            0 | 1 => text.insert_str(from, PIECES[random.below(PIECES.len())]),
            2 => text.replace_range(from..to, ""),
            _ => {
                let copy = text[from..to].to_owned();
                text.insert_str(from, &copy);
            }
        }
    }
    text
}

/// Xorshift, so that the damage is the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("a small number")
    }

    fn position(&mut self, text: &str) -> usize {
        let at = self.below(text.len() + 1);
        (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    }
}

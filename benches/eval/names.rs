//! Searches for names, alone and inside a long question. A page that contains the name verbatim should come first.
//!
//! Four sets are generated, so that many pages differ only by their names. Two are real: the settings of PostgreSQL, one page each,
//! and the options of its programs.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::knowledge::Server;
use crate::{Case, Failure, Set};

/// The text around a name in a long question. Its words are headings of other pages.
const QUESTIONS: [&str; 5] = [
    "{}",
    "What does {} mean and where is it described?",
    "How do I set {} when the cluster is under load and the maximum lifetime of connections is limited?",
    "After the upgrade our backup reports {} in the error log, how can we configure the server so that it starts again?",
    "Release notes mention {} together with memory limits and connection settings; which values are allowed?",
];
/// Number of names to search for in each set.
const MOST: usize = 75;
/// Maximum number of pages with a name. A more frequent name does not distinguish pages.
const MOST_PAGES: usize = 3;

/// Returns the sets. All their pages belong into one knowledge base.
pub fn all(server: &Server, root: &Path) -> Result<Vec<Set>, Failure> {
    Ok(vec![
        set("releases X.Y.Z", &releases()),
        set("identifiers of the same words", &identifiers()),
        set("error codes", &codes()),
        set("paths, files and UUIDs", &places()),
        set("PostgreSQL settings", &settings(server)?),
        set("options of PostgreSQL's programs", &options(&root.join("var/pg/18/bin"))?),
    ])
}

/// A page, and the names on it to search for.
struct Page {
    title: String,
    body: String,
    names: Vec<String>,
}

/// Asks two questions for each name that appears on few pages.
fn set(name: &str, pages: &[Page]) -> Set {
    let mut answers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let id = |number: usize| format!("{name}/{number}");
    for (number, page) in pages.iter().enumerate() {
        for name in &page.names {
            answers.entry(name).or_default().push(id(number));
        }
    }
    answers.retain(|_, pages| pages.len() <= MOST_PAGES);
    let step = answers.len().div_ceil(MOST).max(1);
    let mut cases = Vec::new();
    for (place, (name, answers)) in answers.iter().enumerate().filter(|(place, _)| place % step == 0) {
        for pattern in [QUESTIONS[0], QUESTIONS[1 + place / step % (QUESTIONS.len() - 1)]] {
            cases.push(Case { question: pattern.replace("{}", name), answers: answers.clone() });
        }
    }
    let document = |(number, page): (usize, &Page)| -> Value {
        json!({"id": id(number), "title": page.title, "text_md": page.body, "meta": {"language": "en"}, "labels": [], "breadcrumbs": []})
    };
    Set { name: name.into(), documents: pages.iter().enumerate().map(document).collect(), cases }
}

/// Sentences that any page could have; `seed` selects them.
fn filler(seed: usize) -> String {
    const SENTENCES: [&str; 12] = [
        "The server writes a message to the error log when the limit is reached.",
        "Administrators can change the value while the cluster is running.",
        "Connections that wait longer than the timeout are closed.",
        "A backup that was started before the upgrade remains valid.",
        "The setting has no effect on sessions that are already open.",
        "Increase the memory limit if many users work at the same time.",
        "The installer checks the permissions of the data folder.",
        "Replication continues after the primary server returns.",
        "Certificates are read anew when the configuration is reloaded.",
        "The report lists every failed job with its reason.",
        "Indexes are rebuilt in the background without locking the table.",
        "Support needs the complete output of the diagnostic command.",
    ];
    (0..4).map(|place| SENTENCES[(seed * 5 + place * (1 + seed % 3)) % SENTENCES.len()]).collect::<Vec<_>>().join(" ")
}

fn releases() -> Vec<Page> {
    let mut pages = Vec::new();
    for number in 0..60 {
        let version = format!("{}.{}.{}", 2 + number / 20, number / 4 % 5 * 3 + number % 2, number % 4);
        pages.push(Page {
            title: format!("Release {version}"),
            body: format!("Version {version} corrects {} faults. {}", 3 + number % 7, filler(number)),
            names: vec![version],
        });
    }
    pages
}

fn identifiers() -> Vec<Page> {
    const WORDS: [&str; 5] = ["max", "connections", "lifetime", "memory", "limit"];
    let mut pages = Vec::new();
    for first in WORDS {
        for second in WORDS.into_iter().filter(|second| *second != first) {
            for third in WORDS.into_iter().filter(|third| *third != first && *third != second) {
                let number = pages.len();
                let camel = |word: &str| word[..1].to_uppercase() + &word[1..];
                let name = match number % 3 {
                    0 => format!("{first}_{second}_{third}"),
                    1 => format!("{first}{}{}", camel(second), camel(third)),
                    _ => format!("{first}.{second}.{third}()"),
                };
                pages.push(Page {
                    title: format!("{} {second} of {third}", camel(first)),
                    body: format!("Use `{name}` to set the {second}. {}", filler(number)),
                    names: vec![name],
                });
            }
        }
    }
    pages
}

fn codes() -> Vec<Page> {
    let page = |number: usize| {
        let name = match number % 4 {
            0 => format!("ORA-{:05}", 900 + number * 7),
            1 => format!("E{:04}", 1200 + number * 3),
            2 => format!("0x8007{:04X}", 0x10 + number * 13),
            _ => format!(
                "ERR_{}_{}",
                ["SSL", "DNS", "HTTP", "DISK"][number / 4 % 4],
                ["TIMEOUT", "REFUSED", "FULL", "RESET", "LOOP"][number / 16 % 5]
            ),
        };
        Page {
            title: ["Connection problems", "Upgrade failures", "Disk and memory limits", "Backup errors"]
                [number / 3 % 4]
                .into(),
            body: format!(
                "{}\n\nThe code {name} means that step {} failed. {}",
                filler(number + 1),
                number % 9,
                filler(number)
            ),
            names: vec![name],
        }
    };
    (0..80).map(page).collect()
}

fn places() -> Vec<Page> {
    let page = |number: usize| {
        let service = ["gateway", "broker", "cluster", "backup", "server"][number % 5];
        let name = match number / 5 % 4 {
            0 => format!("/etc/{service}/conf.d/{:02}-limits.conf", number % 60),
            1 => format!("C:\\Program Files\\{service}{number}\\server.log").replace("Program Files", "ProgramData"),
            2 => format!(
                "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
                number * 7_919_113,
                number * 31,
                number * 17 % 4096,
                number,
                number * 104_729_993
            ),
            _ => format!("{service}-{number}.example.com:8{number:03}"),
        };
        Page {
            title: format!("Where the {service} keeps its files"),
            body: format!("{} It is at `{name}`. {}", filler(number), filler(number + 2)),
            names: vec![name],
        }
    };
    (0..80).map(page).collect()
}

/// One page for each setting of the server.
fn settings(server: &Server) -> Result<Vec<Page>, Failure> {
    let rows = server.connect()?.query(
        "select s.name, s.category, s.short_desc, coalesce(s.extra_desc, '') from pg_settings as s order by s.name",
        &[],
    )?;
    let page = |row: &postgres::Row| {
        let (name, category, short, long): (String, String, String, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        // The title consists of words, as in the manuals of many products. Only the text contains the name.
        Page {
            title: category,
            body: format!("{short} {long}\n\nThe setting `{name}`. {}", filler(name.len())),
            names: vec![name],
        }
    };
    Ok(rows.iter().map(page).collect())
}

/// One page for each option of each program, as `--help` prints them.
fn options(programs: &Path) -> Result<Vec<Page>, Failure> {
    let mut pages = Vec::new();
    for program in [
        "createdb",
        "createuser",
        "initdb",
        "pg_basebackup",
        "pg_dump",
        "pg_receivewal",
        "pg_restore",
        "pg_upgrade",
        "pg_waldump",
        "pgbench",
        "psql",
        "vacuumdb",
    ] {
        let help = Command::new(programs.join(program)).arg("--help").output()?;
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        let mut option: Option<(String, String)> = None;
        for line in help.lines().chain([""]) {
            let words = line.trim_start();
            if (words.starts_with('-') || line.is_empty())
                && let Some((name, text)) = option.take()
            {
                pages.push(Page {
                    title: format!("{program}: how it is called"),
                    body: format!("{program} takes\n\n    {text}\n\n{}", filler(text.len())),
                    names: vec![name],
                });
            }
            if words.starts_with('-') {
                let name = words.split([' ', ',', '=', '[']).find(|word| word.starts_with("--"));
                option = name.map(|name| (name.to_owned(), words.to_owned()));
            } else if let Some((_, text)) = &mut option {
                text.push(' ');
                text.push_str(words);
            }
        }
    }
    Ok(pages)
}

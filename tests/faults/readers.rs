//! Readers against a model: random pages below random restricted pages, random principals, random questions. Whatever a caller gets must
//! be of the pages that the model lets it read, and all of them.
//!
//! A case is one page and one question of one caller. `make chaos CASES=1000000` is the long version.

use std::collections::BTreeSet;

use postgres::Client;
use trailblazer::normalize::Readers;

use super::{Random, setting};
use crate::support::TestDatabase;

const PRINCIPALS: [&str; 8] =
    ["user:ann", "user:bob", "user:o'neil \"x\"", "user:Ünal", "group:hr", "group:it", "group:hr & it", "group:\\"];
const WORDS: [&str; 12] = [
    "salary", "bonus", "layoff", "holiday", "server", "password", "merger", "budget", "travel", "invoice", "contract",
    "laptop",
];
/// Pages of one database.
const PAGES: usize = 200;
/// Questions that are asked before pages change.
const QUESTIONS: usize = 50;
/// Pages that each caller looks up by their ids.
const LOOKED_UP: usize = 10;

/// A page of the model: the restrictions on its path, and the words in its body.
struct Page {
    restrictions: Vec<Vec<String>>,
    words: BTreeSet<&'static str>,
}

impl Page {
    fn draw(random: &mut Random) -> Self {
        // The page itself and up to three pages above it.
        let restrictions = (0..random.pick(&[0, 0, 0, 1, 1, 2, 3, 4])).map(|_| {
            let names = random.pick(&[0, 1, 1, 2, 3, 5]);
            (0..names).map(|_| random.pick(&PRINCIPALS).to_owned()).collect()
        });
        let restrictions = restrictions.collect();
        Self { restrictions, words: (0..=random.below(3)).map(|_| random.pick(&WORDS)).collect() }
    }

    /// Each restricted page on the path names one of the principals.
    fn is_readable(&self, principals: &[&str]) -> bool {
        self.restrictions.iter().all(|names| names.iter().any(|name| principals.contains(&name.as_str())))
    }

    /// What normalize writes into the metadata.
    fn meta(&self) -> String {
        match Readers::of_all(self.restrictions.iter()) {
            Some(readers) => format!(r#"{{"readers": {}}}"#, serde_json::to_string(&readers).unwrap()),
            None => "{}".to_owned(),
        }
    }
}

/// Loads pages `p0`, `p1` … as one run and brings it into search, with one vector for each page.
fn load(client: &mut Client, pages: &[Page], at: usize) {
    let mut tx = client.transaction().unwrap();
    tx.batch_execute("truncate pg_temp.staged_documents").unwrap();
    for (number, page) in pages.iter().enumerate() {
        let words: Vec<&str> = page.words.iter().copied().collect();
        let body = format!("{} number{number}", words.join(" "));
        tx.execute(
            "insert into pg_temp.staged_documents (doc_id, title, labels, breadcrumbs, meta, body) \
             values ($1, $2, $3, '{}', $4::text::jsonb, $2)",
            &[&format!("p{number}"), &body, &words, &page.meta()],
        )
        .unwrap();
    }
    tx.execute(
        "select graphdb.load_documents('r', 'confluence', timestamptz '2026-01-01' + $1 * interval '1 hour')",
        &[&f64::from(u32::try_from(at).unwrap())],
    )
    .unwrap();
    tx.commit().unwrap();
}

fn process(client: &mut Client) {
    client
        .batch_execute(
            "do $$
             declare v_token bigint;
             begin
               select c.claim_token into v_token from graphdb.claim_run('chunk', 'w', '1 hour') as c;
               if not found then
                 return; -- no text has changed
               end if;
               truncate pg_temp.staged_chunks;
               insert into pg_temp.staged_chunks
               -- Many pages have the same text.
               select d.doc_id, 0, 0, octet_length(d.body), '{}', 'text', 3, regexp_replace(d.body, ' number[0-9]*[02468]$', '')
               from graphdb.documents as d where d.is_current;
               perform graphdb.replace_chunks('r', v_token), graphdb.complete_run('r', 'chunk', v_token);
               select c.claim_token into v_token from graphdb.claim_run('embed', 'w', '1 hour') as c;
               perform graphdb.store_embeddings(v_token, 'm', array_agg(p.input_sha256), array_agg('[1,0,0]'::vector))
               from graphdb.pending_inputs('r', 'm') as p;
               perform graphdb.complete_run('r', 'embed', v_token, 'm');
             end $$;
             select graphdb.refresh_search()",
        )
        .unwrap();
}

/// Vectors in the wrong index: those of texts that only restricted chunks contain must be restricted, and no others.
const MISPLACED: &str = "
    select count(*) from graphdb.embeddings as e
    cross join lateral (
      select bool_or(c.is_restricted) as has_restricted, bool_or(not c.is_restricted) as has_open
      from graphdb.chunks as c where c.input_sha256 = e.input_sha256
    ) as c
    where e.is_restricted <> (c.has_restricted and not c.has_open)";

/// A question: the principals of its caller, and a word.
struct Question {
    principals: Vec<&'static str>,
    word: &'static str,
}

/// The results of all functions for each question, as sorted ids, counts or corrections, in one statement for all questions.
const ASK: &str = "
    select array(select s.doc_id from graphdb.search(q.word, null, null, 200, q.filter) as s),
           array(select s.doc_id from graphdb.search('', '[1,0,0]', null, 200, q.filter) as s),
           array(select l.doc_id from graphdb.list_documents('', 200, q.filter) as l),
           graphdb.searched_documents(q.filter),
           array(select f.value || ' ' || f.documents from graphdb.search_facets(q.filter) as f where f.facet = 'label' order by 1),
           array(select c.doc_id from graphdb.run_contents('r', '', 200, q.principals) as c),
           (select count(*) from unnest(q.doc_ids) as i (doc_id) cross join graphdb.find_document(i.doc_id, null, q.principals)),
           (graphdb.read_question(left(q.word, -1) || 'q', q.filter)).corrections
    from (
      select q.word, q.principals, jsonb_build_object('as', q.principals) as filter, $3::text[] as doc_ids, q.place
      from unnest($1::text[], $2::text[]) with ordinality as p (word, listed, place)
      cross join lateral (select p.word, string_to_array(nullif(p.listed, ''), E'\\x01') as principals, p.place) as q0
      cross join lateral (select q0.word, coalesce(q0.principals, '{}') as principals, q0.place) as q
    ) as q
    order by q.place";

/// Asks the questions and compares each answer with the model. Returns how many cases that were.
fn compare(client: &mut Client, pages: &[Page], questions: &[Question]) -> usize {
    let ids: Vec<String> = (0..pages.len()).map(|number| format!("p{number}")).collect();
    let words: Vec<&str> = questions.iter().map(|question| question.word).collect();
    let listed: Vec<String> = questions.iter().map(|question| question.principals.join("\u{1}")).collect();
    let rows = client.query(ASK, &[&words, &listed, &&ids[..LOOKED_UP]]).unwrap();
    for (question, row) in questions.iter().zip(&rows) {
        let readable: Vec<usize> =
            (0..pages.len()).filter(|number| pages[*number].is_readable(&question.principals)).collect();
        let expected: BTreeSet<String> = readable.iter().map(|number| ids[*number].clone()).collect();
        let with_word = readable.iter().filter(|number| pages[**number].words.contains(question.word));
        let with_word: BTreeSet<String> = with_word.map(|number| ids[*number].clone()).collect();
        let told = || format!("{} as {:?}", question.word, question.principals);
        let set = |column: usize| row.get::<_, Vec<String>>(column).into_iter().collect::<BTreeSet<_>>();
        assert_eq!(set(0), with_word, "by words: {}", told());
        for (column, by) in [(1, "by vector"), (2, "listed"), (5, "of the run")] {
            assert_eq!(set(column), expected, "{by}: {}", told());
        }
        let count = i64::try_from(expected.len()).unwrap();
        assert_eq!(row.get::<_, i64>(3), count, "counted: {}", told());
        let looked_up = i64::try_from(readable.iter().filter(|number| **number < LOOKED_UP).count()).unwrap();
        assert_eq!(row.get::<_, i64>(6), looked_up, "found by id: {}", told());
        let labels: BTreeSet<String> = WORDS
            .iter()
            .filter_map(|word| {
                let pages = readable.iter().filter(|number| pages[**number].words.contains(word)).count();
                (pages > 0).then(|| format!("{word} {pages}"))
            })
            .collect();
        assert_eq!(set(4), labels, "labels: {}", told());
        // A correction names a word that the caller may read.
        for correction in set(7) {
            let meant = correction.rsplit(' ').next().unwrap().to_owned();
            let may_know = readable
                .iter()
                .any(|number| pages[*number].words.contains(meant.as_str()) || meant == format!("number{number}"));
            assert!(may_know, "{correction}: {}", told());
        }
    }
    rows.len() * pages.len()
}

#[test]
fn whatever_a_caller_gets_is_of_pages_that_the_model_lets_it_read() {
    let wanted = usize::try_from(setting("CASES", 4_000)).unwrap();
    let mut random = Random::seeded("readers");
    let (mut cases, mut round) = (0, 0);
    let database = TestDatabase::new();
    let mut client = database.connect();
    client
        .batch_execute(
            "set client_min_messages = warning; set jit = off; select graphdb.create_staging(), graphdb.register_model('m', 'test', 3)",
        )
        .unwrap();
    let mut pages: Vec<Page> = Vec::new();
    while cases < wanted {
        // Some pages change: their words, their readers, or both.
        pages.resize_with(PAGES, || Page::draw(&mut random));
        for _ in 0..random.below(PAGES) {
            let number = random.below(PAGES);
            pages[number] = Page::draw(&mut random);
        }
        load(&mut client, &pages, round);
        process(&mut client);
        assert_eq!(client.query_one(MISPLACED, &[]).unwrap().get::<_, i64>(0), 0, "vectors in the wrong index");
        let questions: Vec<Question> = (0..QUESTIONS)
            .map(|_| Question {
                principals: (0..random.pick(&[0, 1, 1, 2, 3, 8])).map(|_| random.pick(&PRINCIPALS)).collect(),
                word: random.pick(&WORDS),
            })
            .collect();
        cases += compare(&mut client, &pages, &questions);
        round += 1;
    }
    println!("readers: {cases} cases, 0 leaks, 0 misses");
}

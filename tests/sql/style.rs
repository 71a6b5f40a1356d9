//! Checks the rules for files in sql/, in the files and in the catalog.

use sqlparser::ast::{CreateFunction, Statement};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use trailblazer::db::install::{functions, migrations};

use super::fixture::ask;
use crate::support::TestDatabase;

/// Returns name and text of every SQL file, as installed with pgvector in `public`.
fn files() -> Vec<(String, String)> {
    let mut files = vec![("bootstrap".to_owned(), include_str!("../../sql/bootstrap.sql").to_owned())];
    let others = migrations().map(|(_, file)| file).chain(functions());
    files.extend(others.map(|file| (file.name.to_owned(), file.with_vector_in("public"))));
    files
}

/// Returns the statements of a file as tokens, without spaces and comments.
fn statements(text: &str) -> Vec<Vec<Token>> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().unwrap();
    tokens
        .split(|token| *token == Token::SemiColon)
        .map(|statement| statement.iter().filter(|token| !matches!(token, Token::Whitespace(_))).cloned().collect())
        .filter(|statement: &Vec<Token>| !statement.is_empty())
        .collect()
}

/// Writes tokens as words with one space between.
fn written(tokens: &[Token]) -> String {
    tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn parsed(statement: &[Token], file: &str) -> Statement {
    let mut statements = Parser::new(&PostgreSqlDialect {})
        .with_tokens(statement.to_vec())
        .parse_statements()
        .unwrap_or_else(|error| panic!("{file}: {error}\n{}", written(statement)));
    statements.remove(0)
}

/// Returns why a statement cannot run a second time. `before` contains the statements before it in its file.
fn runs_once_because(statement: &[Token], before: &[Vec<Token>], file: &str) -> Option<&'static str> {
    let text = written(statement);
    let repeatable = [
        "comment on ",
        "revoke ",
        "grant ",
        "drop function if exists ",
        "drop index if exists ",
        "drop policy if exists ",
        "alter function ",
    ];
    // An update that finds nothing to do the second time.
    let is_settled = text.starts_with("update ") && text.contains(" is distinct from ");
    if is_settled || repeatable.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    if let Some(policy) = text.strip_prefix("create policy ") {
        let name = policy.split(' ').next().unwrap_or_default();
        let dropped = format!("drop policy if exists {name} ");
        let is_repeatable = before.iter().any(|earlier| written(earlier).starts_with(&dropped));
        return (!is_repeatable).then_some("create policy without a drop before it");
    }
    if text.starts_with("alter table ") {
        let added = text.split_once(" add constraint ").map(|(table, rest)| {
            let name = rest.split(' ').next().unwrap_or_default();
            format!("{table} drop constraint if exists {name}")
        });
        let is_repeatable = text.contains(" if exists ")
            || text.contains(" if not exists ")
            || text.split(' ').nth(5) == Some("set")
            || text.ends_with(" enable row level security")
            || text.contains(" alter column ")
                && [" set storage ", " set statistics "].iter().any(|set| text.contains(set))
            || added.is_some_and(|drop| before.iter().any(|earlier| written(earlier) == drop));
        return (!is_repeatable).then_some("alter table without a way back");
    }
    let is_repeatable = match parsed(statement, file) {
        Statement::CreateTable(create) => create.if_not_exists,
        Statement::CreateIndex(create) => create.if_not_exists,
        Statement::CreateView(create) => create.or_replace,
        Statement::CreateFunction(CreateFunction { or_replace, .. }) => or_replace,
        Statement::CreateSequence { if_not_exists, .. } | Statement::CreateSchema { if_not_exists, .. } => {
            if_not_exists
        }
        _ => return Some("a kind of statement that this test does not know"),
    };
    (!is_repeatable).then_some("neither `if not exists` nor `or replace`")
}

#[test]
fn every_statement_can_run_twice() {
    for (file, text) in files() {
        let statements = statements(&text);
        for (place, statement) in statements.iter().enumerate() {
            let fault = runs_once_because(statement, &statements[..place], &file);
            assert_eq!(fault, None, "{file}: {}", written(statement));
        }
    }
}

#[test]
fn a_statement_that_runs_once_is_found() {
    for text in [
        "create table graphdb.t (a integer)",
        "create index i on graphdb.t (a)",
        "create function graphdb.f() returns integer language sql as 'select 1'",
        "create view graphdb.v as select 1",
        "create sequence graphdb.s",
        "create schema s",
        "alter table graphdb.t add constraint c check (a > 0)",
        "alter table graphdb.t add column b integer",
        "drop table graphdb.t",
        "drop function graphdb.f()",
        "insert into graphdb.t values (1)",
        "update graphdb.t set a = 1",
        "create policy p on graphdb.t using (true)",
    ] {
        let statement = statements(text).remove(0);
        assert!(runs_once_because(&statement, &[], "test").is_some(), "{text}");
    }
}

#[test]
fn a_file_is_one_function_with_its_volatility_comment_and_revoke() {
    for file in functions() {
        let name = file.name;
        let statements = statements(&file.with_vector_in("public"));
        let texts: Vec<String> = statements.iter().map(|statement| written(statement)).collect();
        assert!(file.text.starts_with("-- "), "{name} does not begin with its contract");
        assert_eq!(statements.len(), 3, "{name}: create, comment, revoke");
        match parsed(&statements[0], name) {
            Statement::CreateFunction(create) => {
                assert_eq!(create.name.to_string(), format!("graphdb.{name}"));
                assert!(create.behavior.is_some(), "{name} does not state its volatility");
                assert!(create.language.is_some(), "{name} does not state its language");
            }
            Statement::CreateView(create) => assert_eq!(create.name.to_string(), format!("graphdb.{name}")),
            other => panic!("{name}: {other}"),
        }
        assert!(texts[1].starts_with("comment on "), "{name}: {}", texts[1]);
        assert!(texts[2].starts_with("revoke all on ") && texts[2].ends_with(" from public"), "{name}: {}", texts[2]);
    }
}

#[test]
fn no_literal_means_something_else_under_other_settings() {
    // If standard_conforming_strings is off, a backslash is an escape character, and functions use the settings of the caller.
    for (file, text) in files() {
        let tokens = Tokenizer::new(&PostgreSqlDialect {}, &text).tokenize().unwrap();
        for token in tokens {
            if let Token::DollarQuotedString(body) = token {
                for token in Tokenizer::new(&PostgreSqlDialect {}, &body.value).tokenize().unwrap() {
                    let is_plain = matches!(&token, Token::SingleQuotedString(literal) if literal.contains('\\'));
                    assert!(!is_plain, "{file}: write {token} as E'…' or without a backslash");
                }
            }
        }
    }
}

#[test]
fn every_error_of_ours_has_a_code_and_a_hint() {
    for (file, text) in files() {
        let count = |pattern: &str| text.matches(pattern).count();
        let raised = count("raise exception");
        assert_eq!(count("errcode = "), raised, "{file}");
        assert_eq!(count("hint = "), raised, "{file}");
        for code in text.split("errcode = '").skip(1) {
            let code = code.split('\'').next().unwrap_or_default();
            let known = ["TB001", "TB002", "TB003", "TB004", "TB005", "check_violation", "serialization_failure"];
            assert!(known.contains(&code), "{file}: {code}");
        }
    }
}

#[test]
fn every_function_is_described_closed_to_the_public_and_named_once() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let ours = "from pg_proc as p where p.pronamespace = 'graphdb'::regnamespace";
    assert_ne!(ask(&mut client, &format!("select count(*) {ours}")), "0");
    for (fault, condition) in [
        ("has no comment", "coalesce(obj_description(p.oid, 'pg_proc'), '') = ''"),
        ("is open to the public", "has_function_privilege('public', p.oid, 'execute')"),
        (
            "has an overload",
            "exists (select from pg_proc as o where o.pronamespace = p.pronamespace and o.proname = p.proname and o.oid <> p.oid)",
        ),
        (
            "has a parameter without p_",
            "exists (select from unnest(p.proargnames, p.proargmodes) as a (name, mode) where coalesce(a.mode, 'i') = 'i' and a.name !~ '^p_')",
        ),
    ] {
        assert_eq!(ask(&mut client, &format!("select p.proname {ours} and {condition}")), "", "{fault}");
    }
}

#[test]
fn every_function_pins_its_search_path() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let path = "(select replace(s, 'search_path=', '') from unnest(p.proconfig) as s where s like 'search_path=%')";
    let ours = format!("select p.proname from pg_proc as p where p.pronamespace = 'graphdb'::regnamespace and {path}");
    // pg_temp must be the last element of the path. Otherwise, it would be searched first.
    assert_eq!(ask(&mut client, &format!("{ours} <> 'pg_catalog, pg_temp'")), "");
    // A function with its own path cannot be inlined. Functions that must be inlined are SQL functions. They are bound
    // when they are created, qualify all names, or contain no names.
    let inlined = format!("{ours} is null and p.prosqlbody is null order by p.proname collate \"C\"");
    assert_eq!(
        ask(&mut client, &inlined),
        "_bare_documents\n_current_chunks\n_marks_lock\n_newest_lock\n_tokens_lock\n_vectors_lock\n_word_statistics\nclock\nmay_read"
    );
    let inlined = format!(
        "{ours} is null and (p.prosecdef or p.prolang <> (select l.oid from pg_language as l where l.lanname = 'sql'))"
    );
    assert_eq!(ask(&mut client, &inlined), "");
}

#[test]
fn no_file_but_the_first_ones_leaves_the_schema_of_pgvector_to_the_path() {
    let types = ["vector", "halfvec", "vector_dims", "vector_norm", "l2_normalize"];
    for file in migrations().map(|(_, file)| file).chain(functions()) {
        let text = file.text.replace("@extschema:vector@", "public");
        let tokens = Tokenizer::new(&PostgreSqlDialect {}, &text).tokenize().unwrap();
        let bodies = tokens.iter().filter_map(|token| match token {
            Token::DollarQuotedString(body) => {
                Some(Tokenizer::new(&PostgreSqlDialect {}, &body.value).tokenize().unwrap())
            }
            _ => None,
        });
        let tokens: Vec<Token> = tokens.iter().cloned().chain(bodies.flatten()).collect();
        for pair in tokens.windows(2) {
            let is_bare = matches!(&pair[1], Token::Word(word) if types.contains(&word.value.as_str()))
                && pair[0] != Token::Period;
            let extension = file.name == "0002_knowledge";
            assert!(!is_bare || extension, "{}: write @extschema:vector@.{}", file.name, pair[1]);
        }
    }
}

#[test]
fn every_table_is_described_closed_to_the_public_and_its_rules_are_named() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let ours =
        "from pg_class as c where c.relnamespace = 'graphdb'::regnamespace and c.relkind in ('r', 'v', 'S', 'm')";
    let bare = "and c.relname not like '%\\_seq' and coalesce(obj_description(c.oid, 'pg_class'), '') = ''";
    assert_eq!(ask(&mut client, &format!("select c.relname {ours} {bare}")), "");
    let open =
        "and c.relkind <> 'S' and has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate')";
    assert_eq!(ask(&mut client, &format!("select c.relname {ours} {open}")), "");
    let unnamed = "select conname from pg_constraint where connamespace = 'graphdb'::regnamespace and contype = 'c' and conname ~ '_check[0-9]*$'";
    assert_eq!(ask(&mut client, unnamed), "");
}

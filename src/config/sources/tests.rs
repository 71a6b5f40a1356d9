use super::super::resolve;
use super::*;

fn read(text: &str) -> Result<Sources, String> {
    resolve(Some(("file", text)), |_| None).map(|config| config.sources).map_err(|error| {
        let hint = error.hint().map(|hint| format!(" {hint}")).unwrap_or_default();
        format!("{error}{hint}")
    })
}

#[test]
fn sources_are_read_with_their_defaults() {
    let text = "sources:\n  handbook: { kind: confluence, site: 'https://example.atlassian.net/', spaces: OPS, ancestors: [7] }\n  \
                wiki:\n    kind: confluence\n    site: https://wiki.example.com/confluence\n    cql: type = page\n  \
                manuals: { kind: dita, path: manuals/guide.ditamap, ditaval: cloud.ditaval }\n";
    let sources = read(text).unwrap().0;
    let names: Vec<_> = sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["handbook", "wiki", "manuals"]);
    let sites: Vec<_> = sources
        .iter()
        .filter_map(|source| match &source.origin {
            Origin::Site(site) => Some((site.url.as_str(), site.deployment, site.parallel)),
            Origin::Path(_) => None,
        })
        .collect();
    let expected = [
        ("https://example.atlassian.net/wiki", Deployment::Cloud, 4),
        ("https://wiki.example.com/confluence", Deployment::DataCenter, 4),
    ];
    assert_eq!(sites, expected);
    assert_eq!(read("sources:\n").unwrap(), Sources::default());
    assert_eq!(read("workers: 2\n").unwrap(), Sources::default());
}

#[test]
fn what_is_wrong_with_a_source_is_said_with_its_line() {
    let told = |text: &str| read(text).unwrap_err();
    let faults = [
        "sources: [a]",
        "sources:\n  a b: { kind: dita, path: x }",
        "sources:\n  m: manuals/",
        "sources:\n  m:\n    path: x",
        "sources:\n  m:\n    kind: dita\n    paht: x",
        "workers: 2\nsources:\n  m:\n    kind: word\n    path: x",
        "sources:\n  m: { kind: dita }",
        "sources:\n  m: { kind: dita, site: 'https://x' }",
        "sources:\n  m: { kind: dita, path: x, spaces: [A] }",
        "sources:\n  c: { kind: confluence }",
        "sources:\n  c:\n    kind: confluence\n    site: http://wiki.example.com\n    spaces: [A]",
        "sources:\n  c: { kind: confluence, site: 'https://me:secret@example.com', spaces: [A] }",
        "sources:\n  c: { kind: confluence, site: 'https://example.com' }",
        "sources:\n  c: { kind: confluence, site: 'https://example.com', ancestors: [Home] }",
        "sources:\n  c: { kind: confluence, site: 'https://example.com', spaces: [A], parallel: 0 }",
        "sources:\n  c: { kind: confluence, site: 'https://example.com', spaces: [A], token: abc }",
        "sources:\n  c: { kind: confluence, path: x, ditaval: y }",
        "sorces:\n  c: { kind: confluence, path: x }",
    ];
    insta::assert_snapshot!(faults.map(told).join("\n"), @r#"
    file:1: sources: expected source names with their keys, for example `manuals: { kind: dita, path: manuals/ }`
    file:2: sources.a b: this name is not allowed, because it becomes the run id; use letters, digits, ".", "_" and "-", at most 128
    file:2: sources.m: expected keys, for example `kind` and `path`
    file:2: sources.m: `kind` is missing: `dita` or `confluence`
    file:4: unknown key `sources.m.paht` Did you mean `sources.m.path`?
    file:4: sources.m.kind: expected `dita` or `confluence`
    file:2: sources.m: `path` is missing
    file:2: sources.m.site: only a source with `kind: confluence` can have a `site`
    file:2: sources.m.spaces: this key is only for sources with `site`; remove it
    file:2: sources.c: `path` or `site` is missing
    file:4: sources.c.site: expected https:// and a host, without user, password or query, for example https://example.atlassian.net/wiki
    file:2: sources.c.site: expected https:// and a host, without user, password or query, for example https://example.atlassian.net/wiki
    file:2: sources.c: no pages are selected; set `spaces`, `labels`, `ancestors` or `cql`
    file:2: sources.c.ancestors: expected numeric page ids
    file:2: sources.c.parallel: expected a number from 1 to 32
    file:2: unknown key `sources.c.token`; set the token in the environment variable TRAILBLAZER_CONFLUENCE_TOKEN
    file:2: sources.c.ditaval: this key is only for sources with `kind: dita`; remove it
    file:1: unknown key `sorces` Did you mean `sources`?
    "#);
}

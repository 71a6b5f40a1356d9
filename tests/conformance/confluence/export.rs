//! A real space export.

use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, read};

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn a_space_export_gives_its_current_pages_in_the_order_of_their_tree() {
    let corpus = corpus("cf-doctoolchain/src/test/testConfluenceSpace");
    let options = Options { site_url: Some("https://x.atlassian.net/wiki".to_owned()), ..Options::default() };
    let read = read(&corpus, Source::Confluence, &options);
    assert_eq!(read.failures, []);
    let tree: Vec<String> =
        read.documents.iter().map(|page| format!("{}{}", "> ".repeat(page.breadcrumbs.len()), page.title)).collect();
    assert_eq!(
        tree,
        [
            "AsciiDoc-Test Home",
            "> adoc-test",
            "> > First Steps with AsciiDoc",
            "> > > Lists Upon Lists",
            "> > We’re back!",
            "> > Included Section",
            "> > > “Quotes”",
            "> > Getting Literal",
            "> > Wrap-up",
        ]
    );
    let wrap_up = read.documents.last().expect("a page");
    let targets: Vec<&str> = wrap_up.links.iter().filter_map(|link| link.target_id.as_deref()).collect();
    let ids = ["2039382017", "2039349259", "2039414785"].map(|id| format!("x.atlassian.net/ADOCTEST/{id}"));
    assert_eq!(targets, ids);
    let tiger = &read.documents[4];
    assert_eq!(tiger.attachments[0].filename, "tiger.png");
    assert!(tiger.text_md.contains("![tiger.png](https://x.atlassian.net/wiki/download/attachments/"));
    assert!(read.documents.iter().all(|page| page.space_key.as_deref() == Some("ADOCTEST")));
    assert!(read.documents[5].text_md.contains("puts doc.render\n```"), "the end of CDATA is restored");
}

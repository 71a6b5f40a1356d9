//! Our side of `compare.py`. `read PATH` converts an input, and `export FILE MEGABYTES` writes a space export.

use std::fs::File;
use std::io::{BufWriter, Error, Write};
use std::path::Path;
use std::time::Instant;

use trailblazer::normalize::{self, Options, Outcome, Source};

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["read", path] => read(Path::new(path)),
        ["export", file, megabytes] => export(Path::new(file), megabytes.parse().map_err(Error::other)?),
        _ => {
            eprintln!("run benches/normalize/run.sh");
            Ok(())
        }
    }
}

/// Converts an input. Prints the duration in seconds and the size of the output.
fn read(path: &Path) -> Result<(), Error> {
    let (mut documents, mut failures, mut bytes) = (0_u64, 0_u64, 0);
    let start = Instant::now();
    let emit = &mut |outcome| {
        match outcome {
            Outcome::Document(document) => {
                documents += 1;
                bytes += document.text_md.len();
            }
            Outcome::Failure(_) | Outcome::Skipped(_) => failures += 1,
            Outcome::Notice(_) => {}
        }
        Ok(())
    };
    normalize::read(path, Source::Confluence, &Options::default(), emit).map_err(Error::other)?;
    println!("{} {documents} {failures} {bytes}", start.elapsed().as_secs_f64());
    Ok(())
}

/// Writes an export of pages with headings, text, tables and code in the format of Confluence.
fn export(file: &Path, megabytes: u64) -> Result<(), Error> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hibernate-generic datetime=\"2024-01-01 00:00:00\">")?;
    writeln!(
        out,
        "<object class=\"Space\" package=\"com.atlassian.confluence.spaces\"><id name=\"id\">1</id>\
         <property name=\"name\"><![CDATA[Bench]]></property><property name=\"key\"><![CDATA[B]]></property></object>"
    )?;
    let (mut written, mut number) = (0, 10_u64);
    while written < megabytes * 1_000_000 {
        let body = body(number);
        written += body.len() as u64;
        writeln!(
            out,
            "<object class=\"Page\" package=\"com.atlassian.confluence.pages\"><id name=\"id\">{number}</id>\
             <property name=\"title\"><![CDATA[Page {number}]]></property>\
             <property name=\"contentStatus\"><![CDATA[current]]></property>\
             <property name=\"space\" class=\"Space\" package=\"x\"><id name=\"id\">1</id></property>\
             <collection name=\"bodyContents\" class=\"java.util.Collection\"><element class=\"BodyContent\" \
             package=\"x\"><id name=\"id\">{body_id}</id></element></collection></object>\n\
             <object class=\"BodyContent\" package=\"com.atlassian.confluence.core\"><id name=\"id\">{body_id}</id>\
             <property name=\"body\"><![CDATA[{body}]]></property><property name=\"bodyType\">2</property>\
             <property name=\"content\" class=\"Page\" package=\"x\"><id name=\"id\">{number}</id></property></object>",
            body_id = number + 1
        )?;
        number += 2;
    }
    writeln!(out, "</hibernate-generic>")?;
    out.flush()
}

/// Returns about 30 kB of storage format.
fn body(number: u64) -> String {
    let section = format!(
        "<h2>Section of {number}</h2><p>The <strong>claim</strong> of a run is a <em>lease</em>: see \
         <ac:link><ri:page ri:content-title=\"Page {number}\" /></ac:link>, &ldquo;quoted&rdquo; &amp; more.</p>\
         <table><tbody><tr><th>Key</th><th>Value</th></tr><tr><td>a</td><td><p>one</p></td></tr></tbody></table>\
         <ac:structured-macro ac:name=\"code\"><ac:parameter ac:name=\"language\">sql</ac:parameter>\
         <ac:plain-text-body><![CDATA[select * from graphdb.claim_run('chunk');]] ></ac:plain-text-body>\
         </ac:structured-macro><ul><li>first</li><li>second<ul><li>inner</li></ul></li></ul>"
    );
    section.repeat(40)
}

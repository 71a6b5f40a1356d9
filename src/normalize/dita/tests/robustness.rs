use super::{document, outcomes, read_folder, read_input, write};
use crate::normalize::{Options, Outcome};

const GOOD: &str = "<topic id='t'><title>T</title></topic>";

#[test]
fn one_bad_file_stops_nothing_and_is_reported_in_its_place() {
    let files = [
        ("a.dita", GOOD),
        ("b.dita", "<topic>\n<title>x</topic>"),
        ("c.dita", GOOD),
        ("d.dita", ""),
        ("e.xml", "<html/>"),
    ];
    let folder = write(&files);
    let mut order = Vec::new();
    super::super::read(folder.path(), &Options::default(), &mut |outcome| {
        order.push(match outcome {
            crate::normalize::Outcome::Document(document) => document.source_path.unwrap(),
            crate::normalize::Outcome::Failure(failure) | crate::normalize::Outcome::Skipped(failure) => {
                format!("{}:{:?} {}", failure.path, failure.line, failure.message)
            }
            crate::normalize::Outcome::Notice(notice) => notice.message,
        });
        Ok(())
    })
    .unwrap();
    assert_eq!(order[0], "a.dita");
    assert_eq!(order[1], "b.dita");
    assert!(order[2].starts_with("b.dita:Some(2) not well-formed XML"), "{}", order[2]);
    assert_eq!(order[3], "c.dita");
    assert_eq!(order[4], "d.dita:Some(1) the file contains no XML elements");
    assert_eq!(order[5], "e.xml:Some(1) the file is not DITA, because <html> is neither a topic nor a map");
}

#[test]
fn a_broken_topic_keeps_what_can_be_read_and_says_where_it_broke() {
    let broken = "<topic id='t'><title>T</title><body>\n<ul><li>a<li>b</ul><p>c & d <b>e";
    let (documents, failures) = read_folder(&[("a.dita", broken)], None);
    assert_eq!(documents[0].text_md, "- a\n\n  b\n\nc & d **e**");
    assert_eq!(documents[0].losses["xml:repaired"], 2);
    assert_eq!((failures.len(), failures[0].line), (1, Some(2)));
    assert_eq!(
        failures[0].message,
        "not well-formed XML: expected </li> (opened on line 2), but found </ul>; only the readable part of the file was converted"
    );
}

#[test]
fn files_that_only_serve_are_passed_over() {
    let files = [
        ("a.dita", GOOD),
        ("x.ditaval", "<val/>"),
        ("catalog.xml", "<catalog/>"),
        ("i.svg", "<svg/>"),
        (".git/x.xml", "<x/>"),
    ];
    let (documents, failures) = read_folder(&files, None);
    assert_eq!((documents.len(), failures.len()), (1, 0));
}

#[test]
fn an_input_without_dita_is_an_error_that_says_what_to_give() {
    let folder = tempfile::tempdir().unwrap();
    let error = super::super::read(folder.path(), &Options::default(), &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("pass a topic, a map, or a folder"), "{error}");
    let missing = super::super::read(&folder.path().join("none"), &Options::default(), &mut |_| Ok(()));
    assert!(matches!(missing, Err(crate::normalize::ReadError::Io { .. })));
}

#[test]
fn a_ditaval_that_is_none_is_an_error_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.dita"), GOOD).unwrap();
    let options = Options { ditaval: vec![folder.path().join("a.dita")], ..Options::default() };
    let error = super::super::read(folder.path(), &options, &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("must be <val>, not <topic>"), "{error}");
}

#[test]
fn an_error_of_the_caller_ends_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.dita"), GOOD).unwrap();
    let full = super::super::read(folder.path(), &Options::default(), &mut |_| Err(std::io::Error::other("full")));
    assert!(matches!(full, Err(crate::normalize::ReadError::Emit(_))));
}

#[test]
fn an_empty_topic_is_an_empty_document() {
    let (documents, _) = read_folder(&[("a.dita", GOOD)], None);
    assert_eq!((documents[0].title.as_str(), documents[0].text_md.as_str()), ("T", ""));
    assert!(documents[0].content_sha256.is_some());
}

#[test]
fn reading_twice_gives_the_same_documents() {
    let files: Vec<(String, String)> = (0..40)
        .map(|n| {
            (
                format!("t{n}.dita"),
                format!(
                    "<topic id='t{n}'><title>T{n}</title><body><p><xref href='t{}.dita'/></p></body></topic>",
                    (n + 1) % 40
                ),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_eq!(read_folder(&files, None), read_folder(&files, None));
}

#[test]
fn deep_nesting_is_refused_not_a_crash() {
    let deep = format!("<topic id='t'><title>T</title><body>{}</body></topic>", "<div>".repeat(5_000));
    let (documents, failures) = read_folder(&[("a.dita", &deep)], None);
    assert_eq!(documents.len(), 0);
    assert!(failures[0].message.contains("nested more than"));
}

#[test]
fn the_deepest_nesting_that_is_read_can_be_written() {
    let lists = format!("{}x{}", "<ul><li>".repeat(90), "</li></ul>".repeat(90));
    let topic = format!("<topic id='t'><title>T</title><body>{lists}</body></topic>");
    let (documents, failures) = read_folder(&[("a.dita", &topic)], None);
    assert_eq!(failures, []);
    assert!(documents[0].text_md.ends_with("- x"));
}

#[test]
fn chains_of_deep_content_end_before_the_stack_does() {
    let files: Vec<(String, String)> = (0..30)
        .map(|n| {
            let inner = format!("{}<div conref='t{}.dita#t/d'/>{}", "<div>".repeat(150), n + 1, "</div>".repeat(150));
            (
                format!("t{n}.dita"),
                format!("<topic id='t'><title>T</title><body><div id='d'>x{inner}</div></body></topic>"),
            )
        })
        .chain((0..30).map(|n| {
            let inner = format!(
                "{}<mapref href='m{}.ditamap'/>{}",
                "<topichead navtitle='h'>".repeat(150),
                n + 1,
                "</topichead>".repeat(150)
            );
            (format!("m{n}.ditamap"), format!("<map>{inner}</map>"))
        }))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (documents, failures) = read_folder(&files, None);
    assert_eq!((documents.len(), failures.len()), (60, 0));
    let first = documents.iter().find(|document| document.id == "topic:c/t0").unwrap();
    assert!(first.losses.contains_key("conref:limit") && first.text_md.starts_with("x\n\nx"));
}

#[test]
fn links_to_folders_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.dita"), GOOD).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
    let (documents, _) = read_input(folder.path(), &Options::default());
    assert_eq!(documents.len(), 1);
}

#[cfg(unix)]
#[test]
fn symbolic_links_out_of_the_input_are_not_followed_but_reported() {
    use std::os::unix::fs::symlink;
    let outside =
        write(&[("s.txt", "SECRET"), ("s.dita", "<topic id='s'><title>SECRET</title></topic>"), ("s.png", "")]);
    let topic = "<topic id='t'><title>T</title><body><codeblock><coderef href='s.txt'/></codeblock><p><xref href='s.dita'/></p>\
        <p conref='s.dita#s'/><image href='s.png'/><image href='far/s.png'/><p><xref href='in.dita'/></p></body></topic>";
    let map = "<map><topicref href='t.dita'/><topicref href='s.dita'/><topicref href='in.dita'/><mapref href='s.ditamap'/></map>";
    let folder =
        write(&[("m.ditamap", map), ("t.dita", topic), ("sub/i.dita", "<topic id='i'><title>Inside</title></topic>")]);
    std::fs::write(outside.path().join("s.ditamap"), "<map><title>SECRET</title></map>").unwrap();
    for name in ["s.txt", "s.dita", "s.png", "s.ditamap"] {
        symlink(outside.path().join(name), folder.path().join(name)).unwrap();
    }
    symlink(outside.path(), folder.path().join("far")).unwrap();
    symlink("sub/i.dita", folder.path().join("in.dita")).unwrap();
    for input in ["", "m.ditamap"] {
        let (documents, failures) = read_input(&folder.path().join(input), &Options::default());
        let mut told: Vec<String> =
            failures.iter().map(|failure| format!("{}: {}", failure.path, failure.message)).collect();
        told.sort();
        let message = "it is a symbolic link that leads out of the input; copy the file into the input";
        let names = ["far/s.png", "s.dita", "s.ditamap", "s.png", "s.txt"];
        assert_eq!(told, names.map(|name| format!("{name}: {message}")), "{input}");
        let written = serde_json::to_string(&documents).unwrap();
        assert!(!written.contains("SECRET") && written.contains("[Inside]"), "{input}: {written}");
    }
    let link = outside.path().join("given.dita");
    symlink(folder.path().join("sub/i.dita"), &link).unwrap();
    assert_eq!(read_input(&link, &Options::default()).0.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_pipe_with_the_name_of_a_topic_is_reported() {
    let folder = write(&[("a.dita", GOOD)]);
    nix::unistd::mkfifo(&folder.path().join("b.dita"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (documents, failures) = read_input(folder.path(), &Options::default());
    assert_eq!((documents.len(), failures.len()), (1, 1));
    assert_eq!((failures[0].path.as_str(), failures[0].message.as_str()), ("b.dita", "it is not a regular file"));
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_read_is_told_where_something_is_looked_for_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let links = "<xref href='loop/b.dita'/> <xref href='loop/c.dita'/> <xref href='a.dita/b.dita'/>";
    let topic = format!("<topic id='t'><title>T</title><body><p>{links}</p></body></topic>");
    std::fs::write(folder.path().join("a.dita"), topic).unwrap();
    let map = "<map><topicref href='a.dita'/><topicref href='loop/d.dita'/></map>";
    std::fs::write(folder.path().join("m.ditamap"), map).unwrap();
    std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
    for input in [folder.path().to_owned(), folder.path().join("a.dita"), folder.path().join("m.ditamap")] {
        let (documents, failures) = read_input(&input, &Options::default());
        assert!(!documents.is_empty());
        let told: Vec<&str> = failures.iter().map(|failure| failure.path.as_str()).collect();
        assert_eq!(told, ["loop"], "{}", input.display());
        assert!(failures[0].message.starts_with("cannot read the folder: "), "{failures:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_no_text_is_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let topic = "<topic id='t'><title>T</title></topic>";
    std::fs::write(folder.path().join("a.dita"), topic).unwrap();
    std::fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"b\xff.dita")), topic).unwrap();
    let (documents, failures) = super::read_input(folder.path(), &crate::normalize::Options::default());
    assert_eq!(documents.len(), 1);
    let told: Vec<String> = failures.iter().map(|failure| format!("{}: {}", failure.path, failure.message)).collect();
    assert_eq!(told, ["b\u{fffd}.dita: its name is not UTF-8; rename it"]);
}

#[test]
fn xml_that_is_not_dita_is_skipped_even_if_it_is_broken() {
    let entity =
        "<!DOCTYPE topic [<!ENTITY two SYSTEM 'two.xml'>]><topic id='t'><title>T</title><body>&two;</body></topic>";
    let folder = write(&[
        ("a.dita", entity),
        ("two.xml", "<p>one</p>\n<p>two</p>"),
        ("empty.xml", ""),
        ("foreign.xml", "<foo><bar></foo>"),
    ]);
    let mut skipped = Vec::new();
    for outcome in outcomes(folder.path(), &Options::default()) {
        match outcome {
            Outcome::Document(document) => assert_eq!(document.text_md, "one\n\ntwo"),
            Outcome::Skipped(file) => skipped.push(file.path),
            other => panic!("{other:?}"),
        }
    }
    skipped.sort();
    assert_eq!(skipped, ["empty.xml", "foreign.xml"]);
}

#[test]
fn a_topic_in_xdita_is_a_topic() {
    let files = [
        ("m.ditamap", "<map><topicref href='x.dita' format='xdita'/><topicref href='y.xdita' format='XDITA'/></map>"),
        ("x.dita", GOOD),
        ("y.xdita", GOOD),
    ];
    let folder = write(&files);
    let (documents, failures) = read_input(&folder.path().join("m.ditamap"), &Options::default());
    assert_eq!((documents.len(), failures.len()), (3, 0));
    assert_eq!(document(&files, "map:c/m").text_md, "- [T](topic:c/x)\n- [T](topic:c/y)");
}

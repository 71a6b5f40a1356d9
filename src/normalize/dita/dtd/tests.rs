use super::*;

struct Folder(HashMap<&'static str, &'static str>);

impl Files for Folder {
    fn read(&self, _base: &str, system: &str) -> Option<(String, Arc<str>)> {
        self.0.get(system).map(|text| (system.to_owned(), (*text).into()))
    }
}

fn read(doctype: &str, files: &[(&'static str, &'static str)]) -> Declarations {
    Declarations::read(doctype, "a.dita", &Folder(files.iter().copied().collect()))
}

#[test]
fn the_first_declaration_wins_and_comments_declare_nothing() {
    let read = read("map [<!-- <!ENTITY a 'x'> --> <!ENTITY a \"one > two\"> <!ENTITY a 'three'>]", &[]);
    assert_eq!(read.entities["a"], Entity::Text("one > two".into()));
}

#[test]
fn files_of_the_input_declare_entities_and_attributes() {
    let dtd = "<!ENTITY % more SYSTEM \"more.mod\"> %more; <!ENTITY % class.p 'class CDATA \"- topic/p r/what \"'>\
        <!ATTLIST what id ID #IMPLIED kind (a|b) 'a' %class.p;> <![%use;[<!ATTLIST x class CDATA #FIXED '+ topic/ph r/x '>]]>\
        <![IGNORE[<!ATTLIST y class CDATA '- topic/p '>]]>";
    let doctype = "r PUBLIC '-//x' 'r.dtd' [<!ENTITY % use 'INCLUDE'><!ENTITY part SYSTEM 'part.xml'>]";
    let more = "<!ENTITY name 'Acme'><!ATTLIST r class CDATA '- topic/topic r/r '>";
    let read = read(doctype, &[("r.dtd", dtd), ("more.mod", more), ("part.xml", "<?xml version='1.0'?><p>x</p>")]);
    let defaults =
        |element: &str| read.defaults(element).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    assert_eq!(defaults("what"), ["kind=a", "class=- topic/p r/what "]);
    assert_eq!(defaults("r"), ["class=- topic/topic r/r "]);
    assert_eq!(defaults("x"), ["class=+ topic/ph r/x "]);
    assert!(defaults("y").is_empty());
    assert_eq!(read.entities["name"], Entity::Text("Acme".into()));
    assert_eq!(read.entities["part"], Entity::Text("<p>x</p>".into()));
    assert!(read.unread.is_empty());
}

#[test]
fn the_first_declaration_of_an_attribute_wins_even_without_a_default() {
    let list = "<!ATTLIST p product CDATA #IMPLIED><!ATTLIST p product CDATA 'late' kind NOTATION (a|b) 'a'\
        os (linux | mac)\"linux\" id ID #REQUIRED class CDATA #FIXED '- topic/p '>";
    let read = read(&format!("topic [{list}]"), &[]);
    let defaults: Vec<_> = read.defaults("p").map(|(name, value)| (name, &**value)).collect();
    assert_eq!(defaults, [("kind", "a"), ("os", "linux"), ("class", "- topic/p ")]);
}

#[test]
fn what_is_not_in_the_input_is_named() {
    let read = read(
        "t SYSTEM 'http://x/t.dtd' [<!ENTITY a SYSTEM 'file:///etc/passwd'><!ENTITY % p SYSTEM 'gone.ent'> %p;]",
        &[],
    );
    assert_eq!(read.entities["a"], Entity::Unread);
    assert_eq!(read.unread, ["gone.ent", "http://x/t.dtd"]);
}

#[test]
fn declarations_that_grow_without_end_are_cut() {
    let read = read("t [<!ENTITY % a '%b;'><!ENTITY % b '%a;'> %a;]", &[]);
    assert!(read.entities.is_empty());
    let loops = [("a.ent", "<!ENTITY % f SYSTEM 'a.ent'> %f;")];
    assert!(super::tests::read("t SYSTEM 'a.ent'", &loops).is_cut);
    let mut bomb = String::from("t [<!ENTITY % a0 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'>");
    for level in 1..12 {
        let inner = format!("%a{};", level - 1).repeat(10);
        bomb = format!("{bomb}<!ENTITY % a{level} '{inner}'>");
    }
    bomb.push_str("%a11;]");
    assert!(super::tests::read(&bomb, &[]).is_cut);
}

//! Reads DITA-OT project files in XML, JSON or YAML. Each deliverable names a map and the conditions that filter it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_yaml::Value;

/// Maximum depth of files that include each other.
const MAX_INCLUDES: usize = 16;

/// The sources of one deliverable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliverable {
    /// The id or the name of the deliverable, or the name of its map.
    pub name: String,
    /// The map or topic.
    pub input: PathBuf,
    /// The ditaval files that filter it. The first has the highest priority.
    pub ditavals: Vec<PathBuf>,
}

/// The error for a project file that cannot be read or that refers to a missing file.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {message}", path = path.display())]
pub struct ProjectError {
    /// The file.
    pub path: PathBuf,
    /// The error.
    pub message: String,
}

/// Reads the deliverables of a project file. Returns `None` if the file is not a project file.
pub fn read(path: &Path) -> Result<Option<Vec<Deliverable>>, ProjectError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if !matches!(extension.as_str(), "xml" | "json" | "yaml" | "yml") || !path.is_file() {
        return Ok(None);
    }
    let mut project = Project::default();
    if !project.load(path, true, 0)? {
        return Ok(None);
    }
    project.deliverables(path).map(Some)
}

/// The content of a project file and of the files that it includes.
#[derive(Default)]
struct Project {
    contexts: BTreeMap<String, Context>,
    publications: BTreeMap<String, Vec<PathBuf>>,
    deliverables: Vec<Unresolved>,
}

#[derive(Default, Clone)]
struct Context {
    inputs: Vec<PathBuf>,
    ditavals: Vec<PathBuf>,
}

#[derive(Default)]
struct Unresolved {
    name: Option<String>,
    context: Context,
    context_ref: Option<String>,
    publication_ref: Option<String>,
    /// The ditaval files of its publication.
    ditavals: Vec<PathBuf>,
}

impl Project {
    /// Reads a file and the files that it includes. Returns false if it is not a project file.
    fn load(&mut self, path: &Path, is_first: bool, depth: usize) -> Result<bool, ProjectError> {
        let fail = |message: String| ProjectError { path: path.to_owned(), message };
        if depth > MAX_INCLUDES {
            return Err(fail("project files include each other in a cycle".to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        let is_xml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
        let value =
            if is_xml { from_xml(&text) } else { serde_yaml::from_str::<Value>(&text).map_err(|e| e.to_string()) };
        let value = match value {
            Ok(value) => value,
            // A file that cannot be parsed is not a project file. The caller reports the error.
            Err(_) if is_first => return Ok(false),
            Err(error) => return Err(fail(error)),
        };
        let known = ["deliverables", "contexts", "publications", "includes"];
        if !known.iter().any(|name| value.get(name).is_some()) {
            return Ok(false);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        for include in list(&value, "includes") {
            if let Some(href) = address(include) {
                self.load(&folder.join(href), false, depth + 1)?;
            }
        }
        for context in list(&value, "contexts") {
            if let Some(id) = text_of(context, "id") {
                self.contexts.insert(id, read_context(context, folder));
            }
        }
        for publication in list(&value, "publications") {
            if let Some(id) = text_of(publication, "id") {
                self.publications.insert(id, ditavals(publication, folder));
            }
        }
        for deliverable in list(&value, "deliverables") {
            let part = |name: &str| deliverable.get(name);
            self.deliverables.push(Unresolved {
                name: text_of(deliverable, "id").or_else(|| text_of(deliverable, "name")),
                context: part("context").map(|context| read_context(context, folder)).unwrap_or_default(),
                context_ref: part("context").and_then(|context| text_of(context, "idref")),
                publication_ref: part("publication").and_then(|publication| text_of(publication, "idref")),
                ditavals: part("publication").map(|publication| ditavals(publication, folder)).unwrap_or_default(),
            });
        }
        Ok(true)
    }

    fn deliverables(self, path: &Path) -> Result<Vec<Deliverable>, ProjectError> {
        let fail = |message: String| ProjectError { path: path.to_owned(), message };
        let mut all: Vec<Deliverable> = Vec::new();
        for deliverable in self.deliverables {
            let mut context = deliverable.context;
            if let Some(id) = &deliverable.context_ref {
                let referred = self.contexts.get(id).ok_or_else(|| fail(format!("no context has the id {id}")))?;
                context.inputs.extend(referred.inputs.iter().cloned());
                context.ditavals.extend(referred.ditavals.iter().cloned());
            }
            context.ditavals.extend(deliverable.ditavals);
            if let Some(id) = &deliverable.publication_ref {
                let referred =
                    self.publications.get(id).ok_or_else(|| fail(format!("no publication has the id {id}")))?;
                context.ditavals.extend(referred.iter().cloned());
            }
            if context.inputs.is_empty() {
                let name = deliverable.name.unwrap_or_else(|| "without a name".to_owned());
                return Err(fail(format!("deliverable {name} does not name an input map")));
            }
            let several = context.inputs.len() > 1;
            for input in context.inputs {
                let stem = input.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let name = match &deliverable.name {
                    Some(name) if several => format!("{name}-{stem}"),
                    Some(name) => name.clone(),
                    None => stem,
                };
                // Deliverables that differ only in their output format have the same text.
                let is_same = |other: &&Deliverable| other.input == input && other.ditavals == context.ditavals;
                if all.iter().find(is_same).is_none() {
                    all.push(Deliverable { name, input, ditavals: context.ditavals.clone() });
                }
            }
        }
        if all.is_empty() {
            return Err(fail("the project has no deliverables".to_owned()));
        }
        Ok(all)
    }
}

fn read_context(value: &Value, folder: &Path) -> Context {
    let inputs = value.get("input").or_else(|| value.get("inputs"));
    let inputs = inputs.map(|inputs| match inputs {
        Value::Sequence(inputs) => inputs.iter().filter_map(address).map(|href| folder.join(href)).collect(),
        one => address(one).map(|href| folder.join(href)).into_iter().collect(),
    });
    Context { inputs: inputs.unwrap_or_default(), ditavals: ditavals(value, folder) }
}

fn ditavals(value: &Value, folder: &Path) -> Vec<PathBuf> {
    let profiles = value.get("profiles").or_else(|| value.get("profile"));
    let ditavals = profiles.map(|profiles| list(profiles, "ditavals")).unwrap_or_default();
    ditavals.into_iter().filter_map(address).map(|href| folder.join(href)).collect()
}

fn list<'v>(value: &'v Value, name: &str) -> Vec<&'v Value> {
    match value.get(name) {
        Some(Value::Sequence(items)) => items.iter().collect(),
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one],
    }
}

/// Returns the path in `value`, which is either a string or an object with an `href`.
fn address(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned).or_else(|| text_of(value, "href"))
}

fn text_of(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(ToOwned::to_owned)
}

/// Converts an XML project file to the tree that JSON and YAML files have.
fn from_xml(text: &str) -> Result<Value, String> {
    let mut reader = Reader::from_str(text);
    let mut root = serde_yaml::Mapping::new();
    let mut open: Vec<(String, serde_yaml::Mapping)> = Vec::new();
    let mut is_project = false;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(tag) => {
                is_project |= open.is_empty() && local(&tag) == "project";
                open.push((local(&tag), attributes(&tag)));
            }
            Event::Empty(tag) => {
                let (name, element) = (local(&tag), attributes(&tag));
                if let Some((parent, inside)) = open.last_mut() {
                    add(parent, inside, &name, element);
                }
            }
            Event::End(_) => {
                let Some((name, element)) = open.pop() else { continue };
                match open.last_mut() {
                    Some((parent, inside)) => add(parent, inside, &name, element),
                    None => root = element,
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if is_project { Ok(Value::Mapping(root)) } else { Err("not a project".to_owned()) }
}

fn local(tag: &BytesStart<'_>) -> String {
    let name = tag.name().into_inner();
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

fn attributes(tag: &BytesStart<'_>) -> serde_yaml::Mapping {
    let attributes = tag.attributes().flatten();
    attributes.map(|attribute| (attribute.key.into_inner().into(), attribute.value.to_string().into())).collect()
}

/// Adds an element under its JSON name. For example, the `<context>` elements of a project become `contexts`.
fn add(parent: &str, inside: &mut serde_yaml::Mapping, name: &str, element: serde_yaml::Mapping) {
    let is_single = matches!(name, "profile" | "output") || parent == "deliverable";
    let name = match name {
        "profile" => "profiles".to_owned(),
        "input" => "input".to_owned(),
        name if is_single => name.to_owned(),
        name => format!("{name}s"),
    };
    let element = Value::Mapping(element);
    if is_single {
        inside.insert(name.into(), element);
        return;
    }
    match inside.get_mut(name.as_str()) {
        Some(Value::Sequence(items)) => items.push(element),
        _ => drop(inside.insert(name.into(), Value::Sequence(vec![element]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deliverables(files: &[(&str, &str)]) -> Vec<(String, String, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let name = |path: &PathBuf| path.strip_prefix(folder.path()).unwrap().display().to_string();
        let read = read(&folder.path().join(files[0].0)).unwrap().unwrap();
        read.iter().map(|d| (d.name.clone(), name(&d.input), d.ditavals.iter().map(name).collect())).collect()
    }

    const CONTEXT: &str =
        "{\"contexts\": [{\"id\": \"c\", \"input\": \"a.ditamap\", \"profiles\": {\"ditavals\": [\"a.ditaval\"]}}]}";

    fn expected() -> Vec<(String, String, Vec<String>)> {
        let text = ToString::to_string;
        vec![
            (text(&"one"), text(&"a.ditamap"), vec![text(&"a.ditaval"), text(&"b.ditaval")]),
            (text(&"two"), text(&"b.ditamap"), Vec::new()),
        ]
    }

    #[test]
    fn the_three_notations_say_the_same() {
        let xml = "<project xmlns='https://www.dita-ot.org/project'><include href='c.json'/>\
            <deliverable id='one'><context idref='c'/><publication transtype='html5'><profile><ditaval href='b.ditaval'/></profile></publication></deliverable>\
            <deliverable name='two'><context><input href='b.ditamap'/></context><publication transtype='pdf'/></deliverable></project>";
        assert_eq!(deliverables(&[("p.xml", xml), ("c.json", CONTEXT)]), expected());
        let json = "{\"includes\": [\"c.json\"], \"deliverables\": [\
            {\"id\": \"one\", \"context\": {\"idref\": \"c\"}, \"publication\": {\"profiles\": {\"ditavals\": [{\"href\": \"b.ditaval\"}]}}},\
            {\"name\": \"two\", \"context\": {\"input\": {\"href\": \"b.ditamap\"}}}]}";
        assert_eq!(deliverables(&[("p.json", json), ("c.json", CONTEXT)]), expected());
        let yaml = "includes: [c.json]\ndeliverables:\n- id: one\n  context: {idref: c}\n  publication: {profiles: {ditavals: [b.ditaval]}}\n\
            - name: two\n  context: {input: b.ditamap}\n";
        assert_eq!(deliverables(&[("p.yaml", yaml), ("c.json", CONTEXT)]), expected());
    }

    #[test]
    fn included_files_have_deliverables_of_their_own() {
        let all = "<project xmlns='https://www.dita-ot.org/project'><include href='sub.xml'/><include href='c.json'/>\
            <deliverable id='two'><context><input href='b.ditamap'/></context></deliverable></project>";
        let one = "<project xmlns='https://www.dita-ot.org/project'><include href='c.json'/><deliverable id='one'><context idref='c'/>\
            <publication transtype='html5'><profile><ditaval href='b.ditaval'/></profile></publication></deliverable></project>";
        assert_eq!(deliverables(&[("p.xml", all), ("sub.xml", one), ("c.json", CONTEXT)]), expected());
    }

    #[test]
    fn what_is_no_project_is_left_to_others() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("t.xml", "<topic id='t'/>"), ("x.json", "{\"a\": 1}"), ("broken.xml", "<a>")] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap(), None, "{name}");
        }
    }

    #[test]
    fn a_deliverable_without_its_context_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.yaml");
        std::fs::write(&path, "deliverables: [{id: one, context: {idref: gone}}]").unwrap();
        assert!(read(&path).unwrap_err().to_string().ends_with("p.yaml: no context has the id gone"));
    }
}

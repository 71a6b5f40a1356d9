//! Implements conref push, by which a topic inserts content into another topic. This is done before content is pulled.

use std::collections::HashMap;

use super::dom::{Element, FileId, Node};
use super::href;
use super::library::Library;
use super::targets::Targets;

/// Pushes, by target file.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    by_file: HashMap<FileId, Vec<Push>>,
}

/// Content that is pushed into another topic.
#[derive(Debug)]
pub(super) struct Push {
    topic: Option<String>,
    element: Option<String>,
    action: Action,
    content: Element,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Before,
    After,
    Replace,
}

impl Push {
    /// Collects the content that `files` push.
    pub fn collect(library: &Library, files: &[FileId]) -> Pushes {
        let mut pushes = Pushes::default();
        // If the input contains maps, only topics in the maps push content.
        for &file in files.iter().filter(|&&file| library.roots.is_empty() || library.uses_of(file).next().is_some()) {
            let Ok(tree) = library.inputs.load(file) else { continue };
            // Excluded content is not pushed.
            let mut root = Element::clone(&tree.root);
            if library.ditaval.as_ref().is_some_and(|ditaval| !ditaval.apply(&mut root)) {
                continue;
            }
            root.walk(&mut |parent| {
                let children: Vec<&Element> = parent.elements().collect();
                for (index, child) in children.iter().enumerate() {
                    let next = children.get(index + 1);
                    let before = index.checked_sub(1).and_then(|index| children.get(index));
                    pushes.add(library, child, before.copied(), next.copied());
                }
            });
        }
        pushes
    }
}

impl Pushes {
    /// Adds the content of one element. Neighbors with the role `mark` define the position.
    fn add(&mut self, library: &Library, element: &Element, before: Option<&Element>, next: Option<&Element>) {
        let mark = |element: Option<&Element>| {
            element.filter(|element| element.attr("conaction") == Some("mark")).and_then(|mark| target(library, mark))
        };
        let (action, target) = match element.attr("conaction") {
            Some("pushreplace") => (Action::Replace, target(library, element)),
            Some("pushbefore") => (Action::Before, mark(next)),
            Some("pushafter") => (Action::After, mark(before)),
            _ => return,
        };
        let Some((file, address)) = target else { return };
        let mut content = element.clone();
        for name in ["conaction", "conref", "conkeyref"] {
            content.remove_attr(name);
        }
        let push = Push { topic: address.topic, element: address.element, action, content };
        self.by_file.entry(file).or_default().push(push);
    }

    /// Returns whether any content is pushed into `file`.
    pub fn reach(&self, file: FileId) -> bool {
        self.by_file.contains_key(&file)
    }

    /// Inserts all content that is pushed into `file`.
    pub fn apply(&self, file: FileId, root: &mut Element) {
        // Insert the last push first, so that content that is pushed after the same target keeps its order.
        let pushes = self.by_file.get(&file).map(Vec::as_slice).unwrap_or_default();
        let (after, others): (Vec<&Push>, Vec<&Push>) = pushes.iter().partition(|push| push.action == Action::After);
        for push in others.into_iter().chain(after.into_iter().rev()) {
            let targets = Targets::of(root);
            let Some(found) = targets.find(root, push.topic.as_deref(), push.element.as_deref()) else { continue };
            let target = found.element;
            if (target.is(&push.content.name) || push.content.is(&target.name))
                && let Some(path) = path_to(root, target)
            {
                push.put(root, &path);
            }
        }
    }
}

/// Returns the index of the child on each level from `root` to `target`.
fn path_to(root: &Element, target: &Element) -> Option<Vec<usize>> {
    root.children.iter().enumerate().find_map(|(position, child)| {
        let child = child.element()?;
        if std::ptr::eq(child, target) {
            return Some(vec![position]);
        }
        let mut path = path_to(child, target)?;
        path.insert(0, position);
        Some(path)
    })
}

impl Push {
    /// Inserts the content before or after the element at `path`, or replaces the element.
    fn put(&self, parent: &mut Element, path: &[usize]) {
        let Some((&position, deeper)) = path.split_first() else { return };
        if !deeper.is_empty() {
            if let Some(Node::Element(child)) = parent.children.get_mut(position) {
                self.put(child, deeper);
            }
            return;
        }
        let mut content = self.content.clone();
        match (self.action, parent.children.get_mut(position)) {
            (Action::Before, Some(_)) => parent.children.insert(position, Node::Element(content)),
            (Action::After, Some(_)) => parent.children.insert(position + 1, Node::Element(content)),
            (Action::Replace, Some(Node::Element(old))) => {
                if let Some(id) = old.attr("id") {
                    content.set_attr("id", id);
                }
                *old = content;
            }
            _ => {}
        }
    }
}

fn target(library: &Library, element: &Element) -> Option<(FileId, href::Address)> {
    if let Some(reference) = element.attr("conkeyref") {
        let (key, id) = reference.split_once('/').unwrap_or((reference, ""));
        let resolver = library.resolver(element.file);
        let (definition, href) = resolver.key_address(key)?;
        let mut address = href::split(&href);
        if !id.is_empty() {
            address.element = Some(id.to_owned());
        }
        return Some((library.local_file(&definition, &address.path)?, address));
    }
    let address = href::split(element.attr("conref")?);
    Some((library.local_file(element, &address.path)?, address))
}

#[cfg(test)]
mod tests {
    use super::super::library::tests::library;

    const TARGET: &str =
        "<task id='t'><title>T</title><taskbody><steps><step id='a'><cmd>A</cmd></step></steps></taskbody></task>";

    fn pushed(steps: &str) -> String {
        let source = format!("<task id='s'><title>S</title><taskbody><steps>{steps}</steps></taskbody></task>");
        let library = library(&[("t.dita", TARGET), ("s.dita", &source)]);
        let file = library.inputs.file("t.dita").unwrap();
        library.prepare(file, &super::super::resolve::Context::default()).unwrap().text()
    }

    #[test]
    fn content_goes_before_after_and_in_place() {
        let mark = "<step conaction='mark' conref='t.dita#t/a'><cmd/></step>";
        let push = |action: &str, text: &str| format!("<step conaction='{action}'><cmd>{text}</cmd></step>");
        assert_eq!(pushed(&format!("{}{mark}", push("pushbefore", "1"))), "T1A");
        assert_eq!(pushed(&format!("{mark}{}{mark}{}", push("pushafter", "1"), push("pushafter", "2"))), "TA12");
        assert_eq!(pushed("<step conaction='pushreplace' conref='t.dita#t/a'><cmd>B</cmd></step>"), "TB");
    }

    #[test]
    fn content_of_another_type_stays_out() {
        assert_eq!(pushed("<cmd conaction='pushreplace' conref='t.dita#t/a'>B</cmd>"), "TA");
    }

    #[test]
    fn a_push_to_nowhere_changes_nothing() {
        assert_eq!(pushed("<step conaction='pushreplace' conref='t.dita#t/zz'><cmd>B</cmd></step>"), "TA");
        assert_eq!(pushed("<step conaction='pushreplace' conref='none.dita#t/a'><cmd>B</cmd></step>"), "TA");
    }
}

//! Finds the targets of addresses in a tree. An index makes many links to the same file fast.

use std::collections::HashMap;

use super::dom::Element;
use super::render::first_number;
use super::vocabulary::Kind;

/// The elements of a tree that an address can name.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// The topics in document order.
    topics: Vec<Place>,
    /// The first topic with each id.
    by_topic_id: HashMap<String, usize>,
    /// The elements with each id except the root, in document order.
    by_id: HashMap<String, Vec<Place>>,
}

/// The place of an element in its tree.
#[derive(Debug)]
struct Place {
    /// The index of the child on each level below the root.
    path: Box<[u32]>,
    /// The topic around the element.
    topic: Option<usize>,
    is_topic: bool,
    /// The number of an item in numbered lists, such as `2` or, in a nested list, `2.1`.
    number: Option<Box<str>>,
}

/// The target of an address.
pub(super) struct Found<'t> {
    pub element: &'t Element,
    pub parent: Option<&'t Element>,
    /// The id of the topic that contains the element.
    pub topic: &'t str,
    /// The number of an item in numbered lists.
    pub number: Option<&'t str>,
}

impl<'t> Found<'t> {
    /// Returns the siblings after the element up to the one with the id `end`, or `None` if there is none.
    pub fn siblings_to(&self, end: &str) -> Option<Vec<&'t Element>> {
        let siblings: Vec<&Element> = self.parent.into_iter().flat_map(Element::elements).collect();
        let start = siblings.iter().position(|sibling| std::ptr::eq(*sibling, self.element))?;
        let last = siblings.iter().position(|sibling| sibling.attr("id") == Some(end))?;
        Some(siblings.get(start + 1..=last).unwrap_or_default().to_vec())
    }
}

impl Targets {
    /// Returns the index of a tree.
    pub fn of(root: &Element) -> Self {
        let mut targets = Self::default();
        let topic = targets.add_topic(root, &[], None);
        targets.add_below(root, topic, None, &mut Vec::new());
        targets
    }

    fn add_topic(&mut self, element: &Element, path: &[u32], around: Option<usize>) -> Option<usize> {
        if Kind::of(element) != Kind::Topic {
            return around;
        }
        let number = self.topics.len();
        self.topics.push(Place { path: path.into(), topic: around, is_topic: true, number: None });
        if let Some(id) = element.attr("id") {
            self.by_topic_id.entry(id.to_owned()).or_insert(number);
        }
        Some(number)
    }

    /// Adds the elements below `parent`. `outer` is the number of the item around them.
    fn add_below(&mut self, parent: &Element, topic: Option<usize>, outer: Option<&str>, path: &mut Vec<u32>) {
        let is_numbered = matches!(Kind::of(parent), Kind::Numbers | Kind::Steps);
        let mut items = first_number(parent).saturating_sub(1);
        for (position, child) in (0..).zip(&parent.children) {
            let Some(child) = child.element() else { continue };
            path.push(position);
            let is_item = is_numbered && Kind::of(child) == Kind::Item && !child.is("stepsection");
            items += u64::from(is_item);
            let number = is_item.then(|| outer.map_or(items.to_string(), |outer| format!("{outer}.{items}")));
            let inner = self.add_topic(child, path, topic);
            if let Some(id) = child.attr("id") {
                let is_topic = inner != topic;
                let number = number.as_deref().map(Box::from);
                let place = Place { path: path.as_slice().into(), topic, is_topic, number };
                self.by_id.entry(id.to_owned()).or_default().push(place);
            }
            self.add_below(child, inner, number.as_deref().or(outer), path);
            path.pop();
        }
    }

    /// Returns the target of a fragment in the tree of this index: a topic, an element in a topic, or an element of a map.
    pub fn find<'t>(&'t self, root: &'t Element, topic: Option<&str>, element: Option<&str>) -> Option<Found<'t>> {
        let Some(topic) = topic.filter(|topic| *topic != ".") else {
            return match element {
                None => self.topics.first().map_or_else(
                    || Some(Found { element: root, parent: None, topic: id_of(root), number: None }),
                    |first| found(root, first, None),
                ),
                Some(id) => self.find_inside(root, self.topics.first().map(|_| 0), id),
            };
        };
        if let Some(&number) = self.by_topic_id.get(topic) {
            return match element {
                None => found(root, self.topics.get(number)?, None),
                Some(id) => self.find_inside(root, Some(number), id),
            };
        }
        // In a map, the first part of a fragment is the id of an element.
        let is_map = Kind::of(root) != Kind::Topic && root.name != "dita";
        is_map.then(|| self.find_inside(root, None, element.unwrap_or(topic))).flatten()
    }

    /// Finds an element by id. The topic itself has priority over nested topics.
    fn find_inside<'t>(&'t self, root: &'t Element, topic: Option<usize>, id: &str) -> Option<Found<'t>> {
        let places = self.by_id.get(id)?;
        let path = topic.and_then(|topic| self.topics.get(topic)).map_or(&[][..], |topic| &*topic.path);
        let own = places.iter().find(|place| place.topic == topic && !place.is_topic);
        let below = || places.iter().find(|place| place.path.len() > path.len() && place.path.starts_with(path));
        found(root, own.or_else(below)?, Some(element_at(root, path)?.0))
    }

    /// Returns the id of the topic around the element with an id, unless a topic has this id.
    pub fn topic_around<'t>(&self, root: &'t Element, id: &str) -> Option<&'t str> {
        if self.by_topic_id.contains_key(id) {
            return None;
        }
        match self.by_id.get(id)?.first()?.topic.and_then(|topic| self.topics.get(topic)) {
            Some(topic) => Some(id_of(element_at(root, &topic.path)?.0)),
            None => Some(""),
        }
    }
}

/// Returns the element at a place. `holder` is the topic in which it was searched, unless it is a topic itself.
fn found<'t>(root: &'t Element, place: &'t Place, holder: Option<&'t Element>) -> Option<Found<'t>> {
    let (element, parent) = element_at(root, &place.path)?;
    let topic = id_of(holder.unwrap_or(element));
    Some(Found { element, parent, topic, number: place.number.as_deref() })
}

/// Returns the element at a path, and its parent.
fn element_at<'t>(root: &'t Element, path: &[u32]) -> Option<(&'t Element, Option<&'t Element>)> {
    let mut at = (root, None);
    for &position in path {
        let (element, _) = at;
        at = (element.children.get(usize::try_from(position).ok()?)?.element()?, Some(element));
    }
    Some(at)
}

fn id_of(element: &Element) -> &str {
    element.attr("id").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    /// Returns the line of the target of an address, the id of its topic, and its number.
    fn target(xml: &str, topic: &str, element: &str) -> Option<(u64, String, Option<String>)> {
        let root = parse(xml.as_bytes(), 0).unwrap().root;
        let targets = Targets::of(&root);
        let [topic, element] = [topic, element].map(|part| Some(part).filter(|part| !part.is_empty()));
        let found = targets.find(&root, topic, element)?;
        Some((found.element.line, found.topic.to_owned(), found.number.map(ToOwned::to_owned)))
    }

    const TOPICS: &str = "<dita>\n<topic id='a'><body>\n<p id='x'/></body>\n<topic id='b'>\n<p id='x'/>\n<p id='y'/></topic></topic>\n\
        <topic id='c'>\n<p id='x'/>\n<p id='b'/></topic></dita>";

    #[test]
    fn a_topic_goes_before_the_topics_inside_it() {
        let line = |topic: &str, element: &str| target(TOPICS, topic, element).map(|(line, topic, _)| (line, topic));
        let expected = |line, topic: &str| Some((line, topic.to_owned()));
        assert_eq!(line("", ""), expected(2, "a"));
        assert_eq!(line("", "x"), expected(3, "a"));
        assert_eq!(line(".", "y"), expected(6, "a"));
        assert_eq!(line("a", "y"), expected(6, "a"));
        assert_eq!(line("a", "b"), expected(4, "a"));
        assert_eq!(line("b", ""), expected(4, "b"));
        assert_eq!(line("b", "x"), expected(5, "b"));
        assert_eq!(line("c", "x"), expected(8, "c"));
        assert_eq!(line("c", "b"), expected(9, "c"));
        assert_eq!(line("c", "y"), None);
        assert_eq!(line("x", ""), None);
    }

    #[test]
    fn in_a_map_the_first_part_names_an_element() {
        let map = "<map id='m'>\n<topicref id='x'>\n<topicref id='y'/></topicref></map>";
        let line = |topic: &str, element: &str| target(map, topic, element).map(|(line, ..)| line);
        assert_eq!((line("x", ""), line("m", "y"), line("", "y"), line("", "")), (Some(2), Some(3), Some(3), Some(1)));
        assert_eq!((line("m", ""), line("z", "")), (None, None));
    }

    #[test]
    fn items_of_numbered_lists_have_numbers() {
        let list = "<topic id='t'><ol><li id='one'/><li id='two'><ul><li id='bullet'><ol><li id='deep'/></ol></li></ul></li></ol></topic>";
        let number = |id: &str| target(list, "t", id).unwrap().2;
        assert_eq!((number("one").as_deref(), number("two").as_deref()), (Some("1"), Some("2")));
        assert_eq!((number("bullet"), number("deep").as_deref()), (None, Some("2.1")));
    }
}

//! Defines how every DITA element is converted. To add an element, edit only the table in `elements.rs`.
//!
//! Element types are looked up from the most specialized type in `@class` to the most general. An element without a
//! class is looked up by its name. Therefore a specialization needs a line only if it differs from its base type.

mod elements;
mod references;
#[cfg(test)]
mod tests;

use super::dom::Element;
use elements::{STRUCTURE, built_in};

pub(super) use references::{is_map, is_topicref};

/// How an element is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    // Structure
    Topic,
    Title,
    /// Only its content is rendered.
    Wrapper,
    /// Like a wrapper, but the title becomes a heading.
    Section,
    // Blocks
    Paragraph,
    LongQuote,
    Lines,
    CodeBlock,
    /// A syntax diagram. Each fragment becomes one line.
    Syntax,
    Bullets,
    Numbers,
    Steps,
    Item,
    Definitions,
    Note,
    Hazard,
    Table,
    /// `simpletable`, `properties` and `choicetable`: rows of cells without column specifications.
    SimpleTable,
    Figure,
    ImageMap,
    Media,
    RelatedLinks,
    LinkList,
    Link,
    GlossaryAlternative,
    /// An equation or another block that contains one formula.
    MathBlock,
    // Text
    Phrase,
    Strong,
    Emphasis,
    Strike,
    Subscript,
    Superscript,
    Code,
    /// A code span with the name in angle brackets.
    XmlElement,
    /// A code span with `@` before the name.
    XmlAttribute,
    /// A code span with `&` before and `;` after the name.
    TextEntity,
    /// A code span with `%` before and `;` after the name.
    ParameterEntity,
    /// A code span with `&#` before and `;` after the number.
    CharacterReference,
    Quotation,
    /// Text in parentheses, separated from the formula.
    EquationNumber,
    MenuCascade,
    Trademark,
    State,
    CrossReference,
    Image,
    Footnote,
    Math,
    Svg,
    LineBreak,
    /// Text from another file.
    Include,
    // Not part of the text
    /// Metadata, or content that readers do not need.
    Metadata,
    /// The element is omitted and counted in the losses.
    Dropped,
    /// The table does not contain the element.
    Unknown,
}

impl Kind {
    /// Returns the kind of an element.
    pub fn of(element: &Element) -> Self {
        let mut typed = element.classes().filter(|(module, _)| is_standard(module)).peekable();
        if typed.peek().is_none() {
            return built_in(&element.name).unwrap_or(Self::Unknown);
        }
        typed.find_map(|(_, name)| built_in(name)).unwrap_or(Self::Unknown)
    }

    /// Returns whether the element is a block.
    pub fn is_block(self) -> bool {
        use Kind::{
            Bullets, CodeBlock, Definitions, Figure, GlossaryAlternative, Hazard, ImageMap, Item, Lines, Link,
            LinkList, LongQuote, MathBlock, Media, Note, Numbers, Paragraph, RelatedLinks, Section, SimpleTable, Steps,
            Syntax, Table, Title, Topic, Wrapper,
        };
        matches!(
            self,
            Topic
                | Title
                | Wrapper
                | Section
                | Paragraph
                | LongQuote
                | Lines
                | CodeBlock
                | Syntax
                | Bullets
                | Numbers
                | Steps
                | Item
                | Definitions
                | Note
                | Hazard
                | Table
                | SimpleTable
                | Figure
                | ImageMap
                | Media
                | RelatedLinks
                | LinkList
                | Link
                | GlossaryAlternative
                | MathBlock
        )
    }

    /// Returns whether the text of the element is invisible.
    pub fn is_hidden(self) -> bool {
        matches!(self, Self::Metadata | Self::Dropped)
    }
}

/// Returns whether a module is a part of DITA. Names in other modules may have a different meaning.
fn is_standard(module: &str) -> bool {
    const MODULES: [&str; 24] = [
        "topic",
        "map",
        "concept",
        "task",
        "taskreq-d",
        "reference",
        "glossentry",
        "glossgroup",
        "troubleshooting",
        "machineryTask",
        "bookmap",
        "subjectScheme",
        "learningBase",
        "learningAssessment",
        "learningContent",
        "learningOverview",
        "learningPlan",
        "learningSummary",
        "learningMap",
        "learningGroupMap",
        "learningObjectMap",
        "qatopic",
        "eclipsemap",
        "generalTask",
    ];
    MODULES.contains(&module) || module.ends_with("-d")
}

/// Returns whether DITA defines an element with this name, in topics or in maps.
pub(super) fn is_known(name: &str) -> bool {
    let element = Element::new(name, 0, 1);
    built_in(name).is_some() || STRUCTURE.contains(&name) || is_map(&element) || is_topicref(&element)
}

/// Standard attributes for conditions. A ditaval or a specialization may add others.
pub(super) const CONDITIONS: [&str; 6] = ["audience", "platform", "product", "otherprops", "props", "deliveryTarget"];

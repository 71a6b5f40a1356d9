//! Defines how every DITA element is converted. To add an element, edit only this table.
//!
//! Element types are looked up from the most specialized type in `@class` to the most general. An element without a
//! class is looked up by its name. Therefore a specialization needs a line only if it differs from its base type.

use super::dom::Element;

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
    /// Omitted and counted.
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

/// Returns whether a module is a part of DITA. Names in other modules may have another meaning.
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

/// Elements that are converted together with the element around them.
const STRUCTURE: [&str; 52] = [
    "tgroup",
    "thead",
    "tbody",
    "tfoot",
    "row",
    "sthead",
    "strow",
    "prophead",
    "property",
    "proptype",
    "propvalue",
    "propdesc",
    "proptypehd",
    "propvaluehd",
    "propdeschd",
    "chhead",
    "chrow",
    "choption",
    "chdesc",
    "choptionhd",
    "chdeschd",
    "dlentry",
    "dlhead",
    "dthd",
    "ddhd",
    "plentry",
    "messagepanel",
    "fragment",
    "synblk",
    "groupseq",
    "groupchoice",
    "groupcomp",
    "reltable",
    "relheader",
    "relcolspec",
    "relrow",
    "relcell",
    "ditavalref",
    "bookmeta",
    "bookid",
    "mainbooktitle",
    "booktitlealt",
    "booklibrary",
    "othermeta",
    "prodinfo",
    "prodname",
    "critdates",
    "created",
    "revised",
    "copyright",
    "category",
    "audience",
];

/// Looks up an element in the three parts of the table.
fn built_in(name: &str) -> Option<Kind> {
    block(name).or_else(|| text(name)).or_else(|| outside_text(name))
}

/// Structure and blocks.
fn block(name: &str) -> Option<Kind> {
    Some(match name {
        "topic" | "concept" | "task" | "reference" | "glossentry" | "glossgroup" | "troubleshooting"
        | "generaltask" | "machinerytask" | "qatopic" | "learningBase" | "learningAssessment" | "learningContent"
        | "learningOverview" | "learningPlan" | "learningSummary" | "learningObject" | "learningGroup" => Kind::Topic,

        "title" | "glossterm" | "linklist-title" | "booktitle" => Kind::Title,

        "dita"
        | "body"
        | "conbody"
        | "taskbody"
        | "refbody"
        | "glossBody"
        | "glossdef"
        | "glossUsage"
        | "troublebody"
        | "troubleSolution"
        | "bodydiv"
        | "conbodydiv"
        | "refbodydiv"
        | "sectiondiv"
        | "div"
        | "itemgroup"
        | "info"
        | "stepxmp"
        | "stepresult"
        | "steptroubleshooting"
        | "tutorialinfo"
        | "figgroup"
        | "abstract"
        | "dd"
        | "pd"
        | "entry"
        | "stentry"
        | "desc"
        | "longdescref"
        | "equation-figure"
        | "glossSurfaceForm"
        | "linkinfo"
        | "qabody" => Kind::Wrapper,

        "section"
        | "example"
        | "refsyn"
        | "condition"
        | "cause"
        | "remedy"
        | "responsibleParty"
        | "prereq"
        | "context"
        | "result"
        | "postreq"
        | "tasktroubleshooting"
        | "equation-section"
        | "diagnostics" => Kind::Section,

        "p" | "shortdesc" | "linktext" => Kind::Paragraph,
        "lq" => Kind::LongQuote,
        "lines" => Kind::Lines,
        "pre" | "codeblock" | "msgblock" | "screen" => Kind::CodeBlock,
        "syntaxdiagram" => Kind::Syntax,
        "ul" | "sl" | "choices" | "steps-unordered" => Kind::Bullets,
        "ol" | "substeps" => Kind::Numbers,
        "steps" | "steps-informal" => Kind::Steps,
        "li" | "sli" | "step" | "substep" | "choice" | "stepsection" => Kind::Item,
        "dl" | "parml" => Kind::Definitions,
        "note" => Kind::Note,
        "hazardstatement" => Kind::Hazard,
        "table" => Kind::Table,
        "simpletable" | "properties" | "choicetable" => Kind::SimpleTable,
        "fig" => Kind::Figure,
        "imagemap" => Kind::ImageMap,
        "object" | "video" | "audio" => Kind::Media,
        "related-links" => Kind::RelatedLinks,
        "linkpool" | "linklist" => Kind::LinkList,
        "link" => Kind::Link,
        "glossAlt" => Kind::GlossaryAlternative,
        "equation-block" => Kind::MathBlock,
        _ => return None,
    })
}

/// Parts of running text.
fn text(name: &str) -> Option<Kind> {
    Some(match name {
        "ph" | "term" | "synnoteref" | "fragref" | "indextermref" | "keyword" | "cmd" | "text" | "synph" | "dt"
        | "pt" | "cite" | "abbreviated-form" | "equation-inline" | "equation-number" | "overline" | "sep" | "u"
        | "shape" | "coords" | "glossAcronym" | "glossAbbreviation" | "glossShortForm" | "glossSynonym" | "delim"
        | "kwd" | "oper" | "repsep" | "typeofhazard" | "consequence" | "howtoavoid" | "person" | "organization" => {
            Kind::Phrase
        }
        "b" | "strong" | "uicontrol" | "wintitle" => Kind::Strong,
        "i" | "em" | "varname" | "var" => Kind::Emphasis,
        "line-through" => Kind::Strike,
        "sub" => Kind::Subscript,
        "sup" => Kind::Superscript,
        "tt" | "codeph" | "apiname" | "option" | "parmname" | "cmdname" | "userinput" | "systemoutput" | "filepath"
        | "msgph" | "msgnum" | "xmlnsname" | "xmlpi" | "markupname" | "shortcut" => Kind::Code,
        "xmlelement" => Kind::XmlElement,
        "xmlatt" => Kind::XmlAttribute,
        "textentity" => Kind::TextEntity,
        "parameterentity" => Kind::ParameterEntity,
        "numcharref" => Kind::CharacterReference,
        "q" => Kind::Quotation,
        "menucascade" => Kind::MenuCascade,
        "tm" => Kind::Trademark,
        "state" | "boolean" => Kind::State,
        "xref" | "coderef-link" => Kind::CrossReference,
        "image" | "hazardsymbol" => Kind::Image,
        "fn" | "synnote" => Kind::Footnote,
        "math" | "mathml" => Kind::Math,
        "svg" | "svg-container" => Kind::Svg,
        "br" => Kind::LineBreak,
        "include" | "coderef" => Kind::Include,
        _ => return None,
    })
}

/// Elements that readers do not see.
fn outside_text(name: &str) -> Option<Kind> {
    Some(match name {
        "prolog" | "titlealts" | "titlealt" | "navtitle" | "searchtitle" | "linktitle" | "subtitle" | "data"
        | "data-about" | "sort-as" | "indexterm" | "index-base" | "index-see" | "index-see-also" | "index-sort-as"
        | "area" | "colspec" | "spanspec" | "param" | "alt" | "keytext" | "source" | "author" | "glossPartOfSpeech"
        | "glossStatus" | "glossProperty" | "glossSymbol" | "glossScopeNote" | "glossAlternateFor" | "topicmeta"
        | "metadata" | "keywords" | "resourceid" | "media-source" | "media-track" | "video-poster" | "fallback"
        | "change-historylist" | "ditaval-startprop" | "ditaval-endprop" => Kind::Metadata,

        "draft-comment" | "required-cleanup" | "foreign" | "unknown" | "mathmlref" | "svgref" | "no-topic-nesting" => {
            Kind::Dropped
        }
        _ => return None,
    })
}

/// Standard attributes for conditions. A ditaval or a specialization may add others.
pub(super) const CONDITIONS: [&str; 6] = ["audience", "platform", "product", "otherprops", "props", "deliveryTarget"];

/// Returns whether an element is a map or a specialization of one.
pub(super) fn is_map(element: &Element) -> bool {
    ["map", "bookmap", "subjectScheme", "eclipsemap", "learningMap", "learningGroupMap", "learningObjectMap"]
        .iter()
        .any(|name| element.is(name))
}

/// Returns whether an element of a map is a reference to a topic or a map, or a group of references.
pub(super) fn is_topicref(element: &Element) -> bool {
    element.types().any(|name| matches!(name, "topicref" | "navref"))
        || matches!(
            element.name.as_str(),
            "topicref"
                | "topichead"
                | "topicgroup"
                | "topicset"
                | "topicsetref"
                | "keydef"
                | "mapref"
                | "anchorref"
                | "navref"
                | "glossref"
                | "chapter"
                | "part"
                | "appendix"
                | "appendices"
                | "preface"
                | "notices"
                | "dedication"
                | "colophon"
                | "bookabstract"
                | "draftintro"
                | "amendments"
                | "frontmatter"
                | "backmatter"
                | "booklists"
                | "toc"
                | "figurelist"
                | "tablelist"
                | "abbrevlist"
                | "trademarklist"
                | "bibliolist"
                | "glossarylist"
                | "indexlist"
                | "booklist"
                | "subjectdef"
                | "schemeref"
                | "subjectHead"
                | "hasInstance"
                | "hasKind"
                | "hasNarrower"
                | "hasPart"
                | "hasRelated"
                | "enumerationdef"
                | "learningObject"
                | "learningGroup"
                | "learningContentRef"
                | "learningOverviewRef"
                | "learningPlanRef"
                | "learningSummaryRef"
                | "learningPreAssessmentRef"
                | "learningPostAssessmentRef"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(name: &str, class: &str) -> Element {
        let mut element = Element::new(name, 0, 1);
        element.set_attr("class", class);
        element
    }

    #[test]
    fn the_most_special_known_type_decides() {
        assert_eq!(Kind::of(&element("steps", "- topic/ol task/steps ")), Kind::Steps);
        assert_eq!(Kind::of(&element("mylist", "- topic/ol my/mylist ")), Kind::Numbers);
    }

    #[test]
    fn the_class_goes_before_the_name() {
        assert_eq!(Kind::of(&element("title", "- topic/p my/title2 ")), Kind::Paragraph);
    }

    #[test]
    fn elements_without_a_class_go_by_name() {
        assert_eq!(Kind::of(&Element::new("codeph", 0, 1)), Kind::Code);
        assert_eq!(Kind::of(&Element::new("no-such-thing", 0, 1)), Kind::Unknown);
    }

    #[test]
    fn a_name_in_a_module_of_its_own_is_not_the_built_in_name() {
        assert_eq!(Kind::of(&element("q", "- topic/p x/q ")), Kind::Paragraph);
        assert_eq!(Kind::of(&element("b", "+ topic/ph hi-d/b ")), Kind::Strong);
    }

    #[test]
    fn a_html_style_class_is_not_a_dita_class() {
        assert_eq!(Kind::of(&element("p", "wide")), Kind::Paragraph);
    }
}

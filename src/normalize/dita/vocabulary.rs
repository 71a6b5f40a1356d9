//! What every DITA element becomes: the one table to edit when an element is added.
//!
//! Element types are looked up from the most special in `@class` to the most general; an element without a class by
//! its own name. So a specialization needs a line here only if it should look different from what it specializes.

use super::dom::Element;

/// How an element is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    // Structure
    Topic,
    Title,
    /// Its blocks stand where it stands.
    Wrapper,
    /// Wrapper whose title becomes a heading.
    Section,
    // Blocks
    Paragraph,
    LongQuote,
    Lines,
    CodeBlock,
    /// A syntax diagram: its parts on one line.
    Syntax,
    Bullets,
    Numbers,
    Steps,
    Item,
    Definitions,
    Note,
    Hazard,
    Table,
    /// `simpletable`, `properties`, `choicetable`: rows of cells without column specifications.
    SimpleTable,
    Figure,
    ImageMap,
    Media,
    RelatedLinks,
    LinkList,
    Link,
    GlossaryAlternative,
    /// Equation or other block that holds one formula.
    MathBlock,
    // Text
    Phrase,
    Strong,
    Emphasis,
    Strike,
    Subscript,
    Superscript,
    Code,
    /// Code span around the name in angle brackets.
    XmlElement,
    /// Code span, `@` before the name.
    XmlAttribute,
    /// Code span, `&` before and `;` after the name.
    TextEntity,
    /// Code span, `%` before and `;` after the name.
    ParameterEntity,
    /// Code span, `&#` before and `;` after the number.
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
    /// Text of another file.
    Include,
    // Not part of the text
    /// Read elsewhere or of no interest to readers.
    Metadata,
    /// Left out and counted.
    Dropped,
    /// In no table.
    Unknown,
}

impl Kind {
    /// The kind of an element.
    pub fn of(element: &Element) -> Self {
        element.types().find_map(built_in).or_else(|| built_in(&element.name)).unwrap_or(Self::Unknown)
    }

    /// Whether it stands between paragraphs, not inside one.
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

    /// Whether its text is no part of what a reader sees.
    pub fn is_hidden(self) -> bool {
        matches!(self, Self::Metadata | Self::Dropped)
    }
}

/// The table, in three parts.
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
        "fn" => Kind::Footnote,
        "math" | "mathml" => Kind::Math,
        "svg" | "svg-container" => Kind::Svg,
        "br" => Kind::LineBreak,
        "include" | "coderef" => Kind::Include,
        _ => return None,
    })
}

/// What readers do not see.
fn outside_text(name: &str) -> Option<Kind> {
    Some(match name {
        "prolog" | "titlealts" | "titlealt" | "navtitle" | "searchtitle" | "linktitle" | "subtitle" | "data"
        | "data-about" | "sort-as" | "indexterm" | "index-base" | "index-see" | "index-see-also" | "index-sort-as"
        | "area" | "colspec" | "spanspec" | "param" | "alt" | "keytext" | "source" | "author" | "glossPartOfSpeech"
        | "glossStatus" | "glossProperty" | "glossSymbol" | "glossScopeNote" | "glossAlternateFor" | "topicmeta"
        | "metadata" | "keywords" | "resourceid" | "media-source" | "media-track" | "video-poster" | "fallback"
        | "change-historylist" | "ditaval-startprop" | "ditaval-endprop" => Kind::Metadata,

        "draft-comment" | "required-cleanup" | "foreign" | "unknown" | "mathmlref" | "svgref" | "no-topic-nesting"
        | "synnote" => Kind::Dropped,
        _ => return None,
    })
}

/// Attributes that conditions are written in, without what a ditaval or a specialization adds.
pub(super) const CONDITIONS: [&str; 6] = ["audience", "platform", "product", "otherprops", "props", "deliveryTarget"];

/// Whether an element is a map, a specialized one included.
pub(super) fn is_map(element: &Element) -> bool {
    ["map", "bookmap", "subjectScheme", "eclipsemap", "learningMap", "learningGroupMap", "learningObjectMap"]
        .iter()
        .any(|name| element.is(name))
}

/// Whether an element refers from a map to a topic, another map, or groups such references.
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
    fn a_html_style_class_is_not_a_dita_class() {
        assert_eq!(Kind::of(&element("p", "wide")), Kind::Paragraph);
    }
}

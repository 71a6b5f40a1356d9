//! The table of elements.

use super::Kind;

/// Looks up an element in the four parts of the table.
pub(super) fn built_in(name: &str) -> Option<Kind> {
    structure(name).or_else(|| block(name)).or_else(|| text(name)).or_else(|| outside_text(name))
}

/// Topics, their sections, and elements that only contain blocks.
fn structure(name: &str) -> Option<Kind> {
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
        | "glossScopeNote"
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
        | "diagnostics"
        | "diagnostics-general"
        | "diagnostics-steps" => Kind::Section,
        _ => return None,
    })
}

/// Blocks.
fn block(name: &str) -> Option<Kind> {
    Some(match name {
        "p" | "shortdesc" | "linktext" => Kind::Paragraph,
        "lq" | "longquoteref" => Kind::LongQuote,
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
        | "pt" | "cite" | "abbreviated-form" | "equation-inline" | "overline" | "sep" | "u" | "shape" | "coords"
        | "glossAcronym" | "glossAbbreviation" | "glossShortForm" | "glossSynonym" | "delim" | "kwd" | "oper"
        | "repsep" | "typeofhazard" | "consequence" | "howtoavoid" | "person" | "organization" => Kind::Phrase,
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
        "equation-number" => Kind::EquationNumber,
        "menucascade" => Kind::MenuCascade,
        "tm" => Kind::Trademark,
        "state" | "boolean" => Kind::State,
        "xref" | "coderef-link" => Kind::CrossReference,
        "image" | "hazardsymbol" | "glossSymbol" => Kind::Image,
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
        | "glossStatus" | "glossProperty" | "glossAlternateFor" | "topicmeta" | "metadata" | "keywords"
        | "resourceid" | "media-source" | "media-track" | "video-poster" | "fallback" | "change-historylist"
        | "ditaval-startprop" | "ditaval-endprop" => Kind::Metadata,

        "draft-comment" | "required-cleanup" | "foreign" | "unknown" | "mathmlref" | "svgref" | "no-topic-nesting" => {
            Kind::Dropped
        }
        _ => return None,
    })
}

/// Elements that are converted together with the element around them.
pub(super) const STRUCTURE: [&str; 52] = [
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

//! Lists the elements of maps.

use super::super::dom::Element;

/// Returns whether an element is a map or a specialization of one.
pub fn is_map(element: &Element) -> bool {
    ["map", "bookmap", "subjectScheme", "eclipsemap", "learningMap", "learningGroupMap", "learningObjectMap"]
        .iter()
        .any(|name| element.is(name))
}

/// Returns whether an element of a map is a reference to a topic or a map, or a group of references.
pub fn is_topicref(element: &Element) -> bool {
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

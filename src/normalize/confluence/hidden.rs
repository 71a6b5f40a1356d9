//! Detects elements that a browser does not show.

use super::dom::Element;

/// Returns whether the element is invisible to readers.
pub(super) fn is_hidden(element: &Element) -> bool {
    crate::normalize::hidden::is_hidden(&element.attributes)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use crate::normalize::text::Losses;

    #[test]
    fn hidden_elements_are_omitted_at_every_place_and_counted() {
        for hidden in [
            "<p hidden>x</p>",
            "<span hidden=\"hidden\">x</span>",
            "<span Hidden=\"\">x</span>",
            "<div style=\"color: red; DISPLAY:NONE\">x</div>",
            "<div style='display : none!important'>x</div>",
            "<p style=\"visibility: hidden\">x</p>",
            "<table><tr hidden=\"\"><td>x</td></tr></table>",
            "<ul><li style=\"display:none\">x</li></ul>",
            "<dl><dt aria-hidden=\"TRUE\">x</dt></dl>",
            "<p style=\"display:none\"/>",
        ] {
            let mut losses = Losses::new();
            let nodes = parse::fragment(hidden, &mut losses).expect("readable");
            assert!(!format!("{nodes:?}").contains("Text(\"x\")"), "{hidden}");
            assert_eq!(losses["element:hidden"], 1, "{hidden}");
        }
    }

    #[test]
    fn other_elements_stay() {
        for shown in
            ["<p hidden=\"false\">x</p>", "<p style=\"display: block\">x</p>", "<p style=\"list-style: none\">x</p>"]
        {
            let mut losses = Losses::new();
            let nodes = parse::fragment(shown, &mut losses).expect("readable");
            assert!(format!("{nodes:?}").contains("Text(\"x\")") && losses.is_empty(), "{shown}");
        }
    }
}

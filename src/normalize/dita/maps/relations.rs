//! Reads relationship tables.

use super::super::branches::branches_of;
use super::super::dom::{Element, FileId};
use super::super::vocabulary::is_topicref;
use super::walk::{Place, Walk};

/// A topic in a relationship table, with flags for links from and to the topic.
#[derive(Clone)]
pub struct Side {
    pub file: FileId,
    /// The branches in which its key is defined. Copies in other branches are not related.
    pub branches: Option<Vec<usize>>,
    from: bool,
    to: bool,
}

impl Walk<'_> {
    /// Records the related topics in each row of a relationship table: topics in different cells, and topics in a family.
    pub(super) fn relate(&mut self, table: &Element, here: &Place) {
        let columns: Vec<&Element> = table.children_of("relheader").flat_map(Element::elements).collect();
        for row in table.children_of("relrow") {
            let cells = row.children_of("relcell").enumerate();
            let cells: Vec<Vec<Side>> = cells
                .map(|(index, cell)| self.cell(cell, &[cell, row, columns.get(index).unwrap_or(&table), table], here))
                .collect();
            let families = row.children_of("relcell").map(|cell| cell.attr("collection-type") == Some("family"));
            for (index, (cell, is_family)) in cells.iter().zip(families).enumerate() {
                let others = cells.iter().enumerate().filter(|(other, _)| is_family || *other != index);
                for other in others.flat_map(|(_, sides)| sides).filter(|other| other.to) {
                    let from = cell.iter().filter(|side| side.from && side.file != other.file);
                    self.root.related.extend(from.map(|side| (side.clone(), other.clone())));
                }
            }
        }
    }

    /// Returns the topics of a cell. `@linking` comes from the reference or, if it has none, from its ancestors.
    fn cell(&self, cell: &Element, around: &[&Element], here: &Place) -> Vec<Side> {
        let inherited = around.iter().find_map(|element| element.attr("linking"));
        let mut sides = Vec::new();
        cell.walk(&mut |element| {
            if !is_topicref(element) {
                return;
            }
            let linking = element.attr("linking").or(inherited).unwrap_or("normal");
            sides.extend(self.target(element, here).map(|(file, _, source)| Side {
                file,
                branches: branches_of(&source),
                from: matches!(linking, "normal" | "sourceonly"),
                to: matches!(linking, "normal" | "targetonly"),
            }));
        });
        sides
    }
}

//! Notices about an input of page files.

use std::collections::BTreeMap;

use super::super::super::{Notice, Outcome};
use super::super::{branches, not_current};
use super::Pages;
use super::contents::{File, List, Objects};

impl Pages {
    /// Returns notices for the owner of the files.
    pub(super) fn notices(&self) -> Vec<Outcome> {
        let mut notices: Vec<Outcome> = self.unfollowed().into_iter().collect();
        notices.extend(not_current(&self.sum(|objects| &objects.other_statuses)));
        let attachments = self.objects().map(|(_, objects)| objects.others).sum::<usize>();
        if attachments > 0 {
            let plural = if attachments == 1 {
                "result that is neither a page nor a comment"
            } else {
                "results that are neither pages nor comments"
            };
            let message = format!("left out {attachments} {plural}");
            notices.push(Outcome::Notice(Notice { is_warning: false, message }));
        }
        notices.extend(branches(&self.sum(|objects| &objects.branches)));
        notices
    }

    /// Adds up counts of all files.
    fn sum(&self, counts: impl Fn(&Objects) -> &BTreeMap<String, usize>) -> BTreeMap<String, usize> {
        let mut sum = BTreeMap::new();
        for (name, amount) in self.objects().flat_map(|(_, objects)| counts(objects)) {
            *sum.entry(name.clone()).or_default() += amount;
        }
        sum
    }

    /// Returns a warning if the input does not contain all parts of a list.
    fn unfollowed(&self) -> Option<Outcome> {
        let lists: Vec<(&File, &List)> =
            self.objects().filter_map(|(file, objects)| Some((file, objects.list.as_ref()?))).collect();
        let is_followed = |next: &str| {
            let start = next.split(['?', '&']).find_map(|part| part.strip_prefix("start=")?.parse::<u64>().ok());
            match start {
                Some(start) => lists.iter().any(|(_, list)| list.start == Some(start)),
                // A cursor does not identify its target. Only the last part of a list has no cursor.
                None => lists.iter().any(|(_, list)| list.next.is_none()),
            }
        };
        let open = |(file, list): &(&File, &List)| {
            let next = list.next.as_deref().filter(|next| !is_followed(next))?;
            Some((file.relative.clone(), next.to_owned()))
        };
        let (path, next) = lists.iter().filter_map(open).next_back()?;
        let message = format!("{path}: the list of pages is incomplete and continues at {next}; fetch the rest");
        Some(Outcome::Notice(Notice { is_warning: true, message }))
    }
}

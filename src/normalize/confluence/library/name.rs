//! The names by which links and macros refer to pages and blog posts.

use chrono::NaiveDate;

use super::{Kind, Library, PageRef};

/// The name of a page or a blog post.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageName {
    /// The key of its space. `None` means the space of the page that contains the name.
    pub space: Option<String>,
    pub title: String,
    pub is_post: bool,
    /// The day on which the blog post was published.
    pub day: Option<NaiveDate>,
}

impl PageName {
    /// Returns a name for `TITLE` or `/YYYY/MM/DD/TITLE`.
    pub fn new(space: Option<&str>, text: &str) -> Self {
        let space = space.map(str::to_owned);
        match dated(text.trim_start_matches('/')) {
            Some((day, title)) => Self { space, title: title.to_owned(), is_post: true, day: Some(day) },
            None => Self { space, title: text.to_owned(), ..Self::default() },
        }
    }

    /// Returns the name of a page for links in the same space.
    pub fn of(page: &PageRef) -> Self {
        Self { space: None, title: page.title.clone(), is_post: page.kind == Kind::Blog, day: page.day() }
    }

    /// Returns whether a page is of the right kind. The day in a link depends on the time zone of the server.
    pub(super) fn is_kind_of(&self, page: &PageRef) -> bool {
        match page.kind {
            Kind::Unknown => true,
            Kind::Page => !self.is_post,
            Kind::Blog => self.is_post && self.days_from(page).is_none_or(|days| days <= 1),
            Kind::Branch => false,
        }
    }

    /// Returns the number of days between the day in the name and the day on which a page was created.
    pub(super) fn days_from(&self, page: &PageRef) -> Option<u64> {
        Some((self.day? - page.day()?).num_days().unsigned_abs())
    }
}

/// Splits `YYYY/MM/DD/TITLE`.
fn dated(text: &str) -> Option<(NaiveDate, &str)> {
    let (day, title) = text.split_at_checked(10)?;
    Some((day_of(day)?, title.strip_prefix('/')?))
}

/// Parses `YYYY/MM/DD`.
pub fn day_of(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y/%m/%d").ok()
}

impl Library<'_> {
    /// Parses `TITLE` or `SPACE:TITLE`. A title may also contain a colon. If both are possible, the page with the whole text
    /// as its title has priority.
    pub fn name_of(&self, text: &str, from: &PageRef) -> PageName {
        let whole = PageName::new(None, text.trim());
        let Some((space, title)) =
            text.split_once(':').filter(|(space, title)| is_space_key(space) && !title.trim().is_empty())
        else {
            return whole;
        };
        let in_space = PageName::new(Some(space), title.trim());
        let is_title = self.find(&whole, from).is_some()
            || title.starts_with(char::is_whitespace) && self.find(&in_space, from).is_none();
        if is_title { whole } else { in_space }
    }
}

fn is_space_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '~')
}

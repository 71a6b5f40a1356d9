//! Finds pages by id, title or address.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Kind, Library, PageRef};

impl Library<'_> {
    /// Finds the document with a content id on the site of `from`.
    pub fn index_of(&self, content_id: &str, from: &PageRef) -> Option<usize> {
        let candidates = self.by_id.get(content_id)?.iter();
        let mut documents = candidates.filter(|index| self.page(**index).is_some_and(|page| page.kind != Kind::Branch));
        documents.find(|index| self.page(**index).is_some_and(|page| page.site == from.site)).copied()
    }

    /// Returns the number of a page that is stored in this library.
    pub fn number_of(&self, page: &PageRef) -> Option<usize> {
        self.by_id.get(&page.content_id)?.iter().find(|index| self.page(**index) == Some(page)).copied()
    }

    /// Finds a page by title. If no space is given, searches the space of `from`, and then all spaces if the title is
    /// unique. Pages of the same site have priority.
    pub fn find(&self, space: Option<&str>, title: &str, from: &PageRef) -> Option<usize> {
        let title = fold(title);
        let space = space.or(from.space_key.as_deref()).unwrap_or_default();
        let alone = || self.by_bare_title.get(&title).filter(|found| found.len() == 1);
        let known = self.by_title.get(&(fold(space), title.clone())).or_else(alone)?;
        let same_site = known.iter().find(|index| self.page(**index).is_some_and(|page| page.site == from.site));
        same_site.or_else(|| known.first()).copied()
    }

    /// Finds the page for an address. The address may belong to the site of `from` or to another site of the input.
    pub fn find_url(&self, url: &str, from: &PageRef) -> Option<usize> {
        let sites = std::iter::once(from.site).chain((0..self.sites.len()).filter(|site| *site != from.site));
        sites.filter_map(|number| Some((number, self.sites.get(number)?.path(url)?))).find_map(|(number, path)| {
            let of_site = PageRef { site: number, ..PageRef::default() };
            self.find_path(path, &of_site)
        })
    }

    fn find_path(&self, path: &str, from: &PageRef) -> Option<usize> {
        let path = path.split('#').next().unwrap_or(path);
        if let Some((_, query)) = path.split_once("pageId=") {
            return self.index_of(query.split('&').next()?, from);
        }
        let path = path.split('?').next().unwrap_or(path);
        if let Some((_, rest)) = path.split_once("/pages/").or_else(|| path.split_once("/blog/")) {
            // Addresses of blog posts begin with the date.
            return rest.split('/').rev().find_map(|part| self.index_of(part, from));
        }
        let (_, rest) = path.split_once("/display/")?;
        let (space, title) = rest.split_once('/')?;
        let title = percent_decode(&title.replace('+', " ")).into_owned();
        let found = self.by_title.get(&(fold(space), fold(&title)))?;
        found.iter().find(|index| self.page(**index).is_some_and(|page| page.site == from.site)).copied()
    }
}

/// Converts titles and space keys to a form for comparisons. Like Confluence, it ignores case.
pub fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Percent-encodes the characters that are not allowed in a part of an address.
pub fn percent_encode(text: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~')
        .remove(b'!')
        .remove(b'\'')
        .remove(b',')
        .remove(b':')
        .remove(b'@');
    utf8_percent_encode(text, KEPT).to_string()
}

/// Decodes sequences such as `%20`. Bytes that are not valid UTF-8 become U+FFFD.
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

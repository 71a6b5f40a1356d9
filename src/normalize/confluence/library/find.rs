//! Finds pages by id, title or address.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{Kind, Library, PageName, PageRef};

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

    /// Finds a page or a blog post by name. Without a space, the name belongs to the space of `from`.
    ///
    /// If that space does not contain the page, the page can be one whose space is unknown, but only if its title is unique.
    /// If the space of `from` is unknown, the page can be in any space.
    pub fn find(&self, name: &PageName, from: &PageRef) -> Option<usize> {
        let title = fold(&name.title);
        let space = name.space.as_deref().or(from.space_key.as_deref()).unwrap_or_default();
        let known = self.by_title.get(&(fold(space), title.clone()));
        if let Some((index, _)) =
            self.candidates(known, name, from).min_by_key(|(_, page)| (page.site != from.site, name.days_from(page)))
        {
            return Some(index);
        }
        let is_in_any = name.space.is_none() && from.space().is_none();
        let mut others = self
            .candidates(self.by_bare_title.get(&title), name, from)
            .filter(|(_, page)| is_in_any || page.space().is_none());
        let (index, _) = others.next()?;
        others.next().is_none().then_some(index)
    }

    /// Returns the pages among `indexes` that have the kind of `name`, without pages of another site.
    fn candidates<'l>(
        &'l self,
        indexes: Option<&'l Vec<usize>>,
        name: &'l PageName,
        from: &'l PageRef,
    ) -> impl Iterator<Item = (usize, &'l PageRef)> {
        let pages = indexes.into_iter().flatten().filter_map(|index| Some((*index, self.page(*index)?)));
        let is_unknown = |page: &PageRef| self.site(page).url.is_none();
        pages.filter(move |(_, page)| {
            name.is_kind_of(page) && (page.site == from.site || is_unknown(page) || is_unknown(from))
        })
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
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if path.ends_with("/pages/viewpage.action") {
            let value = |name: &str| {
                let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                pairs.find(|(given, _)| *given == name).map(|(_, value)| decoded(value))
            };
            return self.find_title(&value("spaceKey")?, &value("title")?, from);
        }
        if let Some((_, rest)) = path.split_once("/pages/").or_else(|| path.split_once("/blog/")) {
            // Addresses of blog posts begin with the date.
            return rest.split('/').rev().find_map(|part| self.index_of(part, from));
        }
        let (_, rest) = path.split_once("/display/")?;
        let (space, title) = rest.split_once('/')?;
        self.find_title(space, &decoded(title), from)
    }

    /// Finds the page with a title in a space on the site of `from`.
    fn find_title(&self, space: &str, title: &str, from: &PageRef) -> Option<usize> {
        let name = PageName::new(None, title);
        let found = self.by_title.get(&(fold(space), fold(&name.title)));
        self.candidates(found, &name, from).find(|(_, page)| page.site == from.site).map(|(index, _)| index)
    }
}

/// Decodes a title in an address, in which a plus sign means a space.
fn decoded(text: &str) -> String {
    percent_decode(&text.replace('+', " ")).into_owned()
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

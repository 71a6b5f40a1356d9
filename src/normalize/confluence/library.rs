//! What is known of the whole input while one page is converted: pages by id and title, people, spaces, bodies.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

/// A page's body as stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    Storage(String),
    Adf(Value),
    Wiki(String),
}

impl Body {
    /// The name that documents carry as `body_repr`.
    pub(super) fn representation(&self) -> &'static str {
        match self {
            Self::Storage(_) => "storage",
            Self::Adf(_) => "adf",
            Self::Wiki(_) => "wiki",
        }
    }
}

/// A page of the input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PageRef {
    pub id: String,
    pub title: String,
    pub space_key: Option<String>,
    pub url: Option<String>,
}

/// Where bodies come from when a page includes another, and files that a macro shows the text of.
pub(super) trait Bodies: Sync {
    /// Returns the body of page number `index`, if it can be read.
    fn body(&self, index: usize) -> Option<Body>;

    /// Returns a file attached to a page, if the input holds it.
    fn file(&self, _page_id: &str, _filename: &str) -> Option<Vec<u8>> {
        None
    }
}

/// The input as a whole.
pub(super) struct Library<'a> {
    site_url: Option<String>,
    pages: Vec<PageRef>,
    by_id: HashMap<String, usize>,
    by_title: HashMap<(String, String), usize>,
    /// `None` where two pages share the title.
    by_bare_title: HashMap<String, Option<usize>>,
    bodies: &'a dyn Bodies,
    /// Display names by account id, user key and user name.
    pub users: HashMap<String, String>,
    /// Names by space key.
    pub spaces: HashMap<String, String>,
    /// File names by the id that ADF media carry.
    pub files: HashMap<String, String>,
}

impl<'a> Library<'a> {
    pub(super) fn new(site_url: Option<&str>, bodies: &'a dyn Bodies) -> Self {
        let site_url = site_url.map(|url| url.trim().trim_end_matches('/').to_owned()).filter(|url| !url.is_empty());
        Self {
            site_url,
            pages: Vec::new(),
            by_id: HashMap::new(),
            by_title: HashMap::new(),
            by_bare_title: HashMap::new(),
            bodies,
            users: HashMap::new(),
            spaces: HashMap::new(),
            files: HashMap::new(),
        }
    }

    /// Adds a page; the first of several with one title keeps it.
    pub(super) fn add(&mut self, mut page: PageRef) -> usize {
        let index = self.pages.len();
        if page.url.is_none() {
            page.url = self.page_url(&page);
        }
        let title = fold(&page.title);
        self.by_id.entry(page.id.clone()).or_insert(index);
        let space = page.space_key.clone().unwrap_or_default();
        self.by_title.entry((fold(&space), title.clone())).or_insert(index);
        self.by_bare_title.entry(title).and_modify(|known| *known = None).or_insert(Some(index));
        self.pages.push(page);
        index
    }

    pub(super) fn page(&self, index: usize) -> Option<&PageRef> {
        self.pages.get(index)
    }

    pub(super) fn body(&self, index: usize) -> Option<Body> {
        self.bodies.body(index)
    }

    /// Returns a file attached to a page, if the input holds it.
    pub(super) fn file(&self, page_id: &str, filename: &str) -> Option<Vec<u8>> {
        self.bodies.file(page_id, filename)
    }

    pub(super) fn index_of(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Finds a page by title: in the space named, else in the `current` one, else wherever the title is the only one.
    pub(super) fn find(&self, space: Option<&str>, title: &str, current: Option<&str>) -> Option<usize> {
        let title = fold(title);
        let space = space.or(current).unwrap_or_default();
        let known = self.by_title.get(&(fold(space), title.clone())).copied();
        known.or_else(|| self.by_bare_title.get(&title).copied().flatten())
    }

    /// Finds the page that an address leads to, where it is an address of this site.
    pub(super) fn find_url(&self, url: &str) -> Option<usize> {
        let path = self.site_path(url)?;
        let path = path.split('#').next().unwrap_or(path);
        if let Some((_, query)) = path.split_once("pageId=") {
            let id = query.split('&').next()?;
            return self.index_of(id);
        }
        let path = path.split('?').next().unwrap_or(path);
        if let Some((_, rest)) = path.split_once("/pages/") {
            return rest.split('/').find_map(|part| self.index_of(part));
        }
        let (_, rest) = path.split_once("/display/")?;
        let (space, title) = rest.split_once('/')?;
        let title = percent_decode(&title.replace('+', " ")).into_owned();
        self.by_title.get(&(fold(space), fold(&title))).copied()
    }

    /// The part of an address below the site, or the whole of a relative one.
    fn site_path<'u>(&self, url: &'u str) -> Option<&'u str> {
        if url.starts_with('/') {
            return Some(url);
        }
        let site = self.site_url.as_deref()?;
        url.strip_prefix(site).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    }

    /// Makes an address absolute where the site is known.
    pub(super) fn absolute(&self, href: &str) -> String {
        let Some(site) = self.site_url.as_deref().filter(|_| href.starts_with('/') && !href.starts_with("//")) else {
            return href.to_owned();
        };
        // `/wiki/…` is written relative to the host, everything else relative to the site.
        let host = site.find("://").map(|at| at + 3);
        let context = host.and_then(|from| site.get(from..)).and_then(|rest| rest.find('/').map(|at| rest.get(at..)));
        match context.flatten() {
            Some(context) if href == context || href.starts_with(&format!("{context}/")) => {
                format!("{}{href}", site.strip_suffix(context).unwrap_or(site))
            }
            _ => format!("{site}{href}"),
        }
    }

    /// The address of a page of this input.
    fn page_url(&self, page: &PageRef) -> Option<String> {
        let site = self.site_url.as_deref()?;
        let numeric = !page.id.is_empty() && page.id.bytes().all(|byte| byte.is_ascii_digit());
        match (numeric, page.space_key.as_deref()) {
            (true, Some(space)) if site.ends_with("/wiki") => Some(format!("{site}/spaces/{space}/pages/{}", page.id)),
            (true, _) => Some(format!("{site}/pages/viewpage.action?pageId={}", page.id)),
            (false, Some(space)) => Some(self.display_url(space, &page.title)?),
            (false, None) => None,
        }
    }

    /// The address of a page known by its title only.
    pub(super) fn display_url(&self, space: &str, title: &str) -> Option<String> {
        let site = self.site_url.as_deref()?;
        Some(format!("{site}/display/{}/{}", percent_encode(space), percent_encode(title).replace("%20", "+")))
    }

    /// The address of a space.
    pub(super) fn space_url(&self, space: &str) -> Option<String> {
        self.site_url.as_deref().map(|site| format!("{site}/display/{}", percent_encode(space)))
    }

    /// The address of a page known by its id only.
    pub(super) fn id_url(&self, id: &str) -> Option<String> {
        self.site_url.as_deref().map(|site| format!("{site}/pages/viewpage.action?pageId={}", percent_encode(id)))
    }

    /// The address of a Jira issue: in the cloud, Jira is beside Confluence.
    pub(super) fn issue_url(&self, key: &str) -> Option<String> {
        let base = self.site_url.as_deref()?.strip_suffix("/wiki")?;
        Some(format!("{base}/browse/{key}"))
    }

    /// The address of a file attached to a page.
    pub(super) fn attachment_url(&self, page_id: &str, filename: &str) -> Option<String> {
        let numeric = !page_id.is_empty() && page_id.bytes().all(|byte| byte.is_ascii_digit());
        let site = self.site_url.as_deref().filter(|_| numeric)?;
        Some(format!("{site}/download/attachments/{page_id}/{}", percent_encode(filename)))
    }
}

/// Titles and space keys are compared without regard to case, as Confluence does.
fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Percent-encodes what cannot stand in a part of an address.
pub(super) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'!' | b'\'' | b',' | b':' | b'@' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.push_str(&hex::encode_upper([byte]));
            }
        }
    }
    out
}

/// Decodes `%20` and the like; text that is no valid UTF-8 afterwards is kept as far as it is.
pub(super) fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let decoded = if *first == b'%' { tail.get(..2).and_then(|pair| hex::decode(pair).ok()) } else { None };
        if let Some(decoded) = decoded {
            bytes.extend(decoded);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Bodies, Body, Library, PageRef};

    struct None_;
    impl Bodies for None_ {
        fn body(&self, _: usize) -> Option<Body> {
            None
        }
    }

    fn library(site: &str) -> Library<'static> {
        let mut library = Library::new(Some(site), &None_);
        let page = |id: &str, title: &str, space: &str| PageRef {
            id: id.to_owned(),
            title: title.to_owned(),
            space_key: Some(space.to_owned()),
            url: None,
        };
        library.add(page("1", "Data Model", "ENG"));
        library.add(page("2", "Home", "ENG"));
        library.add(page("3", "Home", "OPS"));
        library
    }

    #[test]
    fn pages_are_found_by_title_in_their_space_first() {
        let library = library("https://c.example.com");
        assert_eq!(library.find(None, "home", Some("OPS")), Some(2));
        assert_eq!(library.find(Some("ENG"), "Home", Some("OPS")), Some(1));
        assert_eq!(library.find(None, "Data  Model", Some("OPS")), Some(0));
        assert_eq!(library.find(None, "Home", Some("X")), None);
    }

    #[test]
    fn pages_are_found_by_every_form_of_address() {
        let library = library("https://x.atlassian.net/wiki");
        assert_eq!(library.find_url("https://x.atlassian.net/wiki/spaces/ENG/pages/1/Data+Model#a"), Some(0));
        assert_eq!(library.find_url("/wiki/pages/viewpage.action?pageId=2&x=1"), Some(1));
        assert_eq!(library.find_url("https://x.atlassian.net/wiki/display/OPS/Home"), Some(2));
        assert_eq!(library.find_url("https://elsewhere.example/display/OPS/Home"), None);
    }

    #[test]
    fn relative_addresses_become_absolute() {
        let library = library("https://x.atlassian.net/wiki/");
        assert_eq!(library.absolute("/wiki/a"), "https://x.atlassian.net/wiki/a");
        assert_eq!(library.absolute("/a"), "https://x.atlassian.net/wiki/a");
        assert_eq!(library.absolute("#a"), "#a");
    }
}

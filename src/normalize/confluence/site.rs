//! The address of a site, and the addresses and anchors of its pages.

use chrono::NaiveDate;

use super::library::{Kind, PageRef, percent_encode};

/// The format of a day in the addresses of blog posts.
const DAY: &str = "%Y/%m/%d";

/// A Confluence site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Site {
    /// The address without a slash at the end, or `None` if it is unknown.
    pub url: Option<String>,
    /// Whether Atlassian hosts the site, if this is known.
    pub is_cloud: Option<bool>,
}

impl Site {
    /// Parses an address. A Cloud site has its pages below `/wiki`.
    pub(super) fn new(url: Option<&str>, is_cloud: Option<bool>) -> Self {
        let url = url.map(|url| url.trim().trim_end_matches('/').to_owned()).filter(|url| !url.is_empty());
        let has_cloud_host = url.as_deref().and_then(host).is_some_and(|host| {
            let host = host.to_ascii_lowercase();
            host.ends_with(".atlassian.net")
                || host.ends_with(".jira-dev.com")
                || host.ends_with(".atlassian-us-gov-mod.net")
        });
        let is_cloud = if has_cloud_host { Some(true) } else { is_cloud };
        let url = url.map(|url| {
            let has_path = url.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
            if is_cloud == Some(true) && !has_path { format!("{url}/wiki") } else { url }
        });
        Self { url, is_cloud }
    }

    /// Returns the name of the site in document ids: host and path, without `/wiki`.
    pub(super) fn name(&self) -> Option<String> {
        let (_, rest) = self.url.as_deref()?.split_once("://")?;
        let rest = if self.is_cloud == Some(true) { rest.strip_suffix("/wiki").unwrap_or(rest) } else { rest };
        Some(rest.to_ascii_lowercase())
    }

    /// Returns the part of an address after the address of the site. A relative address is returned unchanged.
    pub(super) fn path<'u>(&self, url: &'u str) -> Option<&'u str> {
        if url.starts_with('/') {
            return Some(url);
        }
        let rest = url.strip_prefix(self.url.as_deref()?)?;
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
    }

    /// Makes an address absolute if the site is known.
    pub(super) fn absolute(&self, href: &str) -> String {
        let Some(site) = self.url.as_deref().filter(|_| href.starts_with('/') && !href.starts_with("//")) else {
            return href.to_owned();
        };
        // `/wiki/…` is relative to the host. Other addresses are relative to the site.
        let start = site.find("://").map(|at| at + 3);
        let context = start.and_then(|from| site.get(from..)).and_then(|rest| rest.find('/').map(|at| rest.get(at..)));
        match context.flatten() {
            Some(context) if href == context || href.starts_with(&format!("{context}/")) => {
                format!("{}{href}", site.strip_suffix(context).unwrap_or(site))
            }
            _ => format!("{site}{href}"),
        }
    }

    /// Returns the address of a page on this site.
    pub(super) fn page_url(&self, page: &PageRef) -> Option<String> {
        let site = self.url.as_deref()?;
        let id = page.content_id.as_str();
        match (is_number(id), page.space_key.as_deref()) {
            (true, Some(space)) if self.is_cloud == Some(true) => Some(match (page.kind, page.day()) {
                (Kind::Blog, Some(day)) => format!("{site}/spaces/{space}/blog/{}/{id}", day.format(DAY)),
                (Kind::Blog, None) => format!("{site}/pages/viewpage.action?pageId={id}"),
                _ => format!("{site}/spaces/{space}/pages/{id}"),
            }),
            (true, _) => Some(format!("{site}/pages/viewpage.action?pageId={id}")),
            (false, Some(space)) => self.display_url(space, None, &page.title),
            (false, None) => None,
        }
    }

    /// Returns the address of a page or of a blog post whose title is known, but not its id.
    pub(super) fn display_url(&self, space: &str, day: Option<NaiveDate>, title: &str) -> Option<String> {
        let site = self.url.as_deref()?;
        let day = day.map(|day| format!("{}/", day.format(DAY))).unwrap_or_default();
        Some(format!("{site}/display/{}/{day}{}", percent_encode(space), percent_encode(title).replace("%20", "+")))
    }

    /// Returns the address of a space.
    pub(super) fn space_url(&self, space: &str) -> Option<String> {
        let part = if self.is_cloud == Some(true) { "spaces" } else { "display" };
        self.url.as_deref().map(|site| format!("{site}/{part}/{}", percent_encode(space)))
    }

    /// Returns the address of a page whose id is known.
    pub(super) fn id_url(&self, id: &str) -> Option<String> {
        self.url.as_deref().map(|site| format!("{site}/pages/viewpage.action?pageId={}", percent_encode(id)))
    }

    /// Returns the address of a Jira issue. Only Cloud has Jira and Confluence on the same host.
    pub(super) fn issue_url(&self, key: &str) -> Option<String> {
        let base = self.url.as_deref()?.strip_suffix("/wiki")?;
        Some(format!("{base}/browse/{key}"))
    }

    /// Returns the address of a file that is attached to a page.
    pub(super) fn attachment_url(&self, content_id: &str, filename: &str) -> Option<String> {
        let site = self.url.as_deref().filter(|_| is_number(content_id))?;
        Some(format!("{site}/download/attachments/{content_id}/{}", percent_encode(filename)))
    }

    /// Returns the anchor of a heading or of an anchor macro on the published page.
    ///
    /// Cloud uses the text with hyphens instead of spaces. Server and Data Center use the title and the text without spaces.
    pub(super) fn anchor(&self, title: &str, text: &str, has_cloud_body: bool) -> String {
        let joined = |glue: &str| text.split_whitespace().collect::<Vec<_>>().join(glue);
        if self.is_cloud.unwrap_or(has_cloud_body) {
            return joined("-");
        }
        let prefix: String = title.split_whitespace().collect();
        let text = joined("");
        if prefix.is_empty() || text.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with('-')) {
            return text;
        }
        format!("{prefix}-{text}")
    }
}

fn host(url: &str) -> Option<&str> {
    url.split_once("://")?.1.split(['/', ':', '?', '#']).next()
}

/// Returns whether an id is a Confluence id.
pub(super) fn is_number(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::library::PageRef;
    use super::Site;

    fn page(id: &str, space: &str) -> PageRef {
        PageRef { content_id: id.to_owned(), space_key: Some(space.to_owned()), ..PageRef::default() }
    }

    #[test]
    fn cloud_sites_have_their_pages_below_wiki() {
        for url in ["https://acme.atlassian.net", "https://acme.atlassian.net/wiki/"] {
            let site = Site::new(Some(url), None);
            let expected = "https://acme.atlassian.net/wiki/spaces/OPS/pages/10";
            assert_eq!(site.page_url(&page("10", "OPS")).as_deref(), Some(expected));
            assert_eq!(site.name().as_deref(), Some("acme.atlassian.net"));
        }
        let own_domain = Site::new(Some("https://docs.acme.example"), Some(true));
        assert_eq!(
            own_domain.page_url(&page("1", "A")).as_deref(),
            Some("https://docs.acme.example/wiki/spaces/A/pages/1")
        );
        let server = Site::new(Some("https://c.example/confluence"), None);
        let expected = "https://c.example/confluence/pages/viewpage.action?pageId=1";
        assert_eq!(server.page_url(&page("1", "A")).as_deref(), Some(expected));
        assert_eq!(server.name().as_deref(), Some("c.example/confluence"));
    }

    #[test]
    fn relative_addresses_become_absolute() {
        let site = Site::new(Some("https://x.atlassian.net/wiki/"), None);
        assert_eq!(site.absolute("/wiki/a"), "https://x.atlassian.net/wiki/a");
        assert_eq!(site.absolute("/a"), "https://x.atlassian.net/wiki/a");
        assert_eq!(site.absolute("#a"), "#a");
    }

    #[test]
    fn anchors_follow_the_rule_of_the_product() {
        let anchor = |is_cloud| Site { url: None, is_cloud }.anchor("My Page", "Part  two", false);
        assert_eq!(anchor(Some(true)), "Part-two");
        assert_eq!(anchor(Some(false)), "MyPage-Parttwo");
        assert_eq!(Site::default().anchor("My Page", "MyPage-Parttwo", false), "MyPage-Parttwo");
        assert_eq!(Site::default().anchor("My Page", "Part two", true), "Part-two");
    }
}

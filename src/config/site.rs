//! Checks the address of a published site.

/// Returns the address if it can be the address of a site: `http` or `https`, a host, and perhaps a path.
pub fn site_address(text: &str) -> Result<String, String> {
    let address = text.trim();
    let is_site = url::Url::parse(address).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
    });
    if is_site {
        Ok(address.to_owned())
    } else {
        Err("expected http:// or https:// and a host, for example https://wiki.example.com".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::site_address;

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        for site in
            ["https://wiki.example.com", "http://localhost:8090/confluence/", " https://acme.atlassian.net/wiki "]
        {
            assert_eq!(site_address(site).as_deref(), Ok(site.trim()));
        }
        for other in [
            "",
            "nonsense",
            "wiki.example.com",
            "https://",
            "ftp://x",
            "https://x/?a=b",
            "https://x/#a",
            "https://me@x",
            "/wiki",
        ] {
            assert!(site_address(other).is_err(), "{other}");
        }
    }
}

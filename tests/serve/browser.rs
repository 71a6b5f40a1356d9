//! The pages in a real browser. `make browser-test` runs these tests; they need Debian's chromium and chromium-driver.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Server;
use super::server::{HOSTILE, library};
use super::webdriver::{Browser, ENTER, TAB, Window};

const WIDE: Window = Window { width: 1920, javascript: true };
const NARROW: Window = Window { width: 360, javascript: true };

/// Texts whose contrast to their background is below WCAG AA, with the ratio.
const LOW_CONTRAST: &str = r"
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const color = (text) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const background = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const found = color(getComputedStyle(at).backgroundColor);
        if (found[3] === 255) return found;
      }
      return color(getComputedStyle(document.documentElement).colorScheme.includes('dark')
        && matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#fff');
    };
    const low = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('script, style, noscript')) continue;
      const style = getComputedStyle(element);
      const [a, b] = [luminance(color(style.color)), luminance(background(element))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5)) low.push(`${ratio.toFixed(2)} ${element.className} ${walker.currentNode.data.trim().slice(0, 40)}`);
    }
    return low.join('\n');";

/// Every kind of page, and the report as a file.
fn pages(server: &Server) -> Vec<String> {
    let hostile = utf8_percent_encode(HOSTILE, NON_ALPHANUMERIC).to_string();
    server.sandbox.run(&["report"]).success();
    let mut pages = vec![format!("file://{}", server.sandbox.folder().join("report.html").display())];
    let paths = [
        "/",
        "/?q=lease",
        "/?q=lease&label=guide&path=guide/&updated_from=2026-01-01",
        "/?q=zebra",
        "/?q=nothing+at+all",
        "/d/~/topic:g/vector.dita",
        "/backlog",
        "/runs/one",
    ];
    pages.extend(paths.iter().map(|path| format!("{}{path}", server.url)));
    pages.push(format!("{}/?q={hostile}", server.url));
    pages.push(format!("{}/d/one/{hostile}", server.url));
    pages
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn a_reader_searches_filters_and_opens_a_document_at_its_section() {
    let server = Server::new();
    let browser = Browser::open(WIDE);
    browser.go(&server.url);
    browser.click("input[type=search]");
    browser.press(&format!("when does a lease expire{ENTER}"));
    browser.wait_for(
        "return location.search.includes('lease') && document.querySelector('.hit h2')?.innerText === 'Leases'",
    );
    browser.click("details.filters summary");
    browser.click("input[name=label][value=guide]");
    browser.click("form button[type=submit]");
    browser.wait_for("return location.search.includes('label=guide')");
    browser.click(".hit h2 a");
    browser.wait_for("return location.hash === '#s-expiry'");
    let top =
        browser.script("return document.querySelector('#s-expiry').getBoundingClientRect().top").as_f64().unwrap();
    assert!((-1.0..900.0).contains(&top), "{top}");
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn filters_narrow_the_hits_and_are_part_of_the_address() {
    let server = Server::new();
    let browser = Browser::open(NARROW);
    browser.go(&format!("{}/?q=lease+vector", server.url));
    browser.click("details.filters summary");
    browser.click("input[name=language][value=english]");
    browser.click("input[name=without_flag][value=too_short]");
    browser.click("form.search button[type=submit]");
    browser.wait_for(
        "return location.search.includes('without_flag=too_short') && document.querySelectorAll('.hit').length === 1",
    );
    // The same address shows the same page, and each filter can be removed.
    browser.go(browser.script("return location.href").as_str().unwrap());
    browser.click("input[name=without_flag][value=too_short]");
    browser.click("form.search button[type=submit]");
    browser
        .wait_for("return !location.search.includes('without_flag') && document.querySelectorAll('.hit').length > 1");
    assert_eq!(browser.script("return document.querySelector('[name=language]').checked"), true);
    browser.click("fieldset a[href*='updated_from=2026-01-01']");
    browser.wait_for("return document.querySelector('[name=updated_to]').value === '2026-12-31'");
    browser.script("document.querySelector('[name=updated_from]').value = '2026-03-01'");
    browser.click("form.search button[type=submit]");
    browser.wait_for(
        "return location.search.includes('updated_from=2026-03-01') && document.querySelector('.empty') !== null",
    );
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn the_backlog_follows_workers_without_a_reload() {
    let server = Server::new();
    let browser = Browser::open(WIDE);
    browser.go(&format!("{}/backlog", server.url));
    browser.script("window.stays = document.querySelector('h1')");
    let document = |n: usize| {
        serde_json::json!({"id": format!("d{n}"), "title": "T", "text_md": format!("Text {n}."), "source_system": "dita"}).to_string()
    };
    let lines: Vec<String> = (0..50).map(document).collect();
    server.sandbox.write("var/runs/two/normalize/normalized.ndjson", lines.join("\n") + "\n");
    server.sandbox.run(&["runs", "backfill"]).success();
    browser.wait_for("return document.querySelector('main').innerText.includes('1 of 2')");
    let database = &server.sandbox.database;
    let token = database.column("select claim_token from graphdb.claim_run('chunk', 'far-host/7/0')").remove(0);
    browser.wait_for("return document.querySelector('main').innerText.includes('far-host')");
    database.column(&format!("select graphdb.release_run('two', {token})"));
    server.sandbox.run(&["run", "--quiet"]).success();
    browser.wait_for("return document.querySelector('main').innerText.includes('2 of 2')");
    assert_eq!(browser.script("return window.stays === document.querySelector('h1')"), true, "the page was reloaded");
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn the_claim_of_a_dead_worker_is_released_after_a_confirmation() {
    let server = Server::start(library(), &["--allow-changes"], &[]);
    let database = &server.sandbox.database;
    database.register_runs(1);
    database.take_over_clock();
    database.set_clock("2026-06-01 12:00:00+00");
    database.column("select claim_token from graphdb.claim_run('chunk', 'dead/1/0', interval '1 hour')");
    let browser = Browser::open(WIDE);
    browser.go(&format!("{}/backlog", server.url));
    assert_eq!(browser.script("return document.querySelector('main').innerText.includes('probably dead')"), false);
    database.set_clock("2026-06-01 12:09:12+00");
    browser.wait_for("return document.querySelector('tr.bad')?.innerText.includes('9 min 12 s ago probably dead')");
    browser.click("tr.bad a");
    browser.click("button[value=release]");
    browser.wait_for(
        "return document.querySelector('main').innerText.includes('Its last heartbeat came 9 min 12 s ago.')",
    );
    browser.click("button[name=confirmed]");
    browser.wait_for(
        "return location.pathname === '/runs/r01' && document.querySelector('.status').innerText === 'normalized'",
    );
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn the_keyboard_is_enough() {
    let server = Server::new();
    let browser = Browser::open(WIDE);
    browser.go(&server.url);
    browser.script("document.activeElement.blur()");
    browser.press(&format!("/lease{ENTER}"));
    browser.wait_for("return location.search.includes('lease') && document.querySelector('.hit') !== null");
    browser.script("document.activeElement.blur()");
    browser.press("j");
    assert_eq!(browser.script("return document.activeElement.innerText"), "Leases");
    let outline = browser.script("return getComputedStyle(document.activeElement).outlineStyle");
    assert_ne!(outline, "none", "the focus is seen");
    browser.press(ENTER);
    browser.wait_for("return location.pathname.startsWith('/d/one/')");
    browser.go(&format!("{}/backlog", server.url));
    browser.press(TAB);
    assert_eq!(browser.script("return document.activeElement.innerText"), "Skip to content");
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn the_pages_work_without_javascript() {
    let server = Server::new();
    let browser = Browser::open(Window { javascript: false, ..WIDE });
    browser.go(&server.url);
    browser.click("input[type=search]");
    browser.press(&format!("lease{ENTER}"));
    browser.wait_for("return document.querySelector('.hit h2')?.innerText === 'Leases'");
    browser.click(".hit h2 a");
    browser.wait_for("return location.pathname.startsWith('/d/one/')");
    browser.go(&format!("{}/backlog", server.url));
    browser.wait_for("return document.querySelector('main').innerText.includes('embedded')");
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn no_page_runs_code_of_a_document() {
    let server = Server::new();
    let browser = Browser::open(WIDE);
    for page in pages(&server) {
        browser.go(&page);
        assert_eq!(
            browser.script("return [typeof window.hacked, document.images.length].join()"),
            "undefined,0",
            "{page}"
        );
    }
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn no_page_is_wider_than_the_window() {
    let server = Server::new();
    for window in [NARROW, WIDE] {
        let browser = Browser::open(window);
        for page in pages(&server) {
            browser.go(&page);
            let overflow = "return [innerWidth, document.documentElement.scrollWidth]";
            let widths = browser.script(overflow);
            assert_eq!(widths[0], window.width, "{page}");
            assert!(widths[1].as_u64() <= widths[0].as_u64(), "{page}: {widths}");
        }
    }
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn text_has_the_contrast_of_wcag_aa_in_light_and_dark() {
    let server = Server::new();
    let browser = Browser::open(WIDE);
    for is_dark in [false, true] {
        browser.set_dark(is_dark);
        for page in pages(&server) {
            browser.go(&page);
            assert_eq!(browser.script(LOW_CONTRAST), "", "{page}, dark: {is_dark}");
        }
    }
    // The measure finds what is wrong.
    // By the object model, because the policy of the page forbids style attributes.
    browser.script(
        "document.body.innerHTML = '<p>grey</p>'; Object.assign(document.querySelector('p').style, { color: '#999', background: '#fff' })",
    );
    assert_eq!(browser.script(LOW_CONTRAST), "2.85  grey");
}

#[test]
#[ignore = "needs a browser: make browser-test"]
fn a_number_of_the_report_opens_its_pages() {
    let server = Server::new();
    let browser = Browser::open(NARROW);
    let report = pages(&server).remove(0);
    browser.go(&report);
    let shown = "return document.querySelector('#loss ~ details .pages').checkVisibility()";
    assert_eq!(browser.script(shown), false);
    browser.click("#loss ~ details summary");
    assert_eq!(browser.script(shown), true);
}

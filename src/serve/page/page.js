// This script is optional: the pages have the same content and functions without it.
"use strict";

// Refreshes a live page in place at the interval from the server. The page does not flicker, and open or scrolled elements stay as they are.
const seconds = Number(document.querySelector("main")?.dataset.refresh);
if (seconds > 0) {
  setInterval(async () => {
    const main = document.querySelector("main");
    const isBusy = main.contains(document.activeElement) && document.activeElement.matches("input, button");
    if (document.hidden || isBusy) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      if (fresh) update(main, fresh);
    } catch {
      // If the server is unreachable, the next refresh tries again.
    }
  }, seconds * 1000);
}

// Changes `old` to equal `fresh`. Equal parts are not touched.
function update(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  const isSameKind = old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName;
  if (!isSameKind) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const name of old.getAttributeNames()) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  after.forEach((child, place) => {
    if (before[place]) update(before[place], child);
    else old.append(document.importNode(child, true));
  });
  before.slice(after.length).forEach((child) => child.remove());
}

// Keys on the search page: / focuses the question, and j and k move through the results.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const question = document.querySelector("input[type=search]");
  const hits = [...document.querySelectorAll(".hit h2 a")];
  const place = hits.indexOf(document.activeElement);
  if (event.key === "/" && question) {
    event.preventDefault();
    question.select();
  } else if (event.key === "j" && hits.length) {
    hits[Math.min(place + 1, hits.length - 1)].focus();
  } else if (event.key === "k" && hits.length) {
    hits[Math.max(place - 1, 0)].focus();
  }
});

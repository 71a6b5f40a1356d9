// Everything here is comfort: the pages say and do the same without it.
"use strict";

// Shows a live page anew in place, as often as its server says: nothing flickers, and what is open or scrolled stays so.
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
      // The server is away for a moment: the next turn tries again.
    }
  }, seconds * 1000);
}

// Makes `old` what `fresh` is, and touches only what differs.
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

// Keys of the search page: / to the question, j and k through the results.
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

"""What is looked for on every page: rules of accessibility, words beyond the screen, small targets, refused content."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# words that run out of their cell, over the next one's
SPILT = """() => {
  const range = document.createRange();
  const shows = (text, cell) => {
    for (let one = text.parentElement; one !== cell; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.overflowX !== "visible" || style.position === "absolute" || one.closest("svg")) return false;
    }
    return Boolean(text.data.trim()) && text.parentElement.checkVisibility();
  };
  const spills = (cell) => {
    const box = cell.getBoundingClientRect();
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      if (!shows(texts.currentNode, cell)) continue;
      range.selectNodeContents(texts.currentNode);
      if ([...range.getClientRects()].some((one) => one.right > box.right + 1.5)) return true;
    }
    return false;
  };
  return [...document.querySelectorAll("td, th")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().width > 2 && spills(one))
    .filter((one) => !one.closest("thead") || getComputedStyle(one.closest("thead")).clipPath === "none")
    .map((one) => one.outerHTML.slice(0, 160));
}"""
# words that stand on others, whatever holds them; what is laid over something on purpose, or scrolls, is left out
COLLIDED = """() => {
  const over = (style) => style.position !== "static" && style.position !== "relative";
  const cut = (style) => style.overflowX !== "visible" || style.overflowY !== "visible" || style.clipPath !== "none";
  const plain = (one) => {
    if (!one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    if (one.closest("svg, select, script, style, noscript, .leaflet-container")) return false;
    for (; one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (over(style) || cut(style)) return false;
    }
    return true;
  };
  const range = document.createRange();
  const lines = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!text.data.trim() || !plain(text.parentElement)) continue;
    range.selectNodeContents(text);
    for (const { left, right, top, bottom, height } of range.getClientRects())
      if (right - left > 1) lines.push({ left, right, top: top + height / 5, bottom: bottom - height / 5, text });
  }
  lines.sort((one, other) => one.top - other.top);
  return lines.flatMap((one, i) => {
    const found = [];
    for (let j = i + 1; j < lines.length && lines[j].top < one.bottom - 2; j += 1) {
      const other = lines[j];
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - other.top;
      if (one.text !== other.text && wide > 2 && high > 2) found.push(`${one.text.data.trim()} | ${other.text.data.trim()}`);
    }
    return found;
  });
}"""
# what a thumb must hit; words inside a sentence are links of another kind
SMALL = """() => {
  const pressed = "button, select, input:not([type=hidden], [type=radio], [type=checkbox]), summary, label.choice, "
    + ".bar a, .figures a, .rows a";
  const elsewhere = ".leaflet-control-attribution, .map-table, .map-measure";
  return [...document.querySelectorAll(pressed)]
    .filter((one) => one.checkVisibility() && !one.closest(elsewhere) && one.getBoundingClientRect().height < 47.5)
    .map((one) => one.outerHTML.slice(0, 120) + " " + one.getBoundingClientRect().height);
}"""
LISTEN = "document.addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"


def put_away(page: Page) -> None:
    """Closes a page. One that is closed while it loads the browser without windows may keep for ever."""
    if not page.is_closed():
        page.goto("about:blank")
        page.close()


def violations(page: Page, axe: str, rules: Sequence[str] | None = RULES) -> list[str]:
    """What axe finds on a page: each rule with its first place; by all its rules where none are named."""
    page.wait_for_load_state("load")  # who came here by a click may have half of the page yet
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(axe)
    found = page.evaluate(
        """rules => axe.run(document, {...(rules && {runOnly: rules}), resultTypes: ["violations"]})
          .then(told => told.violations.map(one => one.id + " " + one.nodes[0].html))""",
        None if rules is None else list(rules),
    )
    return [str(one) for one in found]

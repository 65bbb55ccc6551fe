// Ticking several reports: all of a page at once, a range with Shift, "x" on the row with the focus; the bar says how many.

const bar = document.getElementById("bar");
const all = document.getElementById("pick-all");
const picks = [...document.querySelectorAll("input[type='checkbox'][name='pick']")];
const asks = document.querySelector("[name='sure']");

if (bar && all) start();

function start() {
  const says = document.getElementById("n-picked");
  let last = null;
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const one of picks) one.checked = all.checked;
    tell();
  });
  picks.forEach((one, place) => {
    one.addEventListener("click", (event) => {
      if (event.shiftKey && last !== null) {
        const [from, to] = last < place ? [last, place] : [place, last];
        for (const between of picks.slice(from, to + 1)) between.checked = one.checked;
      }
      last = place;
      tell();
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
    const link = document.activeElement;
    if (!(link instanceof HTMLAnchorElement)) return;
    const box = link.closest("tbody tr")?.querySelector("input[name='pick']");
    if (!box) return;
    box.checked = !box.checked;
    tell();
  });
  // a browser that goes back restores the ticks after this script has run
  window.addEventListener("pageshow", tell);
  tell();

  function tell() {
    const n = picks.filter((one) => one.checked).length;
    bar.hidden = asks !== null || (n === 0 && !document.getElementById("summary"));
    all.checked = n > 0 && n === picks.length;
    all.indeterminate = n > 0 && n < picks.length;
    says.textContent = says.dataset.says.replace("{n}", String(n));
    for (const one of picks) one.closest("tr").classList.toggle("is-picked", one.checked);
  }
}

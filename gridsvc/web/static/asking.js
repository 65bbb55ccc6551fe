// On a phone a form asks one question a page; elsewhere, and without scripts, it is one page.
const NARROW = "(max-width: 760px)";

/**
 * Begins on a form whose questions are its [data-ask] sections; `onShow` is told of each one that appears, `stays` says (or
 * promises to say) whether there is still something to read before the next. Gives back `onward`, to go on by itself.
 */
export function begin(form, { onShow, stays = () => false }) {
  const asks = [...form.querySelectorAll("[data-ask]")];
  const step = document.getElementById("ask-step");
  const [back, next] = ["ask-back", "ask-next"].map((name) => form.querySelector(`[data-does=${name}]`));
  const send = form.querySelector(".ask-nav [type=submit]");
  const intro = document.querySelector("[data-intro]");
  const narrow = window.matchMedia(NARROW);
  let at = Math.max(0, asks.findIndex((ask) => ask.querySelector(".has-wrong, [aria-invalid]")));
  form.prepend(step);

  const show = (moved) => {
    asks.forEach((ask, i) => {
      ask.hidden = narrow.matches && i !== at;
    });
    if (intro) intro.hidden = narrow.matches && at > 0; // read once: the question needs the room
    const last = !narrow.matches || at === asks.length - 1;
    back.hidden = !narrow.matches || at === 0;
    next.hidden = last;
    send.hidden = !last;
    step.hidden = !narrow.matches;
    step.textContent = step.dataset.step.replace("{n}", at + 1).replace("{of}", asks.length);
    onShow(narrow.matches ? asks[at] : form);
    if (!moved) return;
    window.scrollTo(0, 0);
    asks[at].tabIndex = -1;
    asks[at].focus({ preventScroll: true });
  };
  back.addEventListener("click", () => {
    at -= 1;
    show(true);
  });
  let asking = false;
  const onward = async () => {
    if (asking || next.hidden || !complete(asks[at])) return;
    const from = at;
    asking = true; // a second tap meanwhile is the same one
    const stay = await stays(asks[at]);
    asking = false;
    if (stay || at !== from) return;
    at += 1;
    show(true);
  };
  next.addEventListener("click", onward);
  // Enter in a field would send the form: here it goes on
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || next.hidden) return;
    event.preventDefault();
    next.click();
  });
  // a link of the summary may lead to a question that is not shown
  document.getElementById("summary")?.addEventListener("click", (event) => {
    const field = event.target.closest("a") && document.getElementById(event.target.closest("a").hash.slice(1));
    const of = asks.findIndex((ask) => ask.contains(field));
    if (of < 0 || !narrow.matches) return;
    at = of;
    show(false);
  });
  narrow.addEventListener("change", () => show(false));
  show(false);
  return { onward };
}

/** What a field holds; of a group, what is chosen in it. */
function held(field) {
  return field.tagName === "FIELDSET" ? field.querySelector("input:checked")?.value || "" : field.value.trim();
}

function complete(ask) {
  const empty = [...ask.querySelectorAll("[data-missing]")].filter((field) => !held(field));
  for (const old of ask.querySelectorAll(".wrong[data-own]")) old.remove();
  for (const field of empty) {
    const said = document.createElement("p");
    Object.assign(said, { className: "wrong", id: `${field.id}-missing`, textContent: field.dataset.missing });
    said.dataset.own = "";
    said.setAttribute("role", "alert");
    if (field.tagName === "FIELDSET") field.querySelector("legend").after(said);
    else field.before(said);
  }
  empty[0]?.focus();
  return !empty.length;
}

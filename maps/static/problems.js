// The list beside the public map: fetched, so that the page is as small with a thousand problems as with none.
import { getJson } from "./load.js";
import { element, lang, word } from "./words.js";

const by = (id) => document.getElementById(id);

/** Fills the list with the page of problems that the address asks for; where the page has it already, leaves it. */
export async function listProblems(here, view) {
  const body = by("public-rows");
  if (!body || here.searchParams.has("table")) return;
  const asked = { lang };
  for (const name of ["category", "cell"]) if (here.searchParams.get(name)) asked[name] = here.searchParams.get(name);
  const told = Number(here.searchParams.get("page"));
  const page = Number.isInteger(told) && told > 1 && told <= view.most_pages ? told : 1;
  try {
    const { items, more } = await getJson(view.list, { ...asked, page });
    body.replaceChildren(...items.map((one) => line(one, here)));
    by("public-none").hidden = items.length > 0;
    body.closest(".public-scroll").hidden = !items.length;
    turn(here, page, more && page < view.most_pages);
  } finally {
    body.removeAttribute("aria-busy");
  }
  // the address may name the list, which was not there to be shown when the page came
  if (here.hash === "#problems") by("problems").scrollIntoView();
}

function line(one, here) {
  const made = element("tr", "");
  const kind = element("td", "kind", one.category_words);
  if (one.words) kind.append(element("p", "said", one.words));
  for (const address of one.photos) {
    const photo = element("img", "public-photo");
    Object.assign(photo, { loading: "lazy", alt: word("photo"), src: address });
    kind.append(photo);
  }
  made.append(kind, element("td", "how", one.state_words), day("day", one.day), day("closed", one.closed_on), place(one, here));
  return made;
}

function day(name, at) {
  const made = element("td", `days tabular one${at ? "" : " never"}`);
  made.append(element("span", "on-phone", word(name)), ` ${at ?? "—"}`);
  return made;
}

function place(one, here) {
  const made = element("td", "place");
  if (!one.cell) {
    made.append(element("span", "weak", word("no_cell")));
    return made;
  }
  const link = element("a", "", word("cell"));
  const to = new URL(here);
  to.searchParams.set("cell", one.cell);
  to.searchParams.delete("page");
  to.hash = "";
  link.href = to.href;
  link.setAttribute("aria-label", `${word("cell")}: ${one.category_words} ${one.day}`);
  made.append(link);
  return made;
}

// before and next, as the page without scripts has them
function turn(here, page, more) {
  const to = (name, number) => {
    const url = new URL(here);
    url.searchParams.set("page", number);
    url.hash = "problems";
    const link = element("a", "button", word(name));
    link.href = url.href;
    return link;
  };
  by("public-pager").replaceChildren(...(page > 1 ? [to("before", page - 1), " "] : []), ...(more ? [to("next", page + 1)] : []));
}

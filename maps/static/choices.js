// Lists to choose from, which may be long: no part of the page, fetched after it.
import { getJson } from "./load.js";
import { lang } from "./words.js";

/** Fills selects of a form, {name: address}, with the {code, name} listed there; a choice that is not listed stays. */
export async function fillChoices(form, choices) {
  const wanted = Object.entries(choices).filter(([name]) => form.elements[name]);
  await Promise.all(wanted.map(async ([name, address]) => fill(form.elements[name], (await getJson(address, { lang })).items)));
}

function fill(field, items) {
  const [chosen, all, known] = [field.value, field.options[0], new Set(items.map((item) => item.code))];
  const unknown = [...field.options].filter((option) => option.value && !known.has(option.value));
  field.replaceChildren(all, ...items.map((item) => new Option(item.name, item.code)), ...unknown);
  field.value = chosen;
}

// Fetching from our own service, with errors a page can speak about.
import { lang } from "./words.js";

export class LoadError extends Error {
  /** `said` is the server's own sentence in the reader's language, or an empty text. */
  constructor(status, said) {
    super(`status ${status}`);
    this.status = status;
    this.said = said;
  }
}

/** The JSON at an address of our own; throws LoadError (status 0: no answer) or AbortError. */
export async function getJson(address, params = {}, signal = undefined) {
  const url = new URL(address, location.origin);
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  let answer;
  try {
    answer = await fetch(url, { signal, headers: { Accept: "application/json", "Accept-Language": lang } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new LoadError(0, "");
  }
  let body = null;
  try {
    body = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
  }
  if (answer.ok && body !== null) return body;
  throw new LoadError(answer.ok ? 0 : answer.status, typeof body?.message === "string" ? body.message : "");
}

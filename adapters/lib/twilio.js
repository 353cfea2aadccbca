// @ts-check
// Twilio's REST APIs as every adapter for Twilio speaks them: signing in, forms, refusals with Twilio's own words, pages.

import { Failure, ask, basic, isRecord, json, list, protocol, record, urlencoded } from "./http.js";

/** Under which the account's own numbers and calls stand. The host fills the account in. */
export const ACCOUNT = "/2010-04-01/Accounts/{{secret:ACCOUNT_SID}}";

const WHO = "Twilio";
const KEY_FROM = "the Twilio Console has it under Account, API keys & tokens";

// What Twilio refuses comes with these, and says in its body why.
const REFUSING = [400, 404, 405, 409, 410, 422];

// A reason that is told; a longer one is for the Console.
const MESSAGE_CHARS_MAX = 160;

/** What Twilio refuses, with its code where it names one: https://www.twilio.com/docs/api/errors. */
export class Refusal extends Failure {
  /** @param {string} words @param {number} status @param {number | null} code */
  constructor(words, status, code) {
    super("rejected", `Twilio refuses it: ${words}`);
    this.words = words;
    this.status = status;
    this.code = code;
  }
}

/**
 * Asks for one thing.
 * @param {string} origin @param {string} path @param {[string, string][]} [query]
 * @returns {Record<string, any>}
 */
export const get = (origin, path, query = []) => answered({ origin, path, query }, [200]);

/**
 * Makes or changes something by a form.
 * @param {string} origin @param {string} path @param {[string, string][]} fields
 * @returns {Record<string, any>}
 */
export const post = (origin, path, fields) =>
  answered({
    method: "post",
    origin,
    path,
    headers: [["Content-Type", "application/x-www-form-urlencoded"]],
    body: urlencoded(fields),
  }, [200, 201, 202]);

/**
 * The same where Twilio takes JSON.
 * @param {string} origin @param {string} path @param {object} value
 * @returns {Record<string, any>}
 */
export const postJson = (origin, path, value) =>
  answered({
    method: "post",
    origin,
    path,
    headers: [["Content-Type", "application/json"]],
    body: JSON.stringify(value),
  }, [200, 201, 202]);

/** Takes something away. @param {string} origin @param {string} path */
export function remove(origin, path) {
  exchange({ method: "delete", origin, path }, [204]);
}

/**
 * Everything of a list, page after page.
 * @param {string} origin @param {string} path @param {[string, string][]} query
 * @param {string} key Where the entries of a page stand.
 * @param {number} pagesMax Nobody is helped by a list that never ends.
 * @returns {Record<string, any>[]}
 */
export function pages(origin, path, query, key, pagesMax) {
  const entries = [];
  /** @type {[string, string][] | null} */
  let page = [...query, ["PageSize", String(PAGE_SIZE)]];
  for (let count = 0; count < pagesMax && page !== null; count += 1) {
    const answer = get(origin, path, page);
    entries.push(...entriesOf(answer, key));
    page = nextPage(answer);
  }
  if (page !== null) throw protocol(`${key} fill more than ${pagesMax} pages of ${PAGE_SIZE}, more than this adapter reads`);
  return entries;
}

const PAGE_SIZE = 100;

/** The entries of one page, each of them an object. @param {Record<string, any>} answer @param {string} key */
export const entriesOf = (answer, key) => list(answer[key], `\`${key}\``).map((entry) => record(entry, `an entry of \`${key}\``));

/**
 * The query of the page after this one; null after the last. Only the query is taken from what Twilio names, because
 * where the request goes is for the adapter to say.
 * @param {Record<string, any>} answer
 * @returns {[string, string][] | null}
 */
export function nextPage(answer) {
  const inMeta = isRecord(answer.meta);
  const place = inMeta ? "`meta.next_page_url`" : "`next_page_uri`";
  const next = inMeta ? answer.meta.next_page_url : answer.next_page_uri;
  if (next === null) return null;
  if (typeof next !== "string" || !next.includes("?")) throw protocol(`${place} names no page`);
  return next.slice(next.indexOf("?") + 1).split("&").filter(Boolean).map((pair) => {
    const [name, ...value] = pair.split("=");
    return [decoded(name, place), decoded(value.join("="), place)];
  });
}

function decoded(text, place) {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw protocol(`${place} is badly encoded`);
  }
}

/**
 * A SID of this kind, as it stands in an answer.
 * @param {any} value @param {string} place @param {string} prefix For example `PN`.
 * @returns {string}
 */
export function sid(value, place, prefix) {
  if (typeof value === "string" && value.startsWith(prefix) && /^[A-Z]{2}[0-9a-f]{32}$/i.test(value)) return value;
  throw protocol(`${place} is no SID that begins with ${prefix}`);
}

/** @param {Omit<import("./http.js").Question, "who">} question @param {number[]} good */
const answered = (question, good) => record(json(exchange(question, good)), "the answer");

/** @param {Omit<import("./http.js").Question, "who">} question @param {number[]} good */
function exchange(question, good) {
  const { status, body } = ask({
    ...question,
    who: WHO,
    keyFrom: KEY_FROM,
    headers: [basic("API_KEY", "API_SECRET"), ["Accept", "application/json"], ...(question.headers ?? [])],
    good: [...good, ...REFUSING],
  });
  if (good.includes(status)) return body;
  throw refusal(status, body);
}

// What is refused by something in front of Twilio comes without Twilio's words.
function refusal(status, body) {
  let told;
  try {
    told = JSON.parse(body);
  } catch {
    told = null;
  }
  const code = Number.isInteger(told?.code) ? told.code : null;
  const message = typeof told?.message === "string" ? told.message.trim().slice(0, MESSAGE_CHARS_MAX) : "";
  const number = code === null ? `HTTP ${status}` : `error ${code}`;
  return new Refusal(message === "" ? number : `${message} (${number})`, status, code);
}

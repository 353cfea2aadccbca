// @ts-check
// __ID__: say here what this carrier is, and what a reader should know of its interface.
//
// The server that this speaks to is imagined. Change `url`, the readers and the cassettes to what yours says;
// `smartguard adapter test` and `smartguard adapter check` tell what is still missing.

import http from "smartguard:adapter/http@0.0.1";
import clock from "smartguard:adapter/clock@0.0.1";

const ID = "__ID__";

/** @type {import("smartguard:adapter/provider@0.0.1").Provider} */
export const provider = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["search", "acquire", "release", "list-numbers"], speaksFor: [] };
  },

  // Numbers that may be had in an area code.
  search({ areaCode, count }) {
    const { offers } = object(ask("get", "/offers", null, [["area", areaCode], ["limit", String(count)]]));
    return list(offers, "offers").map((offer) => ({
      number: text(offer.number, "number"),
      monthlyMicros: micros(offer.monthly_micros, "monthly_micros"),
    }));
  },

  // Takes a number. The same key is the same purchase, however often it is sent.
  acquire(key, number) {
    return { tag: "acquired", val: held(object(ask("post", "/numbers", { key, number }))) };
  },

  // Gives a number back.
  release(key, number) {
    const { released } = object(ask("delete", `/numbers/${number.slice(1)}`, { key }));
    if (released !== true) throw protocol("`released` is not true");
  },

  // One page of the numbers of the account.
  listNumbers(page) {
    const { numbers, next } = object(ask("get", "/numbers", null, page === null ? [] : [["page", page]]));
    // A page that does not say whether it is the last one is no answer: numbers would seem to be gone.
    if (next !== null && typeof next !== "string") throw protocol("`next` is neither a text nor null");
    return { numbers: list(numbers, "numbers").map(held), next };
  },
};

/** @returns {import("smartguard:adapter/provider@0.0.1").HeldNumber} */
function held(given) {
  const { number, since, route } = record(given);
  if (since !== null && !(Number.isInteger(since) && since > 0)) throw protocol("`since` is no time");
  return { number: text(number, "number"), acquiredAt: since, inboundRoute: route === null ? null : text(route, "route") };
}

function list(value, name) {
  if (!Array.isArray(value)) throw protocol(`\`${name}\` is no list`);
  return value.map(record);
}

function record(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw protocol("an entry is no object");
  return value;
}

function text(value, name) {
  if (typeof value === "string" && value !== "") return value;
  throw protocol(`\`${name}\` is no text`);
}

function micros(value, name) {
  if (Number.isInteger(value) && value >= 0) return value;
  throw protocol(`\`${name}\` is no price`);
}

/**
 * One request. What the server refuses is thrown as the error that the host understands.
 * @param {"get" | "post" | "delete"} method
 * @param {string} path
 * @param {object | null} [body]
 * @param {[string, string][]} [query]
 */
function ask(method, path, body = null, query = []) {
  const response = http.fetch({
    method,
    origin: "api",
    path,
    query,
    headers: [["Authorization", "Bearer {{secret:API_KEY}}"]],
    body: body === null ? null : JSON.stringify(body),
  });
  const { status } = response;
  if (status === 429) throw { tag: "retry-after", val: wait(response.headers) };
  if (status === 401 || status === 403) throw { tag: "unauthorized", val: `the key is not accepted (${status})` };
  if (status >= 500) throw { tag: "unavailable", val: `the server has a fault of its own (${status})` };
  if (status !== 200 && status !== 201) throw { tag: "rejected", val: `the server refuses (${status})` };
  return response.body;
}

// Seconds or a date, as HTTP allows both; a minute where nobody says.
function wait(headers) {
  const written = headers.find(([name]) => name.toLowerCase() === "retry-after")?.[1] ?? "";
  const seconds = /^\d+$/.test(written) ? Number(written) : Math.ceil((Date.parse(written) - clock.nowMs()) / 1000);
  return Number.isFinite(seconds) ? Math.max(seconds, 1) : 60;
}

function object(body) {
  let answer;
  try {
    answer = JSON.parse(body);
  } catch {
    throw protocol("the answer is no JSON");
  }
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) throw protocol("the answer is no object");
  return answer;
}

const protocol = (val) => ({ tag: "protocol", val });

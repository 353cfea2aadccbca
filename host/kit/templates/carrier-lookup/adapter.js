// @ts-check
// __ID__: say here who this source is, and what a reader should know of its interface.
//
// The server that this speaks to is imagined. Change `url`, `read` and the cassettes to what yours says;
// `smartguard adapter test` and `smartguard adapter check` tell what is still missing.

import http from "smartguard:adapter/http@0.0.1";
import clock from "smartguard:adapter/clock@0.0.1";
import config from "smartguard:adapter/config@0.0.1";

const ID = "__ID__";

/** @type {import("smartguard:adapter/carrier-lookup@0.0.1").CarrierLookup} */
export const carrierLookup = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["price-micros", "lookup"], speaksFor: [] };
  },

  // What looking up so many callees would cost, before any money is spent.
  priceMicros(count) {
    return count * price();
  },

  // Which carriers serve these callees. One that is left out is unknown. Callees are people: they are never logged.
  lookup(numbers) {
    // A callee that stands there twice is asked for, and paid for, once.
    const callees = [...new Set(numbers)];
    if (callees.length === 0) return { tag: "served", val: [] };
    const { results } = object(ask("get", "/carriers", null, [["numbers", callees.join(",")]]));
    if (!Array.isArray(results)) throw protocol("`results` is no list");
    return { tag: "served", val: results.map((result) => read(result, callees)) };
  },
};

/** @returns {import("smartguard:adapter/carrier-lookup@0.0.1").ServedBy} */
function read(result, callees) {
  if (typeof result !== "object" || result === null) throw protocol("an entry is no object");
  const { number, carrier, type } = result;
  if (!callees.includes(number)) throw protocol("an entry is about another number");
  // Null says that the source does not know. That a field is missing says nothing, so nothing is made of it.
  if (carrier !== null && typeof carrier !== "string") throw protocol("`carrier` is neither a text nor null");
  if (type !== null && typeof type !== "string") throw protocol("`type` is neither a text nor null");
  return { number, carrier, lineType: type, costMicros: price() };
}

const price = () => Number(config.get("price_micros"));

/**
 * One request. What the server refuses is thrown as the error that the host understands.
 * @param {"get"} method
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

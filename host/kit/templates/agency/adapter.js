// @ts-check
// __ID__: say here what this agency is, and what a reader should know of its interface.
//
// The server that this speaks to is imagined. Change `url`, `read` and the cassettes to what yours says;
// `smartguard adapter test` and `smartguard adapter check` tell what is still missing.

import http from "smartguard:adapter/http@0.0.1";
import log from "smartguard:adapter/log@0.0.1";
import clock from "smartguard:adapter/clock@0.0.1";
import config from "smartguard:adapter/config@0.0.1";

const ID = "__ID__";

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "register", "dispute"], speaksFor: [ID] };
  },

  // What the agency makes of these numbers. A number that is left out counts as unknown, never as clean.
  check(request) {
    const observations = [];
    let first = null;
    // A number that stands there twice is asked for once.
    for (const number of new Set(request.numbers)) {
      try {
        observations.push(observation(number, read(ask("get", `/numbers/${number.slice(1)}`), number)));
      } catch (thrown) {
        const error = typed(thrown);
        first ??= error;
        log.write("warn", `${number} is left out: ${error.tag} ${error.val}`);
        // Where the key is refused or the server is down, asking for the next number helps nobody.
        if (error.tag !== "protocol" && error.tag !== "rejected") break;
      }
    }
    if (observations.length === 0 && first !== null) throw first;
    return { tag: "observations", val: observations };
  },

  // Makes a business and its numbers known. The same key is the same filing, however often it is sent.
  register(request) {
    const { key, business, numbers } = request;
    const answer = object(ask("post", "/filings", { key, name: business.legalName, numbers }));
    return { tag: "filed", val: filing(answer) };
  },

  // Where only a person can file, answer with the packet that makes it easy.
  dispute(request) {
    const { business, number, statement } = request;
    if (request.agency !== ID) throw { tag: "unsupported", val: `this is not the place for ${request.agency}` };
    const field = (label, value) => ({ id: "", label, value, required: true, byPerson: false, note: null });
    throw {
      tag: "needs-person",
      val: {
        title: `Dispute the label of ${number}`,
        url: "https://www.example.com/dispute",
        steps: ["Open the page.", "Fill in the fields, and send them if every word is true."],
        fields: [field("Number", number), field("Business", business.legalName), field("Statement", statement)],
        files: [],
        email: null,
        tracking: ["reference"],
        acknowledgedInDays: 2,
        effectiveInDays: 7,
        confidence: "unknown",
      },
    };
  },
};

// Believes nothing that does not fit: a wrong guess here would call a bad number clean.
function read(body, number) {
  const { number: told, score, blocked, label } = object(body);
  if (told !== number) throw protocol(`the answer is about ${JSON.stringify(told ?? null)}`);
  if (!Number.isInteger(score) || score < 0 || score > 100) throw protocol("`score` is no figure from 0 to 100");
  if (typeof blocked !== "boolean") throw protocol("`blocked` is neither true nor false");
  if (label !== null && typeof label !== "string") throw protocol("`label` is no text");
  return { score, blocked, label };
}

/** @returns {import("smartguard:adapter/types@0.0.1").Observation} */
function observation(number, { score, blocked, label }) {
  const flagged = score >= Number(config.get("flagged_from"));
  return {
    number,
    agency: ID,
    carrier: null,
    status: blocked ? "blocked" : flagged ? "flagged" : "unflagged",
    label,
    score: { value: score, best: 0, worst: 100 },
    observedAt: Math.floor(clock.nowMs() / 1000),
    costMicros: 0,
  };
}

/** @returns {import("smartguard:adapter/types@0.0.1").Filing} */
function filing({ id, state }) {
  if (typeof id !== "string" || id === "") throw protocol("`id` is no text");
  if (state === "received") return { reference: id, status: "submitted", detail: null, refused: [] };
  if (state === "accepted") return { reference: id, status: "accepted", detail: null, refused: [] };
  if (state === "refused") return { reference: id, status: "refused", detail: null, refused: [] };
  throw protocol("`state` is a new word");
}

/**
 * One request. What the server refuses is thrown as the error that the host understands.
 * @param {"get" | "post"} method
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

// What the host refuses comes as the payload of an `Error`. An error that passes through a function is understood by
// itself; this is only for those that are caught on the way.
function typed(thrown) {
  const { tag, val } = thrown.payload ?? thrown;
  switch (tag) {
    case "timed-out":
      return { tag: "unavailable", val: "the server did not answer in time" };
    case "unreachable":
      return { tag: "unavailable", val };
    case "rate-limited":
      return { tag: "retry-after", val };
    case "secret-missing":
      return { tag: "unauthorized", val: `the secret ${val} is not configured` };
    case "too-large":
      return protocol(`the answer is longer than ${val} bytes`);
    case "denied":
      return { tag: "unsupported", val };
    case undefined:
      throw thrown;
    default:
      return { tag, val };
  }
}

// An invented agency. Everything is as it should be, so that each fault in `faults.toml` is one change of it.

import http from "smartguard:adapter/http@0.0.1";
import log from "smartguard:adapter/log@0.0.1";
import clock from "smartguard:adapter/clock@0.0.1";
import config from "smartguard:adapter/config@0.0.1";

export const agency = {
  describe() {
    const functions = ["check", "register", "dispute", "track", "inbound", "probe"];
    return { id: "plain", version: "1.0.0", functions, speaksFor: ["plain"] };
  },

  check(request) {
    const observations = [];
    let first = null;
    for (const number of new Set(request.numbers)) {
      try {
        const answer = ask("get", `/numbers/${number.slice(1)}`, null, []);
        observations.push(observation(number, read(answer, number)));
      } catch (thrown) {
        const error = typed(thrown);
        first ??= error;
        log.write("warn", `${number} is left out: ${error.tag} ${error.val}`);
        if (error.tag !== "protocol" && error.tag !== "rejected") break;
      }
    }
    if (observations.length === 0 && first) throw first;
    return { tag: "observations", val: observations };
  },

  register(request) {
    const { key, business, numbers } = request;
    const filing = { name: business.legalName, ein: business.ein, numbers };
    const answer = object(ask("post", "/filings", filing, [["Idempotency-Key", key]]));
    return { tag: "filed", val: filed(answer) };
  },

  dispute(request) {
    const { business, number, statement } = request;
    if (request.agency !== "plain") throw { tag: "unsupported", val: `this is not the place for ${request.agency}` };
    const field = (label, value) => ({ id: "", label, value, required: true, byPerson: false, note: null });
    throw {
      tag: "needs-person",
      val: {
        title: `Dispute the label of ${number}`,
        url: "https://www.plain.example/dispute",
        steps: ["Open the page.", "Fill in the fields and send them."],
        fields: [field("Number", number), field("Business", business.legalName), field("Statement", statement)],
        files: [],
        email: null,
        tracking: ["reference"],
        acknowledgedInDays: 2,
        effectiveInDays: 7,
        confidence: "official",
      },
    };
  },

  probe() {
    const account = object(ask("get", "/account", null, []));
    const costMicros = 0;
    return { found: `the account ${text(account.name, "name")}`, costMicros };
  },

  track(key) {
    const { filings } = object(ask("get", "/filings", null, [], [["key", key]]));
    if (!Array.isArray(filings)) throw protocol("`filings` is no list");
    return filings.length === 0 ? { tag: "absent" } : { tag: "found", val: filed(filings[0]) };
  },

  inbound(request) {
    const event = object(request.body);
    if (event.kind === "label") {
      const number = text(event.number, "number");
      return { observations: [observation(number, read(request.body, number))], filings: [] };
    }
    if (event.kind !== "filing") throw protocol("`kind` is neither label nor filing");
    return { observations: [], filings: [{ key: text(event.key, "key"), filing: filed(event) }] };
  },
};

// One request, whose refusals are errors; the host's own refusals pass through as they are.
function ask(method, path, body, headers, query = []) {
  const response = http.fetch({
    method,
    origin: "api",
    path,
    query,
    headers: [["Authorization", "Bearer {{secret:API_KEY}}"], ...headers],
    body: body === null ? null : JSON.stringify(body),
  });
  const { status } = response;
  if (status === 429) throw { tag: "retry-after", val: wait(response.headers) };
  if (status === 401 || status === 403) throw { tag: "unauthorized", val: `the key is not accepted (${status})` };
  if (status >= 500) throw { tag: "unavailable", val: `the agency has a fault (${status})` };
  if (status !== 200 && status !== 201) throw { tag: "rejected", val: `the agency refuses (${status})` };
  return response.body;
}

// Seconds or a date; a minute where nobody says.
function wait(headers) {
  const written = headers.find(([name]) => name.toLowerCase() === "retry-after")?.[1] ?? "";
  const seconds = /^\d+$/.test(written) ? Number(written) : Math.ceil((Date.parse(written) - clock.nowMs()) / 1000);
  return Number.isFinite(seconds) ? Math.max(seconds, 1) : 60;
}

function read(body, number) {
  const { number: told, reputation } = object(body);
  if (told !== number) throw protocol(`the answer is about ${JSON.stringify(told ?? null)}`);
  if (typeof reputation !== "object" || reputation === null) throw protocol("`reputation` is no object");
  const { score, blocked, label } = reputation;
  if (!Number.isInteger(score) || score < 0 || score > 100) throw protocol("`score` is no figure from 0 to 100");
  if (typeof blocked !== "boolean") throw protocol("`blocked` is neither true nor false");
  if (label !== null && typeof label !== "string") throw protocol("`label` is no text");
  return { score, blocked, label };
}

function observation(number, { score, blocked, label }) {
  const flagged = score >= Number(config.get("flagged_from"));
  return {
    number,
    agency: "plain",
    carrier: null,
    status: blocked ? "blocked" : flagged ? "flagged" : "unflagged",
    label,
    score: { value: score, best: 0, worst: 100 },
    observedAt: Math.floor(clock.nowMs() / 1000),
    costMicros: 0,
  };
}

function filed(filing) {
  if (typeof filing !== "object" || filing === null) throw protocol("the filing is no object");
  const { id, state } = filing;
  const states = { received: "submitted", accepted: "accepted", refused: "refused" };
  const status = states[text(state, "state")];
  if (status === undefined) throw protocol("`state` is a new word");
  return { reference: text(id, "id"), status, detail: null, refused: [] };
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

function text(value, name) {
  if (typeof value === "string" && value !== "") return value;
  throw protocol(`\`${name}\` is no text`);
}

const protocol = (val) => ({ tag: "protocol", val });

// What the host refuses comes as the payload of an `Error`, and is of another sort than our own errors.
function typed(thrown) {
  const { tag, val } = thrown.payload ?? thrown;
  switch (tag) {
    case "timed-out":
      return { tag: "unavailable", val: "the agency did not answer in time" };
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

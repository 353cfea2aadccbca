// @ts-check
// Nomorobo: one look-up for each number by its Enterprise API, version 2.
// Nothing can be filed by machine there, so `register` and `dispute` prepare a letter for a person.

import http from "smartguard:adapter/http@0.0.1";
import log from "smartguard:adapter/log@0.0.1";
import clock from "smartguard:adapter/clock@0.0.1";
import config from "smartguard:adapter/config@0.0.1";

const ID = "nomorobo";

// Nobody has published where a business writes to; this address was only ever heard of.
const UNVERIFIED_ADDRESS = "reports@nomorobo.com";

// Guessed, for a 429 that does not say how long to wait.
const RETRY_AFTER_DEFAULT_S = 60;
const RETRY_AFTER_MAX_S = 86400;

// Long enough for every category seen; the rest of a longer text would only fill tables.
const LABEL_CHARS_MAX = 80;

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "register", "dispute"], speaksFor: [ID] };
  },

  check(request) {
    const settings = readSettings();
    const observations = [];
    /** @type {Failure | null} */
    let firstError = null;
    // A number that stands there twice is asked for, and paid for, once.
    for (const number of new Set(request.numbers)) {
      try {
        observations.push(lookUp(number, settings));
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure;
        firstError ??= failure;
        log.write("warn", `${number} is left out: ${failure.error.tag} ${failure.error.val}`);
        // Asking for the next number would only fail the same way, or make the agency angrier.
        if (failure.concernsAll) break;
      }
    }
    // A number that is left out counts as unknown. When nothing at all was learned, the reason matters more.
    if (observations.length === 0 && firstError) throw firstError.error;
    return { tag: "observations", val: observations };
  },

  register(request) {
    const { business, numbers } = request;
    throw {
      tag: "needs-person",
      val: letter(business, numbers, {
        title: `Introduce ${count(numbers)} of ${business.legalName} to Nomorobo`,
        subject: `Business numbers of ${business.legalName}`,
        wish: "Please note these numbers as ours, so that calls from them are judged as calls of a known business.",
        facts: [],
      }),
    };
  },

  dispute(request) {
    const { business, number } = request;
    if (request.agency !== ID) {
      throw { tag: "unsupported", val: `nomorobo answers for itself only, not for ${request.agency}` };
    }
    const seen = request.label ? `"${request.label}" (${request.status})` : request.status;
    const facts = [`What we see at your service for ${number}: ${seen}.`];
    if (request.statement.trim() !== "") facts.push(request.statement.trim());
    throw {
      tag: "needs-person",
      val: letter(business, [number], {
        title: `Ask Nomorobo to review ${number} of ${business.legalName}`,
        subject: `Review of ${number}, used by ${business.legalName}`,
        wish: "Please review this number and tell us what led to the listing, so that we can correct it.",
        facts,
      }),
    };
  },
};

// A look-up that brought no observation, and whether asking for other numbers makes sense.
class Failure {
  constructor(tag, val, concernsAll) {
    this.error = { tag, val };
    this.concernsAll = concernsAll;
  }
}

const one = (tag, val) => new Failure(tag, val, false);
const all = (tag, val) => new Failure(tag, val, true);

function lookUp(number, settings) {
  if (!/^\+1[2-9]\d{9}$/.test(number)) throw one("rejected", `${number} is no number of the +1 countries`);
  const asked = number.slice(1);
  const response = fetchCheck(asked);
  refuseStatus(response);
  const details = readDetails(response.body, asked);
  return {
    number,
    agency: ID,
    carrier: null,
    status: statusOf(details, settings),
    label: labelOf(details, settings),
    score: { value: details.risk, best: 0, worst: 100 },
    // The answer says when the last call was seen, not when the score was made.
    observedAt: Math.floor(clock.nowMs() / 1000),
    costMicros: settings.priceMicros,
  };
}

function fetchCheck(asked) {
  try {
    return http.fetch({
      method: "get",
      origin: "api",
      path: "/v2/check",
      query: [["From", asked]],
      headers: [
        ["X-API-Key", "{{secret:API_KEY}}"],
        ["Accept", "application/json"],
      ],
      body: null,
    });
  } catch (error) {
    // What an import refuses with is the payload of an `Error`.
    const refused = error.payload;
    switch (refused?.tag) {
      case "denied":
        throw all("unsupported", `the host does not permit asking Nomorobo: ${refused.val}`);
      case "secret-missing":
        throw all("unauthorized", `the secret ${refused.val} is not configured; it comes with a Nomorobo contract`);
      case "rate-limited":
        throw all("retry-after", refused.val);
      case "timed-out":
        throw all("unavailable", "Nomorobo did not answer in time");
      case "unreachable":
        throw all("unavailable", `Nomorobo cannot be reached: ${refused.val}`);
      case "too-large":
        throw one("protocol", `the answer is longer than ${refused.val} bytes`);
      default:
        throw error;
    }
  }
}

function refuseStatus(response) {
  const { status } = response;
  if (status === 200) return;
  if (status === 429) throw all("retry-after", retryAfter(response.headers));
  if (status === 401 || status === 403) throw all("unauthorized", `Nomorobo does not accept the API key (HTTP ${status})`);
  if (status >= 500) throw one("unavailable", `Nomorobo has a fault of its own (HTTP ${status})`);
  if (status >= 400) throw one("rejected", `Nomorobo refuses the question (HTTP ${status})`);
  throw one("protocol", `HTTP ${status}, where 200 was expected`);
}

// Seconds or a date, as HTTP allows both.
function retryAfter(headers) {
  const written = headers.find(([name]) => name.toLowerCase() === "retry-after")?.[1].trim() ?? "";
  const seconds = /^\d+$/.test(written) ? Number(written) : Math.ceil((Date.parse(written) - clock.nowMs()) / 1000);
  if (!Number.isFinite(seconds)) return RETRY_AFTER_DEFAULT_S;
  return Math.min(Math.max(seconds, 1), RETRY_AFTER_MAX_S);
}

// Reads only what is used, and believes nothing that does not fit: a wrong guess here would call a bad number clean.
function readDetails(body, asked) {
  let answer;
  try {
    answer = JSON.parse(body);
  } catch {
    throw one("protocol", `the answer is no JSON; it begins with ${excerpt(body)}`);
  }
  if (!isObject(answer)) throw one("protocol", `the answer is ${excerpt(body)}, where an object was expected`);
  if (answer.phone_number !== asked) {
    throw one("protocol", `\`phone_number\` is ${show(answer.phone_number)}, where ${asked} was asked`);
  }
  const details = answer.phone_number_reputation_details;
  if (!isObject(details)) {
    throw one("protocol", `\`phone_number_reputation_details\` is ${show(details)}, where an object was expected`);
  }
  const { block_status: block, risk_score: risk, reported_category: category } = details;
  if (block !== "allowed" && block !== "blocked") {
    throw one("protocol", `\`block_status\` is ${show(block)}, where "allowed" or "blocked" was expected`);
  }
  if (!Number.isInteger(risk) || risk < 0 || risk > 100) {
    throw one("protocol", `\`risk_score\` is ${show(risk)}, where a whole number from 0 to 100 was expected`);
  }
  if (category !== undefined && category !== null && typeof category !== "string") {
    throw one("protocol", `\`reported_category\` is ${show(category)}, where a text was expected`);
  }
  return { blocked: block === "blocked", risk, category: knownCategory(category) };
}

function knownCategory(category) {
  const text = (category ?? "").trim();
  return text === "" || text.toLowerCase() === "unknown" ? null : text.slice(0, LABEL_CHARS_MAX);
}

/** @returns {import("smartguard:adapter/types@0.0.1").Status} */
function statusOf(details, settings) {
  if (details.blocked || details.risk >= settings.flaggedFrom) return "flagged";
  return details.risk >= settings.mixedFrom ? "mixed-low" : "unflagged";
}

// The agency's own word first; where it has none, its figure.
function labelOf(details, settings) {
  const word = details.category ?? (details.risk >= settings.mixedFrom ? `risk score ${details.risk}` : null);
  if (!details.blocked) return word;
  return word ? `${word}, blocked` : "blocked";
}

function readSettings() {
  const mixedFrom = setting("mixed_from", 0, 100);
  const flaggedFrom = setting("flagged_from", 0, 100);
  if (mixedFrom > flaggedFrom) {
    throw {
      tag: "internal",
      val: `setting \`mixed_from\` (${mixedFrom}) is above \`flagged_from\` (${flaggedFrom}); write it at most as high`,
    };
  }
  return { mixedFrom, flaggedFrom, priceMicros: setting("price_micros", 0, 1_000_000_000) };
}

function setting(key, least, most) {
  const text = config.get(key);
  const value = text === null || !/^\d{1,10}$/.test(text) ? NaN : Number(text);
  if (value >= least && value <= most) return value;
  throw { tag: "internal", val: `setting \`${key}\` is ${show(text)}; write a whole number from ${least} to ${most}` };
}

function letter(business, numbers, { title, subject, wish, facts }) {
  const { address, contact } = business;
  const whose = business.relation === "client"
    ? `${business.legalName} is the business in whose name these calls are made, by a call centre on its behalf.`
    : `${business.legalName} makes calls from these numbers itself.`;
  const place = [address.line1, address.line2, `${address.city}, ${address.state} ${address.zip}`].filter(Boolean);
  const body = [
    "Hello,",
    "",
    whose,
    `What the calls are for: ${business.useCase}.`,
    ...facts,
    wish,
    "",
    "Numbers:",
    ...numbers.map((number) => `  ${number}`),
    "",
    "Business:",
    `  ${business.legalName}${business.dba ? ` (doing business as ${business.dba})` : ""}`,
    ...place.map((line) => `  ${line}`),
    ...(business.website ? [`  ${business.website}`] : []),
    "",
    `Please answer to ${contact.email} or ${contact.phone}.`,
    "",
    contact.name,
    "",
  ].join("\n");
  const field = (label, value, required) => ({ id: "", label, value, required, byPerson: false, note: null });
  return {
    title,
    url: null,
    steps: [
      "No address or form for businesses is known for certain. Look on nomorobo.com for its present contact or report page.",
      `Verify the address of the letter: ${UNVERIFIED_ADDRESS} is only known from hearsay, nobody confirmed it.`,
      "Read the letter. Send it only if every sentence is true for this business.",
      "Send it by the form or address that you found; the fields below are what such a form usually asks for.",
      "Write down when and where you sent it, and any reference that comes back.",
      "Nomorobo does not report an outcome; the next look-ups show it.",
    ],
    fields: [
      field("Phone number(s)", numbers.join(" "), true),
      field("Business name", business.legalName, true),
      field("Website", business.website ?? "", false),
      field("Purpose of the calls", business.useCase, true),
      field("Your name", contact.name, true),
      field("Your e-mail address", contact.email, true),
      field("Your phone number", contact.phone, false),
    ],
    files: [],
    email: { to: UNVERIFIED_ADDRESS, subject, body },
    tracking: ["sent_to", "reference"],
    acknowledgedInDays: 5,
    effectiveInDays: 14,
    confidence: "unknown",
  };
}

const count = (numbers) => (numbers.length === 1 ? "1 number" : `${numbers.length} numbers`);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const excerpt = (text) => JSON.stringify(text.slice(0, 40));
const show = (value) => (value === undefined ? "missing" : JSON.stringify(value).slice(0, 60));

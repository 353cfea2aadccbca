// @ts-check
// Telnyx Number Reputation: what Hiya thinks of a number in the Telnyx account, registration under the business's
// enterprise there, and remediation of a flagged number.

import {
  Failure, SecretMissing, askJson, bearer, json as parse, list, maybe, northAmerican, observation, observationsOf, oneOf,
  protocol, record, rejected, show, switchSetting, text, textSetting, unsupported, wholeSetting,
} from "../lib/http.js";
import { chunks, count, foreign, refuseFor, sorted } from "../lib/packet.js";
import { enterpriseOf, enterprises, entries, pathOf } from "./enterprises.js";
import { setUp } from "./packet.js";
import { WHO, KEY_FROM } from "./telnyx.js";

const ENGINE = "hiya";

// Two tiers of people and machines look at it. Guessed: four times a day is soon enough.
const ASK_AGAIN_S = 21_600;

// As many as the contract takes at once, all of them or none.
const NUMBERS_MAX = 100;

// The token of a registration that waits until Telnyx has looked at its papers.
const VETTED = "vetted";

/** @type {Record<string, import("smartguard:adapter/types@0.0.1").Status>} */
const STATUS = { low: "unflagged", medium: "mixed-high", high: "flagged" };

/** @typedef {import("smartguard:adapter/types@0.0.1").Filing} Filing */

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return {
      id: "telnyx_reputation",
      version: "0.1.0",
      functions: ["check", "register", "dispute", "track", "inbound", "probe"],
      speaksFor: [ENGINE],
    };
  },

  check({ numbers }) {
    const fresh = switchSetting("fresh");
    const price = fresh ? wholeSetting("fresh_price_micros", 0, 1_000_000_000) : 0;
    return observationsOf(numbers, (number) => opinion(northAmerican(number), fresh, price));
  },

  // Numbers that Telnyx has already are not sent again.
  register({ business, numbers }) {
    const asked = sorted(numbers);
    refuseFor(foreign(asked, WHO));
    const enterprise = orSetUp(() => enterpriseOf(business), business, asked);
    const gate = gateOf(enterprise);
    if (gate === "closed") throw setUp(business, asked, "its enterprise is there, reputation is not switched on for it");
    if (gate === "waiting") return { tag: "pending", val: { token: VETTED, askAgainS: ASK_AGAIN_S } };
    const known = new Set(entries(pathOf(enterprise, "numbers")).map((entry) => text(entry.phone_number, "`phone_number`")));
    const missing = asked.filter((number) => !known.has(number));
    for (const part of chunks(missing, NUMBERS_MAX)) {
      post(pathOf(enterprise, "numbers"), { phone_numbers: part }, [200, 201]);
    }
    const detail = `${count(missing)} put under ${enterprise}, ${asked.length - missing.length} were there already; ${WHO} hands them to Hiya, First Orion and TNS`;
    return { tag: "filed", val: { reference: enterprise, status: "accepted", detail, refused: [] } };
  },

  // The purpose carries the key, so that a remediation whose answer was lost is found and not asked for again.
  dispute({ agency, business, number, key, token }) {
    if (agency !== ENGINE) throw unsupported(`what ${WHO} remediates are Hiya's labels, not those of ${agency}`);
    refuseFor(foreign([number], WHO));
    if (token !== null) return answerOf(...readToken(token), number);
    const enterprise = enterpriseOf(business);
    if (enterprise === null) {
      throw unsupported(`${business.id} has no enterprise at ${WHO}, under which its numbers could be remediated: register it first`);
    }
    const sent = remediations(enterprise).find((entry) => carries(entry, key));
    const webhook = textSetting("webhook_url");
    const remediation = sent ?? post(pathOf(enterprise, "remediation"), {
      phone_numbers: [number],
      call_purpose: `${business.useCase} (reference ${key})`,
      contact_email: business.contact.email,
      ...(webhook === "" ? {} : { webhook_url: webhook }),
    }, [202]);
    return answer(enterprise, remediation, number);
  },

  track(key) {
    for (const enterprise of enterprises()) {
      const sent = remediations(enterprise).find((entry) => carries(entry, key));
      if (sent) return { tag: "found", val: filing(sent, null) };
    }
    // A registration leaves no key there, so that nothing is found under it does not say that nothing was done.
    return { tag: "unknown" };
  },

  // Nothing is believed of what comes: it only says which remediation to look at.
  inbound({ body }) {
    // Half a body is no word of Telnyx, whose bodies are JSON; which fields they have is not published.
    parse(body);
    const named = new Set(body.match(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi) ?? []);
    if (named.size === 0) return { observations: [], filings: [] };
    const filings = enterprises().flatMap(remediations).filter((entry) => named.has(entry.id)).flatMap((entry) => {
      const key = /\(reference ([^()\s]+)\)$/.exec(String(entry.call_purpose ?? ""))?.[1];
      // Its end is told as being looked at: that wakes the step which waits for it and knows the number.
      return key ? [{ key, filing: { ...filing(entry, null), status: /** @type {const} */ ("in-review") } }] : [];
    });
    return { observations: [], filings };
  },

  probe() {
    return { found: `the key is accepted; enterprises of the account: ${enterprises().length}`, costMicros: 0 };
  },
};

// Checking.

/** Null where Telnyx has no number or no opinion. @param {string} number @param {boolean} fresh @param {number} price */
function opinion(number, fresh, price) {
  const { status, json } = askJson({
    who: WHO,
    path: `/v2/reputation/numbers/${encodeURIComponent(number)}`,
    query: fresh ? [["fresh", "true"]] : [],
    headers: [bearer("API_KEY")],
    good: [200, 404],
    keyFrom: KEY_FROM,
  });
  if (status === 404) return null;
  const data = record(record(json, "the answer").data, "`data`");
  if (data.phone_number !== number) throw protocol(`\`phone_number\` is ${show(data.phone_number)}, which was not asked for`);
  const said = maybe(record)(data.reputation_data, "`reputation_data`");
  const risk = said === null ? null : maybe((value, place) => oneOf(value, place, Object.keys(STATUS)))(said.spam_risk, "`spam_risk`");
  // An opinion without a date may be of any age.
  const refreshed = said === null ? null : maybe(dateS)(said.last_refreshed_at, "`last_refreshed_at`");
  if (risk === null || refreshed === null) return null;
  const label = maybe(text)(said.spam_category, "`spam_category`");
  return observation(number, ENGINE, { status: STATUS[risk], label, observedAt: refreshed, costMicros: price });
}

/** @param {any} value @param {string} place */
function dateS(value, place) {
  const ms = Date.parse(text(value, place));
  if (Number.isNaN(ms) || ms < 0) throw protocol(`${place} is ${show(value)}, where a date was expected`);
  return Math.floor(ms / 1000);
}

// Registering.

/** The enterprise, or everything a person needs to have one. */
function orSetUp(find, business, numbers) {
  try {
    const found = find();
    if (found !== null) return found;
  } catch (failure) {
    if (!(failure instanceof SecretMissing)) throw failure;
  }
  throw setUp(business, numbers, "it has no enterprise there yet, or no key is configured that shows it");
}

/** Whether numbers are taken: both the service and the letter of authorization must be approved. @returns {"open" | "waiting" | "closed"} */
function gateOf(enterprise) {
  const { status, json } = askJson({
    who: WHO, path: pathOf(enterprise), headers: [bearer("API_KEY")], good: [200, 404], keyFrom: KEY_FROM,
  });
  if (status === 404) return "closed";
  const data = record(record(json, "the answer").data, "`data`");
  const service = oneOf(data.status, "`status`", ["pending", "approved", "rejected", "deleted"]);
  const letter = oneOf(data.loa_status, "`loa_status`", ["pending", "approved", "rejected"]);
  if (service === "deleted") return "closed";
  if (service === "rejected" || letter === "rejected") {
    const reasons = maybe(list)(data.rejection_reasons, "`rejection_reasons`") ?? [];
    const said = reasons.map((reason) => text(reason, "a rejection reason")).join("; ") || "no reason is given";
    throw rejected(`${WHO} does not approve ${letter === "rejected" ? "the letter of authorization" : "reputation"} for enterprise ${enterprise}: ${said}`);
  }
  return service === "approved" && letter === "approved" ? "open" : "waiting";
}

function post(path, body, good) {
  const { json } = askJson({
    who: WHO,
    method: "post",
    path,
    headers: [bearer("API_KEY"), ["Content-Type", "application/json"]],
    body: JSON.stringify(body),
    good,
    keyFrom: KEY_FROM,
  });
  return record(json, "the answer").data;
}

// Remediating.

const STATES = /** @type {const} */ (["pending", "in_progress", "completed", "failed", "cancelled"]);

/** @type {Record<string, Filing["status"]>} */
const BUCKETS = { remediated: "accepted", not_flagged: "accepted", requires_review: "in-review", refused: "refused", ineligible: "refused" };

const remediations = (enterprise) => entries(pathOf(enterprise, "remediation"));

const carries = (entry, key) => String(entry.call_purpose ?? "").endsWith(`(reference ${key})`);

/** @param {string} token @returns {[string, string]} */
function readToken(token) {
  const [enterprise, id, ...rest] = token.split("/");
  if (enterprise && id && rest.length === 0) return [enterprise, id];
  throw new Failure("internal", `token ${JSON.stringify(token)} names no enterprise and remediation`);
}

function answerOf(enterprise, id, number) {
  const { json } = askJson({
    who: WHO, path: `${pathOf(enterprise, "remediation")}/${encodeURIComponent(id)}`, headers: [bearer("API_KEY")], keyFrom: KEY_FROM,
  });
  return answer(enterprise, record(json, "the answer").data, number);
}

/** @returns {import("smartguard:adapter/types@0.0.1").FilingAnswer} */
function answer(enterprise, remediation, number) {
  const entry = record(remediation, "`data`");
  const state = oneOf(entry.status, "`status`", STATES);
  if (state === "pending" || state === "in_progress") {
    return { tag: "pending", val: { token: `${enterprise}/${text(entry.id, "`id`")}`, askAgainS: ASK_AGAIN_S } };
  }
  return { tag: "filed", val: filing(entry, number) };
}

/**
 * A remediation as a filing. Which of its results counts is the number's; without one it is over, and no more is said.
 * @param {any} entry @param {string | null} number @returns {Filing}
 */
function filing(entry, number) {
  const reference = text(entry.id, "`id`");
  const state = oneOf(entry.status, "`status`", STATES);
  const as = (status, said) => ({ reference, status, detail: `remediation ${reference}: ${said}`, refused: [] });
  if (state === "pending") return as("submitted", "it waits");
  if (state === "in_progress") return as("in-review", "it is being worked on");
  if (state !== "completed") return as("refused", state);
  if (number === null) return as("in-review", "it is completed; its step reads what became of the number");
  const results = record(entry.results, "`results`");
  const bucket = Object.keys(BUCKETS).find((name) => (maybe(list)(results[name], `\`results.${name}\``) ?? []).includes(number));
  if (bucket === undefined) throw protocol(`the results of remediation ${reference} do not name ${number}`);
  return as(BUCKETS[bucket], bucket);
}

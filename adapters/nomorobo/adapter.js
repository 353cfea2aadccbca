// @ts-check
// Nomorobo: asks its Enterprise API about each number, and makes a letter for everything that the API does not do.

import {
  Failure, askJson, maybe, northAmerican, observation, observationsOf, oneOf, record, show, text, unsupported, whole,
  wholeSetting,
} from "../lib/http.js";
import { count, filled, letter, needsPerson, seen, usualFields } from "../lib/packet.js";

const ID = "nomorobo";

// Nobody has confirmed any address of Nomorobo for businesses; this one was only ever heard of.
const UNVERIFIED_ADDRESS = "reports@nomorobo.com";

// Long enough for every category seen; the rest of a longer text would only fill tables.
const LABEL_CHARS_MAX = 80;

// A number for fiction: what the agency says of it is nobody's business, and that it answers is what a probe wants to see.
const PROBED = "+12025550143";

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "register", "dispute", "probe"], speaksFor: [ID] };
  },

  check({ numbers }) {
    const settings = readSettings();
    return observationsOf(numbers, (number) => lookUp(number, settings));
  },

  register({ business, numbers }) {
    throw byLetter(business, numbers, {
      title: `Introduce ${count(numbers)} of ${business.legalName} to Nomorobo`,
      subject: `Business numbers of ${business.legalName}`,
      wish: "Please note these numbers as ours, so that calls from them are judged as calls of a known business.",
      facts: [],
    });
  },

  dispute(request) {
    const { business, number } = request;
    if (request.agency !== ID) throw unsupported(`nomorobo answers for itself only, not for ${request.agency}`);
    throw byLetter(business, [number], {
      title: `Ask Nomorobo to review ${number} of ${business.legalName}`,
      subject: `Review of ${number}, used by ${business.legalName}`,
      wish: "Please review this number and tell us what led to the listing, so that we can correct it.",
      facts: seen(request, "at your service"),
    });
  },

  // There is no free question, so one number is asked about.
  probe() {
    const settings = readSettings();
    const { risk } = details(PROBED);
    return { found: `the key is accepted; ${PROBED} has risk score ${risk}`, costMicros: settings.priceMicros };
  },
};

function lookUp(number, settings) {
  const found = details(northAmerican(number));
  return observation(number, ID, {
    status: statusOf(found, settings),
    label: labelOf(found, settings),
    score: { value: found.risk, best: 0, worst: 100 },
    // The answer says when the last call was seen, not when the score was made, so the time is that of the question.
    costMicros: settings.priceMicros,
  });
}

// Reads only what is used, and believes nothing that does not fit: a wrong guess here would call a bad number clean.
function details(number) {
  const asked = number.slice(1);
  const { json } = askJson({
    who: "Nomorobo",
    path: "/v2/check",
    query: [["From", asked]],
    headers: [["X-API-Key", "{{secret:API_KEY}}"]],
    keyFrom: "it comes with a Nomorobo contract",
  });
  const answer = record(json, "the answer");
  if (answer.phone_number !== asked) {
    throw new Failure("protocol", `\`phone_number\` is ${show(answer.phone_number)}, where ${asked} was asked`);
  }
  const found = record(answer.phone_number_reputation_details, "`phone_number_reputation_details`");
  const block = oneOf(found.block_status, "`block_status`", ["allowed", "blocked"]);
  const risk = whole(found.risk_score, "`risk_score`", 0, 100);
  return { blocked: block === "blocked", risk, category: knownCategory(found.reported_category) };
}

// A blank category is none, and no reason to doubt the rest of the answer.
function knownCategory(written) {
  if (typeof written === "string" && !filled(written)) return null;
  const word = maybe(text)(written, "`reported_category`")?.trim() ?? null;
  return word === null || word.toLowerCase() === "unknown" ? null : word.slice(0, LABEL_CHARS_MAX);
}

/** @returns {import("smartguard:adapter/types@0.0.1").Status} */
function statusOf(found, settings) {
  if (found.blocked || found.risk >= settings.flaggedFrom) return "flagged";
  return found.risk >= settings.mixedFrom ? "mixed-low" : "unflagged";
}

// The agency's own word first; where it has none, its figure.
function labelOf(found, settings) {
  const word = found.category ?? (found.risk >= settings.mixedFrom ? `risk score ${found.risk}` : null);
  if (!found.blocked) return word;
  return word ? `${word}, blocked` : "blocked";
}

function readSettings() {
  const mixedFrom = wholeSetting("mixed_from", 0, 100);
  const flaggedFrom = wholeSetting("flagged_from", 0, 100);
  if (mixedFrom > flaggedFrom) {
    const reason = `setting \`mixed_from\` (${mixedFrom}) is above \`flagged_from\` (${flaggedFrom}); write it at most as high`;
    throw new Failure("internal", reason, true);
  }
  return { mixedFrom, flaggedFrom, priceMicros: wholeSetting("price_micros", 0, 1_000_000_000) };
}

function byLetter(business, numbers, { title, subject, wish, facts }) {
  return needsPerson({
    title,
    steps: [
      "No address or form for businesses is known for certain. Look on nomorobo.com for its present contact or report page.",
      `Verify the address of the letter: ${UNVERIFIED_ADDRESS} is only known from hearsay, nobody confirmed it.`,
      "Read the letter. Send it only if every sentence is true for this business.",
      "Send it by the form or address that you found; the fields below are what such a form usually asks for.",
      "Write down when and where you sent it, and any reference that comes back.",
      "Nomorobo does not report an outcome; the next look-ups show it.",
    ],
    fields: usualFields(business, numbers),
    email: { to: UNVERIFIED_ADDRESS, subject, body: letter(business, numbers, { facts, wish }) },
    tracking: ["sent_to", "reference"],
    acknowledgedInDays: 5,
    effectiveInDays: 14,
    confidence: "unknown",
  });
}

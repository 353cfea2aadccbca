// @ts-check
// RoboKiller: asks its Enterprise API about each number as far as that is known, and makes a letter for everything else.

import { askJson, maybe, northAmerican, observation, observationsOf, oneOf, protocol, record, show, text, wholeSetting } from "../lib/http.js";
import { introduction, review } from "../lib/app_blocker.js";

const ID = "robokiller";

const BLOCKER = {
  id: ID,
  name: "RoboKiller",
  page: "https://support.robokiller.com",
  where: "Look in its support pages for the present form for businesses, or ask the enterprise support that your contract names.",
};

// A number for fiction; there is no free question that would prove the key.
const PROBED = "+12025550143";

const LABEL_CHARS_MAX = 80;

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "register", "dispute", "probe"], speaksFor: [ID] };
  },

  check({ numbers }) {
    const price = wholeSetting("price_micros", 0, 1_000_000_000);
    return observationsOf(numbers, (number) => lookUp(northAmerican(number), price));
  },

  register(request) {
    throw introduction(BLOCKER, request);
  },

  dispute(request) {
    throw review(BLOCKER, request);
  },

  probe() {
    const costMicros = wholeSetting("price_micros", 0, 1_000_000_000);
    return { found: `the key is accepted; ${PROBED} is ${reputationOf(PROBED).reputation}`, costMicros };
  },
};

function lookUp(number, price) {
  const { reputation, classification } = reputationOf(number);
  const status = statusOf(reputation, classification);
  // Words that nobody has described are kept as the agency's own, and decide nothing.
  const label = classification !== null ? classification.slice(0, LABEL_CHARS_MAX) : status === "flagged" ? reputation : null;
  return observation(number, ID, { status, label, costMicros: price });
}

// Neutral takes no side, and of the words beside `reputation` only one is known: none of the others makes a number clean.
/** @returns {import("smartguard:adapter/types@0.0.1").Status} */
function statusOf(reputation, classification) {
  if (classification?.toLowerCase() === "blacklist" || reputation === "negative") return "flagged";
  return reputation === "positive" && classification === null ? "unflagged" : "unknown";
}

function reputationOf(number) {
  const { json } = askJson({
    who: "RoboKiller",
    path: "/v1/reputation",
    query: [["from", number], ["api_key", "{{secret:API_KEY}}"]],
    keyFrom: "it comes with a RoboKiller Enterprise contract",
  });
  const answer = record(json, "the answer");
  if (answer.from !== number) throw protocol(`\`from\` is ${show(answer.from)}, where ${number} was asked`);
  const reputation = oneOf(answer.reputation, "`reputation`", ["positive", "neutral", "negative"]);
  return { reputation, classification: maybe(text)(answer.classification, "`classification`") };
}

// @ts-check
// TrueCNAM: asks TrueSpam about each number, and tells TrueCLID that a call of ours has begun; never who is called.

import {
  Failure, ask, askJson, isRecord, json, northAmerican, observation, observationsOf, record, rejected, wholeSetting,
} from "../lib/http.js";
import { review } from "../lib/app_blocker.js";
import { readTrueSpam } from "../lib/twilio_add_ons.js";

const ID = "truecnam";
const WHO = "TrueCNAM";
const KEY_FROM = "key and secret come with a TrueCNAM account";

const BLOCKER = {
  id: ID,
  name: WHO,
  page: "https://support.truecnam.com",
  where: "Open a ticket in its support portal; its feedback interface is only heard of, and your account may name it.",
};

// A number for fiction; there is no free question that would prove the keys.
const PROBED = "+12025550143";

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "dispute", "call_started", "probe"], speaksFor: [ID] };
  },

  check({ numbers }) {
    const settings = readSettings();
    const read = readTrueSpam(settings);
    return observationsOf(numbers, (number) =>
      observation(number, ID, { ...read(answerFor(northAmerican(number)), number), costMicros: settings.priceMicros }));
  },

  dispute(request) {
    throw review(BLOCKER, request);
  },

  // The callee is left out: the adapter is never told who that is.
  callStarted({ number }) {
    const { body } = ask({ who: WHO, path: "/api/v1", query: question(northAmerican(number), "orig_call_start"), keyFrom: KEY_FROM });
    const trouble = errorIn(body);
    if (trouble !== null) throw rejected(`${WHO} does not take the call (error ${trouble})`);
  },

  probe() {
    const settings = readSettings();
    // It is read as a check reads it, so that a refusal or an answer of another shape is told.
    const { status } = readTrueSpam(settings)(answerFor(PROBED), PROBED);
    return { found: `the keys are accepted; ${PROBED} counts as ${status}`, costMicros: settings.priceMicros };
  },
};

/** @returns {[string, string][]} */
const question = (number, party) => [
  ["username", "{{secret:API_KEY}}"],
  ["password", "{{secret:API_SECRET}}"],
  ["resp_type", "extended"],
  ["resp_format", "json"],
  ["calling_number", number.slice(1)],
  ["call_party", party],
];

function answerFor(number) {
  const { json } = askJson({ who: WHO, path: "/api/v1", query: question(number, "terminating"), keyFrom: KEY_FROM });
  return record(json, "the answer");
}

// How it confirms a call is not known; an error in the form of its other answers is one, and nothing else is.
function errorIn(body) {
  let answer;
  try {
    answer = json(body);
  } catch {
    return null;
  }
  return isRecord(answer) && Number.isInteger(answer.err) && answer.err !== 0 ? answer.err : null;
}

function readSettings() {
  const [mixedFrom, mixedHighFrom, flaggedFrom] = ["mixed_from", "mixed_high_from", "flagged_from"].map((key) => wholeSetting(key, 0, 100));
  if (mixedFrom > mixedHighFrom || mixedHighFrom > flaggedFrom) {
    throw new Failure("internal", "settings `mixed_from`, `mixed_high_from` and `flagged_from` fall: write each at least as high as the one before", true);
  }
  return { mixedFrom, mixedHighFrom, flaggedFrom, priceMicros: wholeSetting("price_micros", 0, 1_000_000_000) };
}

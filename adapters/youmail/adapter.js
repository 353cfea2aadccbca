// @ts-check
// YouMail: asks its data API about each number, and makes a letter for everything that the API does not do.

import { askJson, northAmerican, observation, observationsOf, protocol, record, show, truth, whole, wholeSetting } from "../lib/http.js";
import { introduction, review } from "../lib/app_blocker.js";

const ID = "youmail";

const BLOCKER = {
  id: ID,
  name: "YouMail",
  page: "https://directory.youmail.com",
  where: "Look up the number's own page in YouMail's directory and its help pages for the present way to report a mistake.",
};

// A number for fiction; there is no free question that would prove the keys.
const PROBED = "+12025550143";

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "register", "dispute", "probe"], speaksFor: [ID] };
  },

  check({ numbers }) {
    const price = wholeSetting("price_micros", 0, 1_000_000_000);
    return observationsOf(numbers, (number) => lookUp(number, price));
  },

  register(request) {
    throw introduction(BLOCKER, request);
  },

  dispute(request) {
    throw review(BLOCKER, request);
  },

  probe() {
    const costMicros = wholeSetting("price_micros", 0, 1_000_000_000);
    const level = levelOf(PROBED);
    return { found: `the keys are accepted; of ${PROBED} ${level === null ? "there is no record" : `the level is ${level}`}`, costMicros };
  },
};

// What each level means, in YouMail's own words.
const LEVELS = /** @type {const} */ ([
  ["unflagged", null],
  ["mixed-high", "possible spammer"],
  ["flagged", "highly likely spammer"],
]);

function lookUp(number, price) {
  const level = levelOf(northAmerican(number));
  // No record says nothing, which is not the same as nothing bad; it is paid for all the same.
  if (level === null) return observation(number, ID, { status: "unknown", costMicros: price });
  const [status, label] = LEVELS[level];
  return observation(number, ID, { status, label, score: { value: level, best: 0, worst: 2 }, costMicros: price });
}

/** @returns {0 | 1 | 2 | null} */
function levelOf(number) {
  const digits = number.slice(2);
  const { json } = askJson({
    who: "YouMail",
    path: `/api/v2/phone/${digits}`,
    query: [["format", "json"]],
    headers: [["DataApiSid", "{{secret:API_SID}}"], ["DataApiKey", "{{secret:API_KEY}}"]],
    keyFrom: "it comes with a YouMail data contract",
  });
  const answer = record(json, "the answer");
  if (answer.statusCode !== 10000) throw protocol(`\`statusCode\` is ${show(answer.statusCode)}, where 10000 was expected`);
  // It is a number in the documented answer, and a text would mean the same.
  if (String(answer.phoneNumber) !== digits) throw protocol(`\`phoneNumber\` is ${show(answer.phoneNumber)}, where ${digits} was asked`);
  if (!truth(answer.recordFound, "`recordFound`")) return null;
  return /** @type {0 | 1 | 2} */ (whole(record(answer.spamRisk, "`spamRisk`").level, "`spamRisk.level`", 0, 2));
}

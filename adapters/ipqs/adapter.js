// @ts-check
// IPQualityScore: a fraud score of a number. It is no carrier's label, so it never flags a number by itself.

import { Failure, askJson, northAmerican, observation, observationsOf, record, rejected, show, truth, whole, wholeSetting } from "../lib/http.js";

const ID = "ipqs";

// A number for fiction; there is no free question that would prove the key.
const PROBED = "+12025550143";

// Its own bounds: 75 is suspicious, 85 high risk, 90 abusive within days.
const MIXED_FROM = 75;
const MIXED_HIGH_FROM = 85;

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "probe"], speaksFor: [ID] };
  },

  check({ numbers }) {
    const price = wholeSetting("price_micros", 0, 1_000_000_000);
    return observationsOf(numbers, (number) => lookUp(northAmerican(number), price));
  },

  probe() {
    const costMicros = wholeSetting("price_micros", 0, 1_000_000_000);
    return { found: `the key is accepted; ${PROBED} has fraud score ${scoreOf(answerFor(PROBED))}`, costMicros };
  },
};

function lookUp(number, price) {
  const answer = answerFor(number);
  // A number that it takes for none has a score of its own, which says nothing of calls.
  if (!truth(answer.valid, "`valid`")) return observation(number, ID, { status: "unknown", costMicros: price });
  const value = scoreOf(answer);
  const status = value >= MIXED_HIGH_FROM ? "mixed-high" : value >= MIXED_FROM ? "mixed-low" : "unflagged";
  const label = status === "unflagged" ? null : `fraud score ${value}${answer.recent_abuse === true ? ", recent abuse" : ""}`;
  return observation(number, ID, { status, label, score: { value, best: 0, worst: 100 }, costMicros: price });
}

const scoreOf = (answer) => whole(answer.fraud_score, "`fraud_score`", 0, 100);

// It answers 200 to questions that it refuses, with the reason beside `success`.
function answerFor(number) {
  const { json } = askJson({
    who: "IPQualityScore",
    path: `/api/json/phone/{{secret:API_KEY}}/${number.slice(1)}`,
    query: [["country[]", "US"], ["strictness", "0"]],
    keyFrom: "it comes with an account at ipqualityscore.com",
  });
  const answer = record(json, "the answer");
  if (truth(answer.success, "`success`")) return answer;
  // Only these words tell a refused key from a refused number.
  if (/unauthorized key/i.test(String(answer.message))) {
    throw new Failure("unauthorized", `IPQualityScore does not accept the API key: ${show(answer.message)}`, true);
  }
  throw rejected(`IPQualityScore refuses the question: ${show(answer.message)}`);
}

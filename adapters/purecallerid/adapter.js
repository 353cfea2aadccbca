// @ts-check
// PureCallerID: one look-up brings what Nomorobo, Icehook Scout, TrueSpam and Clean Call say of a number.

import { askJson, isRecord, maybe, northAmerican, observation, observationsOf, oneOf, protocol, record, show, whole, wholeSetting } from "../lib/http.js";
import { readIcehook, readNomorobo, readTrueSpam } from "../lib/twilio_add_ons.js";

const ID = "purecallerid";

// A number for fiction; there is no free question that would prove the key.
const PROBED = "+12025550143";

// Its own reading: below 60 at Icehook Scout and below 50 at TrueSpam is in order. What lies above is guessed.
const ICEHOOK = { mixedFrom: 60, mixedHighFrom: 80, flaggedFrom: 90 };
const TRUESPAM = { mixedFrom: 50, mixedHighFrom: 80, flaggedFrom: 90 };

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    const speaksFor = ["nomorobo", "icehook_scout", "truecnam", "marchex_cleancall"];
    return { id: ID, version: "0.1.0", functions: ["check", "probe"], speaksFor };
  },

  check({ numbers }) {
    const price = wholeSetting("price_micros", 0, 1_000_000_000);
    return observationsOf(numbers, (number) => opinions(northAmerican(number), answerFor(number), price));
  },

  probe() {
    const costMicros = wholeSetting("price_micros", 0, 1_000_000_000);
    const level = answerFor(PROBED).riskLevel;
    return { found: `the key is accepted; ${PROBED} has risk level ${show(level)}`, costMicros };
  },
};

function answerFor(number) {
  const { json } = askJson({
    who: "PureCallerID",
    path: "/api/public/services/spam",
    query: [["number", number.slice(2)]],
    headers: [["X-API-KEY", "{{secret:API_KEY}}"]],
    keyFrom: "it comes with a PureCallerID account",
  });
  return record(json, "the answer");
}

// Each part is somebody else's opinion, and one that is not there says nothing; the price is paid once, with the first.
function opinions(number, answer, price) {
  /** @type {{ agency: string, field: string, read: (result: any) => import("../lib/twilio_add_ons.js").Opinion }[]} */
  const readers = [
    { agency: "nomorobo", field: "nomoRobo", read: (result) => readNomorobo(result) },
    { agency: "icehook_scout", field: "icehookScout", read: (result) => icehook(result, number) },
    { agency: "truecnam", field: "trueSpam", read: (result) => readTrueSpam(TRUESPAM)(result, number) },
    { agency: "marchex_cleancall", field: "cleanCall", read: cleanCall },
  ];
  const parts = readers.filter(({ field }) => isRecord(answer[field]));
  if (parts.length === 0) throw protocol("the answer holds none of nomoRobo, icehookScout, trueSpam and cleanCall");
  return parts.map(({ agency, field, read }, index) =>
    observation(number, agency, { ...read(answer[field]), costMicros: index === 0 ? price : 0 }));
}

// Here the word may be missing, and the level alone then says it.
function icehook(result, number) {
  if (result.risk_rating !== undefined && result.risk_rating !== null) return readIcehook(ICEHOOK)(result, number);
  const level = whole(result.risk_level, "`risk_level` of Icehook Scout", 0, 100);
  return readIcehook(ICEHOOK)({ ...result, risk_rating: level >= ICEHOOK.mixedFrom ? "possible" : "unlikely" }, number);
}

/** @returns {{ status: import("smartguard:adapter/types@0.0.1").Status, label: string | null }} */
function cleanCall({ recommendation }) {
  const word = maybe(oneOf)(recommendation, "`recommendation` of Clean Call", ["PASS", "BLOCK", "FAIL"]);
  if (word === null) return { status: "unknown", label: null };
  return word === "PASS" ? { status: "unflagged", label: null } : { status: "flagged", label: word };
}

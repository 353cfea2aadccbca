// @ts-check
// DNCScrub TrustCall: what AT&T, T-Mobile and Verizon show of a number that it watches, and what two apps do; one request for
// a whole batch. Numbers are put under watch by registering them.

import log from "smartguard:adapter/log@0.0.1";
import { Failure, ask, askJson, list, northAmerican, observation, protocol, record, rejected, show, wholeSetting } from "../lib/http.js";
import { sorted } from "../lib/packet.js";

const ID = "trustcall";
const WHO = "DNCScrub";
const KEY_FROM = "it comes with a DNCScrub account that has TrustCall";

// A number for fiction; that the account answers about it is all that a probe wants to see.
const PROBED = "+12025550143";

// Which field speaks for whom.
const FIELDS = /** @type {const} */ ([
  ["ATTScore", "hiya", "att"],
  ["TMobileScore", "first_orion", "tmobile"],
  ["VerizonScore", "tns", "verizon"],
  ["RoboKillerStatus", "robokiller", null],
  ["NomoroboStatus", "nomorobo", null],
]);

/** @type {Record<string, import("smartguard:adapter/types@0.0.1").Status | null>} */
const STATUS = { Clean: "unflagged", Flagged: "flagged", Processing: null };

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    const speaksFor = ["hiya", "first_orion", "tns", "robokiller", "nomorobo"];
    return { id: ID, version: "0.1.0", functions: ["check", "register", "probe"], speaksFor };
  },

  check({ numbers }) {
    const price = wholeSetting("price_micros", 0, 1_000_000_000);
    const asked = [...new Set(numbers)].filter(isOurs);
    if (asked.length === 0 && numbers.length > 0) throw rejected("none of the numbers is one of the +1 countries");
    const rows = asked.length === 0 ? new Map() : watched(asked);
    const observations = [];
    /** @type {Failure | null} */
    let first = null;
    for (const [number, row] of rows) {
      try {
        observations.push(...opinions(number, row, price));
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure;
        first ??= failure;
        log.write("warn", `${number} is left out: ${failure.tag} ${failure.val}`);
      }
    }
    if (observations.length === 0 && first) throw first;
    return { tag: "observations", val: observations };
  },

  // A number that is under watch already is not added again, so that nothing is paid twice.
  register({ key, business, numbers }) {
    const asked = sorted(numbers).map(northAmerican);
    const known = watched(asked);
    const missing = asked.filter((number) => !known.has(number));
    if (missing.length > 0) {
      const label = `${business.id} ${key}`.slice(0, LABEL_CHARS_MAX);
      ask({
        who: WHO,
        method: "post",
        path: "/v1.5/TrustCall/Add",
        headers: [LOGIN, ["Content-Type", "application/json"]],
        body: JSON.stringify(missing.map((number) => ({ Phone: number.slice(2), Label: label }))),
        good: [200, 201],
        keyFrom: KEY_FROM,
      });
    }
    const detail = `${missing.length} put under watch, ${asked.length - missing.length} were there already; the first score comes within a day`;
    return { tag: "filed", val: { reference: null, status: "accepted", detail, refused: [] } };
  },

  probe() {
    const there = watched([PROBED]).size > 0;
    return { found: `the login is accepted; ${PROBED} is ${there ? "" : "not "}under watch`, costMicros: 0 };
  },
};

/** @type {[string, string]} */
const LOGIN = ["loginId", "{{secret:LOGIN_ID}}"];

// Not published; guessed.
const LABEL_CHARS_MAX = 60;

function isOurs(number) {
  const ours = /^\+1[2-9]\d{9}$/.test(number);
  if (!ours) log.write("warn", `${number} is left out: it is no number of the +1 countries`);
  return ours;
}

/**
 * The rows of those numbers that are under watch. A row about any other number says nothing.
 * @param {string[]} numbers @returns {Map<string, any>}
 */
function watched(numbers) {
  const { json } = askJson({
    who: WHO,
    path: "/v1.5/TrustCall/Get",
    query: [["phoneList", numbers.map((number) => number.slice(2)).join(",")]],
    headers: [LOGIN],
    keyFrom: KEY_FROM,
  });
  const rows = new Map();
  for (const [index, row] of list(json, "the answer").entries()) {
    const phone = record(row, `row ${index}`).Phone;
    const number = `+1${phone}`;
    if (!numbers.includes(number)) throw protocol(`\`Phone\` of row ${index} is ${show(phone)}, which was not asked for`);
    rows.set(number, row);
  }
  return rows;
}

// What is still being looked at says nothing yet; neither does a word that nobody has described.
function opinions(number, row, price) {
  const seen = [];
  for (const [field, agency, carrier] of FIELDS) {
    const word = row[field];
    if (word === undefined) continue;
    if (typeof word !== "string") throw protocol(`\`${field}\` is ${show(word)}, where a word was expected`);
    if (!Object.hasOwn(STATUS, word)) {
      log.write("info", `\`${field}\` of ${number} is ${show(word)}, which nobody has described`);
      continue;
    }
    const status = STATUS[word];
    if (status === null) continue;
    const label = status === "flagged" ? word : null;
    // The price of the number is told once.
    seen.push(observation(number, agency, { status, label, carrier, costMicros: seen.length === 0 ? price : 0 }));
  }
  return seen;
}

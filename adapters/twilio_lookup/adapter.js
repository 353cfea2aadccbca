// @ts-check
// Twilio's Lookup v2: the carrier and kind of line of a callee, one request for each.
// A callee's number stands in the request and nowhere else: not in the log, not in an error.

import log from "smartguard:adapter/log@0.0.1";
import { Failure, maybe, protocol, record, rejected, text, truth, whole, wholeSetting } from "../lib/http.js";
import { Refusal, get } from "../lib/twilio.js";
import { carrierOf } from "./carriers.js";

/** @typedef {import("smartguard:adapter/carrier-lookup@0.0.1").ServedBy} ServedBy */

// For fiction, so nobody's. To format a number costs nothing.
const PROBED = "+12025550143";

/** @type {import("smartguard:adapter/carrier-lookup@0.0.1").CarrierLookup} */
export const carrierLookup = {
  describe() {
    return { id: "twilio_lookup", version: "0.1.0", functions: ["probe", "price_micros", "lookup"], speaksFor: [] };
  },

  priceMicros: (count) => count * price(),

  lookup(numbers) {
    const costMicros = price();
    /** @type {ServedBy[]} */
    const served = [];
    let answered = false;
    /** @type {Failure | null} */
    let first = null;
    for (const number of new Set(numbers)) {
      try {
        served.push({ number, ...lineOf(number), costMicros });
        answered = true;
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure;
        first ??= failure;
        log.write("warn", `a callee is left out: ${failure.tag} ${failure.val}`);
        if (failure.concernsAll) break;
      }
    }
    // A callee that is left out is unknown. When nothing at all was learned, the reason matters more.
    if (!answered && first) throw first;
    return { tag: "served", val: served };
  },

  probe() {
    truth(get("lookups", `/v2/PhoneNumbers/${PROBED}`).valid, "`valid`");
    return { found: "Lookup v2 accepts the key and formats a number; line types were not asked, because they cost", costMicros: 0 };
  },
};

// Told by one source and not by Twilio, so it is a setting.
const price = () => wholeSetting("price_micros", 0, 1_000_000);

/** @param {string} number @returns {{ carrier: string | null, lineType: string | null }} */
function lineOf(number) {
  const answer = ask(number);
  if (answer.phone_number !== number) throw protocol("`phone_number` is not the number that was asked");
  const unknown = { carrier: null, lineType: null };
  // That Twilio knows nothing is an answer as well, and need not be asked for again.
  if (!truth(answer.valid, "`valid`")) return unknown;
  const line = record(answer.line_type_intelligence, "`line_type_intelligence`");
  if (maybe(whole)(line.error_code, "`error_code`", 0, Number.MAX_SAFE_INTEGER)) return unknown;
  return { carrier: carrierOf(maybe(text)(line.carrier_name, "`carrier_name`")), lineType: maybe(text)(line.type, "`type`") };
}

// What Twilio says of a refusal names the number, so only its code goes on.
function ask(number) {
  try {
    return get("lookups", `/v2/PhoneNumbers/${number}`, [["Fields", "line_type_intelligence"]]);
  } catch (failure) {
    if (!(failure instanceof Refusal)) throw failure;
    throw rejected(`Twilio refuses it (${failure.code === null ? `HTTP ${failure.status}` : `error ${failure.code}`})`);
  }
}

// @ts-check
// Twilio: what add-ons and Voice Insights say of a number, and registration and remediation by Trust Hub.

import log from "smartguard:adapter/log@0.0.1";
import { Failure, northAmerican, observationsOf, switchSetting, textSetting, unsupported, wholeSetting } from "../lib/http.js";
import { entriesOf, get, pages } from "../lib/twilio.js";
import { askAddOns, readIcehook, readMarchex, readNomorobo, readTrueSpam } from "../lib/twilio_add_ons.js";
import { dispute } from "./dispute.js";
import { beginReport, readReport, readToken } from "./insights.js";
import { PRODUCTS } from "./products.js";
import { register } from "./registration.js";
import { readSettings } from "./settings.js";
import { inbound, track } from "./track.js";

/** @typedef {import("smartguard:adapter/types@0.0.1").Observation} Observation */

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return {
      id: "twilio",
      version: "0.1.0",
      functions: ["check", "register", "dispute", "track", "inbound", "probe"],
      speaksFor: ["nomorobo", "icehook_scout", "truecnam", "marchex_cleancall", "hiya", "first_orion", "tns"],
    };
  },

  check({ numbers, token }) {
    const addOns = readAddOns();
    const insights = readInsights();
    if (addOns.length === 0 && insights === null) throw unsupported("no add-on is named in the settings, and `insights` is off");
    // The report comes first, because what add-ons have said would be lost while it is waited for.
    const { pending, observations: blocks } = blocksSeen(numbers, token, insights, addOns.length > 0);
    if (pending) return { tag: "pending", val: pending };
    if (addOns.length === 0) return { tag: "observations", val: blocks };
    try {
      const { val } = observationsOf(numbers, (number) => askAddOns(northAmerican(number), addOns));
      return { tag: "observations", val: [...val, ...blocks] };
    } catch (failure) {
      if (!(failure instanceof Failure) || blocks.length === 0) throw failure;
      return { tag: "observations", val: blocks };
    }
  },

  register: (request) => register(request, readSettings()),
  dispute,
  track,
  inbound,

  probe() {
    const installed = pages("marketplace", "/v1/InstalledAddOns", [], "installed_add_ons", 10)
      .map((addOn) => addOn.unique_name);
    const addOns = readAddOns().map(({ name }) => `${name} is ${installed.includes(name) ? "" : "not "}installed`);
    const products = get("trusthub", "/v1/TrustProducts", [["PolicySid", PRODUCTS["voice-integrity"].policy], ["PageSize", "1"]]);
    const voiceIntegrity = entriesOf(products, "results").length > 0 ? "there are Voice Integrity products" : "there is no Voice Integrity product";
    return { found: [...addOns, voiceIntegrity].join("; "), costMicros: 0 };
  },
};

/**
 * What calls of our own show; nothing where reports are not wanted.
 * @param {string[]} numbers @param {string | null} token
 * @param {ReturnType<typeof readInsights>} settings
 * @param {boolean} dispensable Whether somebody else is asked as well.
 * @returns {{ pending: import("smartguard:adapter/types@0.0.1").Pending | null, observations: Observation[] }}
 */
function blocksSeen(numbers, token, settings, dispensable) {
  const nothing = { pending: null, observations: [] };
  if (settings === null || numbers.length === 0) return nothing;
  try {
    const at = token === null ? null : readToken(token);
    return at ? readReport(at, numbers, settings) : { ...nothing, pending: beginReport(settings.numbersMax) };
  } catch (failure) {
    // A report that fails takes the add-ons with it only when asking them would fail in the same way.
    if (!(failure instanceof Failure) || failure.concernsAll || !dispensable) throw failure;
    log.write("warn", `Voice Insights' report is left out: ${failure.tag} ${failure.val}`);
    return nothing;
  }
}

function readInsights() {
  if (!switchSetting("insights")) return null;
  return {
    callsMin: wholeSetting("insights_calls_min", 1, 1_000_000),
    mixedPercent: wholeSetting("insights_mixed_percent", 1, 100),
    blockedPercent: wholeSetting("insights_blocked_percent", 1, 100),
    numbersMax: wholeSetting("insights_numbers_max", 1, 6000),
  };
}

// An add-on without a name is not asked.
function readAddOns() {
  const read = {
    nomorobo: readNomorobo,
    icehook_scout: readIcehook(readThresholds("icehook_scout")),
    truecnam: readTrueSpam(readThresholds("truecnam")),
    marchex_cleancall: readMarchex,
  };
  return Object.entries(read)
    .map(([agency, read]) => ({ agency, read, name: textSetting(`${agency}_add_on`), priceMicros: wholeSetting(`${agency}_price_micros`, 0, 1_000_000_000) }))
    .filter(({ name }) => name !== "");
}

function readThresholds(agency) {
  const [mixedFrom, mixedHighFrom, flaggedFrom] = ["mixed_from", "mixed_high_from", "flagged_from"].map((key) => wholeSetting(`${agency}_${key}`, 0, 100));
  if (mixedFrom <= mixedHighFrom && mixedHighFrom <= flaggedFrom) return { mixedFrom, mixedHighFrom, flaggedFrom };
  const remedy = "write each at least as high as the one before";
  throw new Failure("internal", `settings \`${agency}_mixed_from\`, \`${agency}_mixed_high_from\` and \`${agency}_flagged_from\` fall: ${remedy}`, true);
}

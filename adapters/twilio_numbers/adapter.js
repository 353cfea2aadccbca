// @ts-check
// Twilio as a provider of numbers: searched, bought under a name that is the key, given back, and listed.

import { isRecord, rejected, text, textSetting, wholeSetting } from "../lib/http.js";
import { ACCOUNT, Refusal, entriesOf, get, nextPage, post, remove, sid } from "../lib/twilio.js";

/** @typedef {import("smartguard:adapter/provider@0.0.1").HeldNumber} HeldNumber */

const ORIGIN = "api";
const NUMBERS = `${ACCOUNT}/IncomingPhoneNumbers.json`;
const PAGE_SIZE = 100;
// Twilio offers no more numbers at once than these.
const OFFERS_MAX = 30;

/** @type {import("smartguard:adapter/provider@0.0.1").Provider} */
export const provider = {
  describe() {
    return { id: "twilio_numbers", version: "0.1.0", functions: ["search", "acquire", "release", "list_numbers", "probe"], speaksFor: [] };
  },

  search({ areaCode, count }) {
    const monthlyMicros = wholeSetting("monthly_micros", 0, 1_000_000_000);
    const wanted = Math.min(count, OFFERS_MAX);
    if (wanted === 0) return [];
    const answer = get(ORIGIN, `${ACCOUNT}/AvailablePhoneNumbers/US/Local.json`, [
      ["AreaCode", areaCode],
      ["VoiceEnabled", "true"],
      ["PageSize", String(wanted)],
    ]);
    return entriesOf(answer, "available_phone_numbers")
      .map((offer) => text(offer.phone_number, "`phone_number` of an offer"))
      // Should others be offered as well, they are not what was asked for.
      .filter((number) => number.startsWith(`+1${areaCode}`))
      .slice(0, wanted)
      .map((number) => ({ number, monthlyMicros }));
  },

  acquire(key, number) {
    const bought = heldOf([["PhoneNumber", number], ["FriendlyName", key]], number);
    return { tag: "acquired", val: heldNumber(bought ?? buy(key, number)) };
  },

  release(_key, number) {
    const held = heldOf([["PhoneNumber", number]], number);
    // What is not there has been given back.
    if (held) remove(ORIGIN, `${ACCOUNT}/IncomingPhoneNumbers/${sid(held.sid, "`sid` of a number", "PN")}.json`);
  },

  listNumbers(page) {
    const answer = get(ORIGIN, NUMBERS, page === null ? [["PageSize", String(PAGE_SIZE)]] : readPage(page));
    const next = nextPage(answer);
    return {
      numbers: entriesOf(answer, "incoming_phone_numbers").map(heldNumber),
      next: next && JSON.stringify(next),
    };
  },

  probe() {
    const answer = get(ORIGIN, NUMBERS, [["PageSize", "1"]]);
    const [first] = entriesOf(answer, "incoming_phone_numbers");
    return { found: first ? "the account answers and holds numbers" : "the account answers and holds no number", costMicros: 0 };
  },
};

// The number of the account that answers to a query, as Twilio knows it.
function heldOf(query, number) {
  return entriesOf(get(ORIGIN, NUMBERS, query), "incoming_phone_numbers").find((held) => held.phone_number === number) ?? null;
}

// Where calls to a number go and what the law of its place asks for, as far as somebody has set it.
const FIELDS = /** @type {const} */ ([
  ["TrunkSid", "trunk_sid"],
  ["VoiceUrl", "voice_url"],
  ["StatusCallback", "status_callback"],
  ["AddressSid", "address_sid"],
  ["BundleSid", "bundle_sid"],
]);

function buy(key, number) {
  const fields = FIELDS.map(([field, setting]) => /** @type {[string, string]} */ ([field, textSetting(setting)]));
  try {
    return post(ORIGIN, NUMBERS, [["PhoneNumber", number], ["FriendlyName", key], ...fields.filter(([, value]) => value !== "")]);
  } catch (failure) {
    if (!(failure instanceof Refusal)) throw failure;
    // A number that is ours under another name cannot be bought, and need not be.
    const held = heldOf([["PhoneNumber", number]], number);
    if (!held) throw failure;
    return held;
  }
}

/** @returns {HeldNumber} */
function heldNumber(held) {
  return {
    number: text(held.phone_number, "`phone_number`"),
    acquiredAt: dateOf(held.date_created),
    inboundRoute: routeOf(held),
  };
}

// As in a letter's head: `Thu, 30 Jul 2015 23:19:04 +0000`.
function dateOf(written) {
  const ms = typeof written === "string" ? Date.parse(written) : NaN;
  return ms >= 0 ? Math.floor(ms / 1000) : null;
}

// A new number answers with Twilio's own greeting until somebody says where calls go, which is no call-back route.
const GREETING = "https://demo.twilio.com/";

// Twilio takes the trunk before the application, and that before the address. What is not said leads nowhere: a route
// that is told here counts as the proof that somebody answers.
function routeOf({ trunk_sid: trunk, voice_application_sid: application, voice_url: url, voice_receive_mode: mode, capabilities }) {
  if (mode !== "voice" || !isRecord(capabilities) || capabilities.voice !== true) return null;
  if (isSaid(trunk)) return `trunk ${trunk}`;
  if (isEmpty(trunk) && isSaid(application)) return `application ${application}`;
  if (!isEmpty(trunk) || !isEmpty(application) || !isSaid(url) || url.startsWith(GREETING)) return null;
  return withoutCredentials(url);
}

const isSaid = (value) => typeof value === "string" && value !== "";
const isEmpty = (value) => value === null || value === "";

// An address may hold a user and a password, and a query may hold a key; a route is told to people.
function withoutCredentials(url) {
  return url.replace(/\/\/[^/@]*@/, "//").replace(/[?#].*$/s, "");
}

function readPage(page) {
  try {
    const query = JSON.parse(page);
    if (Array.isArray(query) && query.every((pair) => Array.isArray(pair) && pair.length === 2)) return query;
  } catch {
    // It is no JSON.
  }
  throw rejected("the page is none that this adapter has named");
}

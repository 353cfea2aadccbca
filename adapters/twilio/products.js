// @ts-check
// The products of Trust Hub that a registration makes: what each is called, what it wants to know, and how ours are told
// from others by their names.

import { lacking } from "../lib/packet.js";
import { useCaseOf } from "./use_cases.js";

/** @typedef {import("smartguard:adapter/types@0.0.1").Business} Business */
/** @typedef {"voice-integrity" | "shaken" | "cnam"} ProductKind */

/**
 * The policies are Twilio's own and the same for every account.
 * `type` is what its end user is, where it has one: the place for what the product wants to know.
 */
export const PRODUCTS = {
  "voice-integrity": {
    title: "Voice Integrity",
    policy: "RN5b3660f9598883b1df4e77f77acefba0",
    type: "voice_integrity_information",
  },
  shaken: { title: "SHAKEN/STIR", policy: "RN7a97559effdf62d00f4298208492a5ea", type: null },
  cnam: { title: "CNAM", policy: "RNf3db3cd1fe25fcfd3c3ded065c8fea53", type: "cnam_information" },
};

// Twilio keeps names as they are given, so a name says whose a product is and by which filing it was made.
const NAME = /^SmartGuard (voice-integrity|shaken|cnam) (\S+) (\S+)$/;

/** @param {ProductKind} kind */
export const nameOf = (kind, business, key) => `SmartGuard ${kind} ${business} ${key}`;

/** What a product's name says, or null where it is not one of ours. */
export function readName(name) {
  const [, kind, business, key] = NAME.exec(name) ?? [];
  return kind ? { kind: /** @type {ProductKind} */ (kind), business, key } : null;
}

/** @returns {ProductKind[]} */
export function productsOf(settings) {
  /** @type {ProductKind[]} */
  const kinds = ["voice-integrity"];
  if (settings.shaken) kinds.push("shaken");
  if (settings.cnam) kinds.push("cnam");
  return kinds;
}

// Guessed: the business says how many calls it makes in a month, and Twilio asks about a business day.
const BUSINESS_DAYS_IN_A_MONTH = 21;

const perDay = (business) => Math.max(1, Math.round(business.callsPerMonth / BUSINESS_DAYS_IN_A_MONTH));

// Descriptions differ on whether the call volume is a whole number or one of these words.
const VOLUMES = [
  [100, "0-100"],
  [1000, "101-1000"],
  [10000, "1001-10000"],
  [100000, "10001-100000"],
];

/** The attribute that is said in one of two ways. */
export const VOLUME = "average_business_day_call_volume";

/**
 * What a product's end user says of the business.
 * @param {ProductKind} kind
 * @param {Business} business
 * @param {boolean} inWords Whether the call volume is said by one of the words that stand for a range.
 */
export function attributesOf(kind, business, settings, inWords) {
  if (kind === "cnam") return { cnam_display_name: business.cnam };
  const calls = perDay(business);
  const range = VOLUMES.find(([most]) => calls <= Number(most))?.[1] ?? "100000+";
  return {
    use_case: useCaseOf([settings.useCase, business.category, business.useCase]),
    business_employee_count: String(business.employees),
    [VOLUME]: inWords ? range : String(calls),
    notes: business.useCase,
  };
}

/**
 * What the business has not said and a product wants to know, in sentences.
 * @param {Business} business
 */
export function lackingFor(business, settings) {
  const known = useCaseOf([settings.useCase, business.category, business.useCase]) !== null;
  const category = `\`category\` of business ${business.id} is none of Twilio's words for calls, as \`Appointment Reminders\` is`;
  return [
    ...(known ? [] : [category]),
    ...lacking(business, ["employees", "calls_per_month", ...(settings.cnam ? /** @type {const} */ (["cnam"]) : [])]),
  ];
}

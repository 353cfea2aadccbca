// @ts-check
// What add-ons say of a number, in the envelope of Twilio's Lookup v1: one request asks several, and each can fail alone.

import log from "smartguard:adapter/log@0.0.1";
import { Failure, observation, oneOf, protocol, record, rejected, show, whole } from "./http.js";
import { ICEHOOK_RATINGS, icehookOpinion, nomoroboOpinion, trueSpamOpinion } from "./scales.js";
import { get } from "./twilio.js";

/** @typedef {import("smartguard:adapter/types@0.0.1").Observation} Observation */
/** @typedef {import("./scales.js").Opinion} Opinion */
/** @typedef {import("./scales.js").Thresholds} Thresholds */

/**
 * An add-on as it is installed, and how its result is read.
 * @typedef {{ agency: string, name: string, priceMicros: number, read: (result: Record<string, any>, number: string) => Opinion }} AddOn
 */

/**
 * What these add-ons make of one number. An add-on that fails brings no observation, which counts as unknown; when none
 * of them brings one, the first reason is thrown.
 * @param {string} number @param {AddOn[]} addOns
 * @returns {Observation[]}
 */
export function askAddOns(number, addOns) {
  const answer = get("lookups", `/v1/PhoneNumbers/${number}`, addOns.map(({ name }) => ["AddOns", name]));
  if (answer.phone_number !== number) throw protocol(`\`phone_number\` is ${show(answer.phone_number)}, where ${number} was asked`);
  const envelope = record(answer.add_ons, "`add_ons`");
  const results = record(successful(envelope, "Twilio").results, "`add_ons.results`");
  const observations = [];
  /** @type {Failure | null} */
  let first = null;
  for (const { agency, name, priceMicros, read } of addOns) {
    try {
      if (!Object.hasOwn(results, name)) throw rejected(`${name} is not in the answer; look whether it is installed under this name`);
      const { result } = successful(record(results[name], `\`${name}\``), name);
      observations.push(observation(number, agency, { ...read(record(result, `\`${name}.result\``), number), costMicros: priceMicros }));
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      first ??= failure;
      // It is no alarm: single add-ons time out every day.
      log.write("info", `${agency} says nothing of ${number}: ${failure.val}`);
    }
  }
  if (observations.length === 0 && first) throw first;
  return observations;
}

/** The envelope, if it says that all went well. */
function successful(envelope, who) {
  if (oneOf(envelope.status, `\`status\` of ${who}`, ["successful", "failed"]) === "successful") return envelope;
  const { message, code } = envelope;
  const words = typeof message === "string" ? message : "it names no reason";
  throw new Failure("unavailable", `${who} failed: ${words}${Number.isInteger(code) ? ` (error ${code})` : ""}`);
}

/** Nomorobo Spam Score. @param {Record<string, any>} result @returns {Opinion} */
export function readNomorobo(result) {
  return nomoroboOpinion(whole(result.score, "`score` of Nomorobo", 0, 1));
}

/** Icehook Scout. @param {Thresholds} thresholds @returns {AddOn["read"]} */
export const readIcehook = (thresholds) => (result, number) => {
  const about = result.dialcode_e164 ?? number;
  if (about !== number) throw protocol(`\`dialcode_e164\` of Icehook Scout is ${show(about)}, where ${number} was asked`);
  if (result.dialcode_invalid === true || result.dialcode_impossible === true) throw rejected("Icehook Scout takes the number for none");
  const level = whole(result.risk_level, "`risk_level` of Icehook Scout", 0, 100);
  const rating = oneOf(result.risk_rating, "`risk_rating` of Icehook Scout", ICEHOOK_RATINGS);
  return icehookOpinion(level, rating, thresholds);
};

/** TrueSpam, whose score means something only with a match. @param {Thresholds} thresholds @returns {AddOn["read"]} */
export const readTrueSpam = (thresholds) => (result) => {
  if (whole(result.err ?? 0, "`err` of TrueSpam", 0, 1_000_000) !== 0) throw rejected("TrueSpam answers with an error");
  const matched = whole(result.spam_score_match, "`spam_score_match` of TrueSpam", 0, 1) === 1;
  return trueSpamOpinion(matched ? whole(result.spam_score, "`spam_score` of TrueSpam", 0, 100) : null, thresholds);
};

/** Marchex Clean Call: a recommendation, one level deeper than the others' results. @param {Record<string, any>} result @returns {Opinion} */
export function readMarchex(result) {
  const { recommendation, reason } = record(result.result, "`result` of Marchex Clean Call");
  // `FAIL` is what older code looks for.
  const word = oneOf(recommendation, "`recommendation` of Marchex Clean Call", ["PASS", "BLOCK", "FAIL"]);
  if (word === "PASS") return { status: "unflagged" };
  return { status: "flagged", label: typeof reason === "string" && reason !== "" ? `${word}: ${reason}`.slice(0, 80) : word };
}

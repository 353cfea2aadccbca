// @ts-check
// What scripts do around `http.fetch`: every refusal and every status becomes the one fitting error of the interface,
// answers are read field by field, and a batch asks about each number once.

import clock from "smartguard:adapter/clock@0.0.1";
import config from "smartguard:adapter/config@0.0.1";
import http from "smartguard:adapter/http@0.0.1";
import log from "smartguard:adapter/log@0.0.1";

// Guessed, for a 429 that does not say how long to wait.
const RETRY_AFTER_DEFAULT_S = 60;
const RETRY_AFTER_MAX_S = 86400;

/**
 * An error of the interface, thrown as it is. `concernsAll` says that asking about other numbers makes no sense either.
 */
export class Failure {
  /**
   * @param {"retry-after" | "rejected" | "unauthorized" | "unavailable" | "needs-person" | "protocol" | "internal" | "unsupported"} tag
   * @param {any} val
   * @param {boolean} [concernsAll]
   */
  constructor(tag, val, concernsAll = false) {
    this.tag = tag;
    this.val = val;
    this.concernsAll = concernsAll;
  }
}

/** A secret that is not configured, for adapters that have another way without it. */
export class SecretMissing extends Failure {}

/** An answer that does not fit the contract. @param {string} detail */
export const protocol = (detail) => new Failure("protocol", detail);

/** What the adapter cannot do, or may not for this business. @param {string} reason */
export const unsupported = (reason) => new Failure("unsupported", reason);

/** What the agency, or its form, does not take. @param {string} reason */
export const rejected = (reason) => new Failure("rejected", reason);

/**
 * @typedef {object} Question
 * @property {string} who The agency's name, for people who read an error.
 * @property {"get" | "post" | "put" | "patch" | "delete"} [method]
 * @property {string} [origin] `api` when it is left out.
 * @property {string} path
 * @property {[string, string][]} [query]
 * @property {[string, string][]} [headers]
 * @property {string | null} [body]
 * @property {number[]} [good] The statuses that the caller reads itself; 200 alone when it is left out.
 * @property {string} [keyFrom] Where a missing secret comes from, for example `it comes with a Nomorobo contract`.
 */

/**
 * One request. What the host or the agency refuses is thrown as a `Failure`.
 * @param {Question} question
 * @returns {{ status: number, headers: [string, string][], body: string }}
 */
export function ask(question) {
  const { who, method = "get", origin = "api", path, query = [], headers = [], body = null, good = [200] } = question;
  let response;
  try {
    response = http.fetch({ method, origin, path, query, headers, body });
  } catch (error) {
    throw hostRefusal(error, question);
  }
  const { status } = response;
  if (good.includes(status)) return response;
  if (status === 429) throw new Failure("retry-after", retryAfter(response.headers), true);
  if (status === 401 || status === 403) throw new Failure("unauthorized", `${who} does not accept the API key (HTTP ${status})`, true);
  if (status >= 500) throw new Failure("unavailable", `${who} has a fault of its own (HTTP ${status})`);
  if (status >= 400) throw rejected(`${who} refuses the question (HTTP ${status})`);
  throw protocol(`HTTP ${status}, where ${good.join(" or ")} was expected`);
}

/**
 * One request whose answer is JSON.
 * @param {Question} question
 * @returns {{ status: number, headers: [string, string][], json: any }}
 */
export function askJson(question) {
  const headers = question.headers ?? [];
  const { status, headers: answered, body } = ask({ ...question, headers: [...headers, ["Accept", "application/json"]] });
  return { status, headers: answered, json: json(body) };
}

/** The value of a JSON text. @param {string} body */
export function json(body) {
  try {
    return JSON.parse(body);
  } catch {
    throw protocol(`the answer is no JSON; it begins with ${excerpt(body)}`);
  }
}

// What an import refuses with is the payload of an `Error`; everything else is a fault of the script.
/** @param {any} error @param {Question} question */
function hostRefusal(error, { who, keyFrom }) {
  const refused = error.payload;
  switch (refused?.tag) {
    case "denied":
      return new Failure("unsupported", `the host does not permit asking ${who}: ${refused.val}`, true);
    case "secret-missing":
      return new SecretMissing("unauthorized", `the secret ${refused.val} is not configured${keyFrom ? `; ${keyFrom}` : ""}`, true);
    case "rate-limited":
      return new Failure("retry-after", refused.val, true);
    case "timed-out":
      return new Failure("unavailable", `${who} did not answer in time`, true);
    case "unreachable":
      return new Failure("unavailable", `${who} cannot be reached: ${refused.val}`, true);
    case "too-large":
      return protocol(`the answer is longer than ${refused.val} bytes`);
    default:
      return error;
  }
}

/**
 * The seconds of a `Retry-After`, which HTTP allows as seconds or as a date.
 * @param {[string, string][]} headers
 */
export function retryAfter(headers) {
  const written = headers.find(([name]) => name.toLowerCase() === "retry-after")?.[1].trim() ?? "";
  const seconds = /^\d+$/.test(written) ? Number(written) : Math.ceil((Date.parse(written) - clock.nowMs()) / 1000);
  if (!Number.isFinite(seconds)) return RETRY_AFTER_DEFAULT_S;
  return Math.min(Math.max(seconds, 1), RETRY_AFTER_MAX_S);
}

/**
 * Asks about each number once. One that fails is left out, with a line in the log, as long as another one brings
 * something; after a failure that concerns all, the rest is not asked.
 * @param {string[]} numbers
 * @param {(number: string) => object | object[] | null} lookUp Its observations; null or none where the agency has nothing.
 * @returns {any} The answer of `check`.
 */
export function observationsOf(numbers, lookUp) {
  const observations = [];
  let answered = false;
  /** @type {Failure | null} */
  let first = null;
  for (const number of new Set(numbers)) {
    try {
      const seen = lookUp(number);
      answered = true;
      if (seen !== null) observations.push(...(Array.isArray(seen) ? seen : [seen]));
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      first ??= failure;
      log.write("warn", `${number} is left out: ${failure.tag} ${failure.val}`);
      if (failure.concernsAll) break;
    }
  }
  // A number that is left out counts as unknown. When nothing at all was learned, the reason matters more.
  if (!answered && first) throw first;
  return { tag: "observations", val: observations };
}

/**
 * One observation; what is left out is nothing, and the time is now.
 * @param {string} number
 * @param {string} agency
 * @param {{ status: import("smartguard:adapter/types@0.0.1").Status, label?: string | null, carrier?: string | null,
 *   score?: { value: number, best: number, worst: number } | null, observedAt?: number, costMicros?: number }} seen
 */
export function observation(number, agency, { status, label = null, carrier = null, score = null, observedAt = nowS(), costMicros = 0 }) {
  return { number, agency, carrier, status, label, score, observedAt, costMicros };
}

/** Seconds since 1970. */
export const nowS = () => Math.floor(clock.nowMs() / 1000);

// Readers. Each takes a value and the place where it stands, and believes nothing that does not fit.

/** @param {any} value @param {string} place */
export function record(value, place) {
  if (isRecord(value)) return value;
  throw protocol(`${place} is ${show(value)}, where an object was expected`);
}

/** @param {any} value @param {string} place @returns {any[]} */
export function list(value, place) {
  if (Array.isArray(value)) return value;
  throw protocol(`${place} is ${show(value)}, where a list was expected`);
}

/** A text that says something. @param {any} value @param {string} place @returns {string} */
export function text(value, place) {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw protocol(`${place} is ${show(value)}, where a text was expected`);
}

/** @param {any} value @param {string} place @param {number} least @param {number} most @returns {number} */
export function whole(value, place, least, most) {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw protocol(`${place} is ${show(value)}, where a whole number from ${least} to ${most} was expected`);
}

/** @param {any} value @param {string} place @returns {boolean} */
export function truth(value, place) {
  if (typeof value === "boolean") return value;
  throw protocol(`${place} is ${show(value)}, where true or false was expected`);
}

/** @template {string} W @param {any} value @param {string} place @param {readonly W[]} words @returns {W} */
export function oneOf(value, place, words) {
  if (words.includes(value)) return value;
  throw protocol(`${place} is ${show(value)}, where ${words.map((word) => `"${word}"`).join(" or ")} was expected`);
}

/**
 * The same reader for what may be missing or null, which reads as null.
 * @template T
 * @param {(value: any, place: string, ...rest: any[]) => T} read
 * @returns {(value: any, place: string, ...rest: any[]) => T | null}
 */
export const maybe = (read) => (value, place, ...rest) =>
  value === undefined || value === null ? null : read(value, place, ...rest);

export const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
/** @param {string} body */
export const excerpt = (body) => JSON.stringify(body.slice(0, 40));
/** @param {any} value */
export const show = (value) => (value === undefined ? "missing" : JSON.stringify(value).slice(0, 60));

// Settings, as the operator's configuration has them.

/** @param {string} key @param {number} least @param {number} most */
export function wholeSetting(key, least, most) {
  const written = config.get(key);
  const value = written === null || !/^\d{1,10}$/.test(written) ? NaN : Number(written);
  if (value >= least && value <= most) return value;
  throw new Failure("internal", `setting \`${key}\` is ${show(written ?? undefined)}; write a whole number from ${least} to ${most}`, true);
}

/** Empty where nothing is set. @param {string} key */
export const textSetting = (key) => (config.get(key) ?? "").trim();

/** @param {string} key */
export function switchSetting(key) {
  const written = config.get(key);
  if (written === "true" || written === "false") return written === "true";
  throw new Failure("internal", `setting \`${key}\` is ${show(written ?? undefined)}; write true or false`, true);
}

/** A header with two secrets by HTTP's Basic scheme. @param {string} user @param {string} password @returns {[string, string]} */
export const basic = (user, password) => ["Authorization", `Basic {{basic:${user}:${password}}}`];

/** A header with one secret as a bearer token. @param {string} secret @returns {[string, string]} */
export const bearer = (secret) => ["Authorization", `Bearer {{secret:${secret}}}`];

/**
 * The body of a form; a name may stand several times.
 * @param {[string, string][]} fields
 */
export const urlencoded = (fields) =>
  fields.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");

const encoded = (word) => encodeURIComponent(word).replace(/%20/g, "+");

/** Refuses what is no number of the +1 countries, which no US agency knows. @param {string} number */
export function northAmerican(number) {
  if (/^\+1[2-9]\d{9}$/.test(number)) return number;
  throw rejected(`${number} is no number of the +1 countries`);
}

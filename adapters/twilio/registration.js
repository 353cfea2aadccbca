// @ts-check
// A registration with Voice Integrity, and with SHAKEN/STIR and CNAM where they are wanted, step by step.
//
// Each call does one step and answers with the token of the next, until Twilio has reviewed what was submitted.
// What is there is looked for by its name before anything is made, so a step that is made again, with its token or from
// the beginning, makes nothing twice. The token only says where to go on, and which numbers Twilio did not take.

import log from "smartguard:adapter/log@0.0.1";
import { Failure, rejected, unsupported } from "../lib/http.js";
import { PRODUCTS, VOLUME, attributesOf, lackingFor, nameOf, productsOf } from "./products.js";
import {
  approvedProfiles,
  assignEntity,
  assignedTo,
  createEndUser,
  createProduct,
  entitiesOf,
  fetchProfile,
  findEndUser,
  findProduct,
  numberSid,
  objectionsTo,
  ofProduct,
  ofProfile,
  refusalToAssign,
  submitProduct,
  updateEndUser,
} from "./trust_hub.js";

/** @typedef {import("smartguard:adapter/agency@0.0.1").RegisterRequest} RegisterRequest */
/** @typedef {import("smartguard:adapter/types@0.0.1").FilingAnswer} FilingAnswer */
/** @typedef {import("./products.js").ProductKind} ProductKind */
/** @typedef {import("./settings.js").Settings} Settings */

// Numbers that one step looks up and assigns: up to three requests each, in a call that may take a minute.
const NUMBERS_IN_A_STEP = 10;
// Between two steps, so that a long filing stays below the adapter's own rate.
const NEXT_STEP_S = 3;
// A review takes a day or two.
const REVIEW_S = 3600;

/**
 * Where a registration stands: the next step, the product that it is about, the numbers that are done with, and what is
 * not taken of them.
 * @typedef {{ step: string, kind: ProductKind, from: number, marks: string, reasons: string[] }} Progress
 */

/** @type {Record<string, (request: RegisterRequest, settings: Settings, progress: Progress) => FilingAnswer>} */
const STEPS = { begin, fill, assign, submit, review };

/** @param {RegisterRequest} request @param {Settings} settings */
export function register(request, settings) {
  const lacking = lackingFor(request.business, settings);
  if (lacking.length > 0) throw rejected(lacking.join("; "));
  const once = { ...request, numbers: [...new Set(request.numbers)] };
  const progress = readToken(once);
  try {
    return STEPS[progress.step](once, settings, progress);
  } catch (failure) {
    // The filing is the one with Voice Integrity: what Twilio does not take of the others is told, and is no reason to
    // call this one refused.
    if (!(failure instanceof Failure) || failure.tag !== "rejected" || progress.kind === "voice-integrity") throw failure;
    log.write("warn", `${PRODUCTS[progress.kind].title} is left out: ${failure.val}`);
    return following(settings, progress);
  }
}

// A token that is none of ours leads to the beginning, where all that was done is found again.
/** @param {RegisterRequest} request @returns {Progress} */
function readToken({ token, numbers }) {
  /** @type {Progress} */
  const first = { step: "begin", kind: "voice-integrity", from: 0, marks: TAKEN.repeat(numbers.length), reasons: [] };
  if (token === null) return first;
  try {
    const { step, kind, from, marks, reasons } = JSON.parse(token);
    const known = Object.hasOwn(STEPS, step) && Object.hasOwn(PRODUCTS, kind) && Number.isInteger(from);
    const fits = typeof marks === "string" && marks.length === numbers.length && Array.isArray(reasons);
    return known && fits ? { step, kind, from, marks, reasons } : first;
  } catch {
    return first;
  }
}

/** @param {Progress} progress @returns {FilingAnswer} */
const pending = (progress, askAgainS = NEXT_STEP_S) => ({ tag: "pending", val: { token: JSON.stringify(progress), askAgainS } });

// Looks what there is. A product is made only for numbers that the account has, in the name of an approved profile.
function begin(request, settings, progress) {
  const { business, key, numbers } = request;
  if (findProduct("voice-integrity", business.id, key) === null) {
    const from = progress.from + NUMBERS_IN_A_STEP;
    const held = numbers.slice(progress.from, from).some((number) => numberSid(number) !== null);
    if (!held && from < numbers.length) return pending({ ...progress, from });
    if (!held) throw unsupported("none of these numbers is in the Twilio account, and Twilio registers no others");
    const profile = chooseProfile(business, settings);
    if (profile === null) return pending(progress, REVIEW_S);
    createProduct("voice-integrity", business, key, settings.statusCallback);
  }
  return pending({ ...progress, step: "fill", from: 0 });
}

// Says whose product it is and what the calls are for.
function fill(request, settings, progress) {
  const { business, key } = request;
  const { kind } = progress;
  const product = findProduct(kind, business.id, key) ?? createProduct(kind, business, key, settings.statusCallback);
  if (product.status === "draft") {
    const assigned = entitiesOf(product.sid);
    if (!assigned.some(isProfile)) {
      const profile = chooseProfile(business, settings);
      if (profile === null) return pending(progress, REVIEW_S);
      assignEntity(product.sid, profile);
    }
    const { type } = PRODUCTS[kind];
    if (type && !assigned.some(isEndUser)) {
      const name = nameOf(kind, business.id, key);
      assignEntity(product.sid, findEndUser(name) ?? createEndUser(name, type, attributesOf(kind, business, settings, false)));
    }
  }
  return pending({ ...progress, step: "assign", from: 0 });
}

const isProfile = (entity) => entity.startsWith("BU");
const isEndUser = (entity) => entity.startsWith("IT");

// Puts some numbers on the business profile, without which the product does not take them, and then on the product.
function assign(request, _settings, progress) {
  const { business, key, numbers } = request;
  const { kind, from } = progress;
  const product = findProduct(kind, business.id, key);
  if (product === null) return pending({ ...progress, step: "fill", from: 0 });
  const profile = entitiesOf(product.sid).find(isProfile);
  if (!profile) throw rejected(`${product.sid} has lost its business profile; look at it in the Trust Hub of the Twilio Console`);
  const marks = new Marks(progress);
  // What SHAKEN/STIR or CNAM does not take is with Voice Integrity all the same.
  const refuse = kind === "voice-integrity"
    ? (place, reason) => marks.refuse(place, reason)
    : (place, reason) => log.write("warn", `${PRODUCTS[kind].title} does not take ${numbers[place]}: ${reason}`);
  const held = new Map();
  const to = Math.min(from + NUMBERS_IN_A_STEP, numbers.length);
  for (let place = from; place < to; place += 1) {
    if (kind !== "voice-integrity" && marks.refused(place)) continue;
    const sid = numberSid(numbers[place]);
    if (sid === null) refuse(place, "it is not in the Twilio account");
    else held.set(place, sid);
  }
  for (const path of [ofProfile(profile), ofProduct(product.sid)]) {
    if (held.size === 0) break;
    const there = assignedTo(path, [...held.values()]);
    for (const [place, sid] of held) {
      const reason = there.has(sid) ? null : refusalToAssign(path, sid);
      if (reason === null) continue;
      refuse(place, reason);
      held.delete(place);
    }
  }
  const done = { ...progress, ...marks.kept() };
  if (to < numbers.length) return pending({ ...done, from: to });
  if (marks.all()) throw rejected(`Twilio takes none of the numbers: ${done.reasons.join("; ")}`);
  return pending({ ...done, step: "submit", from: 0 });
}

// Asks what Twilio would object to, and submits what it does not object to.
function submit(request, settings, progress) {
  const { business, key } = request;
  const { kind } = progress;
  const product = findProduct(kind, business.id, key);
  if (product === null) return pending({ ...progress, step: "fill", from: 0 });
  if (product.status === "draft") {
    const objections = objectionsAfterAll(kind, product.sid, business, settings);
    if (objections.length > 0) throw rejected(objectionsSaid(kind, objections));
    submitProduct(product.sid);
  }
  return following(settings, progress);
}

// The next product that is wanted, and after the last of them the review.
function following(settings, progress) {
  const kinds = productsOf(settings);
  const kind = kinds[kinds.indexOf(progress.kind) + 1];
  if (kind) return pending({ ...progress, step: "fill", kind, from: 0 });
  return pending({ ...progress, step: "review", kind: "voice-integrity", from: 0 });
}

// Descriptions differ on how the call volume is said; where that is all that Twilio objects to, it is said the other way.
function objectionsAfterAll(kind, product, business, settings) {
  const { policy } = PRODUCTS[kind];
  const objections = objectionsTo(product, policy);
  const volumeAlone = objections.length > 0 && objections.every(({ field }) => field === VOLUME);
  const endUser = volumeAlone ? entitiesOf(product).find(isEndUser) : undefined;
  if (!endUser) return objections;
  updateEndUser(endUser, attributesOf(kind, business, settings, true));
  return objectionsTo(product, policy);
}

const objectionsSaid = (kind, objections) =>
  `${PRODUCTS[kind].title}: ${objections.map(({ field, reason }) => (field ? `${field}: ${reason}` : reason)).join("; ")}`;

/**
 * Waits until everything is reviewed. What became of the others is told beside the filing.
 * @returns {FilingAnswer}
 */
function review({ business, key, numbers }, settings, progress) {
  const [main, ...others] = productsOf(settings).map((kind) => ({ kind, product: findProduct(kind, business.id, key) }));
  if (main.product === null) return pending({ ...progress, step: "fill", from: 0 });
  if (main.product.status === "draft") return pending({ ...progress, step: "submit", from: 0 });
  if (main.product.status === "twilio-rejected") throw rejected(rejectionSaid(main.product));
  if ([main, ...others].some(({ product }) => product && isInReview(product.status))) return pending(progress, REVIEW_S);
  const told = others.map(({ kind, product }) => `${PRODUCTS[kind].title}: ${product ? `${product.sid} is ${product.status}` : "not made"}`);
  return {
    tag: "filed",
    val: {
      reference: main.product.sid,
      status: "accepted",
      detail: told.length > 0 ? told.join("; ") : null,
      refused: new Marks(progress).named(numbers),
    },
  };
}

/** @param {string} status */
const isInReview = (status) => status === "pending-review" || status === "in-review";

/** Why Twilio rejected a product, as far as it says so. @param {import("./trust_hub.js").Product} product */
export function rejectionSaid({ sid, errors }) {
  const reasons = errors.map(errorSaid).filter((reason) => reason !== null);
  const said = reasons.length > 0 ? reasons.join("; ") : "it names no reason; its e-mail to the contact may";
  return `Twilio rejected ${sid}: ${said}`;
}

// An error has a code, and mostly words; which fields hold them is not specified.
function errorSaid(error) {
  if (typeof error === "string" || typeof error === "number") return String(error);
  const fields = error ?? {};
  const words = [fields.message, fields.description, fields.failure_reason].find((word) => typeof word === "string");
  const code = [fields.code, fields.error_code].find((code) => Number.isInteger(code) || typeof code === "string");
  if (words === undefined) return code === undefined ? null : `error ${code}`;
  return code === undefined ? words : `${words} (error ${code})`;
}

const TAKEN = ".";
// A token has room for these beside a letter for each of three hundred numbers.
const REASONS_MAX = 6;
const REASON_CHARS_MAX = 78;

/** Which numbers of a filing are not taken and why, small enough for a token: one letter a number. */
class Marks {
  /** @param {{ marks: string, reasons: string[] }} kept */
  constructor({ marks, reasons }) {
    this.letters = [...marks];
    this.reasons = [...reasons];
  }

  refused(place) {
    return this.letters[place] !== TAKEN;
  }

  refuse(place, reason) {
    const short = reason.slice(0, REASON_CHARS_MAX);
    const kept = this.reasons.includes(short) || this.reasons.length < REASONS_MAX - 1 ? short : "for another reason";
    if (!this.reasons.includes(kept)) this.reasons.push(kept);
    this.letters[place] = String(this.reasons.indexOf(kept));
  }

  all() {
    return this.letters.every((letter) => letter !== TAKEN);
  }

  kept() {
    return { marks: this.letters.join(""), reasons: this.reasons };
  }

  /** @param {string[]} numbers */
  named(numbers) {
    const named = numbers.map((number, place) => ({ number, reason: this.reasons[Number(this.letters[place])] }));
    return named.filter((_, place) => this.refused(place));
  }
}

/**
 * The approved business profile in whose name is filed; null while Twilio still reviews the one that is named.
 * @param {import("./products.js").Business} business @param {Settings} settings
 */
function chooseProfile(business, settings) {
  const named = settings.profiles.get(business.id) ?? (business.relation === "client" ? undefined : settings.profiles.get("*"));
  if (named) {
    const { status } = fetchProfile(named);
    if (status === "twilio-approved") return named;
    if (isInReview(status)) return null;
    throw rejected(`the business profile ${named} is ${status}; mend and submit it in the Trust Hub of the Twilio Console`);
  }
  if (business.relation === "client") {
    const remedy = `write the approved secondary profile of this client under the setting \`profiles\`, as in \`${business.id}=BU…\``;
    throw unsupported(`${business.legalName} has \`relation = client\`, and no business profile of its own is named: ${remedy}`);
  }
  const approved = approvedProfiles();
  if (approved.length === 1) return approved[0].sid;
  if (approved.length === 0) {
    throw rejected("the account has no approved business profile: make one in the Trust Hub of the Twilio Console, then file again");
  }
  throw rejected(`the account has ${approved.length} approved business profiles: name the one of ${business.id} under the setting \`profiles\``);
}

// @ts-check
// Trust Hub's resources, one function for each question and each change that a filing needs.
// Nothing here decides; what is made here is looked for by whoever calls.

import { isRecord, maybe, oneOf, text } from "../lib/http.js";
import { ACCOUNT, Refusal, entriesOf, get, pages, post, sid } from "../lib/twilio.js";
import { PRODUCTS, nameOf } from "./products.js";

/** @typedef {import("./products.js").ProductKind} ProductKind */
/** @typedef {typeof STATUSES[number]} ReviewStatus */
/** @typedef {{ sid: string, name: string, status: ReviewStatus, errors: any[] }} Product */

const ORIGIN = "trusthub";

/** Where reviews stand, of products and of business profiles alike. */
const STATUSES = /** @type {const} */ (["draft", "pending-review", "in-review", "twilio-rejected", "twilio-approved"]);

// Guessed: two thousand products or end users are more than an account has.
const PAGES_MAX = 20;

/** @param {Record<string, any>} answer @returns {Product} */
const readProduct = (answer) => ({
  sid: sid(answer.sid, "`sid` of a trust product", "BU"),
  name: maybe(text)(answer.friendly_name, "`friendly_name` of a trust product") ?? "",
  status: oneOf(answer.status, "`status` of a trust product", STATUSES),
  errors: Array.isArray(answer.errors) ? answer.errors : [],
});

/**
 * The product of one filing, or null.
 * @param {ProductKind} kind @param {string} business @param {string} key
 */
export function findProduct(kind, business, key) {
  const name = nameOf(kind, business, key);
  const found = productsBy([["FriendlyName", name], ["PolicySid", PRODUCTS[kind].policy]]);
  return found.find((product) => product.name === name) ?? null;
}

/**
 * Every product of a kind, however it was made.
 * @param {ProductKind} kind @param {ReviewStatus} [status]
 */
export const productsOfKind = (kind, status) =>
  productsBy([["PolicySid", PRODUCTS[kind].policy], ...(status ? [/** @type {[string, string]} */ (["Status", status])] : [])]);

/** @param {[string, string][]} query */
const productsBy = (query) => pages(ORIGIN, "/v1/TrustProducts", query, "results", PAGES_MAX).map(readProduct);

/** @param {string} product */
export const fetchProduct = (product) => readProduct(get(ORIGIN, `/v1/TrustProducts/${product}`));

/**
 * @param {ProductKind} kind @param {import("./products.js").Business} business @param {string} key
 * @param {string} statusCallback Empty for none.
 */
export function createProduct(kind, business, key, statusCallback) {
  /** @type {[string, string][]} */
  const fields = [
    ["FriendlyName", nameOf(kind, business.id, key)],
    ["Email", business.contact.email],
    ["PolicySid", PRODUCTS[kind].policy],
  ];
  if (statusCallback !== "") fields.push(["StatusCallback", statusCallback]);
  return readProduct(post(ORIGIN, "/v1/TrustProducts", fields));
}

/** Sends a product to be reviewed. @param {string} product */
export function submitProduct(product) {
  readProduct(post(ORIGIN, `/v1/TrustProducts/${product}`, [["Status", "pending-review"]]));
}

/** The SIDs of what is assigned to a product: end users (`IT…`) and the business profile (`BU…`). @param {string} product */
export const entitiesOf = (product) =>
  pages(ORIGIN, `/v1/TrustProducts/${product}/EntityAssignments`, [], "results", PAGES_MAX)
    .map((assignment) => text(assignment.object_sid, "`object_sid` of an assignment"));

/** @param {string} product @param {string} entity */
export function assignEntity(product, entity) {
  post(ORIGIN, `/v1/TrustProducts/${product}/EntityAssignments`, [["ObjectSid", entity]]);
}

/** The SID of the end user of this name, or null. Twilio lists them by pages only. @param {string} name */
export function findEndUser(name) {
  const found = pages(ORIGIN, "/v1/EndUsers", [], "results", PAGES_MAX).find((endUser) => endUser.friendly_name === name);
  return found ? endUserSid(found) : null;
}

/** @param {string} name @param {string} type @param {object} attributes */
export const createEndUser = (name, type, attributes) =>
  endUserSid(post(ORIGIN, "/v1/EndUsers", [["FriendlyName", name], ["Type", type], ["Attributes", JSON.stringify(attributes)]]));

/** @param {string} endUser @param {object} attributes */
export function updateEndUser(endUser, attributes) {
  post(ORIGIN, `/v1/EndUsers/${endUser}`, [["Attributes", JSON.stringify(attributes)]]);
}

/** @param {Record<string, any>} endUser */
const endUserSid = (endUser) => sid(endUser.sid, "`sid` of an end user", "IT");

/** @param {Record<string, any>} profile */
const readProfile = (profile) => ({
  sid: sid(profile.sid, "`sid` of a business profile", "BU"),
  status: oneOf(profile.status, "`status` of a business profile", STATUSES),
});

/** @param {string} profile */
export const fetchProfile = (profile) => readProfile(get(ORIGIN, `/v1/CustomerProfiles/${profile}`));

export const approvedProfiles = () =>
  pages(ORIGIN, "/v1/CustomerProfiles", [["Status", "twilio-approved"]], "results", PAGES_MAX).map(readProfile);

/** The SID of a number, or null where the account does not have it. @param {string} number */
export function numberSid(number) {
  const answer = get("api", `${ACCOUNT}/IncomingPhoneNumbers.json`, [["PhoneNumber", number]]);
  const found = entriesOf(answer, "incoming_phone_numbers").find((held) => held.phone_number === number);
  return found ? sid(found.sid, "`sid` of a number", "PN") : null;
}

/** Where the numbers of a profile and of a product stand. @param {string} profile */
export const ofProfile = (profile) => `/v1/CustomerProfiles/${profile}/ChannelEndpointAssignments`;
/** @param {string} product */
export const ofProduct = (product) => `/v1/TrustProducts/${product}/ChannelEndpointAssignments`;

/** Which of these numbers (`PN…`) are assigned already. @param {string} path @param {string[]} sids */
export function assignedTo(path, sids) {
  const found = pages(ORIGIN, path, [["ChannelEndpointSids", sids.join(",")]], "results", PAGES_MAX);
  return new Set(found.map((assignment) => text(assignment.channel_endpoint_sid, "`channel_endpoint_sid`")));
}

/** Why Twilio does not assign this number, in its own words; null when it does. @param {string} path @param {string} number */
export function refusalToAssign(path, number) {
  try {
    post(ORIGIN, path, [["ChannelEndpointType", "phone-number"], ["ChannelEndpointSid", number]]);
    return null;
  } catch (failure) {
    // A refusal of one number is told with the filing; what concerns every request ends the step.
    if (failure instanceof Refusal) return failure.words;
    throw failure;
  }
}

/**
 * What Twilio would object to if the product were submitted, each with the field where one is named.
 * Nothing where Twilio does not evaluate products of this kind, which its guides leave open.
 * @param {string} product @param {string} policy
 * @returns {{ field: string | null, reason: string }[]}
 */
export function objectionsTo(product, policy) {
  let evaluation;
  try {
    evaluation = post(ORIGIN, `/v1/TrustProducts/${product}/Evaluations`, [["PolicySid", policy]]);
  } catch (failure) {
    if (failure instanceof Refusal) return [];
    throw failure;
  }
  if (oneOf(evaluation.status, "`status` of an evaluation", ["compliant", "noncompliant"]) === "compliant") return [];
  const objections = entriesOf(evaluation, "results").filter((result) => result.passed === false).flatMap(objectionsIn);
  return objections.length > 0 ? objections : [{ field: null, reason: "the evaluation names no reason" }];
}

// A result is about one thing that has to be there; what is wrong with its fields stands below it.
function objectionsIn(result) {
  const fields = [result.invalid, result.fields].filter(Array.isArray).flat().filter(isRecord);
  const wrong = fields.filter((field) => field.passed !== true);
  return (wrong.length > 0 ? wrong : [result]).map((told) => ({
    field: typeof told.object_field === "string" ? told.object_field : null,
    reason: typeof told.failure_reason === "string" ? told.failure_reason : "it is not met, and no reason is named",
  }));
}

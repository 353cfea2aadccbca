// @ts-check
// A dispute at one of the three engines: Twilio takes up the labels of numbers that are on an approved Voice Integrity
// product, so a dispute makes sure that the number is on one.

import { rejected, unsupported } from "../lib/http.js";
import { readName } from "./products.js";
import { assignedTo, entitiesOf, numberSid, ofProduct, ofProfile, productsOfKind, refusalToAssign } from "./trust_hub.js";

const ENGINES = { hiya: "Hiya", first_orion: "First Orion", tns: "TNS" };

// Products that are looked through for the number; guessed, an account has one for each filing.
const PRODUCTS_MAX = 30;

/**
 * @param {import("smartguard:adapter/agency@0.0.1").DisputeRequest} request
 * @returns {import("smartguard:adapter/types@0.0.1").FilingAnswer}
 */
export function dispute({ agency, business, number }) {
  if (!Object.hasOwn(ENGINES, agency)) throw unsupported(`Twilio takes labels up with Hiya, First Orion and TNS only, not with ${agency}`);
  const held = numberSid(number);
  if (held === null) throw unsupported(`${number} is not in the Twilio account, and Twilio takes up the labels of its own numbers only`);
  const isOurs = ({ name }) => readName(name)?.business === business.id;
  const approved = productsOfKind("voice-integrity", "twilio-approved");
  // Most numbers are on a product of their own business, so those are looked through first.
  const ordered = [...approved.filter(isOurs), ...approved.filter((product) => !isOurs(product))];
  for (const product of ordered.slice(0, PRODUCTS_MAX)) {
    if (assignedTo(ofProduct(product.sid), [held]).has(held)) return filed(product.sid, `${number} is on it already`, agency);
  }
  const product = approved.find(isOurs);
  if (!product) {
    throw unsupported(`${number} is on no approved Voice Integrity product, and ${business.id} has none that it could be put on: register it first`);
  }
  const profile = entitiesOf(product.sid).find((entity) => entity.startsWith("BU"));
  if (!profile) throw rejected(`${product.sid} has lost its business profile; look at it in the Trust Hub of the Twilio Console`);
  for (const path of [ofProfile(profile), ofProduct(product.sid)]) {
    const reason = assignedTo(path, [held]).has(held) ? null : refusalToAssign(path, held);
    if (reason !== null) throw rejected(`Twilio does not put ${number} on Voice Integrity ${product.sid}: ${reason}`);
  }
  return filed(product.sid, `${number} was put on it`, agency);
}

/** @returns {import("smartguard:adapter/types@0.0.1").FilingAnswer} */
const filed = (product, done, agency) => ({
  tag: "filed",
  val: {
    reference: product,
    status: "submitted",
    detail: `Voice Integrity ${product}: ${done}; Twilio takes its labels up with ${ENGINES[agency]} by itself, and reports nothing back`,
    refused: [],
  },
});

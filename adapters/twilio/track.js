// @ts-check
// What became of filings: asked by their key, or because Twilio called the address that a product names.

import { productsOfKind, fetchProduct } from "./trust_hub.js";
import { readName } from "./products.js";
import { rejectionSaid } from "./registration.js";

/** @param {string} key @returns {import("smartguard:adapter/types@0.0.1").TrackAnswer} */
export function track(key) {
  const product = productsOfKind("voice-integrity").find(({ name }) => readName(name)?.key === key);
  const filing = product ? filingOf(product) : null;
  // A dispute leaves no name at Twilio, so that nothing is found under a key does not say that nothing was done.
  return filing ? { tag: "found", val: filing } : { tag: "unknown" };
}

// One call is about one product, and a few more do no harm.
const PRODUCTS_MAX = 3;

/**
 * Anybody may call the address, so nothing of what is said there is believed: it only says which products to look at.
 *
 * An approval is told as being looked at: that wakes the step which waits for it, and that one knows which numbers Twilio
 * did not take.
 * @param {import("smartguard:adapter/agency@0.0.1").InboundRequest} request
 * @returns {import("smartguard:adapter/agency@0.0.1").InboundAnswer}
 */
export function inbound({ body }) {
  const named = new Set(body.match(/\bBU[0-9a-f]{32}\b/gi) ?? []);
  const filings = [...named].slice(0, PRODUCTS_MAX).map(fetchProduct).flatMap((product) => {
    const ours = readName(product.name);
    const filing = filingOf(product);
    if (ours?.kind !== "voice-integrity" || filing === null) return [];
    const status = filing.status === "accepted" ? "in-review" : filing.status;
    return [{ key: ours.key, filing: { ...filing, status } }];
  });
  return { observations: [], filings };
}

/**
 * A product as a filing; null while it is a draft, which nobody has filed yet.
 * @param {import("./trust_hub.js").Product} product
 * @returns {import("smartguard:adapter/types@0.0.1").Filing | null}
 */
function filingOf(product) {
  const status = FILED[product.status];
  if (!status) return null;
  return { reference: product.sid, status, detail: status === "refused" ? rejectionSaid(product) : null, refused: [] };
}

/** @type {Partial<Record<import("./trust_hub.js").ReviewStatus, import("smartguard:adapter/types@0.0.1").FilingStatus>>} */
const FILED = {
  "pending-review": "submitted",
  "in-review": "in-review",
  "twilio-approved": "accepted",
  "twilio-rejected": "refused",
};

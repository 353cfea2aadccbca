// @ts-check
// Free Caller Registry: prepares the form that a person submits there, for new numbers and for re-evaluation.
// The site asks for a mailed code and for consent, so nothing here talks to it: this adapter makes packets only.

import { unsupported } from "../lib/http.js";
import { formPacket, reevaluation, registration } from "../lib/tns_form.js";

const ID = "fcr";

// Those that the registry forwards to.
const ENGINES = ["hiya", "first_orion", "tns"];

/** @type {import("../lib/tns_form.js").Site} */
const SITE = {
  name: "the Free Caller Registry",
  url: "https://www.freecallerregistry.com/fcr/",
  prefix: ID,
  opening: "read what the page asks you to acknowledge, and go on with its first button.",
  mailsCode: true,
  wholeAddress: true,
  ownersOnly: true,
  after: [
    "Write down the Feedback ID if one is shown; not everybody gets one.",
    "Within some days First Orion, TNS and Hiya each acknowledge by e-mail, and each confirms later: write down when each came.",
  ],
  acknowledgedInDays: 5,
  effectiveInDays: 21,
};

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["register", "dispute"], speaksFor: [] };
  },

  check() {
    throw unsupported("the Free Caller Registry says nothing about a number; ask Hiya, First Orion and TNS by other sources");
  },

  register({ business, numbers }) {
    const said = registration(business, numbers, "the Free Caller Registry");
    const tracking = ["feedback_id", ...ENGINES.map((engine) => `acknowledged_${engine}`)];
    throw formPacket(SITE, business, said.numbers, { ...said, tracking });
  },

  dispute(request) {
    if (!ENGINES.includes(request.agency)) {
      throw unsupported(`the Free Caller Registry reaches ${ENGINES.join(", ")}, not ${request.agency}`);
    }
    const said = reevaluation(request, "the Free Caller Registry");
    const tracking = ["feedback_id", `acknowledged_${request.agency}`];
    throw formPacket(SITE, request.business, [request.number], { ...said, tracking });
  },
};

// @ts-check
// Verizon, which shows what TNS says of a caller: prepares its feedback form for labels that its subscribers see.
// The page has a human check, so nothing here talks to it: this adapter makes packets only.

import { unsupported } from "../lib/http.js";
import { nameOf } from "../lib/packet.js";
import { formPacket, reevaluation, registration } from "../lib/tns_form.js";

const ID = "verizon";
const ENGINE = "tns";

/** @type {import("../lib/tns_form.js").Site} */
const SITE = {
  name: "Verizon",
  url: "https://voicespamfeedback.com/vsf/",
  prefix: ID,
  opening: "choose the entries for businesses (`type_enterprise`, then `type-enterprise`), and press Next.",
  mailsCode: false,
  wholeAddress: false,
  ownersOnly: false,
  after: [
    "Write down the Feedback ID if one is shown.",
    "If the page sends you on to the Free Caller Registry, file there instead (`smartguard packet fcr <number>`): one guide says that this page takes no businesses any more, others name it first.",
    "Look at the label again on a Verizon phone after two to four weeks; the outcome may never be told.",
  ],
  // Nothing about an acknowledgement is published; the two to four weeks were reported by callers.
  acknowledgedInDays: 5,
  effectiveInDays: 28,
};

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["register", "dispute"], speaksFor: [] };
  },

  register({ business, numbers }) {
    const said = registration(business, numbers, "Verizon's feedback page");
    throw formPacket(SITE, business, said.numbers, { ...said, tracking: ["feedback_id"] });
  },

  dispute(request) {
    if (request.agency !== ENGINE) {
      throw unsupported(`Verizon shows what ${nameOf(ENGINE)} says; it is not asked about labels of ${request.agency}`);
    }
    if (request.carrier !== null && request.carrier !== ID) {
      throw unsupported(`this is seen on ${nameOf(request.carrier)}, and Verizon answers for its own subscribers only`);
    }
    const said = reevaluation(request, "Verizon's feedback page");
    throw formPacket(SITE, request.business, [request.number], { ...said, tracking: ["feedback_id"] });
  },
};

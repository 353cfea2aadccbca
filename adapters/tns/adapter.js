// @ts-check
// TNS, whose Call Guardian labels calls for Verizon and smaller carriers: prepares the form that a person submits there.
// The page mails a code, so nothing here talks to it: this adapter makes packets only.

import { unsupported } from "../lib/http.js";
import { TNS, formPacket, reevaluation, registration } from "../lib/tns_form.js";

const ID = "tns";

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["register", "dispute"], speaksFor: [] };
  },

  register({ business, numbers }) {
    const said = registration(business, numbers, "TNS directly");
    throw formPacket(TNS, business, said.numbers, { ...said, tracking: ["feedback_id", "answer_of_tns"] });
  },

  dispute(request) {
    if (request.agency !== ID) throw unsupported(`TNS answers for its own labels, not for those of ${request.agency}`);
    const said = reevaluation(request, "its own form");
    throw formPacket(TNS, request.business, [request.number], { ...said, tracking: ["feedback_id", "answer_of_tns"] });
  },
};

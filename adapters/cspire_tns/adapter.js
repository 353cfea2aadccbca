// @ts-check
// C Spire: refers registrations to where they count, and makes the packet for a dispute.

import { intake } from "../lib/carrier_intake.js";

export const agency = intake({
  id: "cspire_tns",
  carrier: "cspire",
  name: "C Spire",
  engine: "tns",
  page: "https://www.cspire.com",
  remarks: ["That C Spire asks TNS is not confirmed by C Spire itself: look at the words of the label, which TNS writes as \"Potential Spam\", \"Potential Scam\" or \"Potential Fraud\"."],
});

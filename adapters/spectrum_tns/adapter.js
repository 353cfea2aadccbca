// @ts-check
// Spectrum (Charter): refers registrations to where they count, and makes the packet for a dispute.

import { intake } from "../lib/carrier_intake.js";

export const agency = intake({
  id: "spectrum_tns",
  carrier: "spectrum",
  name: "Spectrum (Charter)",
  engine: "tns",
  page: "https://www.spectrum.net",
  remarks: [
    "Ask which service the callee has. Spectrum Mobile runs on Verizon's network, so its labels follow Verizon's, and Verizon's own form counts too (`smartguard packet verizon <number>`).",
    "Spectrum Voice has Call Guard, which grades each call: -2 and -3 show \"Potential Spam\", -4 is blocked. That TNS grades it is not confirmed by Charter.",
  ],
});

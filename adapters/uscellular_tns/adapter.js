// @ts-check
// US Cellular: refers registrations to where they count, and makes the packet for a dispute.

import { intake } from "../lib/carrier_intake.js";

export const agency = intake({
  id: "uscellular_tns",
  carrier: "uscellular",
  name: "US Cellular",
  engine: "tns",
  page: "https://www.uscellular.com",
  remarks: [
    "T-Mobile took over US Cellular's wireless business in 2025, and its subscribers are likely to move to T-Mobile's network. A label \"Scam Likely\" comes from T-Mobile already: then stop here, and dispute it there (`smartguard packet tmobile_firstorion <number>`).",
  ],
});

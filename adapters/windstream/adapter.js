// @ts-check
// Windstream, which sells as Kinetic: refers registrations to the common registry, and makes the letter for a dispute.

import { intake } from "../lib/carrier_intake.js";

export const agency = intake({
  id: "windstream",
  carrier: "windstream",
  name: "Windstream (Kinetic)",
  engine: null,
  page: "https://www.windstream.com",
  remarks: [
    "What its subscribers see is its own \"Spam Call Alert\". Windstream is said to belong to Uniti since 2025, so the contact may stand on a page of that name.",
  ],
});

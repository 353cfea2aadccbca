// @ts-check
// Numeracle: vets callers and works with the engines for them, by contract; prepares what a person asks for.

import { contractOnly } from "../lib/contract_only.js";

export const agency = contractOnly({
  id: "numeracle",
  name: "Numeracle",
  page: "https://www.numeracle.com",
  registering: [
    "It vets the business before any number: have its papers ready, and answer what it asks.",
    "Hand over the numbers of the file as its portal, or the person who looks after you, wants them.",
  ],
  disputing: ["Ask the person who looks after you at Numeracle with the letter; it works with the engines for its customers."],
});

// @ts-check
// Bandwidth Number Reputation Management: test calls on three carriers, by contract; prepares what a person asks for.

import { contractOnly } from "../lib/contract_only.js";

export const agency = contractOnly({
  id: "bandwidth_nrm",
  name: "Bandwidth",
  page: "https://www.bandwidth.com",
  registering: [
    "The account must be enabled for Number Reputation Management, and the business a Customer there, which Bandwidth makes itself: ask for both.",
    "Make a Reputation Group with the name and purpose below, and put the numbers of the file into it.",
    "It then calls test phones on three carriers at the frequency that you choose; what it finds labelled it takes up by itself.",
  ],
  disputing: [
    "Look at the number in its Reputation Group: what is labelled there is taken up by itself, and a second request does nothing.",
    "If it is labelled and nothing is under way, ask Bandwidth's support with the letter.",
  ],
  groupCharsMax: 32,
});

// @ts-check
// Caller ID Reputation: watches numbers at many sources and tells of changes, by contract; prepares what a person asks for.

import { contractOnly } from "../lib/contract_only.js";

export const agency = contractOnly({
  id: "caller_id_reputation",
  name: "Caller ID Reputation",
  page: "https://calleridreputation.com",
  registering: [
    "Upload the numbers of the file to its portal; a third party was quoted some 64 US dollars a month for ten.",
    "Its sources include three carriers and several apps, so a label that it shows is worth a report here.",
  ],
  disputing: ["Look at the number in its portal, and ask its support with the letter if it offers to take labels up."],
});

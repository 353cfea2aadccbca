// @ts-check
// What calls are for, by First Orion's codes.
// They are from its page on phone numbers; the one for numbers that must not call at all is left out.

/** @type {Record<string, string>} */
export const PURPOSES = {
  CS: "Customer Service",
  DC: "Debt Collection",
  EN: "Informational / Notification",
  NP: "Charity",
  OB: "Multi-Use Line",
  PO: "Political",
  PR: "Prison",
  SR: "Survey",
  TM: "Telemarketing",
};

const plain = (said) => said.toLowerCase().replace(/[^a-z]/g, "");

/**
 * The code of what a business says its calls are for, if it says so in First Orion's words or with the code itself.
 * Nothing is guessed, because what is filed is a statement of the business.
 * @param {import("../lib/packet.js").Business} business
 */
export function purposeOf({ category, useCase }) {
  const said = [category ?? "", useCase].filter((words) => words !== "").map(plain);
  const found = Object.entries(PURPOSES).find(([code, words]) => said.includes(plain(code)) || said.includes(plain(words)));
  return found ? found[0] : null;
}

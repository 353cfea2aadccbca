// @ts-check
// What adapters for apps that block calls have in common: nothing is filed there by machine, and nobody has confirmed where a
// business writes to, so registrations and disputes are letters whose address a person looks up first.

import { unsupported } from "./http.js";
import { count, letter, needsPerson, seen, textFile, usualFields } from "./packet.js";

/**
 * An agency without a confirmed address for businesses.
 * @typedef {{ id: string, name: string, page: string, where: string }} Blocker
 */

/** @param {Blocker} blocker @param {import("smartguard:adapter/agency@0.0.1").RegisterRequest} request */
export function introduction(blocker, { business, numbers }) {
  const wish = "Please note these numbers as ours, so that calls from them are judged as calls of a known business.";
  return byLetter(blocker, business, numbers, {
    title: `Introduce ${count(numbers)} of ${business.legalName} to ${blocker.name}`,
    subject: `Business numbers of ${business.legalName}`,
    body: letter(business, numbers, { wish }),
  });
}

/** @param {Blocker} blocker @param {import("smartguard:adapter/agency@0.0.1").DisputeRequest} request */
export function review(blocker, request) {
  const { business, number } = request;
  if (request.agency !== blocker.id) throw unsupported(`${blocker.name} answers for itself only, not for ${request.agency}`);
  const wish = "Please review this number and tell us what led to the listing, so that we can correct it.";
  return byLetter(blocker, business, [number], {
    title: `Ask ${blocker.name} to review ${number} of ${business.legalName}`,
    subject: `Review of ${number}, used by ${business.legalName}`,
    body: letter(business, [number], { facts: seen(request, "at your service"), wish }),
  });
}

function byLetter({ name, page, where }, business, numbers, { title, subject, body }) {
  return needsPerson({
    title,
    url: page,
    steps: [
      `No address or form of ${name} for businesses is known for certain. ${where}`,
      "Read letter.txt. Send it only if every sentence is true for this business.",
      "Send it by the form or address that you found; the fields below are what such a form usually asks for.",
      "Write down when and where you sent it, and any reference that comes back.",
      `${name} does not report an outcome; the next look-ups show it.`,
    ],
    fields: usualFields(business, numbers),
    files: [textFile("letter.txt", `Subject: ${subject}\n\n${body}`)],
    tracking: ["sent_to", "reference"],
    acknowledgedInDays: 5,
    effectiveInDays: 14,
    confidence: "unknown",
  });
}

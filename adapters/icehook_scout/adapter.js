// @ts-check
// Icehook Scout: asks for the risk of a number, and makes the mail for a dispute; there is nothing to register with.

import { Failure, askJson, basic, northAmerican, observation, observationsOf, record, unsupported, wholeSetting } from "../lib/http.js";
import { letter, needsPerson, seen, usualFields } from "../lib/packet.js";
import { readIcehook } from "../lib/twilio_add_ons.js";

const ID = "icehook_scout";
const WHO = "Icehook Scout";

// It stands in the notes of each answer.
const ADDRESS = "support@icehook.com";

// A number for fiction; there is no free question that would prove the keys.
const PROBED = "+12025550143";

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "dispute", "probe"], speaksFor: [ID] };
  },

  check({ numbers }) {
    const settings = readSettings();
    const read = readIcehook(settings);
    return observationsOf(numbers, (number) =>
      observation(number, ID, { ...read(answerFor(northAmerican(number)), number), costMicros: settings.priceMicros }));
  },

  register() {
    throw unsupported("Icehook keeps no register of callers; it judges what networks and people report");
  },

  dispute(request) {
    const { business, number } = request;
    if (request.agency !== ID) throw unsupported(`${WHO} answers for itself only, not for ${request.agency}`);
    const wish = "Please review this number and tell us what led to the rating, so that we can correct it.";
    const subject = `Review of ${number}, used by ${business.legalName}`;
    throw needsPerson({
      title: `Ask ${WHO} to review ${number} of ${business.legalName}`,
      steps: [
        "Read the mail. Send it only if every sentence is true for this business.",
        `Send it to ${ADDRESS}, from an address of the business.`,
        "Write down when you sent it, and any reference that comes back.",
        "The next look-ups show the outcome.",
      ],
      fields: usualFields(business, [number]),
      email: { to: ADDRESS, subject, body: letter(business, [number], { facts: seen(request, "in your data"), wish }) },
      tracking: ["sent_at", "reference"],
      acknowledgedInDays: 5,
      effectiveInDays: 14,
      confidence: "official",
    });
  },

  probe() {
    const settings = readSettings();
    // It is read as a check reads it, so that an answer of another shape is told.
    const { status } = readIcehook(settings)(answerFor(PROBED), PROBED);
    return { found: `the keys are accepted; ${PROBED} counts as ${status}`, costMicros: settings.priceMicros };
  },
};

function answerFor(number) {
  const { json } = askJson({
    who: WHO,
    path: "/v1/numbers/search",
    query: [["dialcode", number]],
    headers: [basic("USER", "PASSWORD")],
    keyFrom: "it comes with an Icehook account",
  });
  return record(json, "the answer");
}

function readSettings() {
  const [mixedFrom, mixedHighFrom, flaggedFrom] = ["mixed_from", "mixed_high_from", "flagged_from"].map((key) => wholeSetting(key, 0, 100));
  if (mixedFrom > mixedHighFrom || mixedHighFrom > flaggedFrom) {
    throw new Failure("internal", "settings `mixed_from`, `mixed_high_from` and `flagged_from` fall: write each at least as high as the one before", true);
  }
  return { mixedFrom, mixedHighFrom, flaggedFrom, priceMicros: wholeSetting("price_micros", 0, 1_000_000_000) };
}

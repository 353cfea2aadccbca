// @ts-check
// Truecaller, an app that shows who calls and what its users reported: prepares what a person files there.
// It has no look-up for businesses that anybody may use, so what it shows is only known from people who saw it.

import { unsupported } from "../lib/http.js";
import {
  count, field, lacking, letter, needsPerson, personField, refuseFor, seen, sorted, usualFields,
} from "../lib/packet.js";

const ID = "truecaller";

const BUSINESS_URL = "https://www.truecaller.com";
const SPAM_HELP_URL = "https://support.truecaller.com/support/solutions/articles/81000392568-what-is-spam-";
const UNLISTING_URL = "https://www.truecaller.com/unlisting";

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["register", "dispute"], speaksFor: [] };
  },

  register({ business, numbers }) {
    const asked = sorted(numbers);
    refuseFor([...lacking(business, ["legal_name", "contact.name", "contact.email"]), ...none(asked)]);
    throw needsPerson({
      title: `Ask Truecaller for a verified caller ID for ${count(asked)} of ${business.legalName}`,
      url: BUSINESS_URL,
      steps: [
        "Know what it is for: a verified business shows a name that Truecaller has checked. It takes no spam mark away and keeps none off; Truecaller says so itself.",
        "It is a contract of its own. Without a wish for the name, close this.",
        `Open ${BUSINESS_URL} and follow it to Truecaller for Business, to Verified Business Caller ID.`,
        "Ask there with the fields below; which ones the page wants is not known to us.",
        "Write down the reference, and when the numbers were verified.",
      ],
      fields: usualFields(business, asked),
      tracking: ["reference", "verified_at"],
      acknowledgedInDays: 5,
      effectiveInDays: 14,
      confidence: "official",
    });
  },

  dispute(request) {
    const { business, number } = request;
    if (request.agency !== ID) throw unsupported(`Truecaller is asked about its own marks, not about labels of ${request.agency}`);
    refuseFor(lacking(business, ["legal_name", "contact.name", "contact.email"]));
    throw needsPerson({
      title: `Tell Truecaller that ${number} of ${business.legalName} is marked by mistake`,
      url: SPAM_HELP_URL,
      steps: [
        `Open ${SPAM_HELP_URL}. At its end are two forms for numbers that are marked by mistake: one for the EU, the EEA and Switzerland, one for the rest of the world. A US business takes the second.`,
        "Fill it in with what stands below; its fields are not known to us. Send it only if every sentence is true.",
        "With a business account at Truecaller, ask there as well: its help has a page for listed numbers that are marked.",
        "The mark goes by itself when reports stay away: Truecaller takes a number off its list when so few report it for some time. So rest the number meanwhile.",
        `Only if the name that is shown is wrong: ${UNLISTING_URL} takes a name out of the directory, within one or two days. It does not take a spam mark away.`,
        "Look at the number in the app after two weeks, and report what it shows: `smartguard number report` with `--agency truecaller`.",
      ],
      fields: [
        ...usualFields(business, [number]),
        field(
          "", "What happened",
          letter(business, [number], {
            facts: seen(request, "in your app"),
            wish: "Please review this number and take the mark away if it is there by mistake.",
          }),
        ),
        field("", "Number, for unlisting", number, false, "only where the name is wrong"),
        { ...personField("", "Human check, for unlisting", "only where the name is wrong; the page wants to see a person"), required: false },
      ],
      tracking: ["sent_at", "reference"],
      acknowledgedInDays: 5,
      effectiveInDays: 14,
      confidence: "official",
    });
  },
};

const none = (numbers) => (numbers.length === 0 ? ["there is no number to file: name at least one"] : []);

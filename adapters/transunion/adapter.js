// @ts-check
// TransUnion, which keeps the names that phones show for callers (Trusted Call Solutions, formerly Neustar): compares the
// name that is shown with the one that is registered, and prepares the papers for its programme.
// The name is read by Twilio's Lookup, with the operator's own account there. The programme has a portal for people only.

import {
  Failure, maybe, northAmerican, observation, observationsOf, protocol, record, text, textSetting, unsupported, whole,
  wholeSetting,
} from "../lib/http.js";
import {
  count, field, foreign, lacking, letter, needsPerson, personField, refuseFor, sorted, tableFile, textFile,
} from "../lib/packet.js";
import { get } from "../lib/twilio.js";

const ID = "transunion";
const SITE_URL = "https://www.transunion.com";

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "register", "dispute", "probe"], speaksFor: [ID] };
  },

  check({ numbers, cnams }) {
    const registered = new Map(cnams);
    const costMicros = wholeSetting("price_micros", 0, 1_000_000_000);
    return observationsOf(numbers, (number) => {
      const name = registered.get(number);
      // Without a registered name nothing can differ from it, and nothing is paid for.
      if (name === undefined) return null;
      const shown = shownName(number);
      if (shown === null) return null;
      return alike(shown, name)
        ? observation(number, ID, { status: "unflagged", costMicros })
        : observation(number, ID, { status: "mixed-low", label: shown, costMicros });
    });
  },

  register({ business, numbers }) {
    const asked = sorted(numbers);
    refuseFor([
      ...lacking(business, [
        "legal_name", "cnam", "address.line1", "address.city", "address.state", "address.zip",
        "contact.name", "contact.email", "contact.phone", "originating_providers",
      ]),
      ...foreign(asked, "TransUnion"),
    ]);
    throw needsPerson({
      title: `Hand ${count(asked)} of ${business.legalName} to TransUnion's Caller Name Optimization`,
      url: SITE_URL,
      steps: [
        `The name itself is written by the carrier that gave you the numbers (${business.originatingProviders.join(", ")}): have "${business.cnam}" registered there first.`,
        "Caller Name Optimization is a contract with a price of its own. It hands name and numbers to the carriers and watches their labels; without a wish for that, close this.",
        `Open ${SITE_URL}, look for Trusted Call Solutions, and ask for Caller Name Optimization. Neither a sign-up page nor an address is known to us.`,
        "Read the letter of authorisation. Sign and date it only if every sentence is true, and send it with the list of numbers.",
        "When the portal is open to you, upload the numbers, and write down what it says of them.",
        "Look into the portal each month: `Retagged` stands for a number that shows a tag again. Write that down as `portal_status`.",
      ],
      fields: [
        field("", "Business name", business.legalName),
        field("", "Doing business as", business.dba, false),
        field("", "Name to be shown", business.cnam),
        field("", "Website", business.website, false),
        field("", "Purpose of the calls", business.useCase),
        field("", "Numbers come from", business.originatingProviders.join(", ")),
        field("", "Your name", business.contact.name),
        field("", "Your e-mail address", business.contact.email),
        field("", "Your phone number", business.contact.phone),
        personField("", "Signed letter of authorisation", "signature and date are a person's"),
      ],
      files: [
        textFile("letter-of-authorisation.txt", authorisation(business, asked)),
        tableFile("transunion-numbers.xlsx", ["Phone Number", "Name"], asked.map((number) => [number.slice(2), business.cnam ?? ""])),
      ],
      tracking: ["contract", "portal_account", "portal_status", "portal_status_at"],
      acknowledgedInDays: 5,
      effectiveInDays: 14,
      confidence: "secondary",
    });
  },

  dispute(request) {
    const { business, number } = request;
    if (request.agency !== ID) {
      throw unsupported(`TransUnion is asked about the name that is shown, not about labels of ${request.agency}`);
    }
    refuseFor([...lacking(business, ["legal_name", "contact.name", "contact.email"]), ...foreign([number], "TransUnion")]);
    const shown = request.label === null ? [] : [`Called phones show "${request.label}" for ${number}.`];
    const wanted = business.cnam === null ? [] : [`The name that is registered for this number is "${business.cnam}".`];
    throw needsPerson({
      title: `Have the name of ${number} of ${business.legalName} put right`,
      url: SITE_URL,
      steps: [
        `First ask the carrier that gave you the number (${business.originatingProviders.join(", ")}) which name it has registered, because the name is written there. Phones may take some days to follow.`,
        "With Caller Name Optimization, look the number up in its portal and write down its status. At `Retagged` TransUnion appeals by itself: at AT&T three to four business days until it is seen, three to five more for the appeal.",
        "Without that contract, or if nothing moves, send the letter. No address for it is known to us: ask your contact there, or look for Trusted Call Solutions on the page.",
        "Read the letter. Send it only if every sentence is true for this business.",
        "Write down where and when it was sent, and what the portal says; the next look-up shows the name that is shown then.",
      ],
      fields: [
        field("", "Phone number", number),
        field("", "Name that is shown", request.label, false),
        field("", "Name that is registered", business.cnam, false),
        field("", "Business name", business.legalName),
      ],
      files: [
        textFile("letter.txt", letter(business, [number], {
          facts: [...shown, ...wanted, request.statement.trim()].filter((fact) => fact !== ""),
          wish: "Please compare this with what your store holds, and tell us what has to be corrected and by whom.",
        })),
      ],
      tracking: ["sent_to", "sent_at", "portal_status", "portal_status_at"],
      acknowledgedInDays: 5,
      effectiveInDays: 14,
      confidence: "secondary",
    });
  },

  probe() {
    // Without `Fields` Twilio only says how the number is written, which costs nothing.
    const number = textSetting("probe_number");
    const answer = lookUp(northAmerican(number), []);
    if (!("caller_name" in answer)) throw protocol("`caller_name` is missing, where nothing or a name was expected");
    return { found: `Twilio accepts the key and knows how ${number} is written; no name was asked for`, costMicros: 0 };
  },
};

// The name that called phones show, as far as Twilio knows one.
function shownName(number) {
  const info = lookUp(northAmerican(number), [["Fields", "caller_name"]]).caller_name;
  if (info === null) return null;
  const { caller_name: name, error_code: code } = record(info, "`caller_name`");
  const failed = maybe(whole)(code, "`caller_name.error_code`", 1, 999_999);
  if (failed !== null) throw new Failure("unavailable", `Twilio could not read the name of ${number} (error ${failed})`);
  return maybe(text)(name, "`caller_name.caller_name`");
}

/** @param {string} number @param {[string, string][]} query */
function lookUp(number, query) {
  const answer = get("lookups", `/v2/PhoneNumbers/${number}`, query);
  if (answer.phone_number !== number) throw protocol(`\`phone_number\` is not ${number}, which was asked for`);
  return answer;
}

// Stores write names in capitals and leave signs out, which makes no other name of them.
const plain = (name) => name.toUpperCase().replace(/[^A-Z0-9]/g, "");
const alike = (one, other) => plain(one) === plain(other);

function authorisation(business, numbers) {
  const { address, contact } = business;
  return [
    "LETTER OF AUTHORISATION",
    "",
    "To: TransUnion, Trusted Call Solutions",
    "",
    `${business.legalName}${business.dba ? ` (doing business as ${business.dba})` : ""}`,
    ...[address.line1, address.line2, `${address.city}, ${address.state} ${address.zip}`].filter(Boolean),
    "",
    `${business.legalName} authorises TransUnion, and the carriers that it works with, to register the telephone numbers below`,
    `with the name "${business.cnam}", and to correspond with carriers about labels that these numbers show.`,
    "",
    business.relation === "client"
      ? `Calls from these numbers are made in the name of ${business.legalName} by a call centre on its behalf.`
      : `${business.legalName} makes calls from these numbers itself.`,
    `What the calls are for: ${business.useCase}.`,
    `The numbers are used with the consent of their subscriber, and come from: ${business.originatingProviders.join(", ")}.`,
    "",
    "Numbers:",
    ...numbers.map((number) => `  ${number}`),
    "",
    `Name: ${contact.name}`,
    `Position: ${contact.title ?? "____________________"}`,
    "",
    "Signature: ____________________",
    "Date: ____________________",
    "",
  ].join("\n");
}

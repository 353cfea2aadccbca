// @ts-check
// AT&T, whose labels come from Hiya: prepares Hiya's own request form for a dispute, and what its console asks of a
// business that registers numbers. Both want a person, so nothing here talks to Hiya.

import { unsupported } from "../lib/http.js";
import {
  count, field, foreign, lacking, letter, national, needsPerson, numberFiles, personField, refuseFor, seen, sorted,
} from "../lib/packet.js";

const ID = "att_hiya";
const ENGINE = "hiya";

const ACCOUNT_HELP_URL = "https://www.hiya.com/legal/signing-up-for-hiya-account-help";
const SCREENING_URL = "https://hiyahelp.zendesk.com/hc/en-us/p/screening/";
const TICKET_URL = "https://hiyahelp.zendesk.com/hc/en-us/requests/new?ticket_form_id=824667";
const ATT_URL = "https://www.att.com/reviewmycalllabel";

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["register", "dispute"], speaksFor: [] };
  },

  register({ business, numbers }) {
    if (business.relation === "client") {
      throw unsupported(
        `Hiya takes registrations only from a representative of the business that uses the numbers; ${business.legalName} `
          + "has `relation = client`, so it opens its own account there",
      );
    }
    const asked = sorted(numbers);
    refuseFor([
      ...lacking(business, [
        "legal_name", "website", "address.country", "address.line1", "address.city", "address.state", "address.zip",
        "contact.name", "contact.email", "contact.phone",
      ]),
      ...foreign(asked, "Hiya Connect"),
    ]);
    const { names, files } = numberFiles("hiya-numbers", asked.map((number) => number.slice(2)), asked.length);
    throw needsPerson({
      title: `Register ${count(asked)} of ${business.legalName} with Hiya Connect`,
      url: ACCOUNT_HELP_URL,
      steps: [
        "The Free Caller Registry reaches Hiya too. An account of your own adds a console that shows how Hiya grades your numbers; without a use for that, close this.",
        `Read ${ACCOUNT_HELP_URL}, which leads to the sign-up of Hiya Connect. Only a representative of the business may open the account.`,
        ...domainSteps(business),
        "Give the facts of the business as they stand below; Hiya uses them to verify that it exists. The fields and their order are not published.",
        `In the console, under Number Registration, add the numbers: ${names[0]}.txt holds them.`,
        "Registering promises nothing: Hiya says itself that it guarantees no removal of a label.",
        "Write down the account's address and when the business and its numbers were accepted.",
      ],
      fields: accountFields(business, asked),
      files,
      tracking: ["account_email", "business_accepted_at", "numbers_accepted_at"],
      acknowledgedInDays: 3,
      effectiveInDays: 10,
      confidence: "official",
    });
  },

  dispute(request) {
    const { business, number } = request;
    if (request.agency !== ENGINE) {
      throw unsupported(`this form goes to Hiya, which is not asked about labels of ${request.agency}`);
    }
    refuseFor([
      ...lacking(business, ["legal_name", "website", "contact.name", "contact.email"]),
      ...foreign([number], "Hiya"),
    ]);
    throw needsPerson({
      title: `Ask Hiya to review ${number} of ${business.legalName}`,
      url: TICKET_URL,
      steps: [
        "Read the fields. Send them only if every sentence is true for this business.",
        `Open ${TICKET_URL}. If it does not show the form, begin at ${SCREENING_URL}: that you are a business, that it is about your own numbers (if that is true), and that you report a problem.`,
        "Fill in the fields as they stand below.",
        "Add to the description what you changed where your calls were graded badly; Hiya wants to hear that. Its console shows the grades if you have an account.",
        "Read the attestation, tick it yourself if it is true, and send the form.",
        "Write down the ticket's number from the mail that comes, and the answer when it comes: after some three to seven days.",
        `A second way, for a label that AT&T's subscribers see: ${ATT_URL}. Its fields are not known to us; the description below fits there too.`,
        "Do not send the same again while you wait; it changes nothing.",
      ],
      fields: [
        field("request_anonymous_requester_email", "Your e-mail address", business.contact.email),
        field(
          "request_description", "Description",
          letter(business, [number], {
            facts: seen(request, request.carrier === "att" ? "on AT&T's phones" : "from your service"),
            wish: "Please review this number and tell us what led to the label, so that we can correct it.",
          }),
        ),
        field("request_custom_fields_81018947", "I am", "business", true, "a choice; `business` is the value of the entry"),
        field("request_custom_fields_81019067", "Company name", business.legalName),
        field("request_custom_fields_81020527", "Website", business.website),
        field("request_custom_fields_81018847", "Numbers", national(number), true, "ten digits each, with a space between them"),
        field("request_custom_fields_32855858154387", "Contact name", business.contact.name),
        personField("request_custom_fields_32902380019859", "Attestation", "a tick that only you can set"),
      ],
      tracking: ["ticket", "answered_at", "answer"],
      acknowledgedInDays: 3,
      effectiveInDays: 10,
      confidence: "secondary",
    });
  },
};

// Hiya compares the two, and refuses an account where they differ.
function domainSteps({ contact, website }) {
  const mail = contact.email.split("@").pop().toLowerCase();
  const site = website.toLowerCase().replace(/^https?:\/\/(www\.)?/, "").replace(/[/:?#].*$/, "");
  if (mail === site) return [];
  return [`Hiya wants the account's e-mail address under the domain of the website: ${contact.email} is not under ${site}. Use one that is, or ask Hiya for help from that page.`];
}

function accountFields(business, numbers) {
  const { address, contact } = business;
  return [
    field("", "Legal name", business.legalName),
    field("", "Doing business as", business.dba, false),
    field("", "Website", business.website),
    field("", "Street", [address.line1, address.line2].filter(Boolean).join(", ")),
    field("", "City", address.city),
    field("", "State", address.state),
    field("", "ZIP", address.zip),
    field("", "D-U-N-S number", business.duns, false, "asked for where the business has one"),
    field("", "Tax number (EIN)", business.ein, false, "only if it is asked for"),
    field("", "Your name", contact.name),
    field("", "Your e-mail address", contact.email, true, "under the domain of the website"),
    field("", "Your phone number", contact.phone),
    field("", "Purpose of the calls", business.useCase, false),
    field("", "Phone number(s)", numbers.join(" ")),
  ];
}

// @ts-check
// The one form application behind the Free Caller Registry, TNS and Verizon's feedback page: the same element ids, with
// some that differ from site to site. It asks for a human step everywhere, so nothing here talks to it.

import { unsupported } from "./http.js";
import {
  count, field, filled, foreign, lacking, nameOf, national, needsPerson, numberFiles, personField, refuseFor, sorted,
  textFile, typingList,
} from "./packet.js";

/** @typedef {import("./packet.js").Business} Business */

// The application takes files of at most 100 KB. A line of the text takes 11 bytes, a row of the spreadsheet some 14
// (measured), so 6,000 numbers make 66 KB and 90 KB. One figure for both, so that part 2 holds the same numbers in both.
const NUMBERS_PER_FILE = 6000;

// The form has 20 boxes for typed numbers.
const NUMBERS_PER_FORM_TYPED = 20;

const FACTS = /** @type {const} */ ([
  "legal_name", "website", "address.country", "address.line1", "address.city", "address.state", "address.zip",
  "contact.name", "contact.email", "contact.phone", "calls_per_month", "originating_providers",
]);

/**
 * One site of the application.
 * @typedef {object} Site
 * @property {string} name As people say it, `the Free Caller Registry`.
 * @property {string} url
 * @property {string} prefix Of the files' names.
 * @property {string} opening What a person does first on the page, after it is open.
 * @property {boolean} mailsCode Whether a code is mailed to the contact address, and typed into the form.
 * @property {boolean} wholeAddress Whether the address has fields for its parts and the form asks for the website.
 * @property {boolean} ownersOnly Whether only the business that uses the numbers may file.
 * @property {string[]} after What comes after the form was sent.
 * @property {number} acknowledgedInDays
 * @property {number} effectiveInDays
 */

/**
 * TNS's own page, which its adapter and those of the carriers that ask TNS share.
 * @type {Site}
 */
export const TNS = {
  name: "TNS",
  url: "https://reportarobocall.com/trf/",
  prefix: "tns",
  opening: "choose the entries for businesses (`type_enterprise`, then `claim_enterprise`), and press Next.",
  mailsCode: true,
  wholeAddress: false,
  ownersOnly: false,
  after: [
    "Write down the Feedback ID if one is shown, and when a mail of TNS came; TNS does not answer everybody.",
    "TNS is the slowest of the three engines: look at the label again after some weeks, on a phone of a carrier that asks TNS.",
  ],
  // Nothing is published. Five days are those of the registry that shares the application, four weeks are the longest
  // that anybody reported for a carrier that asks TNS.
  acknowledgedInDays: 5,
  effectiveInDays: 28,
};

/**
 * The packet for these numbers, to be thrown.
 * @param {Site} site @param {Business} business @param {string[]} numbers
 * @param {{ title: string, notes: string, tracking: string[] }} said
 */
export function formPacket(site, business, numbers, { title, notes, tracking }) {
  refuse(site, business, numbers);
  const digits = numbers.map((number) => number.slice(2));
  const { names, files } = numberFiles(`${site.prefix}-numbers`, digits, NUMBERS_PER_FILE);
  return needsPerson({
    title,
    url: site.url,
    steps: steps(site, business, names),
    fields: fields(site, business, digits, names, notes),
    files: [...files, textFile(`${site.prefix}-typing-fallback.txt`, typingList(digits, NUMBERS_PER_FORM_TYPED))],
    tracking,
    acknowledgedInDays: site.acknowledgedInDays,
    effectiveInDays: site.effectiveInDays,
    confidence: "secondary",
  });
}

/** What a registration says. @param {Business} business @param {string[]} asked @param {string} where */
export function registration(business, asked, where) {
  const numbers = sorted(asked);
  return {
    numbers,
    title: `Register ${count(numbers)} of ${business.legalName} with ${where}`,
    notes: `Registration of ${count(numbers)}. Calls are: ${business.useCase}.`,
  };
}

/**
 * What a request for re-evaluation says.
 * @param {import("smartguard:adapter/agency@0.0.1").DisputeRequest} dispute @param {string} by
 */
export function reevaluation({ number, agency, label, status, carrier, statement }, by) {
  const engine = nameOf(agency);
  const shown = label ? `is shown as "${label}"` : `is held to be ${status}`;
  // A carrier that is not among those with a name would tell the reader nothing.
  const where = carrier && nameOf(carrier) !== carrier ? ` on ${nameOf(carrier)}` : "";
  const notes = [`${number} ${shown}${where} (${engine}). We ask for a re-evaluation.`, statement.trim()];
  return { title: `Ask ${engine} to re-evaluate ${number} by ${by}`, notes: notes.filter(Boolean).join(" ") };
}

// Says everything that keeps the filing from being made, so that a person mends it in one go.
function refuse({ name, ownersOnly, wholeAddress }, business, numbers) {
  if (ownersOnly && business.relation === "client") {
    throw unsupported(
      `${name} takes filings only from the business that uses the numbers; ${business.legalName} `
        + "has `relation = client`, so it files there itself, or the engines are asked directly",
    );
  }
  const facts = FACTS.filter((fact) => wholeAddress || fact !== "website");
  refuseFor([...lacking(business, facts), ...foreign(numbers, ownersOnly ? "the registry" : name)]);
}

function steps({ url, opening, mailsCode, after }, business, names) {
  const { email } = business.contact;
  const code = mailsCode
    ? [
      `Enter ${email} as contact e-mail and press the button that sends a verification code.`,
      "A mail from no-reply@tnsi.com brings five digits (they stand in its subject). Only you can read it: type them into the code field.",
    ]
    : [];
  const again = names.length === 1
    ? []
    : [`The numbers fill ${names.length} files, and a form takes one: repeat from step 2 with each part, and write down each Feedback ID.`];
  return [
    `Read the fields. File only what is true, and only if ${whose(business)}.`,
    `Open ${url}, ${opening}`,
    ...code,
    mailsCode ? "Fill in the other fields as they stand below." : "Fill in the fields as they stand below.",
    `Upload ${names[0]}.txt, or ${names[0]}.xlsx if the page prefers a spreadsheet.`,
    `Only if no file is taken: type the numbers from ${names[0].replace(/-numbers.*$/, "")}-typing-fallback.txt, one group of 20 for each form.`,
    mailsCode ? "Read the terms, agree to them yourself, and submit." : "Pass the human check yourself, read what you agree to, and submit.",
    ...again,
    ...after,
    "Do not submit the same again while you wait; it changes nothing.",
  ];
}

const whose = ({ relation, legalName }) =>
  relation === "client"
    ? `calls from these numbers are made in the name of ${legalName}`
    : "this business itself makes calls from these numbers";

function fields({ mailsCode, wholeAddress }, business, digits, names, notes) {
  const { address, contact } = business;
  const place = wholeAddress
    ? [
      field("enterprise_company_address_line_1", "Address line 1", address.line1),
      field("enterprise_company_address_line_2", "Address line 2", address.line2, false),
      field("enterprise_company_address_city", "City", address.city),
      field("enterprise_company_address_state", "State", address.state),
      field("enterprise_company_address_zip", "ZIP", address.zip),
      field("enterprise_company_url", "Website", business.website),
    ]
    : [
      field(
        "enterprise_company_address", "Company address",
        [address.line1, address.line2, `${address.city}, ${address.state} ${address.zip}`].filter(Boolean).join(", "),
      ),
    ];
  return [
    field("enterprise_contact_email", "Contact e-mail", contact.email),
    ...(mailsCode ? [personField("captcha", "Verification code", "the five digits mailed after pressing send-verification-code")] : []),
    field("enterprise_contact_name", "Contact name", contact.name),
    field("enterprise_contact_phone", "Contact phone", national(contact.phone)),
    field(
      "enterprise_company_name", "Company name", business.legalName, true,
      business.dba ? `does business as ${business.dba}; the form wants the legal name` : "the legal name, as the numbers' subscriber",
    ),
    ...place,
    field("enterprise_service_provider", "Service provider", business.originatingProviders.filter(filled).join(", ")),
    field(
      "enterprise_category", "Category", business.category ?? "other", true,
      `choose the entry that fits "${business.useCase}" best; the whole list is not published, "other" is known to exist`,
    ),
    field("call_count", "Calls per month", String(business.callsPerMonth)),
    field("", "Feedback or notes", notes, false, "leave it out if the page has no such field"),
    field(
      "enterprise_phone_0", "Phone number", digits[0], true,
      digits.length === 1 ? null : "the page may want one typed number beside the file; the file holds all of them",
    ),
    field("enterpriseFile", "File of numbers", `${names[0]}.txt`, false, "xlsx or txt, at most 100 KB"),
    mailsCode
      ? personField("submitButton", "Terms and submit", "consent is a person's")
      : personField("", "Human check and submit", "the page wants to see a person"),
  ];
}

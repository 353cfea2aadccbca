// @ts-check
// What a person does at Telnyx before numbers can be registered by machine: agreeing to terms and signing a letter are
// acts of the business, and the bill's address is no fact that we are told.

import { field, lacking, needsPerson, personField, refuseFor, textFile } from "../lib/packet.js";

const ORGANIZATIONS = { government: "government", nonprofit: "non_profit" };
const LEGAL = { corporation: "corporation", llc: "llc", partnership: "partnership", nonprofit: "nonprofit" };
const SIZES = /** @type {const} */ ([[10, "1-10"], [50, "11-50"], [200, "51-200"], [500, "201-500"], [2000, "501-2000"], [10000, "2001-10000"]]);

/**
 * @param {import("../lib/packet.js").Business} business @param {string[]} numbers
 * @param {string} why What is missing there.
 */
export function setUp(business, numbers, why) {
  refuseFor(lacking(business, [
    "legal_name", "website", "ein", "employees", "legal_form", "incorporated_in", "industry", "address.country",
    "address.line1", "address.city", "address.state", "address.zip", "contact.name", "contact.email", "contact.phone",
  ]));
  const { address, contact } = business;
  return needsPerson({
    title: `Set ${business.legalName} up for Number Reputation at Telnyx: ${why}`,
    url: "https://portal.telnyx.com",
    steps: [
      "Use this only if the numbers are in the business's Telnyx account, which is verified: Telnyx takes no others.",
      "Read Telnyx's terms for Number Reputation, and agree to them if you may do so for the business.",
      "Make an enterprise from the fields below; its industry is one of Telnyx's own words.",
      "Make the letter of authorization for it, have it signed by somebody who may sign for the business, and upload it.",
      "Switch reputation on for the enterprise with that letter, with a refresh once a day.",
      "Put the key of that account under the secret API_KEY. Numbers are handed over by themselves once Telnyx has approved both.",
    ],
    fields: [
      field("legal_name", "Legal name", business.legalName),
      field("doing_business_as", "Doing business as", business.dba ?? business.legalName),
      field("organization_type", "Organization", ORGANIZATIONS[business.legalForm ?? ""] ?? "commercial"),
      field("organization_legal_type", "Legal form", LEGAL[business.legalForm ?? ""] ?? "other"),
      field("country_code", "Country", "US"),
      field("website", "Website", business.website),
      field("fein", "Employer identification number", business.ein),
      field("industry", "Industry", business.industry, true, "choose the nearest of Telnyx's words"),
      field("number_of_employees", "Employees", sizeOf(business.employees ?? 0)),
      field("jurisdiction_of_incorporation", "Formed under the law of", business.incorporatedIn),
      field("organization_contact", "Contact", `${contact.name}, ${contact.email}, ${contact.phone}`),
      field("organization_physical_address", "Address", [address.line1, address.line2, `${address.city}, ${address.state} ${address.zip}`].filter(Boolean).join(", ")),
      personField("billing_contact", "Contact for the bill", "who pays is not known to us"),
      personField("billing_address", "Address for the bill", "where the bill goes is not known to us"),
      field("dun_bradstreet_number", "D-U-N-S number", business.duns, false),
      field("customer_reference", "Your reference", business.id, false, "by this the enterprise is found again"),
      personField("signature", "Signature under the letter of authorization", "only somebody who may sign for the business"),
    ],
    files: [textFile("numbers.txt", numbers.map((number) => `${number}\n`).join(""))],
    tracking: ["enterprise_id"],
    acknowledgedInDays: 5,
    effectiveInDays: 14,
    confidence: "secondary",
  });
}

const sizeOf = (employees) => SIZES.find(([most]) => employees <= most)?.[1] ?? "10001+";

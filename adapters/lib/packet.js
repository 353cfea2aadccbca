// @ts-check
// Packets: what a person needs to file by hand. Every statement in them is the business's own.

import { Failure, rejected } from "./http.js";

/** @typedef {import("smartguard:adapter/types@0.0.1").Business} Business */
/** @typedef {import("smartguard:adapter/types@0.0.1").PacketField} Field */
/** @typedef {import("smartguard:adapter/types@0.0.1").PacketFile} File */

// The +1 countries outside the United States and its territories: Canada, Bermuda and the Caribbean.
const ELSEWHERE = new Set((
  "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 450 468 474 506 514 519 "
  + "537 548 568 579 581 584 587 600 604 613 622 633 639 644 647 655 672 677 683 688 705 709 742 753 778 780 782 807 819 "
  + "825 851 867 873 879 902 905 942 "
  + "242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876"
).split(" "));

const STATES = new Set((
  "AL AK AS AZ AR CA CO CT DE DC FL GA GU HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MP MT NE NV NH NJ NM NY NC ND "
  + "OH OK OR PA PR RI SC SD TN TX UT VT VA VI WA WV WI WY"
).split(" "));

// Refusals name so many numbers and count the rest.
const NAMED_MAX = 10;

/**
 * A packet, to be thrown. What is left out is nothing.
 * @param {{ title: string, url?: string | null, steps: string[], fields?: Field[], files?: File[],
 *   email?: { to: string, subject: string, body: string } | null, tracking?: string[],
 *   acknowledgedInDays: number, effectiveInDays: number, confidence: "official" | "secondary" | "unknown" }} packet
 */
export const needsPerson = ({ url = null, fields = [], files = [], email = null, tracking = [], ...rest }) =>
  new Failure("needs-person", { url, fields, files, email, tracking, ...rest });

/**
 * A field with the form's element id, filled in.
 * @param {string} id Empty where the form has none.
 * @param {string} label
 * @param {string | null} value
 * @param {boolean} [required]
 * @param {string | null} [note]
 * @returns {Field}
 */
export const field = (id, label, value, required = true, note = null) =>
  ({ id, label, value: value ?? "", required, byPerson: false, note });

/**
 * A field that only a person can fill: a mailed code, a consent, a human check.
 * @param {string} id @param {string} label @param {string} note
 * @returns {Field}
 */
export const personField = (id, label, note) => ({ id, label, value: "", required: true, byPerson: true, note });

/**
 * What a form for businesses usually asks, where no form is known.
 * @param {Business} business @param {string[]} numbers
 */
export const usualFields = (business, numbers) => [
  field("", "Phone number(s)", numbers.join(" ")),
  field("", "Business name", business.legalName),
  field("", "Website", business.website, false),
  field("", "Purpose of the calls", business.useCase),
  field("", "Your name", business.contact.name),
  field("", "Your e-mail address", business.contact.email),
  field("", "Your phone number", business.contact.phone, false),
];

/**
 * The text of a letter: who calls, why, the facts, the wish, the numbers and the business.
 * @param {Business} business @param {string[]} numbers
 * @param {{ facts?: string[], wish: string }} said
 */
export function letter(business, numbers, { facts = [], wish }) {
  const { address, contact } = business;
  const whose = business.relation === "client"
    ? `${business.legalName} is the business in whose name these calls are made, by a call centre on its behalf.`
    : `${business.legalName} makes calls from these numbers itself.`;
  const place = [address.line1, address.line2, `${address.city}, ${address.state} ${address.zip}`].filter(Boolean);
  return [
    "Hello,",
    "",
    whose,
    `What the calls are for: ${business.useCase}.`,
    ...facts,
    wish,
    "",
    "Numbers:",
    ...numbers.map((number) => `  ${number}`),
    "",
    "Business:",
    `  ${business.legalName}${business.dba ? ` (doing business as ${business.dba})` : ""}`,
    ...place.map((line) => `  ${line}`),
    ...(business.website ? [`  ${business.website}`] : []),
    "",
    `Please answer to ${contact.email} or ${contact.phone}.`,
    "",
    contact.name,
    "",
  ].join("\n");
}

/**
 * What is seen of a disputed number, and what the business says of it.
 * @param {{ number: string, label: string | null, status: string, statement: string }} dispute
 * @param {string} where For example `at your service`.
 */
export function seen({ number, label, status, statement }, where) {
  const shown = label ? `"${label}" (${status})` : status;
  return [`What we see ${where} for ${number}: ${shown}.`, statement.trim()].filter((fact) => fact !== "");
}

/** How an agency's form needs a fact of a business, and what to write where it does not fit. */
const NEEDS = {
  legal_name: [(b) => filled(b.legalName), "write the name under which the numbers are subscribed"],
  website: [(b) => /^https?:\/\/[^\s/]+\.[^\s/]+/.test(b.website ?? ""), "the form requires one, as in `https://www.example.com`"],
  ein: [(b) => /^\d{2}-\d{7}$/.test(b.ein ?? ""), "write the employer identification number, as in `12-3456789`"],
  "address.country": [(b) => b.address.country === "US", "the form takes addresses in the United States only (`US`)"],
  "address.line1": [(b) => filled(b.address.line1), "write street and number"],
  "address.city": [(b) => filled(b.address.city), "write the city"],
  "address.state": [(b) => STATES.has(b.address.state), "write the two letters of the state, as in `OH`"],
  "address.zip": [(b) => /^\d{5}(-\d{4})?$/.test(b.address.zip), "write five digits, or nine as in `45402-1234`"],
  "contact.name": [(b) => filled(b.contact.name), "write the name of the person who can be asked"],
  "contact.email": [(b) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(b.contact.email), "mail comes there; write an address that is read, as in `ann@example.com`"],
  "contact.phone": [(b) => national(b.contact.phone) !== null, "write a number with ten digits, as in `+19375550100`"],
  "contact.title": [(b) => filled(b.contact.title ?? ""), "write the person's position, as in `Office manager`"],
  calls_per_month: [(b) => b.callsPerMonth > 0, "write how many calls the business makes in a month"],
  originating_providers: [(b) => b.originatingProviders.some(filled), "name who originates the calls, as in `Twilio`"],
  cnam: [(b) => /^[A-Za-z][A-Za-z0-9., ]{0,14}$/.test(b.cnam ?? ""), "write the name to be shown: at most 15 letters, digits, dots, commas and spaces, a letter first"],
  duns: [(b) => /^\d{9}$/.test(b.duns ?? ""), "write the nine digits of the D-U-N-S number"],
  employees: [(b) => (b.employees ?? 0) > 0, "write how many people work there"],
  legal_form: [(b) => b.legalForm != null, "write `corporation`, `llc`, `partnership`, `nonprofit`, `government`, `sole_proprietor` or `other`"],
  incorporated_in: [(b) => filled(b.incorporatedIn ?? ""), "write the state under whose law it was formed, as in `OH`"],
  industry: [(b) => filled(b.industry ?? ""), "write the line of business, as in `Health care`"],
};

/**
 * What a business lacks of these facts, each with its remedy.
 * @param {Business} business @param {(keyof typeof NEEDS)[]} names
 * @returns {string[]}
 */
export function lacking(business, names) {
  return names
    .filter((name) => !(/** @type {(b: Business) => boolean} */ (NEEDS[name][0])(business)))
    .map((name) => `\`${name}\` of business ${business.id} is missing or does not fit the form: ${NEEDS[name][1]}`);
}

/**
 * What keeps these numbers from being filed with an agency that takes numbers of the United States only.
 * @param {string[]} numbers @param {string} who
 * @returns {string[]}
 */
export function foreign(numbers, who) {
  if (numbers.length === 0) return ["there is no number to file: name at least one"];
  const named = numbers.filter((number) => !isAmerican(number));
  if (named.length === 0) return [];
  const more = named.length > NAMED_MAX ? ` and ${named.length - NAMED_MAX} more` : "";
  return [`not numbers of the United States: ${named.slice(0, NAMED_MAX).join(", ")}${more}; ${who} takes no others, so leave them out`];
}

/** Says everything that keeps a filing from being made, so that a person mends it in one go. @param {string[]} troubles */
export function refuseFor(troubles) {
  if (troubles.length > 0) throw rejected(troubles.join("; "));
}

/** @param {string} number */
export const isAmerican = (number) => /^\+1[2-9]\d{2}[2-9]\d{6}$/.test(number) && !ELSEWHERE.has(number.slice(2, 5));

/** The ten digits that US forms want; null where it is no such number. @param {string} number */
export function national(number) {
  const digits = number.replace(/^\+1/, "").replace(/[\s().-]/g, "");
  return /^[2-9]\d{9}$/.test(digits) ? digits : null;
}

/** Each number once, in order. @param {string[]} numbers */
export const sorted = (numbers) => [...new Set(numbers)].sort();

/** @param {string[]} numbers */
export const count = (numbers) => (numbers.length === 1 ? "1 number" : `${numbers.length} numbers`);

/**
 * A text and a spreadsheet with the same numbers, in parts of so many.
 * @param {string} name Without an ending. @param {string[]} digits @param {number} perFile
 * @returns {{ names: string[], files: File[] }}
 */
export function numberFiles(name, digits, perFile) {
  const parts = chunks(digits, perFile);
  const names = parts.map((_, index) => (parts.length === 1 ? name : `${name}-part-${index + 1}`));
  const files = parts.flatMap((part, index) => [
    textFile(`${names[index]}.txt`, part.map((number) => `${number}\n`).join("")),
    tableFile(`${names[index]}.xlsx`, ["Phone Number"], part.map((number) => [number])),
  ]);
  return { names, files };
}

/** @param {string} name @param {string} val @returns {File} */
export const textFile = (name, val) => ({ name, content: { tag: "text", val } });

/** @param {string} name @param {string[]} columns @param {string[][]} rows @returns {File} */
export const tableFile = (name, columns, rows) => ({ name, content: { tag: "table", val: { columns, rows } } });

/** Groups of numbers for a form with so many boxes. @param {string[]} digits @param {number} perForm */
export function typingList(digits, perForm) {
  const groups = chunks(digits, perForm);
  return groups
    .map((group, index) => [`Form ${index + 1} of ${groups.length}`, ...group, ""].join("\n"))
    .join("\n");
}

/** @template T @param {T[]} all @param {number} size @returns {T[][]} */
export function chunks(all, size) {
  const parts = [];
  for (let start = 0; start < all.length; start += size) parts.push(all.slice(start, start + size));
  return parts;
}

/** @param {string} said */
export const filled = (said) => said.trim() !== "";

/** Carriers and engines as people know them. */
const NAMES = {
  att: "AT&T",
  tmobile: "T-Mobile",
  verizon: "Verizon",
  uscellular: "US Cellular",
  cspire: "C Spire",
  spectrum: "Spectrum",
  windstream: "Windstream",
  hiya: "Hiya",
  first_orion: "First Orion",
  tns: "TNS",
};

/** The name of a carrier or engine as people know it; its id where it has none here. @param {string} id @returns {string} */
export const nameOf = (id) => (Object.hasOwn(NAMES, id) ? NAMES[id] : id);

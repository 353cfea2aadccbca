// @ts-check
// Vendors that tell nobody their interface: everything goes by a contract. What is prepared is what a person asks the vendor
// for, with the numbers in files that its portal takes.

import { unsupported } from "./http.js";
import { count, field, foreign, lacking, letter, needsPerson, numberFiles, refuseFor, seen, sorted, textFile } from "./packet.js";

/** @typedef {import("smartguard:adapter/agency@0.0.1").Agency} Agency */

/**
 * What differs from vendor to vendor.
 * @typedef {object} Vendor
 * @property {string} id
 * @property {string} name
 * @property {string} page Where a person begins.
 * @property {string[]} registering What a person does there with new numbers, in order.
 * @property {string[]} disputing What a person does there about a label, in order.
 * @property {number} [groupCharsMax] How long the name of a group of numbers may be there, where there are groups.
 */

// No vendor says how many numbers a file may hold; as many as the largest of our other files.
const NUMBERS_PER_FILE = 6000;

// A field of a page holds no more that anybody would read.
const NUMBERS_SHOWN = 20;

/** @param {Vendor} vendor @returns {Agency} */
export function contractOnly(vendor) {
  const { id, name } = vendor;
  return {
    describe() {
      return { id, version: "0.1.0", functions: ["register", "dispute"], speaksFor: [] };
    },

    check() {
      throw unsupported(`${name} shows what it sees in its own portal, under a contract; report what stands there with \`smartguard number report\``);
    },

    register({ business, numbers }) {
      const asked = sorted(numbers);
      refuse(business, asked, name);
      const { files } = numberFiles(`${id}-numbers`, asked.map((number) => number.slice(2)), NUMBERS_PER_FILE);
      const wish = "Please take these numbers under watch, and register them with the engines that you work with.";
      throw packet(vendor, business, asked, {
        title: `Have ${name} watch ${count(asked)} of ${business.legalName}`,
        steps: vendor.registering,
        files,
        body: letter(business, asked, { wish }),
      });
    },

    dispute(request) {
      const { business, number } = request;
      if (request.agency !== id) throw unsupported(`${name} is asked about what its own portal shows, not about ${request.agency}`);
      refuse(business, [number], name);
      const wish = "Please look into this number, and take the label up with the engine that set it.";
      throw packet(vendor, business, [number], {
        title: `Ask ${name} to take up ${number} of ${business.legalName}`,
        steps: vendor.disputing,
        files: [],
        body: letter(business, [number], { facts: seen(request, "in your portal"), wish }),
      });
    },
  };
}

function refuse(business, numbers, name) {
  refuseFor([...lacking(business, ["legal_name", "contact.name", "contact.email"]), ...foreign(numbers, name)]);
}

/** @param {Vendor} vendor @param {any} business @param {string[]} numbers @param {{ title: string, steps: string[], files: any[], body: string }} said */
function packet({ name, page, groupCharsMax }, business, numbers, { title, steps, files, body }) {
  const group = groupCharsMax === undefined ? [] : [
    field("", "Group of numbers", business.legalName.slice(0, groupCharsMax).trim(), true, `at most ${groupCharsMax} letters`),
    field("", "Purpose", business.useCase),
  ];
  return needsPerson({
    title,
    url: page,
    steps: [
      `${name} works by a contract; without one, ask for an offer first, and decide whether its price is worth it.`,
      ...steps,
      "Read letter.txt before you send or paste any of it. Every sentence must be true for this business.",
      `Write down what its portal shows of the numbers, and report a label that it shows with \`smartguard number report\`.`,
    ],
    fields: [
      field("", "Business name", business.legalName),
      field("", "Website", business.website, false),
      ...group,
      field("", "Phone number(s)", numbers.slice(0, NUMBERS_SHOWN).join(" "), true, numbers.length > NUMBERS_SHOWN ? "the files hold all of them" : null),
      field("", "Your name", business.contact.name),
      field("", "Your e-mail address", business.contact.email),
    ],
    files: [...files, textFile("letter.txt", body)],
    tracking: ["contract", "portal_status"],
    acknowledgedInDays: 5,
    effectiveInDays: 21,
    confidence: "unknown",
  });
}

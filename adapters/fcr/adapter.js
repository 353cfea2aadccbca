// @ts-check
// Free Caller Registry: prepares the form that a person submits there, for new numbers and for re-evaluation.
// The site asks for a mailed code and for consent, so nothing here talks to it: this adapter makes packets only.

const ID = "fcr";
const FORM_URL = "https://www.freecallerregistry.com/fcr/";

// Those that the registry forwards to, with the names that people know.
const ENGINES = { hiya: "Hiya", first_orion: "First Orion", tns: "TNS" };

// Carriers as a reader of the form knows them.
const CARRIERS = {
  att: "AT&T",
  tmobile: "T-Mobile",
  verizon: "Verizon",
  uscellular: "US Cellular",
  cspire: "C Spire",
  spectrum: "Spectrum",
  windstream: "Windstream",
};

// The site takes files of at most 100 KB. A line of the text takes 11 bytes, a row of the spreadsheet some 14 (measured),
// so 6,000 numbers make 66 KB and 90 KB. One figure for both, so that part 2 holds the same numbers in both forms.
const NUMBERS_PER_FILE = 6000;

// The form has 20 boxes for typed numbers.
const NUMBERS_PER_FORM_TYPED = 20;

// Rejected messages name so many numbers and count the rest.
const NAMED_MAX = 10;

// Area codes of the +1 countries outside the United States and its territories.
const ELSEWHERE = new Set((
  // Canada
  "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 431 437 438 450 468 474 506 514 519 "
  + "537 548 568 579 581 584 587 600 604 613 622 633 639 644 647 655 672 677 683 688 705 709 742 753 778 780 782 807 819 "
  + "825 851 867 873 879 902 905 942 "
  // Bermuda and the Caribbean
  + "242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876"
).split(" "));

const STATES = new Set((
  "AL AK AS AZ AR CA CO CT DE DC FL GA GU HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MP MT NE NV NH NJ NM NY NC ND "
  + "OH OK OR PA PR RI SC SD TN TX UT VT VA VI WA WV WI WY"
).split(" "));

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["register", "dispute"], speaksFor: [] };
  },

  check() {
    throw { tag: "unsupported", val: "the Free Caller Registry says nothing about a number; ask Hiya, First Orion and TNS by other sources" };
  },

  register(request) {
    const { business } = request;
    const numbers = [...new Set(request.numbers)].sort();
    refuse(business, numbers);
    const amount = numbers.length === 1 ? "1 number" : `${numbers.length} numbers`;
    throw {
      tag: "needs-person",
      val: packet(business, numbers, {
        title: `Register ${amount} of ${business.legalName} with the Free Caller Registry`,
        notes: `Registration of ${amount}. Calls are: ${business.useCase}.`,
        tracking: ["feedback_id", "acknowledged_hiya", "acknowledged_first_orion", "acknowledged_tns"],
      }),
    };
  },

  dispute(request) {
    const { business, number, label, status, carrier } = request;
    const engine = Object.hasOwn(ENGINES, request.agency) ? ENGINES[request.agency] : null;
    if (engine === null) {
      const known = Object.keys(ENGINES).join(", ");
      throw { tag: "unsupported", val: `the Free Caller Registry reaches ${known}, not ${request.agency}` };
    }
    refuse(business, [number]);
    const shown = label ? `is shown as "${label}"` : `is held to be ${status}`;
    const where = carrier && Object.hasOwn(CARRIERS, carrier) ? ` on ${CARRIERS[carrier]}` : "";
    const notes = [`${number} ${shown}${where} (${engine}). We ask for a re-evaluation.`, request.statement.trim()];
    throw {
      tag: "needs-person",
      val: packet(business, [number], {
        title: `Ask ${engine} to re-evaluate ${number} by the Free Caller Registry`,
        notes: notes.filter(Boolean).join(" "),
        tracking: ["feedback_id", `acknowledged_${request.agency}`],
      }),
    };
  },
};

// Says everything that keeps the filing from being made, so that a person mends it in one go.
function refuse(business, numbers) {
  if (business.relation === "client") {
    throw {
      tag: "unsupported",
      val: `the Free Caller Registry takes filings only from the business that uses the numbers; ${business.legalName} `
        + "has `relation = client`, so it files there itself, or the engines are asked directly",
    };
  }
  const troubles = [...lacking(business), ...foreign(numbers)];
  if (troubles.length > 0) throw { tag: "rejected", val: troubles.join("; ") };
}

function lacking(business) {
  const { address, contact } = business;
  const checks = [
    ["legal_name", filled(business.legalName), "write the name under which the numbers are subscribed"],
    ["website", /^https?:\/\/[^\s/]+\.[^\s/]+/.test(business.website ?? ""), "the form requires one, as in `https://www.example.com`"],
    ["address.country", address.country === "US", "the form takes addresses in the United States only (`US`)"],
    ["address.line1", filled(address.line1), "write street and number"],
    ["address.city", filled(address.city), "write the city"],
    ["address.state", STATES.has(address.state), "write the two letters of the state, as in `OH`"],
    ["address.zip", /^\d{5}(-\d{4})?$/.test(address.zip), "write five digits, or nine as in `45402-1234`"],
    ["contact.name", filled(contact.name), "write the name of the person who can be asked"],
    ["contact.email", /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(contact.email), "a code is mailed there; write an address that is read"],
    ["contact.phone", national(contact.phone) !== null, "write a number with ten digits, as in `+19375550100`"],
    ["calls_per_month", business.callsPerMonth > 0, "write how many calls the business makes in a month"],
    ["originating_providers", business.originatingProviders.some(filled), "name who originates the calls, as in `Twilio`"],
  ];
  return checks
    .filter(([, fine]) => !fine)
    .map(([name, , remedy]) => `\`${name}\` of business ${business.id} is missing or does not fit the form: ${remedy}`);
}

function foreign(numbers) {
  if (numbers.length === 0) return ["there is no number to file: name at least one"];
  const named = numbers.filter((number) => !isAmerican(number));
  if (named.length === 0) return [];
  const more = named.length > NAMED_MAX ? ` and ${named.length - NAMED_MAX} more` : "";
  return [`not numbers of the United States: ${named.slice(0, NAMED_MAX).join(", ")}${more}; the registry takes no others, so leave them out`];
}

const isAmerican = (number) => /^\+1[2-9]\d{2}[2-9]\d{6}$/.test(number) && !ELSEWHERE.has(number.slice(2, 5));

// The ten digits that the form wants.
function national(number) {
  const digits = number.replace(/^\+1/, "").replace(/[\s().-]/g, "");
  return /^[2-9]\d{9}$/.test(digits) ? digits : null;
}

function packet(business, numbers, { title, notes, tracking }) {
  const digits = numbers.map((number) => number.slice(2));
  const parts = chunks(digits, NUMBERS_PER_FILE);
  const names = parts.map((_, index) => (parts.length === 1 ? "fcr-numbers" : `fcr-numbers-part-${index + 1}`));
  return {
    title,
    url: FORM_URL,
    steps: steps(business, names),
    fields: fields(business, digits, names, notes),
    files: [
      ...parts.flatMap((part, index) => [
        { name: `${names[index]}.txt`, content: { tag: "text", val: part.map((number) => `${number}\n`).join("") } },
        {
          name: `${names[index]}.xlsx`,
          content: { tag: "table", val: { columns: ["Phone Number"], rows: part.map((number) => [number]) } },
        },
      ]),
      { name: "fcr-typing-fallback.txt", content: { tag: "text", val: typingList(digits) } },
    ],
    email: null,
    tracking,
    acknowledgedInDays: 5,
    effectiveInDays: 21,
    confidence: "secondary",
  };
}

function steps(business, names) {
  const again = names.length === 1
    ? []
    : [`The numbers fill ${names.length} files, and a form takes one: repeat from step 2 with each part, and write down each Feedback ID.`];
  return [
    "Read the fields. File only what is true, and only if this business itself makes calls from these numbers.",
    `Open ${FORM_URL}, read what the page asks you to acknowledge, and go on with its first button.`,
    `Enter ${business.contact.email} as contact e-mail and press the button that sends a verification code.`,
    "A mail from no-reply@tnsi.com brings five digits (they stand in its subject). Only you can read it: type them into the code field.",
    "Fill in the other fields as they stand below.",
    `Upload ${names[0]}.txt, or ${names[0]}.xlsx if the page prefers a spreadsheet.`,
    "Only if no file is taken: type the numbers from fcr-typing-fallback.txt, one group of 20 for each form.",
    "Read the terms, agree to them yourself, and submit.",
    ...again,
    "Write down the Feedback ID if one is shown; not everybody gets one.",
    "Within some days First Orion, TNS and Hiya each acknowledge by e-mail, and each confirms later: write down when each came.",
    "Do not submit the same again while you wait; it changes nothing.",
  ];
}

function fields(business, digits, names, notes) {
  const { address, contact } = business;
  /** @type {(id: string, label: string, value: string | null, required?: boolean, note?: string | null) => any} */
  const field = (id, label, value, required = true, note = null) => ({ id, label, value, required, byPerson: false, note });
  return [
    field("enterprise_contact_email", "Contact e-mail", contact.email),
    {
      id: "captcha",
      label: "Verification code",
      value: "",
      required: true,
      byPerson: true,
      note: "the five digits mailed after pressing send-verification-code",
    },
    field("enterprise_contact_name", "Contact name", contact.name),
    field("enterprise_contact_phone", "Contact phone", national(contact.phone)),
    field(
      "enterprise_company_name", "Company name", business.legalName, true,
      business.dba ? `does business as ${business.dba}; the form wants the legal name` : "the legal name, as the numbers' subscriber",
    ),
    field("enterprise_company_address_line_1", "Address line 1", address.line1),
    field("enterprise_company_address_line_2", "Address line 2", address.line2 ?? "", false),
    field("enterprise_company_address_city", "City", address.city),
    field("enterprise_company_address_state", "State", address.state),
    field("enterprise_company_address_zip", "ZIP", address.zip),
    field("enterprise_company_url", "Website", business.website),
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
    {
      id: "submitButton",
      label: "Terms and submit",
      value: "",
      required: true,
      byPerson: true,
      note: "consent is a person's",
    },
  ];
}

function typingList(digits) {
  const groups = chunks(digits, NUMBERS_PER_FORM_TYPED);
  return groups
    .map((group, index) => [`Form ${index + 1} of ${groups.length}`, ...group, ""].join("\n"))
    .join("\n");
}

function chunks(list, size) {
  const parts = [];
  for (let start = 0; start < list.length; start += size) parts.push(list.slice(start, start + size));
  return parts;
}

const filled = (text) => text.trim() !== "";

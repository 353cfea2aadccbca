// @ts-check
// T-Mobile, whose "Scam Likely" comes from First Orion: registers the business by First Orion's API where there are keys,
// and prepares for a person what has no published interface: handing over the numbers, and T-Mobile's page for disputes.

import {
  Failure, SecretMissing, askJson, list, oneOf, protocol, record, rejected, text, textSetting, unsupported,
} from "../lib/http.js";
import {
  count, field, foreign, lacking, national, needsPerson, personField, refuseFor, sorted, textFile,
} from "../lib/packet.js";
import { PURPOSES, purposeOf } from "./purposes.js";

const ID = "tmobile_firstorion";
const ENGINE = "first_orion";
const WHO = "First Orion";
const KEY_FROM = "keys are made in First Orion's Customer Portal, under API Keys";

const PORTAL_URL = "https://portal.firstorion.com";
const TRANSPARENCY_URL = "https://calltransparency.com";
const REPORT_URL = "https://callreporting.t-mobile.com/";

// As many as the documented example asks for at once; whether there are pages beyond is not published.
const BUSINESSES_MAX = 1000;

// A business is vetted by people. Guessed: four times a day is soon enough.
const ASK_AGAIN_S = 21_600;

// The token of a registration that waits for them.
const VETTED = "vetted";

/** @typedef {import("../lib/packet.js").Business} Business */
/** @typedef {{ id: string, legalName: string, taxId: string | null, said: string }} Known */

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["register", "dispute", "track", "probe"], speaksFor: [] };
  },

  register({ business, numbers, token }) {
    const asked = sorted(numbers);
    refuseFor([...lacking(business, [...FACTS]), ...foreign(asked, WHO)]);
    const signedIn = session();
    if (signedIn === null) throw wholePacket(business, asked);
    const known = businessOf(signedIn, business);
    if (known === null) {
      // Asking again soon after it was made would only make it twice.
      if (token !== null) throw rejected(`${WHO} took ${business.legalName} and does not list it; look at it in ${PORTAL_URL}`);
      create(signedIn, business);
      return { tag: "pending", val: { token: VETTED, askAgainS: ASK_AGAIN_S } };
    }
    switch (vetting(known)) {
      case "UNDER_REVIEW":
        return { tag: "pending", val: { token: VETTED, askAgainS: ASK_AGAIN_S } };
      case "REJECTED":
        throw rejected(
          `${WHO} does not approve ${business.legalName} (business ${known.id}); it opens a ticket by itself, and the mail `
            + "to the contact that it has says what is missing",
        );
      case "APPROVED":
        throw numbersPacket(business, asked, known);
    }
  },

  dispute(request) {
    const { business, number } = request;
    if (request.agency !== ENGINE) {
      throw unsupported(`T-Mobile's page goes to First Orion, which is not asked about labels of ${request.agency}`);
    }
    refuseFor([...lacking(business, ["legal_name"]), ...foreign([number], "T-Mobile's page")]);
    const digits = national(number);
    const shown = request.label ? `"${request.label}"` : request.status;
    throw needsPerson({
      title: `Report to T-Mobile that ${number} of ${business.legalName} is labelled by mistake`,
      url: REPORT_URL,
      steps: [
        `${number} is shown as ${shown}. Report it only if its calls are made by or for this business, and are wanted.`,
        "See that the number is registered with First Orion, by the Free Caller Registry or its portal: a review looks at registered numbers and good behaviour.",
        `Open ${REPORT_URL}. It takes one number a report.`,
        "Type the number twice, go on to the review of what you typed, pass the human check yourself, and send it.",
        `If the page asks for words: ${request.statement.trim() || `calls are for ${business.useCase}`}`,
        "Write down when it was reported. No number of a case is shown, and no answer comes.",
        "Look at the label on a T-Mobile phone after some days, and again after two weeks. Do not report the same again meanwhile.",
      ],
      fields: [
        field("input-18", "Phone number", digits, true, "the id is made by the page and may be another one"),
        field("input-21", "Phone number again", digits, true, "the id is made by the page and may be another one"),
        personField("", "Human check", "the page wants to see a person"),
      ],
      tracking: ["reported_at"],
      acknowledgedInDays: 5,
      effectiveInDays: 14,
      confidence: "secondary",
    });
  },

  track() {
    // A filing's key is not told to First Orion, so that only the one business that can be meant is found by it.
    const signedIn = signIn();
    const [named, ...others] = new Set(Object.values(perBusiness("businesses")));
    if (others.length > 0) return { tag: "unknown" };
    const all = named === undefined ? listed(signedIn) : [fetched(signedIn, named)];
    if (all.length !== 1) return { tag: "unknown" };
    const [known] = all;
    const detail = `${WHO} says ${known.said} of ${known.legalName}`;
    return { tag: "found", val: { reference: known.id, status: FILING[vetting(known)], detail, refused: [] } };
  },

  probe() {
    const signedIn = signIn();
    const [named] = Object.values(perBusiness("businesses"));
    const found = named === undefined
      ? `the key is accepted; businesses that it lists: ${listed(signedIn).length}`
      : `the key is accepted; business ${named} is ${vetting(fetched(signedIn, named))}`;
    return { found, costMicros: 0 };
  },
};

const VETTINGS = /** @type {const} */ (["APPROVED", "UNDER_REVIEW", "REJECTED"]);

/** @type {Record<typeof VETTINGS[number], "in-review" | "refused" | "accepted">} */
const FILING = { UNDER_REVIEW: "in-review", REJECTED: "refused", APPROVED: "accepted" };

/** @param {Known} known */
const vetting = ({ said, legalName }) => oneOf(said, `the status of ${legalName}`, VETTINGS);

const FACTS = /** @type {const} */ ([
  "legal_name", "ein", "website", "address.country", "address.line1", "address.city", "address.state", "address.zip",
  "contact.name", "contact.email", "contact.phone", "originating_providers",
]);

// Asking First Orion.

// The token is good for an hour; a call takes seconds, so each makes its own. Null where no keys are configured.
function session() {
  try {
    return signIn();
  } catch (failure) {
    if (failure instanceof SecretMissing) return null;
    throw failure;
  }
}

function signIn() {
  const { json } = askJson({
    who: WHO,
    keyFrom: KEY_FROM,
    method: "post",
    path: "/v1/auth",
    headers: [
      ["X-SERVICE", "auth"],
      ["X-API-KEY", "{{secret:API_KEY}}"],
      ["X-SECRET-KEY", "{{secret:SECRET_KEY}}"],
      ["Content-Type", "application/json"],
    ],
  });
  return text(record(json, "the answer").token, "`token`");
}

/** The business as First Orion has it; null where it has none. @param {string} token @param {Business} business */
function businessOf(token, business) {
  const named = perBusiness("businesses")[business.id];
  if (named !== undefined) return fetched(token, named);
  const all = listed(token);
  const same = (one, other) => one.trim().toLowerCase() === other.trim().toLowerCase();
  // A tax number tells more than a name, but not every business has one there.
  const ours = ({ legalName, taxId }) => (taxId === null ? same(legalName, business.legalName) : taxId === business.ein);
  const found = all.filter(ours);
  if (found.length > 1) {
    throw rejected(`${WHO} has ${found.length} businesses like ${business.legalName}; name the right one under the setting \`businesses\``);
  }
  return found[0] ?? null;
}

function listed(token) {
  const path = "/exchange/v1/businesses";
  const { status, json } = askJson({
    who: WHO,
    path,
    query: [["limit", String(BUSINESSES_MAX)]],
    headers: [["Authorization", token]],
    good: [200, 403],
  });
  if (status === 403) {
    throw new Failure(
      "unauthorized",
      `${WHO} does not let this key list businesses, which partners alone may (HTTP 403); name yours under the setting \`businesses\``,
    );
  }
  const entries = list(record(json, "the answer").body, "`body`");
  // One that is not read might be ours, and would be made again.
  if (entries.length >= BUSINESSES_MAX) {
    throw rejected(`${WHO} lists ${BUSINESSES_MAX} businesses and may have more; name each of yours under the setting \`businesses\``);
  }
  return entries.map((entry, index) => known(entry, `body[${index}]`));
}

function fetched(token, id) {
  const path = `/exchange/v1/businesses/${encodeURIComponent(id)}`;
  const { json } = askJson({ who: WHO, path, headers: [["Authorization", token]] });
  const found = known(record(json, "the answer").body, "body");
  if (found.id !== id) throw protocol(`\`body.businessId\` is not ${id}, which was asked for`);
  return found;
}

/** @param {any} value @param {string} place @returns {Known} */
function known(value, place) {
  const { businessId, legalName, taxId, status } = record(value, `\`${place}\``);
  return {
    id: text(businessId, `\`${place}.businessId\``),
    legalName: text(legalName, `\`${place}.legalName\``),
    // Empty where the business has none.
    taxId: taxId === undefined || taxId === null || taxId === "" ? null : text(taxId, `\`${place}.taxId\``),
    // Only the word about our own business has to be one that is known.
    said: text(status, `\`${place}.status\``),
  };
}

/** @param {string} token @param {Business} business */
function create(token, business) {
  const { status } = askJson({
    who: WHO,
    method: "post",
    path: "/exchange/v1/businesses",
    headers: [["Authorization", token], ["Content-Type", "application/json"]],
    body: JSON.stringify(described(business)),
    good: [200, 201, 202, 400, 422],
  });
  if (status >= 400) {
    throw rejected(
      `${WHO} does not take ${business.legalName} as it is described (HTTP ${status}); if it misses industry and size, `
        + `write them under the setting \`demographics\`, else register the business in ${PORTAL_URL}`,
    );
  }
}

// Every value is a statement of the business. Industry and size are ids of First Orion's own tables, so they are only
// sent where somebody looked them up.
function described(business) {
  const { address, contact } = business;
  const phone = `+1${national(contact.phone)}`;
  const demographics = demographicsOf(business.id);
  return {
    legalName: business.legalName,
    dba: business.dba ?? business.legalName,
    taxId: business.ein,
    dunsNumber: (business.duns ?? "").replace(/^(\d{2})(\d{3})(\d{4})$/, "$1-$2-$3"),
    website: bareSite(business),
    primaryPhoneNumber: phone,
    numberProviders: business.originatingProviders,
    ...(demographics === null ? {} : { demographics }),
    addresses: [{ streetAddress1: street(address), city: address.city, postalCode: address.zip, countryCode: "US" }],
    contacts: [{ contactName: contact.name, email: contact.email, phoneNumber: phone }],
    // Registration against wrong labels on T-Mobile, and nothing that is paid for.
    context: { serviceGrants: ["CT"] },
  };
}

const street = ({ line1, line2 }) => [line1, line2].filter(Boolean).join(", ");
const bareSite = ({ website }) => website.replace(/^https?:\/\//, "").replace(/\/+$/, "");

function demographicsOf(id) {
  const written = perBusiness("demographics")[id];
  if (written === undefined) return null;
  const ids = /^(\d{1,3})\/(\d{1,3})$/.exec(written);
  if (ids === null) throw unreadable("demographics", `${id}=${written}`, "`acme=7/3`, industry and size");
  return { industryId: Number(ids[1]), employeeCountRangeId: Number(ids[2]) };
}

// A setting with one word for each business: `acme=…, other=…`.
function perBusiness(key) {
  const pairs = textSetting(key).split(",").map((pair) => pair.trim()).filter((pair) => pair !== "");
  return Object.fromEntries(pairs.map((pair) => {
    const [id, word, ...rest] = pair.split("=").map((part) => part.trim());
    if (!id || !word || rest.length > 0) throw unreadable(key, pair, "`acme=…, other=…`");
    return [id, word];
  }));
}

const unreadable = (key, written, form) =>
  new Failure("internal", `setting \`${key}\` holds ${JSON.stringify(written)}; write it as in ${form}`, true);

// Packets.

/** What is left when the business is approved. @param {Business} business @param {string[]} numbers @param {Known} known */
function numbersPacket(business, numbers, { id, legalName }) {
  return needsPerson({
    title: `Hand ${count(numbers)} of ${business.legalName} to First Orion`,
    url: PORTAL_URL,
    steps: [
      `First Orion has approved ${legalName} (business ${id}).`,
      `Sign in at ${PORTAL_URL} and choose that business.`,
      ...purposeSteps(business),
      "Upload the file under its phone numbers.",
      "Write down each number that it rejects, with the reason: ALLOCATED_NUMBER stands for one that another business holds, which First Orion's support can settle.",
    ],
    fields: [
      field("", "Business", legalName),
      field("", "Business id", id),
      purposeField(business),
      field("", "File of numbers", FILE),
    ],
    files: [numbersFile(business, numbers)],
    tracking: ["uploaded_at", "rejected_numbers"],
    acknowledgedInDays: 2,
    effectiveInDays: 14,
    confidence: "secondary",
  });
}

/** All of it by hand, where there are no keys. @param {Business} business @param {string[]} numbers */
function wholePacket(business, numbers) {
  const { address, contact } = business;
  return needsPerson({
    title: `Register ${business.legalName} and ${count(numbers)} with First Orion`,
    url: TRANSPARENCY_URL,
    steps: [
      "The Free Caller Registry reaches First Orion too. An account of your own adds a portal that shows what became of the business and its numbers; without a use for that, close this.",
      `Open ${TRANSPARENCY_URL}, First Orion's free registration, or ${PORTAL_URL} if you have an account there.`,
      "Register the business with the fields below. File only what is true; First Orion checks it.",
      "Wait for the mail that says that the business is approved. If it is not, a ticket comes by itself and says what is missing.",
      ...purposeSteps(business),
      "Upload the file under the phone numbers of the business.",
      "Write down the business's id, when it was approved, and each number that is rejected.",
      `With a contract, keys from the portal (\`${ID}\`, API_KEY and SECRET_KEY) let the business be registered without you.`,
    ],
    fields: [
      field("", "Legal name", business.legalName),
      field("", "Doing business as", business.dba, false),
      field("", "Tax number (EIN)", business.ein),
      field("", "D-U-N-S number", business.duns, false),
      field("", "Website", business.website),
      field("", "Primary phone number", contact.phone),
      field("", "Number providers", business.originatingProviders.join(", ")),
      field("", "Industry", business.industry, false, "choose the entry that fits"),
      field("", "Employees", business.employees === null ? null : String(business.employees), false, "choose the range that fits"),
      field("", "Street", street(address)),
      field("", "City", address.city),
      field("", "State", address.state),
      field("", "ZIP", address.zip),
      field("", "Contact name", contact.name),
      field("", "Contact e-mail", contact.email),
      purposeField(business),
      field("", "File of numbers", FILE),
    ],
    files: [numbersFile(business, numbers)],
    tracking: ["business_id", "business_approved_at", "rejected_numbers"],
    acknowledgedInDays: 5,
    effectiveInDays: 21,
    confidence: "secondary",
  });
}

const FILE = "first-orion-numbers.csv";

const numbersFile = (business, numbers) => {
  const code = purposeOf(business) ?? "";
  return textFile(FILE, ["Phone Number,Purpose", ...numbers.map((number) => `${number},${code}`), ""].join("\n"));
};

function purposeSteps(business) {
  if (purposeOf(business) !== null) return [];
  const known = Object.entries(PURPOSES).map(([code, words]) => `${code} ${words}`).join(", ");
  return [`Write into the column Purpose of ${FILE} what fits "${business.useCase}" best: ${known}.`];
}

function purposeField(business) {
  const code = purposeOf(business);
  return code === null
    ? personField("", "Purpose", "the code that fits the calls best; it stands in the file's second column")
    : field("", "Purpose", code, true, PURPOSES[code]);
}

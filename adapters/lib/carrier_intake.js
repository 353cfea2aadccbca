// @ts-check
// Carriers that label or block by what an engine says and keep no registry of their own: where a registration belongs,
// the engine's form for a dispute, and a letter to the carrier's own contact.
// The adapters of these carriers differ in what they hand to `intake`, and in their manifests.

import { textSetting, unsupported } from "./http.js";
import {
  count, field, foreign, lacking, letter, nameOf, needsPerson, personField, refuseFor, seen, sorted, tableFile, textFile,
  usualFields,
} from "./packet.js";
import { TNS, formPacket, reevaluation } from "./tns_form.js";

/** @typedef {import("smartguard:adapter/agency@0.0.1").DisputeRequest} Dispute */

/**
 * What differs from carrier to carrier.
 * @typedef {object} Carrier
 * @property {string} id The adapter's.
 * @property {string} carrier As the interface spells it.
 * @property {string} name As people say it.
 * @property {"tns" | null} engine Who says what its subscribers see; null where nobody knows, and disputes are its own.
 * @property {string} page Where to look for the contact that it has to publish.
 * @property {string[]} remarks What holds for this carrier alone, as steps for a person.
 */

const REGISTRY_URL = "https://www.freecallerregistry.com/fcr/";
const VERSION = "0.1.0";

/**
 * The adapter of one carrier.
 * @param {Carrier} carrier
 * @returns {import("smartguard:adapter/agency@0.0.1").Agency}
 */
export const intake = (carrier) => ({
  describe() {
    return { id: carrier.id, version: VERSION, functions: ["register", "dispute"], speaksFor: [] };
  },

  register({ business, numbers }) {
    const asked = sorted(numbers);
    refuseFor([...lacking(business, ["legal_name"]), ...foreign(asked, carrier.name)]);
    throw needsPerson({
      title: `Make ${count(asked)} of ${business.legalName} known to ${engineOf(carrier)}`,
      url: REGISTRY_URL,
      steps: [
        `${carrier.name} has no registry of its own that we know of, so nothing is sent there.`,
        ...referral(carrier, business),
        ...carrier.remarks,
        "When the numbers are filed there, this is done: write down the Feedback ID if there is one.",
      ],
      fields: [
        field("", "Phone number(s)", asked.join(" ")),
        field("", "Business name", business.legalName),
      ],
      files: [tableFile(`${carrier.id}-numbers.xlsx`, ["Phone Number"], asked.map((number) => [number.slice(2)]))],
      tracking: ["filed_with", "feedback_id"],
      acknowledgedInDays: TNS.acknowledgedInDays,
      effectiveInDays: TNS.effectiveInDays,
      confidence: carrier.engine === null ? "unknown" : "secondary",
    });
  },

  dispute(request) {
    const agency = carrier.engine ?? carrier.id;
    if (request.agency !== agency) {
      throw unsupported(`${carrier.name} is asked about labels of ${nameOf(agency)}, not of ${nameOf(request.agency)}`);
    }
    if (request.carrier !== null && request.carrier !== carrier.carrier) {
      throw unsupported(`this is seen on ${nameOf(request.carrier)}, and ${carrier.name} answers for its own subscribers only`);
    }
    throw carrier.engine === null ? byLetter(carrier, request) : byForm(carrier, request);
  },
});

const engineOf = ({ name, engine }) => (engine === null ? `the engine behind ${name}` : `${nameOf(engine)}, whose labels ${name} shows`);

function referral({ name, engine }, business) {
  const who = business.relation === "client"
    ? `${business.legalName} files there itself, because the registry takes filings only from the business that uses the numbers`
    : "file there with the packet of `smartguard packet fcr <number> --register`, if that was not done";
  return engine === null
    ? [`Which engine ${name} asks is not known. The Free Caller Registry reaches three of them: ${who}.`]
    : [
      `What its subscribers see comes from ${nameOf(engine)}, which the Free Caller Registry reaches: ${who}.`,
      `Only if ${nameOf(engine)} never acknowledged that: file with it directly, with the packet of \`smartguard packet ${engine} <number> --register\`.`,
    ];
}

// The engine takes the label away. The carrier has to answer for itself only where it blocks.
function byForm(carrier, request) {
  const said = reevaluation(request, `its own form, for ${carrier.name}`);
  const form = formPacket(TNS, request.business, [request.number], { ...said, tracking: ["feedback_id", "answer_of_tns"] });
  const contact = isBlocked(request) ? letterTo(carrier, request) : null;
  return needsPerson({
    ...form.val,
    ...(contact === null ? {} : { title: `Report to ${carrier.name} that ${request.number} is blocked, and ask ${nameOf(request.agency)} to re-evaluate it` }),
    steps: [...carrier.remarks, ...(contact?.steps ?? []), ...form.val.steps],
    fields: [...form.val.fields, ...(contact?.fields ?? [])],
    files: [...form.val.files, ...(contact?.files ?? [])],
    email: contact?.email ?? null,
    tracking: [...form.val.tracking, ...(contact?.tracking ?? [])],
    acknowledgedInDays: contact?.acknowledgedInDays ?? form.val.acknowledgedInDays,
  });
}

function byLetter(carrier, request) {
  const { business, number } = request;
  refuseFor([...lacking(business, ["legal_name", "contact.name", "contact.email"]), ...foreign([number], carrier.name)]);
  const contact = letterTo(carrier, request);
  return needsPerson({
    title: isBlocked(request)
      ? `Report to ${carrier.name} that ${number} of ${business.legalName} is blocked`
      : `Ask ${carrier.name} to review ${number} of ${business.legalName}`,
    url: carrier.page,
    steps: [
      ...contact.steps,
      ...carrier.remarks,
      "A filing with the Free Caller Registry may help too, if one of its three engines is behind this (`smartguard packet fcr <number> --register`).",
      "Look again after two weeks on a phone of this carrier; no other outcome is ever told.",
    ],
    fields: [...usualFields(business, [number]), ...contact.fields],
    files: contact.files,
    email: contact.email,
    tracking: contact.tracking,
    acknowledgedInDays: contact.acknowledgedInDays ?? TNS.acknowledgedInDays,
    effectiveInDays: 14,
    confidence: "unknown",
  });
}

// The rule about a single point of contact is about blocking. A label alone gives no right to an answer.
const RULE = "47 CFR 64.1200(k)(8)";
const isBlocked = ({ status }) => status === "blocked";

/** @param {Carrier} carrier @param {Dispute} request */
function letterTo(carrier, request) {
  const { business, number } = request;
  const blocked = isBlocked(request);
  const wish = blocked
    ? `Calls from this number do not reach your subscribers. We take this for a blocking error and report it to your single point of contact under ${RULE}. `
      + "Please tell us the status of this report within 24 hours, and stop the blocking promptly if you find it credible."
    : "Please review what your subscribers are shown for this number. If an analytics engine says it for you, please tell us which one, so that we can ask there.";
  const subject = blocked ? `Blocking error: ${number} of ${business.legalName}` : `Review of the label of ${number} of ${business.legalName}`;
  const body = letter(business, [number], { facts: seen(request, `on lines of ${carrier.name}`), wish });
  const right = blocked
    ? [`The rule behind the letter is ${RULE}: a carrier that blocks publishes one contact, tells the status within 24 hours, and takes nothing for it.`]
    : [];
  const to = textSetting("blocking_contact");
  const mail = /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(to);
  return {
    steps: [
      ...(to === ""
        ? [
          `We know no address of ${carrier.name} for such letters. Look on ${carrier.page} for words like "robocalls" or "calls blocked in error", `
            + "and at ustelecom.org for its list \"Call Labeling and Blocking Points of Contact\".",
          `Write the address that you found into \`[settings.${carrier.id}]\` as \`blocking_contact\`, and later packets hold it.`,
        ]
        : []),
      ...right,
      `Read the letter. Send it${mail || to === "" ? "" : ` by ${to}`} only if every sentence is true for this business.`,
      "Write down where and when it was sent, and the reference that comes back.",
    ],
    fields: to === "" ? [personField("", `Contact of ${carrier.name}`, "the address or form that you found for the letter")] : [],
    files: mail ? [] : [textFile("letter.txt", `${subject}\n\n${body}`)],
    email: mail ? { to, subject, body } : null,
    tracking: ["letter_sent_to", "letter_sent_at", "letter_reference"],
    acknowledgedInDays: blocked ? 1 : null,
  };
}

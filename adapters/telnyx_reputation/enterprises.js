// @ts-check
// The enterprises of the account, which stand for the businesses whose numbers Telnyx watches, and what is listed under them.

import { Failure, askJson, bearer, list, record, rejected, text, textSetting } from "../lib/http.js";
import { KEY_FROM, WHO } from "./telnyx.js";

const PAGE = 100;

// Some ten thousand entries; an account with more is not read to its end.
const PAGES_MAX = 100;

/** The address of an enterprise's reputation, or of something under it. @param {string} enterprise @param {string} [below] */
export const pathOf = (enterprise, below) =>
  `/v2/enterprises/${encodeURIComponent(enterprise)}/reputation${below ? `/${below}` : ""}`;

/** Everything that is listed there, page by page until one is empty: pages may be shorter than asked for. @param {string} path */
export function entries(path) {
  const all = [];
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const { json } = askJson({
      who: WHO, path, query: [["page[number]", String(page)], ["page[size]", String(PAGE)]], headers: [bearer("API_KEY")], keyFrom: KEY_FROM,
    });
    const some = list(record(json, "the answer").data, "`data`").map((entry, index) => record(entry, `data[${index}]`));
    if (some.length === 0) return all;
    all.push(...some);
  }
  throw rejected(`${WHO} lists more than ${PAGES_MAX} pages under ${path}; what follows might be ours, so nothing is done`);
}

/** The ids of all enterprises that are asked about: those of the settings, else the account's. @returns {string[]} */
export function enterprises() {
  const named = [...new Set(Object.values(settled()))];
  return named.length > 0 ? named : listed().map(({ id }) => id);
}

/** The business's enterprise; null where it has none. @param {import("../lib/packet.js").Business} business */
export function enterpriseOf(business) {
  const named = settled()[business.id];
  if (named !== undefined) return named;
  const all = listed();
  // What bears our own id is meant, whatever it is called.
  const ours = all.filter(({ reference }) => reference === business.id);
  const found = ours.length > 0 ? ours : all.filter(({ name }) => name.trim().toLowerCase() === business.legalName.trim().toLowerCase());
  if (found.length > 1) {
    throw rejected(`${WHO} has ${found.length} enterprises like ${business.legalName}; name the right one under the setting \`enterprises\``);
  }
  return found[0]?.id ?? null;
}

const listed = () => entries("/v2/enterprises").map((entry, index) => ({
  id: text(entry.id, `\`id\` of data[${index}]`),
  name: text(entry.legal_name, `\`legal_name\` of data[${index}]`),
  reference: entry.customer_reference ?? null,
}));

/** @returns {Record<string, string>} */
function settled() {
  const pairs = textSetting("enterprises").split(",").map((pair) => pair.trim()).filter((pair) => pair !== "");
  return Object.fromEntries(pairs.map((pair) => {
    const [id, word, ...rest] = pair.split("=").map((part) => part.trim());
    if (id && word && rest.length === 0) return [id, word];
    throw new Failure("internal", `setting \`enterprises\` holds ${JSON.stringify(pair)}; write it as in \`acme=…, other=…\``, true);
  }));
}

// @ts-check
// What the operator has set for filings.

import { Failure, show, switchSetting, textSetting } from "../lib/http.js";

/** @typedef {ReturnType<typeof readSettings>} Settings */

export function readSettings() {
  return {
    useCase: textSetting("use_case"),
    statusCallback: textSetting("status_callback"),
    profiles: readProfiles(textSetting("profiles")),
    shaken: switchSetting("shaken"),
    cnam: switchSetting("cnam"),
  };
}

/**
 * Business profiles by the business that they are of; the one under `*` is of every business that calls for itself.
 * @param {string} written `BU…`, or `acme=BU…, other=BU…`.
 * @returns {Map<string, string>}
 */
function readProfiles(written) {
  const profiles = new Map();
  for (const entry of written.split(",").map((entry) => entry.trim()).filter(Boolean)) {
    const [, business = "*", sid] = /^(?:([a-z][a-z0-9_]*)\s*=\s*)?(BU[0-9a-f]{32})$/i.exec(entry) ?? [];
    if (!sid) {
      const remedy = "write the SID of a business profile, as in `BU…`, or one for each business, as in `acme=BU…, other=BU…`";
      throw new Failure("internal", `setting \`profiles\` has ${show(entry)}; ${remedy}`, true);
    }
    profiles.set(business, sid);
  }
  return profiles;
}

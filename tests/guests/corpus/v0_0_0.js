// A script that was written against version 0.0.0 of the interface. It is not changed any more.

import http from "smartguard:adapter/http@0.0.0";
import log from "smartguard:adapter/log@0.0.0";
import clock from "smartguard:adapter/clock@0.0.0";
import random from "smartguard:adapter/random@0.0.0";
import config from "smartguard:adapter/config@0.0.0";
import files from "smartguard:adapter/files@0.0.0";

const filing = (reference) => ({ reference, status: "submitted", detail: null });
const filed = (reference) => ({ tag: "filed", val: filing(reference) });
const shown = (option) => (option === null ? "None" : `Some(${JSON.stringify(option)})`);

export const agency = {
  describe() {
    const functions = ["check", "register", "dispute", "track", "inbound", "call-started"];
    return { id: "old", version: "0.0.0", functions, speaksFor: ["old"] };
  },

  check({ numbers }) {
    const answer = http.fetch({ method: "get", origin: "api", path: "/", query: [], headers: [], body: null });
    let rows;
    try {
      rows = files.lookup("list", numbers).hits.length;
    } catch (refused) {
      rows = refused.payload.tag;
    }
    const chance = random.uniform();
    log.write("info", `chance ${chance >= 0 && chance < 1}, rows ${rows}`);
    const observed = (number) => ({
      number,
      agency: "old",
      carrier: null,
      status: "mixed-low",
      label: config.get("label") ?? answer.body,
      score: null,
      observedAt: Math.floor(clock.nowMs() / 1000),
      costMicros: 7,
    });
    return { tag: "observations", val: numbers.map(observed) };
  },

  register({ key, business, numbers }) {
    return filed(`${key} ${business.legalName} ${numbers.join(" ")}`);
  },

  dispute({ key, number, agency, carrier, label, statement, token }) {
    if (carrier !== undefined) throw { tag: "internal", val: "this version knows no carrier here" };
    return filed(`${key} ${number} ${agency} ${shown(label)} ${statement} ${shown(token)}`);
  },

  track(key) {
    return key === "lost" ? { tag: "absent" } : { tag: "found", val: filing(key) };
  },

  inbound({ body }) {
    return { observations: [], filings: [{ key: body, filing: filing(body) }] };
  },

  callStarted({ number, startedAt }) {
    throw { tag: "rejected", val: `${number} at ${startedAt}` };
  },
};

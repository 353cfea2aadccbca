// @ts-check
// FTC Do Not Call complaints: how often consumers named a number, from the published daily files.
// A complaint is unverified and a caller ID can be forged, so this is a warning and never proof.

import files from "smartguard:adapter/files@0.0.1";
import { Failure, nowS, observation, protocol, unsupported, wholeSetting } from "../lib/http.js";

const ID = "ftc_dnc";
const DATASET = "complaints";
const DAY_S = 86_400;
// The oldest of 90 days may fall on a weekend or on a holiday beside one, and then the first file is a little younger.
const FIRST_DAY_SLACK = 4;

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check"], speaksFor: [ID] };
  },

  check(request) {
    const numbers = [...new Set(request.numbers)];
    if (numbers.length === 0) return { tag: "observations", val: [] };
    const settings = readSettings();
    const { coverage, hits } = lookUp(numbers);
    const today = Math.floor(nowS() / DAY_S);
    const whole = coversThirtyDays(coverage, today, settings);
    const observations = numbers.map((number, index) => {
      const within = (days) => rowsSince(hits[index].days, today - days + 1, today);
      const counts = { week: within(7), month: within(30), quarter: within(90) };
      // A count has no worst value, so it is no score.
      return observation(number, ID, {
        status: statusOf(counts.month, whole, settings),
        label: labelOf(counts, coverage, today),
        // The files speak up to the end of their last day; saying `now` would make old news look fresh.
        observedAt: Math.min((coverage.lastDay + 1) * DAY_S, nowS()),
      });
    });
    return { tag: "observations", val: observations };
  },

  register() {
    throw unsupported("the FTC keeps complaints, not a register of callers' numbers");
  },

  dispute() {
    throw unsupported("the FTC removes no complaint; it falls out of the 30 days that count here by itself, so rest the number");
  },
};

function lookUp(numbers) {
  let found;
  try {
    found = files.lookup(DATASET, numbers);
  } catch (error) {
    // What an import refuses with is the payload of an `Error`.
    const refused = error.payload;
    if (refused?.tag === "not-ready") throw new Failure("retry-after", refused.val);
    if (refused?.tag === "denied") throw unsupported(`the host does not permit reading the FTC's files: ${refused.val}`);
    throw error;
  }
  if (found.hits.length !== numbers.length) {
    throw protocol(`${numbers.length} numbers were looked up, ${found.hits.length} answers came back`);
  }
  return found;
}

const rowsSince = (days, first, last) =>
  days.filter(({ day }) => day >= first && day <= last).reduce((sum, { rows }) => sum + rows, 0);

// Whether "no complaint" would be a statement about the last 30 days, and not about missing files.
function coversThirtyDays(coverage, today, settings) {
  return coverage.firstDay <= today - 29
    && coverage.lastDay >= today - settings.staleDaysMax
    && gapsOf(coverage) <= settings.missingFilesMax;
}

// Weekdays without a file inside what the index covers. The host's own `missing` counts the days before the first file
// as well, and the site offers new readers some weeks only, so that would call a complete month incomplete.
function gapsOf({ firstDay, lastDay, files }) {
  let weekdays = 0;
  for (let day = firstDay; day <= lastDay; day++) {
    // 1970-01-01 was a Thursday.
    if ((day + 3) % 7 < 5) weekdays += 1;
  }
  return Math.max(0, weekdays - files);
}

/** @returns {import("smartguard:adapter/types@0.0.1").Status} */
function statusOf(month, whole, settings) {
  if (month >= settings.flaggedFrom) return "flagged";
  if (month >= settings.mixedHighFrom) return "mixed-high";
  if (month >= 1) return "mixed-low";
  return whole ? "unflagged" : "unknown";
}

function labelOf({ week, month, quarter }, coverage, today) {
  const text = `complaints: ${week} in 7 days, ${month} in 30, ${quarter} in 90`;
  const notes = [];
  if (coverage.firstDay > today - 89 + FIRST_DAY_SLACK) {
    notes.push(`files from ${date(coverage.firstDay)} to ${date(coverage.lastDay)} only`);
  }
  const gaps = gapsOf(coverage);
  if (gaps > 0) notes.push(`${gaps} missing`);
  return notes.length === 0 ? text : `${text} (${notes.join(", ")})`;
}

const date = (day) => new Date(day * DAY_S * 1000).toISOString().slice(0, 10);

function readSettings() {
  const mixedHighFrom = wholeSetting("mixed_high_from", 2, 1_000_000);
  const flaggedFrom = wholeSetting("flagged_from", 2, 1_000_000);
  if (mixedHighFrom > flaggedFrom) {
    const reason = `setting \`mixed_high_from\` (${mixedHighFrom}) is above \`flagged_from\` (${flaggedFrom}); write it at most as high`;
    throw new Failure("internal", reason);
  }
  return {
    mixedHighFrom,
    flaggedFrom,
    staleDaysMax: wholeSetting("stale_days_max", 0, 90),
    missingFilesMax: wholeSetting("missing_files_max", 0, 90),
  };
}

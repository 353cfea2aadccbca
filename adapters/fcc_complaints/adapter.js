// @ts-check
// FCC consumer complaints: how often consumers named a number, from the table that the FCC publishes.
// A complaint is unverified and a caller ID can be forged, so this is a warning and never proof.

import {
  Failure, SecretMissing, askJson, list, northAmerican, nowS, observation, observationsOf, protocol, record, show, unsupported,
  wholeSetting,
} from "../lib/http.js";

const ID = "fcc_complaints";
const DAY_S = 86_400;
const WINDOW_DAYS = 90;
const TABLE = "/resource/3xyp-aqkj.json";

// More complaints than this in 90 days change nothing about the standing.
const ROWS_MAX = 1000;

/** @type {[string, string][]} */
const TOKEN = [["X-App-Token", "{{secret:APP_TOKEN}}"]];

/** @type {import("smartguard:adapter/agency@0.0.1").Agency} */
export const agency = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["check", "probe"], speaksFor: [ID] };
  },

  check({ numbers }) {
    const settings = readSettings();
    if (numbers.length === 0) return { tag: "observations", val: [] };
    const today = Math.floor(nowS() / DAY_S);
    const { newest, headers } = open(today);
    const fresh = newest >= today - settings.staleDaysMax;
    return observationsOf(numbers, (number) => complaintsAbout(northAmerican(number), headers, today, fresh, settings));
  },

  register() {
    throw unsupported("the FCC keeps complaints, not a register of callers' numbers");
  },

  dispute() {
    throw unsupported("the FCC removes no complaint; it falls out of the 30 days that count here by itself, so rest the number");
  },

  probe() {
    const { newest } = open(Math.floor(nowS() / DAY_S));
    return { found: `the table answers; its newest complaint is of ${dateOf(newest)}`, costMicros: 0 };
  },
};

function complaintsAbout(number, headers, today, fresh, settings) {
  const days = daysOf(number, headers, today);
  const within = (count) => days.filter((day) => day > today - count).length;
  const counts = { week: within(7), month: within(30), quarter: days.length };
  return observation(number, ID, {
    status: statusOf(counts.month, fresh, settings),
    label: `complaints: ${counts.week} in 7 days, ${counts.month} in 30, ${counts.quarter} in 90`,
  });
}

// The day of the newest complaint about anybody, once for each batch, and the headers that the table is to be asked with.
// The token only raises the site's limits; where the operator has none, everything is asked without it.
function open(today) {
  try {
    return { newest: newestDay(TOKEN, today), headers: TOKEN };
  } catch (failure) {
    if (!(failure instanceof SecretMissing)) throw failure;
    return { newest: newestDay([], today), headers: [] };
  }
}

// An empty answer about one number says nothing as long as the table itself may be empty or old.
// A day that lies ahead can only be a slip, and would make an old table look fresh for good.
function newestDay(headers, today) {
  const { json } = askJson({
    who: "the FCC",
    path: TABLE,
    query: [["$where", `issue_date < '${dateOf(today + 2)}T00:00:00.000'`], ["$select", "max(issue_date) AS newest"]],
    headers,
  });
  const [row] = list(json, "the answer");
  const newest = dayIn(record(row, "row 0").newest, "`newest`");
  if (newest > today + 1) throw protocol(`\`newest\` is ${dateOf(newest)}, where no day ahead was asked for`);
  return newest;
}

// The days of the complaints. The window is asked for, and looked at again, because nobody promises that the table keeps to it.
function daysOf(number, headers, today) {
  const written = `${number.slice(2, 5)}-${number.slice(5, 8)}-${number.slice(8)}`;
  const since = today - WINDOW_DAYS + 1;
  const { json } = askJson({
    who: "the FCC",
    path: TABLE,
    query: [
      ["$where", `caller_id_number='${written}' AND issue_date >= '${dateOf(since)}T00:00:00.000'`],
      ["$select", "caller_id_number,issue_date"],
      ["$order", "issue_date DESC"],
      ["$limit", String(ROWS_MAX)],
    ],
    headers,
  });
  return list(json, "the answer")
    .map((row, index) => dayOf(record(row, `row ${index}`), index, written))
    .filter((day) => day >= since && day <= today + 1);
}

function dayOf(row, index, written) {
  if (row.caller_id_number !== written) {
    throw protocol(`\`caller_id_number\` of row ${index} is ${show(row.caller_id_number)}, where ${written} was asked`);
  }
  return dayIn(row.issue_date, `\`issue_date\` of row ${index}`);
}

// Times of the table have no zone; the day is all that is read.
function dayIn(value, place) {
  const day = typeof value === "string" && /^\d{4}-\d{2}-\d{2}T/.test(value)
    ? Math.floor(Date.parse(`${value.slice(0, 10)}T00:00:00Z`) / 1000 / DAY_S)
    : NaN;
  if (!Number.isFinite(day)) throw protocol(`${place} is ${show(value)}, where a date was expected`);
  return day;
}

const dateOf = (day) => new Date(day * DAY_S * 1000).toISOString().slice(0, 10);

/** @returns {import("smartguard:adapter/types@0.0.1").Status} */
function statusOf(month, fresh, { mixedHighFrom, flaggedFrom }) {
  if (month >= flaggedFrom) return "flagged";
  if (month >= mixedHighFrom) return "mixed-high";
  if (month >= 1) return "mixed-low";
  // That nobody complained is a statement only while the table is kept up.
  return fresh ? "unflagged" : "unknown";
}

function readSettings() {
  const mixedHighFrom = wholeSetting("mixed_high_from", 2, 1_000_000);
  const flaggedFrom = wholeSetting("flagged_from", 2, 1_000_000);
  if (mixedHighFrom > flaggedFrom) {
    const reason = `setting \`mixed_high_from\` (${mixedHighFrom}) is above \`flagged_from\` (${flaggedFrom}); write it at most as high`;
    throw new Failure("internal", reason, true);
  }
  return { mixedHighFrom, flaggedFrom, staleDaysMax: wholeSetting("stale_days_max", 1, 90) };
}

// @ts-check
// Voice Insights' report on outbound numbers: how many calls each of the three big carriers blocked.
//
// A report is asked for, made by Twilio in its own time, and then read; the token carries it from call to call.
// That a carrier blocks calls is known from here; that it shows no label is not, so a low share of blocked calls is
// no good standing.

import { Failure, isRecord, list, maybe, observation, oneOf, text, whole } from "../lib/http.js";
import { entriesOf, get, nextPage, postJson } from "../lib/twilio.js";

const ORIGIN = "insights";
const PATH = "/v2/Voice/Reports/PhoneNumbers/Outbound";

// Whose labels and blocks the carriers show.
const ENGINES = { att: "hiya", tmobile: "first_orion", verizon: "tns" };

// A report takes seconds; the host asks again five times at most, and waits a minute at most.
const FIRST_LOOK_S = 10;
const NEXT_LOOK_S = 30;
const LOOKS_MAX = 4;

const STATUSES = ["created", "running", "completed"];

const PAGE_SIZE = 200;

/** Asks for a report on the last seven days, as Twilio has it when no time is named. @param {number} numbersMax */
export function beginReport(numbersMax) {
  const report = postJson(ORIGIN, PATH, { size: numbersMax });
  return tokenOf(text(report.report_id, "`report_id`"), 1, FIRST_LOOK_S);
}

const tokenOf = (id, look, askAgainS) => ({ token: JSON.stringify({ report: id, look }), askAgainS });

/** The report that a token is about; null for a token that is none of ours. @param {string} token */
export function readToken(token) {
  try {
    const { report, look } = JSON.parse(token);
    // It becomes part of a path.
    return /^\w{1,100}$/.test(report) && Number.isInteger(look) ? { report, look } : null;
  } catch {
    return null;
  }
}

/**
 * What the report says of these numbers, or the token with which to look again.
 * @param {{ report: string, look: number }} at
 * @param {string[]} numbers
 * @param {{ callsMin: number, mixedPercent: number, blockedPercent: number, numbersMax: number }} settings
 */
export function readReport({ report, look }, numbers, settings) {
  const wanted = new Set(numbers);
  const observations = [];
  let rows = 0;
  /** @type {[string, string][] | null} */
  let page = [["PageSize", String(PAGE_SIZE)]];
  for (let count = 0; count * PAGE_SIZE < settings.numbersMax && page !== null && wanted.size > 0; count += 1) {
    const answer = get(ORIGIN, `${PATH}/${report}`, page);
    // The specification gives the list no status, and a report that is not made yet has to say so somehow.
    const status = maybe(oneOf)(answer.status, "`status` of the report", STATUSES) ?? "completed";
    const entries = status === "completed" ? entriesOf(answer, "reports") : [];
    rows += entries.length;
    for (const row of entries.filter(({ handle }) => wanted.delete(handle))) observations.push(...observationsIn(row, settings));
    page = status === "completed" ? nextPage(answer) : null;
  }
  if (rows === 0 && look < LOOKS_MAX) return { pending: tokenOf(report, look + 1, NEXT_LOOK_S), observations };
  return { pending: null, observations };
}

function observationsIn(row, settings) {
  const countries = list(row.blocked_calls_by_carrier, "`blocked_calls_by_carrier`").filter(isRecord);
  const carriers = countries.filter(({ country }) => country === "US").flatMap(({ carriers }) => list(carriers, "`carriers`"));
  return carriers
    .filter((carrier) => isRecord(carrier) && Object.hasOwn(ENGINES, carrier.carrier))
    .flatMap((carrier) => observationIn(row.handle, carrier, settings));
}

function observationIn(number, { carrier, total_calls, blocked_calls }, { callsMin, mixedPercent, blockedPercent }) {
  const calls = whole(total_calls, "`total_calls`", 0, Number.MAX_SAFE_INTEGER);
  const blocked = whole(blocked_calls, "`blocked_calls`", 0, calls);
  if (calls < callsMin) return [];
  const percent = (blocked * 100) / calls;
  const bad = percent >= blockedPercent ? "blocked" : percent >= mixedPercent ? "mixed-high" : null;
  return [observation(number, ENGINES[carrier], {
    carrier,
    status: bad ?? "unknown",
    label: bad ? `${blocked} of ${calls} calls blocked` : null,
    score: { value: Math.round(percent), best: 0, worst: 100 },
  })];
}

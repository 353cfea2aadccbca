// @ts-check
// What the figures of agencies mean, from whichever service they come: status, label and score, and no question to the host.

/** @typedef {import("smartguard:adapter/types@0.0.1").Status} Status */
/** @typedef {{ status: Status, label?: string | null, score?: { value: number, best: number, worst: number } | null }} Opinion */

/**
 * From which figure on a number is doubtful, very doubtful and flagged.
 * @typedef {{ mixedFrom: number, mixedHighFrom: number, flaggedFrom: number }} Thresholds
 */

/** @param {number} figure @param {Thresholds} thresholds @returns {Status} */
function statusOf(figure, { mixedFrom, mixedHighFrom, flaggedFrom }) {
  if (figure >= flaggedFrom) return "flagged";
  if (figure >= mixedHighFrom) return "mixed-high";
  return figure >= mixedFrom ? "mixed-low" : "unflagged";
}

/** Nomorobo Spam Score: 1 stands on its list of robocallers, 0 does not. @param {number} score @returns {Opinion} */
export function nomoroboOpinion(score) {
  const listed = score === 1;
  return { status: listed ? "flagged" : "unflagged", label: listed ? "spam score 1" : null, score: { value: score, best: 0, worst: 1 } };
}

// The last two are only said to exist; a number in order must not become unknown because of a word.
export const ICEHOOK_RATINGS = /** @type {const} */ (["highly_likely", "likely", "possible", "unlikely", "highly_unlikely"]);

/**
 * Icehook Scout: a risk level from 0 to 100 and a word for it.
 * @param {number} level @param {typeof ICEHOOK_RATINGS[number]} rating @param {Thresholds} thresholds
 * @returns {Opinion}
 */
export function icehookOpinion(level, rating, thresholds) {
  const status = rating === "highly_likely" ? "flagged" : statusOf(level, thresholds);
  return { status, label: status === "unflagged" ? null : `${rating} risk`, score: { value: level, best: 0, worst: 100 } };
}

/**
 * TrueSpam: a spam score from 0 to 100, or null without a match.
 * @param {number | null} score @param {Thresholds} thresholds
 * @returns {Opinion}
 */
export function trueSpamOpinion(score, thresholds) {
  // Without a match the database has nothing, which is not the same as nothing bad.
  if (score === null) return { status: "unknown" };
  const status = statusOf(score, thresholds);
  return { status, label: status === "unflagged" ? null : `spam score ${score}`, score: { value: score, best: 0, worst: 100 } };
}

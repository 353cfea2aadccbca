// @ts-check
// __ID__: orders the numbers that the policy permits for a call. It can permit nothing more.
//
// This one shows the number first that people answered most often. Change `value` and the cassettes to what you believe;
// `smartguard adapter test` and `smartguard adapter check` tell what is still missing.

const ID = "__ID__";

/** @type {import("smartguard:adapter/ranker@0.0.1").Ranker} */
export const ranker = {
  describe() {
    return { id: ID, version: "0.1.0", functions: ["rank"], speaksFor: [] };
  },

  // Places in `candidates`, best first. Candidates come in the host's own order, which decides between equals.
  rank({ candidates }) {
    const order = candidates.map((_, place) => place);
    order.sort((one, other) => value(candidates[other]) - value(candidates[one]) || one - other);
    return { order, reason: "answered most often first" };
  },
};

// The share of calls that people answered, as if each number had had ten calls of which two were answered before its
// own: a number without a past is no worse than the others.
/** @param {import("smartguard:adapter/ranker@0.0.1").Candidate} candidate */
const value = ({ engaged, attempts }) => (engaged + 2) / (attempts + 10);

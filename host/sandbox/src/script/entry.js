// Stands between the host and a script: refuses what the host could only answer with a trap,
// and turns whatever the script throws into an error that the host understands.
import "sandbox:prelude";
import * as script from "sandbox:script";
import * as log from "smartguard:adapter/log@0.0.1";

// Written by the host before this file: the name under which a script of this kind exports its functions, and these.
/* global EXPORT, FUNCTIONS */
const given = script[EXPORT];
if (given === undefined || given === null || typeof given !== "object") {
  throw new Error(`the script exports no object \`${EXPORT}\`; write \`export const ${EXPORT} = { describe() { … }, ${FUNCTIONS[0]}(…) { … } };\``);
}
if (typeof given.describe !== "function") {
  throw new Error(`\`${EXPORT}\` has no function \`describe\`; it names the adapter and what it does`);
}

const ADAPTER_ERRORS = new Set([
  "retry-after",
  "rejected",
  "unauthorized",
  "unavailable",
  "needs-person",
  "protocol",
  "internal",
  "unsupported",
]);

// The frames of this file and of the engine say nothing to the author.
const framesOfScript = (stack) =>
  String(stack ?? "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.includes("sandbox:") && !line.includes("(native)"))
    .join("\n");

const told = (name, thrown) => {
  if (thrown instanceof Error) {
    const frames = framesOfScript(thrown.stack);
    return `\`${name}\` threw ${thrown.name}: ${thrown.message}${frames === "" ? "" : `\n${frames}`}`;
  }
  let shown;
  try {
    shown = typeof thrown === "string" ? thrown : JSON.stringify(thrown);
  } catch {
    shown = String(thrown);
  }
  return `\`${name}\` threw ${shown}`;
};

// A script may let an error of `http.fetch` or `files.lookup` pass through; each has one fitting meaning for the host.
// The engine hands such an error over inside an `Error`, as its `payload`.
const typed = (name, caught) => {
  const thrown = caught instanceof Error && caught.payload !== undefined ? caught.payload : caught;
  if (thrown !== null && typeof thrown === "object" && typeof thrown.tag === "string") {
    if (ADAPTER_ERRORS.has(thrown.tag)) return thrown;
    switch (thrown.tag) {
      case "timed-out":
        return { tag: "unavailable", val: "the agency did not answer in time" };
      case "unreachable":
        return { tag: "unavailable", val: String(thrown.val) };
      case "rate-limited":
      case "not-ready":
        return { tag: "retry-after", val: thrown.val };
      case "secret-missing":
        return { tag: "unauthorized", val: `the secret \`${thrown.val}\` is not configured` };
      case "too-large":
        return { tag: "protocol", val: `the agency's answer is longer than ${thrown.val} bytes` };
      case "denied":
        return { tag: "internal", val: `\`${name}\` asked for what it may not do: ${thrown.val}` };
    }
  }
  return { tag: "internal", val: told(name, caught) };
};

const call = (name, args) => {
  const answer = given[name](...args);
  if (answer !== null && typeof answer === "object" && typeof answer.then === "function") {
    throw { tag: "internal", val: `\`${name}\` answered a promise; write it without \`async\`, \`http.fetch\` waits by itself` };
  }
  return answer;
};

const guarded = (name) => (...args) => {
  if (typeof given[name] !== "function") {
    throw { tag: "unsupported", val: `this adapter has no function \`${name}\`` };
  }
  try {
    return call(name, args);
  } catch (thrown) {
    throw typed(name, thrown);
  }
};

const served = {
  // This one has no error in its answer, so the reason goes to the log before the call ends.
  describe() {
    try {
      return call("describe", []);
    } catch (thrown) {
      const error = typed("describe", thrown);
      log.write("error", String(error.val));
      throw thrown;
    }
  },
};
for (const name of FUNCTIONS) served[name] = guarded(name);

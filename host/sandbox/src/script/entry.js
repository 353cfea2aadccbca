// Stands between the host and a script: refuses what the host could only answer with a trap,
// and turns whatever the script throws into an error that the host understands.
import "sandbox:prelude";
import * as script from "sandbox:script";
import * as log from "smartguard:adapter/log@0.0.1";

// Written by the host before this file: the name under which a script of this kind exports its functions, and these.
// and the shapes of what they answer and throw.
/* global EXPORT, FUNCTIONS, NAMED, SHAPES */
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

const show = (value) => {
  if (value === undefined) return "missing";
  let text;
  try {
    text = typeof value === "bigint" || typeof value === "function" ? String(value) : JSON.stringify(value);
  } catch {
    text = String(value);
  }
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

const listed = (words) => words.map((word) => `"${word}"`).join(", ");
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// What does not fit, with the field where it stands; nothing where all fits. The engine could only end the call there.
const unfit = (shape, value, path) => {
  if (shape === null) return null;
  const [sort, of, most] = typeof shape === "number" ? NAMED[shape] : shape;
  const wanted = (what) => `\`${path}\` is ${show(value)}, where ${what} belongs`;
  switch (sort) {
    case "text":
      return typeof value === "string" ? null : wanted("a text");
    case "switch":
      return typeof value === "boolean" ? null : wanted("true or false");
    case "number":
      return typeof value === "number" ? null : wanted("a number");
    case "figure":
      if (typeof value === "bigint") return value >= of && value <= most ? null : wanted(`a figure from ${of} to ${most}`);
      return Number.isInteger(value) && value >= of && value <= most ? null : wanted(`a whole number from ${of} to ${most}`);
    case "word":
      return of.includes(value) ? null : wanted(`one of ${listed(of)}`);
    case "option":
      return value === null || value === undefined ? null : unfit(of, value, path);
    case "list":
      if (!Array.isArray(value)) return wanted("a list");
      for (let index = 0; index < value.length; index++) {
        const fault = unfit(of, value[index], `${path}[${index}]`);
        if (fault !== null) return fault;
      }
      return null;
    case "tuple":
      if (!Array.isArray(value) || value.length !== of.length) return wanted(`a list of ${of.length}`);
      for (let index = 0; index < of.length; index++) {
        const fault = unfit(of[index], value[index], `${path}[${index}]`);
        if (fault !== null) return fault;
      }
      return null;
    case "record":
      if (!isRecord(value)) return wanted(`an object with ${Object.keys(of).join(", ")}`);
      for (const name in of) {
        const fault = unfit(of[name], value[name], path === "" ? name : `${path}.${name}`);
        if (fault === null) continue;
        const strange = value[name] === undefined ? Object.keys(value).filter((key) => !(key in of)) : [];
        return strange.length === 0 ? fault : `${fault} (there is \`${strange.join("`, `")}\`, which the interface does not know)`;
      }
      return null;
    case "variant":
      if (!isRecord(value) || typeof value.tag !== "string") return wanted(`\`{ tag, val }\` with a tag of ${listed(Object.keys(of))}`);
      if (!(value.tag in of)) {
        const at = path === "" ? "tag" : `${path}.tag`;
        return `\`${at}\` is ${show(value.tag)}, where one of ${listed(Object.keys(of))} belongs`;
      }
      return unfit(of[value.tag], value.val, path === "" ? value.tag : `${path}.${value.tag}`);
  }
  return null;
};

const call = (name, args) => {
  const answer = given[name](...args);
  if (answer !== null && typeof answer === "object" && typeof answer.then === "function") {
    throw { tag: "internal", val: `\`${name}\` answered a promise; write it without \`async\`, \`http.fetch\` waits by itself` };
  }
  const fault = unfit(SHAPES[name]?.[0] ?? null, answer, "");
  if (fault !== null) {
    throw { tag: "internal", val: `\`${name}\` answers what the interface does not allow: ${fault.replace("``", "the answer")}` };
  }
  return answer;
};

// What is thrown must fit as well.
const thrownBy = (name, error) => {
  const fault = unfit(SHAPES[name]?.[1] ?? null, error, "");
  if (fault === null) return error;
  return { tag: "internal", val: `\`${name}\` throws what the interface does not allow: ${fault.replace("``", "the error")}` };
};

const guarded = (name) => (...args) => {
  if (typeof given[name] !== "function") {
    throw { tag: "unsupported", val: `this adapter has no function \`${name}\`` };
  }
  try {
    return call(name, args);
  } catch (thrown) {
    throw thrownBy(name, typed(name, thrown));
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

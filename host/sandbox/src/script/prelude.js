// What a script expects from the world before its own first line runs.
// It is evaluated before the script, because imports are evaluated in the order in which `entry.js` names them.
import * as log from "smartguard:adapter/log@0.0.1";
import * as random from "smartguard:adapter/random@0.0.1";

const text = (value) => {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}\n${value.stack ?? ""}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};

const writer = (level) => (...values) => log.write(level, values.map(text).join(" "));

globalThis.console = {
  debug: writer("debug"),
  log: writer("info"),
  info: writer("info"),
  warn: writer("warn"),
  error: writer("error"),
};

// The generator that came with the engine was seeded before the snapshot, so every call would draw the same numbers.
Math.random = () => random.uniform();

// Asks a place that its manifest does not name.
import * as http from "smartguard:adapter/http@0.0.1";
export const agency = {
  describe() {
    return { id: "stray", version: "1", functions: ["check"], speaksFor: ["stray"] };
  },
  check(request) {
    http.fetch({ method: "get", origin: "elsewhere", path: "/", query: [], headers: [], body: null });
    return { tag: "observations", val: [] };
  },
};

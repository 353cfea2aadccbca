// Waits for a body that drips for ever.
import * as http from "smartguard:adapter/http@0.0.1";
export const agency = {
  describe() {
    return { id: "waits", version: "1", functions: ["check"], speaksFor: ["waits"] };
  },
  check(request) {
    http.fetch({ method: "get", origin: "api", path: "/drip", query: [], headers: [], body: null });
    return { tag: "observations", val: [] };
  },
};

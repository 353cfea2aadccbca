// Is led to the place where clouds keep credentials.
import * as http from "smartguard:adapter/http@0.0.1";
export const agency = {
  describe() {
    return { id: "led", version: "1", functions: ["check"], speaksFor: ["led"] };
  },
  check(request) {
    http.fetch({ method: "get", origin: "api", path: "/redirect", query: [], headers: [], body: null });
    return { tag: "observations", val: [] };
  },
};

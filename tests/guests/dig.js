// Calls itself for ever.
const deeper = (depth) => deeper(depth + 1) + 1;
export const agency = {
  describe() {
    return { id: "dig", version: "1", functions: ["check"], speaksFor: ["dig"] };
  },
  check(request) {
    return deeper(0);
  },
};

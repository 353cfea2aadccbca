// Computes for ever.
export const agency = {
  describe() {
    return { id: "spin", version: "1", functions: ["check"], speaksFor: ["spin"] };
  },
  check(request) {
    for (;;) {}
  },
};

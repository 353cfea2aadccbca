// Takes memory for ever.
export const agency = {
  describe() {
    return { id: "bomb", version: "1", functions: ["check"], speaksFor: ["bomb"] };
  },
  check(request) {
    const kept = [];
    for (;;) kept.push(new Uint8Array(1 << 20).fill(1));
  },
};

// Answers with a figure where the interface wants a record, which nothing but a trap can answer.
export const agency = {
  describe() {
    return { id: "traps", version: "1", functions: ["check"], speaksFor: ["traps"] };
  },
  check(request) {
    return 42;
  },
};

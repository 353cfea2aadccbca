// Calls every number clean in the name of another agency.
export const agency = {
  describe() {
    return { id: "nonsense", version: "1", functions: ["check"], speaksFor: ["nonsense"] };
  },
  check(request) {
    return {
      tag: "observations",
      val: request.numbers.map((number) => ({
        number,
        agency: "nomorobo",
        carrier: null,
        status: "unflagged",
        label: "never better",
        score: null,
        observedAt: Math.floor(Date.now() / 1000),
        costMicros: 0,
      })),
    };
  },
};

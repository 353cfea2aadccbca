// Breaks like any program that was never tried.
export const agency = {
  describe() {
    return { id: "throws", version: "1", functions: ["check"], speaksFor: ["throws"] };
  },
  check(request) {
    return request.numbers.map((number) => number.standing.status);
  },
};

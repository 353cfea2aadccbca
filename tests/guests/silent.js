// Does no harm and says nothing, which must never count as good news.
export const agency = {
  describe() {
    return { id: "silent", version: "1", functions: ["check"], speaksFor: ["silent"] };
  },
  check(request) {
    return { tag: "observations", val: [] };
  },
};

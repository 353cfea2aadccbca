// Logs 100 MB, and has nothing to say after it.
export const agency = {
  describe() {
    return { id: "babbles", version: "1", functions: ["check"], speaksFor: ["babbles"] };
  },
  check(request) {
    const line = "x".repeat(1 << 20);
    for (let said = 0; said < 100; said++) console.log(line);
    throw new Error("all is said");
  },
};

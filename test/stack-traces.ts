/**
 * The SDK writes down for each promise where it was made, as text (@pulumi/pulumi: runtime/debuggable), and the test runner leads every line of
 * that back to TypeScript: two fifths of the processor time of tests that run programs. An error without a message, as the SDK's are, now tells
 * where it is in what was compiled.
 */
const { prepareStackTrace } = Error;
if (prepareStackTrace !== undefined) {
  Error.prepareStackTrace = (error, trace) =>
    error.message === ""
      ? `${error.name}${trace.map((site) => `\n    at ${site}`).join("")}`
      : prepareStackTrace(error, trace);
}

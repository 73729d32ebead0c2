import { flag, verb, wholeNumber } from "../verb";

export const REQUESTS = wholeNumber("N", "how many requests to send", 1, 100_000, 20);

export const verify = verb({
  name: "verify",
  summary: "ask the service, and every machine on its path",
  options: { requests: REQUESTS, json: flag("print the result as JSON") },
  examples: [
    ["verify", "20 requests, and whether packets go there and back as they should"],
    ["verify --requests 1000 --json", "for a program to read"],
  ],
  needsHost: true,
  run: async ({ context, print, others }, { requests, json }) => {
    const { check } = await import("../chain.js");
    const { describe } = await import("../verify.js");
    const before = others();
    const sayWho = (): void => {
      const who = others() ?? before;
      if (who !== undefined)
        context.progress.line(`${who}: what is wrong may be what it changes; verify again after it.`);
    };
    const seen = await check(context, requests).catch((error: unknown) => {
      sayWho();
      throw error;
    });
    if (json) print(JSON.stringify(seen, null, 2));
    else for (const line of describe(seen)) context.progress.line(line);
    if (!seen.good) sayWho();
    return seen.good ? 0 : 1;
  },
});

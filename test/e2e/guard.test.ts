import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { stepsIn } from "./steps";

const lab = new OwnCheckout("guard", 146);
const { command, here, onMachine, pulumi, replies } = lab;

const set = (stack: string, key: string, value: string) =>
  expect(pulumi(`stacks/${stack}`, "config", "set", "--stack", "dev", key, value).status).toBe(0);
const unset = (stack: string, key: string) => pulumi(`stacks/${stack}`, "config", "rm", "--stack", "dev", key);

/** Adds a line without meaning to a file of an image, which makes another image; gives back what puts it as it was. */
function anotherImage(image: string): () => void {
  const file = path.join(lab.root, "images", image, "start.sh");
  const text = fs.readFileSync(file);
  fs.appendFileSync(file, "# another\n");
  return () => fs.writeFileSync(file, text);
}

const guarded = (...args: string[]) => command("up", ["--guard", ...args]);

/** A change under the guard, of a stream of which nothing is lost. */
async function withoutLoss(...args: string[]): Promise<string> {
  const { status, output } = await guarded(...args);
  expect(status, output).toBe(0);
  const [, lost, all] = /guard: (\d+) of (\d+) requests were lost during the change/.exec(output) ?? [];
  expect(lost, output).toBe("0");
  // Five seconds of the stream at least are after the change.
  expect(Number(all)).toBeGreaterThan(100);
  return output;
}

beforeAll(() => lab.beginUp());
afterAll(() => lab.end());

describe("a change under the guard", () => {
  test("adds a server and shows another page without a lost request", async () => {
    set("kubernetes", "serverCount", "3");
    set("kubernetes", "page", "<h1>{name}, once more</h1>");
    await withoutLoss();
    expect(Object.keys(replies(9)).sort()).toEqual(["apache-1", "apache-2", "apache-3"]);
    expect(onMachine("client", "curl", "-sS", here("http://10.100.100.20/")).output).toContain("once more");
  });

  test("takes a server away without one, first out of the balancer, and gives the router other routes while it runs", async () => {
    const router = () => onMachine("kubernetes-1", "pgrep", "-x", "watchfrr").output;
    const running = router();
    set("kubernetes", "serverCount", "2");
    set("service", "routes", here('[{"destination":"10.200.0.0/16","nextHop":"10.100.102.11"}]'));
    const preview = (await command("preview", ["--json"])).output;
    const plan = path.join(lab.root, "plan.json");
    fs.writeFileSync(plan, preview.slice(preview.indexOf("\n{")));
    // What is done in two steps is what was planned.
    const output = await withoutLoss("--plan", plan);
    const order = [
      "apache-3 first goes out of the balancer",
      "updated service-nginx-converged",
      "deleted kubernetes-apache-3-container",
    ];
    const places = order.map((one) => output.indexOf(one));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    expect(Object.keys(replies(8)).sort()).toEqual(["apache-1", "apache-2"]);
    expect(onMachine("kubernetes-1", "ip", "route", "show", "10.200.0.0/16").output).toContain(
      here("via 10.100.102.11"),
    );
    expect(running).not.toBe("");
    expect(router()).toBe(running);
  });

  test("runs another image of the balancer without one", async () => {
    const restore = anotherImage("nginx");
    try {
      expect(stepsIn(await withoutLoss())).toContain("updated service-nginx-service");
    } finally {
      restore();
    }
  });

  test("is refused where it is another image of the only router, with the outage that it would be, and that is what it is", async () => {
    const restore = anotherImage("quagga");
    try {
      const refused = await guarded();
      expect(refused.status).toBe(1);
      const [, least, most] =
        /quagga is made anew \(its image changes\).* lost for (\d+) to (\d+) s/.exec(refused.output) ?? [];
      expect(most, refused.output).toBeDefined();
      expect(stepsIn(refused.output)).toEqual([]);
      const allowed = await guarded("--allow-loss", "100");
      expect(allowed.status, allowed.output).toBe(0);
      const [, lost, slowest] =
        /guard: (\d+) of \d+ requests were lost during the change(?:, within [\d.]+ s)?; the slowest answer took ([\d.]+) s/.exec(
          allowed.output,
        ) ?? [];
      // Twenty are sent each second; of a short outage, what waits for its answer is not lost.
      const outage = Math.max(Number(lost) / 20, Number(slowest));
      expect(outage, allowed.output).toBeGreaterThan(0.5);
      expect(outage, allowed.output).toBeLessThan(Number(most) + 5);
      expect(Number(least)).toBeGreaterThanOrEqual(1);
    } finally {
      restore();
      expect((await command("up")).status).toBe(0);
    }
  });

  test("is stopped where it loses requests, and what was up before is up again", async () => {
    set("service", "port", "8080");
    try {
      const { status, output } = await guarded();
      expect(status).toBe(1);
      expect(output).toMatch(/The change was stopped: \d+ of the last 100 requests were lost, and 0 may be\./);
      expect(output).toContain("What was up before is up again");
      expect(output).toMatch(/service: port was (80|not set), and is 8080/); // by what ran before
      expect(Object.keys(replies(8)).sort()).toEqual(["apache-1", "apache-2"]);
    } finally {
      unset("service", "port");
    }
    // Nothing is left of the change.
    expect(stepsIn(await withoutLoss())).toEqual([]);
  });
});

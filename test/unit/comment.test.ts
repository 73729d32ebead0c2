import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { effectsOf } from "../../cli/comment/effects";
import { COMMENT_SIZE, render } from "../../cli/comment/render";
import { secretsOf, withoutSecrets } from "../../cli/comment/secrets";
import { size } from "../../cli/comment/text";
import {
  type ChainPreview,
  PLANNED_OPERATIONS,
  type PlannedPath,
  SECRET,
  type StackPlan,
  UNKNOWN,
} from "../../cli/plan";
import * as previews from "./previews";

const golden = (name: string): string => join(__dirname, "golden/comments", `${name}.md`);

describe("the comment of a preview", () => {
  const about = { commit: "0123456789abcdef", run: "https://code.example/team/chain/actions/runs/7" };

  test.each<[string, ChainPreview]>([
    ["nothing-changes", previews.preview()],
    ["one-server-more", previews.oneServerMore()],
    ["replaced-machine", previews.replacedMachine()],
    ["from-nothing", previews.fromNothing()],
    ["failed-stack", previews.failedStack()],
    ["1000-resources", previews.manyResources(1000)],
    ["hostile-names", previews.hostileNames()],
  ])("%s", async (name, preview) => {
    const text = render(preview, { about });
    await expect(text).toMatchFileSnapshot(golden(name));
    expect(size(text)).toBeLessThanOrEqual(COMMENT_SIZE);
    expect(render(structuredClone(preview), { about })).toBe(text);
  });
});

/** What a reader sees of a comment: references resolved, spaces of no width gone. */
function seen(text: string): string {
  return text
    .replaceAll(/&?#(\d+);/g, (_, number: string) => String.fromCodePoint(Number(number)))
    .replaceAll("\u200b", "");
}

describe("what requests would notice", () => {
  const told = (preview: ChainPreview): readonly string[] =>
    effectsOf(preview).map(
      ({ interrupts, text }) => `${interrupts ? "! " : ""}${seen(text.replaceAll(/<\/?code>/g, "'"))}`,
    );
  const { path, preview, step } = previews;
  const carriers = (identity: string, carrier = "kubernetes-1"): PlannedPath => {
    const whole = path();
    const hops = whole.hops.map((hop) => ({
      ...hop,
      instances: hop.instances.map((one) =>
        one.machine?.name === carrier ? { ...one, machine: { ...one.machine, identity } } : one,
      ),
    }));
    return { ...whole, hops };
  };

  test.each<[string, ChainPreview, readonly string[]]>([
    [
      "the machine of a router is another: nobody forwards meanwhile",
      preview([], { pathAfter: carriers("another") }),
      [
        "! 'kubernetes-1', which 'quagga' runs on, is replaced: its neighbours send to nobody else meanwhile, so requests are not answered.",
      ],
    ],
    [
      "that what is not known of a machine is another one is not said where no step replaces it",
      preview([], { pathAfter: carriers(UNKNOWN) }),
      ["Nothing: all stays as it is."],
    ],
    [
      "a machine of a second instance is another",
      (() => {
        const second = (identity: string): PlannedPath => {
          const whole = path();
          const hops = whole.hops.map((hop) => ({
            ...hop,
            instances: [
              ...hop.instances,
              { ...hop.instances[0], machine: previews.machine("spare", "10.100.101.99", identity) },
            ],
          }));
          return { ...whole, hops: hops as PlannedPath["hops"] };
        };
        return preview([], { pathBefore: second("one"), pathAfter: second("other") });
      })(),
      [
        "'spare', which 'nginx' also runs on, is replaced; its neighbours send to 'swarm-1', which stays.",
        "'spare', which 'quagga' also runs on, is replaced; its neighbours send to 'kubernetes-1', which stays.",
      ],
    ],
    [
      "the only server is replaced",
      preview(
        [],
        { pathBefore: path(1), pathAfter: path(1) },
        {
          kubernetes: {
            before: previews.serversContract(1),
            after: { servers: { machines: [previews.machine("apache-1", "10.100.102.11", "new")] } },
          },
        },
      ),
      ["! 'apache-1' is replaced: no other server is there meanwhile, so requests are not answered."],
    ],
    [
      "a server whose contract is not there is replaced by the engine's steps",
      preview(
        [step("replace", previews.serverResources(1)[1] as (typeof previews)["balancerService"])],
        {},
        {
          kubernetes: { before: undefined, after: undefined },
        },
      ),
      [
        "! 'apache-1' is replaced: 1 other server answers meanwhile; requests under way there are lost, and some may still be sent there until the balancer notices.",
      ],
    ],
    [
      "a server leaves",
      preview([], { pathAfter: { ...path(), hops: path().hops, servers: path(1).servers } }),
      [
        "! 'apache-2' leaves the servers (2 servers answer now, 1 will): requests under way there are lost (with `up --guard` it leaves the balancer first).",
      ],
    ],
    [
      "another address, which is known later",
      preview([], { pathAfter: { ...path(), url: UNKNOWN } }),
      [
        "! Clients reach the service at an address that is known after `up` from then on, and not at 'http://10.100.100.20' any more.",
      ],
    ],
    [
      "a function less, and the others the other way round",
      preview([], {
        pathBefore: {
          ...path(),
          hops: [...path().hops, { ...path().hops[1], name: "filter" } as PlannedPath["hops"][number]],
        },
        pathAfter: { ...path(), hops: path().hops.toReversed() },
      }),
      [
        "! Requests do not pass 'filter' any more; routes move while they are under way.",
        "! Functions that stay are passed in another order.",
      ],
    ],
    [
      "what a function runs as is replaced, or changes in place",
      preview([step("replace", previews.routerDeployment), step("update", previews.balancerService)]),
      [
        "! What 'quagga' runs as is replaced or deleted ('service-quagga-deployment'): requests may find nobody there meanwhile.",
        "! 'nginx' changes in place ('service-nginx-service'): whether requests notice is up to how its platform rolls it out.",
      ],
    ],
    [
      "a node is replaced whose name in the program is another than its own",
      preview(
        [
          step("replace", {
            layer: "kubernetes",
            types: [
              "hybrid-vnf:kubernetes:KubernetesCluster",
              "hybrid-vnf:lab:Machine",
              "docker:index/container:Container",
            ],
            name: "kubernetes-cluster-1-container",
          }),
        ],
        { pathAfter: carriers(UNKNOWN) },
        { kubernetes: { before: { cluster: { nodes: [previews.machine("kubernetes-1", "10.100.101.10")] } } } },
      ),
      [
        "! 'kubernetes-1', which 'quagga' runs on, is replaced: its neighbours send to nobody else meanwhile, so requests are not answered.",
      ],
    ],
    [
      "what is known already of a change whose end is not known",
      preview(
        [step("replace", previews.serverResources(2)[1] as (typeof previews)["balancerService"])],
        { pathAfter: undefined },
        {
          kubernetes: { after: previews.serversContract(2, [2]) },
          service: { ending: "failed", errors: ["no"], after: undefined },
        },
      ),
      [
        "The path after it is not known: the preview of 'service' did not come to its end. Of the path as it is:",
        "! 'apache-2' is replaced: 1 other server answers meanwhile; requests under way there are lost, and some may still be sent there until the balancer notices.",
      ],
    ],
    [
      "a network that requests pass is replaced",
      preview([
        step("replace", {
          layer: "site",
          types: ["hybrid-vnf:site:Site", "hybrid-vnf:site:Network", "docker:index/network:Network"],
          name: "site-transit-network",
        }),
      ]),
      [
        "! The network 'dev/transit' is replaced or deleted ('site-transit-network'): whatever stands in it is cut off meanwhile.",
      ],
    ],
    [
      "the service goes",
      preview([step("delete", previews.balancerService)], { pathAfter: undefined }),
      ["! The service goes: its address answers nobody any more."],
    ],
    [
      "steps beside the path",
      preview([step("create", { layer: "site", types: ["docker:index/network:Network"], name: "site-spare" })]),
      ["Nothing that the plan shows: the path and what stands on it stay as they are."],
    ],
    [
      "nothing is there, and nothing comes",
      preview([], { pathBefore: undefined, pathAfter: undefined }),
      ["No path of requests is published, neither now nor after it."],
    ],
  ])("%s", (_, change, effects) => {
    expect(told(change)).toEqual(effects);
  });
});

/** What of a comment is not ours to write: tags, lines of Mermaid and commands that a name brought in. */
function intruders(text: string): readonly string[] {
  const tags = new Set(["<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>", "<br/>"]);
  const line =
    /^(flowchart (LR|TB)| {2}n\d+\["[^"<>[\]{}|`;&]*(<br\/>[^"<>[\]{}|`&]*)*"\](:::(added|removed|changed))?| {2}n\d+ -->\|"[^"<>[\]{}|`&]*"\| n\d+| {2}classDef (added|removed|changed) [\w:#,-]+( \d)?)$/;
  const [marker = "", ...lines] = text.split("\n");
  const diagrams = [...text.matchAll(/^```mermaid\n([\s\S]*?)\n```$/gm)].map(([, inner = ""]) => inner);
  return [
    ...(/^<!-- hybrid-vnf preview [\w.%]* -->$/.test(marker) ? [] : [marker]),
    ...(lines.join("\n").match(/<[^>]*>/g) ?? []).filter((tag) => !tags.has(tag)),
    ...(["details", "code", "summary"] as const).filter(
      (tag) => text.split(`<${tag}>`).length !== text.split(`</${tag}>`).length,
    ),
    ...lines.filter((one) => /^[/\\~]/.test(one) || (/^`/.test(one) && !/^```(mermaid)?$/.test(one))),
    ...(text.split("```").length === 2 * diagrams.length + 1 ? [] : ["a fence"]),
    ...diagrams.flatMap((diagram) => diagram.split("\n").filter((one) => !line.test(one.replaceAll(/#\d+;/g, "_")))),
  ];
}

describe("any preview", () => {
  const SECRETS = ["s3cret-passphrase-of-the-stack", "another\nsecret of `two` lines|<x>", "s3cret-passphrase"];
  const PRIVATE_KEY =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----";
  const FORMS = [
    PRIVATE_KEY,
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "glpat-0123456789abcdefghij",
    "v1:c2VjcmV0c2VjcmV0:c2VjcmV0c2VjcmV0",
  ];

  const fragment = fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
    { weight: 2, arbitrary: fc.constantFrom(...previews.HOSTILE) },
    { weight: 1, arbitrary: fc.constantFrom(...SECRETS, ...FORMS) },
    { weight: 1, arbitrary: fc.constantFrom(UNKNOWN, SECRET, "", "nginx", "x".repeat(3000), "\u{1F525}".repeat(300)) },
  );
  const text = fc.oneof(
    fragment,
    fc.array(fragment, { maxLength: 4 }).map((all) => all.join(" ")),
  );
  const many = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
    fc.oneof(
      { weight: 6, arbitrary: fc.array(one, { maxLength: 3 }) },
      {
        weight: 1,
        arbitrary: fc.tuple(one, one).map((both) => Array.from({ length: 150 }, (_, at) => both[at % 2] as T)),
      },
    );
  const value = fc.oneof(
    text,
    fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
    fc.constant({ password: "hunter2-hunter2" }),
  );
  const property = fc
    .record({ path: text, replaces: fc.boolean(), before: value, after: value })
    .chain((one) => fc.constantFrom(one, { ...one, path: "spec.adminPassword", before: "hunter2-hunter2" }));
  const steps = fc.record({
    operation: fc.constantFrom(...PLANNED_OPERATIONS),
    urn: fc.oneof(text, fc.constant("urn:pulumi:dev::p::hybrid-vnf:lab:Machine$docker:index/container:Container::m")),
    type: text,
    name: text,
    custom: fc.boolean(),
    properties: fc.oneof(
      { weight: 20, arbitrary: fc.array(property, { maxLength: 3 }) },
      { weight: 1, arbitrary: many(property) },
    ),
  });
  const leg = fc.record({ network: text, address: text });
  const carrier = fc.record({ id: text, name: text, identity: text, legs: fc.array(leg, { maxLength: 2 }) });
  const paths = fc.record({
    url: text,
    from: text,
    clients: fc.array(carrier, { maxLength: 5 }),
    hops: many(
      fc.record({
        name: text,
        handling: fc.constantFrom("route", "proxy", "translate"),
        stateful: fc.boolean(),
        instances: fc.array(fc.record({ machine: carrier, legs: fc.array(leg, { maxLength: 2 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
        in: leg,
        out: leg,
      }),
    ),
    servers: many(fc.record({ name: text, address: text })),
  });
  const anyPreview = fc.record({
    stack: text,
    stacks: fc.array(
      fc.record({
        layer: text,
        project: text,
        ending: fc.constantFrom("done", "failed", "skipped"),
        changes: fc.constant({ same: 3 }),
        steps: many(steps),
        errors: fc.array(text, { maxLength: 3 }),
        warnings: fc.array(text, { maxLength: 3 }),
        before: fc.option(fc.dictionary(text, value, { maxKeys: 3 }), { nil: undefined }),
        after: fc.option(fc.dictionary(text, value, { maxKeys: 3 }), { nil: undefined }),
      }),
      { maxLength: 4 },
    ),
    pathBefore: fc.option(paths, { nil: undefined }),
    pathAfter: fc.option(paths, { nil: undefined }),
    findings: many(
      fc.record({ check: text, severity: fc.constantFrom("error", "warning"), subject: text, message: text }),
    ),
  }) as unknown as fc.Arbitrary<ChainPreview>;

  test("stays under the limit, shows no secret, and lets no name out of its place", () => {
    fc.assert(
      fc.property(anyPreview, fc.constantFrom(COMMENT_SIZE, 16_000), (preview, room) => {
        const comment = render(preview, { secrets: SECRETS, room });
        expect(size(comment)).toBeLessThanOrEqual(room);
        expect(comment.length).toBeLessThan(65_536);
        expect(intruders(comment)).toEqual([]);
        const shown = seen(comment);
        for (const secret of [...SECRETS, ...FORMS, "hunter2-hunter2", "b3BlbnNzaC1rZXktdjEAAAAA"]) {
          expect(shown).not.toContain(secret.replaceAll("\n", " "));
        }
        expect(render(preview, { secrets: SECRETS, room })).toBe(comment);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test("of hostile names lets none out of its place", () => {
    expect(intruders(render(previews.hostileNames()))).toEqual([]);
    // The check sees what it is to see.
    expect(intruders("<!-- hybrid-vnf preview dev -->\n<script>\n/merge")).toEqual(["<script>", "/merge"]);
  });

  test("says what it leaves out", () => {
    const comment = render(previews.manyResources(1000));
    const [shown, cut] = [
      comment.match(/^- (create|update|\*\*replace\*\*) /gm)?.length ?? 0,
      /and ([\d,]+) more lines, cut here/g,
    ];
    const left = [...comment.matchAll(cut)].reduce(
      (sum, [, number = ""]) => sum + Number(number.replaceAll(",", "")),
      0,
    );
    const twice = comment.slice(0, comment.indexOf("<details>")).match(/^- \*\*replace/gm)?.length ?? 0;
    expect(shown - twice + left).toBe(1000);
    expect(comment).toMatch(/server.*not drawn/);
  });

  test("of five thousand stacks says how many it leaves out", () => {
    const [one] = previews.oneServerMore().stacks.filter(({ layer }) => layer === "kubernetes");
    const stacks = Array.from({ length: 5000 }, (_, at) => ({ ...(one as StackPlan), layer: `stack-${at}` }));
    const comment = render({ ...previews.preview(), stacks });
    expect(size(comment)).toBeLessThanOrEqual(COMMENT_SIZE);
    expect(comment).toMatch(/\| and 4,\d{3} more stacks \|/);
    expect(comment).toMatch(/The details of 4,\d{3} more stacks are left out here/);
  });
});

describe("secrets", () => {
  test("of a run's variables are known by their names", () => {
    const environment = {
      PULUMI_CONFIG_PASSPHRASE: "correct horse",
      AWS_SECRET_ACCESS_KEY: "abcdefgh",
      GITHUB_TOKEN: "ghs_secret",
      OS_PASSWORD: "openstack",
      PULUMI_CONFIG_PASSPHRASE_FILE: "/run/passphrase",
      SHORT_TOKEN: "x",
      HOME: "/home/me",
      UNSET_TOKEN: undefined,
    };
    expect(secretsOf(environment)).toEqual(["correct horse", "abcdefgh", "ghs_secret", "openstack"]);
  });

  test.each([
    [
      "an error tells a password",
      "cannot log in to https://me:pass-word@registry.example/x",
      `cannot log in to https://me:${SECRET}@registry.example/x`,
    ],
    ["a header", "sent Authorization: Bearer abc.def", `sent Authorization: Bearer ${SECRET}`],
    ["a join token", "kubeadm join --token abcdef.0123456789abcdef", `kubeadm join --token ${SECRET}`],
    [
      "Pulumi's own mark",
      { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "x" },
      SECRET,
    ],
    [
      "a property by its name",
      { path: 'data["admin-password"]', before: "old", after: "new" },
      { path: 'data["admin-password"]', before: SECRET, after: SECRET },
    ],
    [
      "what is none",
      { path: "serverCount", before: 2, after: [3, null, true] },
      { path: "serverCount", before: 2, after: [3, null, true] },
    ],
  ])("are left out: %s", (_, value, expected) => {
    expect(withoutSecrets(value)).toEqual(expected);
  });
});

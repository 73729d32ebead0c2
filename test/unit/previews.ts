import {
  type ChainPreview,
  type PlannedOperation,
  type PlannedPath,
  type PlannedProperty,
  type PlannedStep,
  type StackPlan,
  UNKNOWN,
} from "../../cli/plan";

type Hop = PlannedPath["hops"][number];

/** Previews of the reference chain, as the tests of the comment and its bench need them. */

const LAYERS = ["site", "kubernetes", "swarm", "service"] as const;
type Layer = (typeof LAYERS)[number];

interface Resource {
  readonly layer: Layer;
  readonly types: readonly string[];
  readonly name: string;
}

export function step(
  operation: PlannedOperation,
  { layer, types, name }: Resource,
  properties: readonly PlannedProperty[] = [],
): PlannedStep {
  const type = types.at(-1) ?? "";
  const urn = `urn:pulumi:dev::hybrid-vnf-${layer}::${types.join("$")}::${name}`;
  return { operation, urn, type, name, custom: !type.startsWith("hybrid-vnf:"), properties };
}

const SERVERS = ["hybrid-vnf:layers:KubernetesLayer", "hybrid-vnf:webservers:WebServers"];

/** The resources of a web server. */
export function serverResources(number: number): Resource[] {
  const machine = [...SERVERS, "hybrid-vnf:lab:Machine"];
  const name = `kubernetes-apache-${number}`;
  return [
    { layer: "kubernetes", types: machine, name },
    { layer: "kubernetes", types: [...machine, "docker:index/container:Container"], name: `${name}-container` },
    { layer: "kubernetes", types: [...machine, "command:remote:Command"], name: `${name}-boot` },
    { layer: "kubernetes", types: [...SERVERS, "command:remote:Command"], name: `${name}-apache` },
  ];
}

const SERVICE = "hybrid-vnf:layers:ServiceLayer";
export const balancerService: Resource = {
  layer: "service",
  types: [SERVICE, "hybrid-vnf:nginx:NginxLoadBalancer", "docker:index/service:Service"],
  name: "service-nginx-service",
};
export const routerDeployment: Resource = {
  layer: "service",
  types: [SERVICE, "hybrid-vnf:quagga:QuaggaRouter", "kubernetes:apps/v1:Deployment"],
  name: "service-quagga-deployment",
};

/** A server's route back. */
export function serverRoute(number: number): Resource[] {
  const name = `service-chain-dev-apache-${number}-to-10-100-101-20-32`;
  const types = [SERVICE, "hybrid-vnf:chain:ServiceChain", "hybrid-vnf:route:Route"];
  return [
    { layer: "service", types, name },
    { layer: "service", types: [...types, "command:remote:Command"], name: `${name}-route` },
  ];
}

const addressOf = (number: number): string => `10.100.${102 + Math.floor(number / 200)}.${10 + (number % 200)}`;

/** A machine as contracts tell of it. */
export function machine(name: string, address: string, identity = `${name}-id`) {
  const network = address.split(".").slice(0, 3).join(".");
  const legs = [{ network: `dev/${network}`, cidr: `${network}.0/24`, address, interface: "eth0" }];
  return {
    id: `dev/${name}`,
    name,
    identity,
    legs,
    ssh: { host: address, port: 22, user: "root", hostKey: "ssh-ed25519 A" },
  };
}

function hop(name: string, handling: Hop["handling"], [ingress, out]: readonly [string, string], carrier: string): Hop {
  const [incoming, outgoing] = [ingress, out].map((address) => ({
    network: { "10.100.100": "dev/clients", "10.100.101": "dev/transit", "10.100.102": "dev/servers" }[
      address.split(".").slice(0, 3).join(".")
    ] as string,
    address,
  })) as [Hop["in"], Hop["out"]];
  const instances = [
    {
      machine: machine(carrier, ingress),
      legs: [incoming, outgoing].map(({ network, address }) => ({ network, cidr: `${address}/24`, address })),
    },
  ];
  return { name, handling, stateful: handling === "proxy", instances, in: incoming, out: outgoing };
}

/** The path of the reference chain. */
export function path(servers = 2): PlannedPath {
  const numbers = Array.from({ length: servers }, (_, at) => at + 1);
  return {
    url: "http://10.100.100.20",
    from: "dev/clients",
    clients: [machine("client", "10.100.100.10")],
    hops: [
      {
        ...hop("nginx", "proxy", ["10.100.100.20", "10.100.101.20"], "swarm-1"),
        port: 80,
        backends: numbers.map(addressOf),
      },
      hop("quagga", "route", ["10.100.101.10", "10.100.102.10"], "kubernetes-1"),
    ],
    servers: numbers.map((number) => ({ name: `apache-${number}`, address: addressOf(number) })),
  };
}

/** What the kubernetes stack publishes of its servers. */
export function serversContract(servers = 2, renewed: readonly number[] = []) {
  const machines = Array.from({ length: servers }, (_, at) => {
    const name = `apache-${at + 1}`;
    return machine(name, addressOf(at + 1), renewed.includes(at + 1) ? UNKNOWN : `${name}-id`);
  });
  return { servers: { name: "apache", machines } };
}

/** A preview in which the stacks take these steps, and are otherwise as they are. */
export function preview(
  steps: readonly PlannedStep[] = [],
  over: Partial<ChainPreview> = {},
  stacksOver: Partial<Record<Layer, Partial<StackPlan>>> = {},
): ChainPreview {
  const stacks = LAYERS.map((layer): StackPlan => {
    const own = steps.filter(({ urn }) => urn.includes(`::hybrid-vnf-${layer}::`));
    const contract = layer === "kubernetes" ? serversContract() : {};
    return {
      layer,
      project: `hybrid-vnf-${layer}`,
      ending: "done",
      changes: { same: 12 },
      steps: own,
      errors: [],
      warnings: [],
      before: contract,
      after: contract,
      ...stacksOver[layer],
    };
  });
  return { stack: "dev", stacks, pathBefore: path(), pathAfter: path(), findings: [], ...over };
}

/** One server more. */
export function oneServerMore(): ChainPreview {
  const [before, after] = [[10, 11].join(), [10, 11, 12].join()];
  return preview(
    [
      ...serverResources(3).map((one) => step("create", one)),
      step("update", balancerService, [{ path: "taskSpec.containerSpec.env.SERVERS", replaces: false, before, after }]),
      ...serverRoute(3).map((one) => step("create", one)),
    ],
    { pathAfter: path(3) },
    { kubernetes: { after: serversContract(3) } },
  );
}

/** The second server's machine is made anew, for another image. */
export function replacedMachine(): ChainPreview {
  const [component, container, boot, apache] = serverResources(2) as [Resource, Resource, Resource, Resource];
  const [, route] = serverRoute(2) as [Resource, Resource];
  const renewed: PlannedProperty = { path: "triggers[0]", replaces: true, before: "apache-2-id", after: UNKNOWN };
  return preview(
    [
      step("update", component),
      step("replace", container, [
        { path: "image", replaces: true, before: "sha256:0a1b2c", after: "sha256:3d4e5f" },
        { path: "labels[0].value", replaces: false, before: "dev", after: "edge" },
      ]),
      step("replace", boot, [renewed]),
      step("replace", apache, [renewed]),
      step("replace", route, [renewed]),
    ],
    {},
    { kubernetes: { after: serversContract(2, [2]) } },
  );
}

/** All from nothing. */
export function fromNothing(): ChainPreview {
  const resources = [
    ...serverResources(1),
    ...serverResources(2),
    balancerService,
    routerDeployment,
    ...serverRoute(1),
    ...serverRoute(2),
  ];
  const fresh = { before: undefined, changes: {} };
  return preview(
    resources.map((one) => step("create", one)),
    { pathBefore: undefined },
    { site: fresh, kubernetes: fresh, swarm: fresh, service: fresh },
  );
}

/** The producer of the servers is refused, so what reads it is not previewed. */
export function failedStack(): ChainPreview {
  return preview(
    [],
    {
      pathAfter: undefined,
      findings: [
        {
          check: "broken-consumer",
          severity: "error",
          subject: "service",
          message: 'Stack "kubernetes" would not publish "apacheInfo" any more, which "service" reads: keep it.',
        },
        {
          check: "overlapping-ranges",
          severity: "warning",
          subject: "dev/servers",
          message: "10.100.102.0/24 overlaps with 10.100.102.128/25 of dev/branch: give it another range.",
        },
      ],
    },
    {
      kubernetes: {
        ending: "failed",
        after: undefined,
        errors: ['serverCount is "many": it must be a whole number from 1 to 100.'],
        warnings: ["cluster: the node has 1 core; kubeadm wants 2."],
      },
      service: { ending: "skipped", after: undefined },
    },
  );
}

/** As many resources as are asked for change: servers come, and each thing of them. */
export function manyResources(resources: number): ChainPreview {
  const servers = Math.ceil(resources / 6);
  const steps = Array.from({ length: servers }, (_, at) => at + 3).flatMap((number) => [
    ...serverResources(number),
    ...serverRoute(number),
  ]);
  const properties = Array.from({ length: 6 }, (_, at) => ({
    path: `properties.number${at}`,
    replaces: at === 0,
    before: `before ${at} `.repeat(4),
    after: `after ${at} `.repeat(4),
  }));
  const operations = ["create", "create", "update", "replace"] as const;
  return preview(
    steps.slice(0, resources).map((one, at) => {
      const operation = operations[at % 4] ?? "create";
      return step(operation, one, operation === "create" ? [] : properties);
    }),
    { pathAfter: path(2 + servers) },
    { kubernetes: { after: serversContract(2 + servers) } },
  );
}

/** What nobody is called, who means well. */
export const HOSTILE = [
  "`</code></details><script>alert(1)</script>",
  "a | b | c",
  "@everyone #1 !2 ~bug <!-- hybrid-vnf preview dev -->",
  '"]:::added --> evil[click here] click evil "https://evil.example"',
  "line\n/merge\n```\n# heading",
  "\u202egnp.exe\u0000\u200b",
  "[link](javascript:alert(1)) ![image](https://evil.example/x.png) www.evil.example",
  "#quot;#59;style:#1;end",
];

/** A preview in which every text that somebody may choose is hostile. */
export function hostileNames(): ChainPreview {
  const at = (number: number): string => HOSTILE[number % HOSTILE.length] as string;
  const base = path(HOSTILE.length);
  const hostilePath: PlannedPath = {
    ...base,
    url: at(6),
    from: at(3),
    clients: [machine(at(2), "10.100.100.10")],
    hops: base.hops.map((one, index) => ({ ...one, name: at(3 + index), in: { network: at(index), address: at(7) } })),
    servers: HOSTILE.map((name) => ({ name, address: name })),
  };
  return {
    ...preview(
      HOSTILE.map((name, index) =>
        step(index % 2 === 0 ? "replace" : "create", { ...balancerService, name }, [
          { path: name, replaces: true, before: at(index + 1), after: at(index + 2) },
        ]),
      ),
      { pathAfter: hostilePath },
      { site: { layer: at(0), errors: HOSTILE, warnings: HOSTILE, ending: "failed" } },
    ),
    stack: at(2),
    findings: HOSTILE.map((message, index) => ({
      check: at(index),
      severity: "error",
      subject: at(index + 3),
      message,
    })),
  };
}

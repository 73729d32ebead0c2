import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  CNIS,
  hosts,
  hybrid,
  InvalidInput,
  lab,
  type OpenStackArgs,
  openStack,
  PLATFORMS,
  type Platform,
  type PlatformFacts,
  type PlatformKind,
  PUBLISH_MODES,
  parseHosts,
  parseSettings,
  readCatalog,
  type WholeFacts,
} from "../components";
import { credentials } from "./cloud";

const NETWORKS = ["transit", "servers", "clients"] as const;
const WHOLE = ["lab", "openstack", "hosts"] as const satisfies readonly WholeFacts["kind"][];

const NETWORKS_FORM = {
  error: `it must be an object such as {"servers": "openstack"}: networks are ${NETWORKS.join(", ")}, platforms ${WHOLE.join(", ")}`,
};

const whole = z.coerce.number({ error: "it must be a number" }).int("it must be a whole number");

/** Every setting that the stacks read, with what is allowed. Components check what they mean. */
const SETTINGS = {
  /** Stack whose contracts this one reads. @default the stack of the same name */
  stack: z.string().min(1, "it must not be empty"),
  site: z.string(),
  platform: z.enum(PLATFORMS, { error: `it must be one of: ${PLATFORMS.join(", ")}` }),
  /** With the platform "hybrid": the platform of each network that is not on the lab. */
  networks: z.partialRecord(z.enum(NETWORKS), z.enum(WHOLE, NETWORKS_FORM), NETWORKS_FORM),
  /** What says where on a cloud machines are made, and how (see OpenStackSettings, which its platform checks). */
  openstack: z.record(z.string(), z.unknown(), { error: "it must be an object" }),
  /** The hosts of a pool, by machine (see HostsSettings, which its platform checks). */
  hosts: z.record(z.string(), z.unknown(), { error: "it must be an object" }),
  /** A disk image of images/disk, to be uploaded and used in place of an image that the cloud has. */
  imageFile: z.string().min(1, "it must not be empty"),
  transit: z.string(),
  servers: z.string(),
  gateway: z.string(),
  back: z.string(),
  clients: z.string(),
  replicas: whole,
  index: z.string(),
  workers: whole,
  managers: whole,
  cni: z.enum(CNIS, { error: `it must be one of: ${CNIS.join(", ")}` }),
  /** Seconds that a node of Kubernetes may take to become ready, and the balancer to be healthy. @default 120 each */
  readyTimeout: whole,
  publish: z.enum(PUBLISH_MODES, { error: `it must be one of: ${PUBLISH_MODES.join(", ")}` }),
  port: whole,
  registry: z.string(),
  routers: z.union([z.literal(0), z.literal(1)], { error: "it must be 0 or 1" }),
  routes: z.array(z.object({ destination: z.string(), nextHop: z.string() }), {
    error: 'it must be a list of {"destination": CIDR, "nextHop": ADDRESS}',
  }),
} as const;

type Known = typeof SETTINGS;
type Settings<K extends keyof Known> = { [P in K]?: z.infer<Known[P]> };

/** Parsed as JSON, for they are no strings. */
const STRUCTURED: readonly (keyof Known)[] = ["routers", "routes", "openstack", "hosts", "networks"];

/**
 * Reads the named settings of the running project's configuration.
 * @throws InvalidInput with everything that is wrong with them: the value, what is allowed, and the command that mends it.
 */
export function settings<K extends keyof Known>(...keys: readonly K[]): Settings<K> {
  const config = new pulumi.Config();
  const problems: string[] = [];
  const read: Settings<K> = {};
  for (const key of keys) {
    const text = config.get(key);
    if (text === undefined) continue;
    const schema: z.ZodType = SETTINGS[key];
    const parsed = schema.safeParse(STRUCTURED.includes(key) ? fromJson(text) : text);
    if (parsed.success) read[key] = parsed.data as Settings<K>[K];
    else
      problems.push(
        `${config.name}:${key} is "${text}": ${parsed.error.issues[0]?.message}; set it with \`pulumi config set ${key} …\``,
      );
  }
  if (problems.length > 0) throw new InvalidInput("Configuration", problems);
  return read;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a program's own settings say of platforms. */
interface Asked {
  platform?: PlatformKind;
  networks?: Partial<Record<string, WholeFacts["kind"]>>;
  openstack?: Record<string, unknown>;
  hosts?: Record<string, unknown>;
  imageFile?: string;
}

/**
 * The platform that a program's own settings ask for.
 * @throws InvalidInput with everything that is wrong with them, also in comparison with what the cloud has.
 */
export async function platformOf(asked: Asked): Promise<Platform> {
  const { platform = "lab", networks = {} } = asked;
  const hybrids = Object.keys(networks).length > 0;
  if (hybrids !== (platform === "hybrid")) {
    const remedy = hybrids
      ? 'set platform to "hybrid", or remove networks'
      : 'set networks, such as {"servers": "hosts"}';
    throw new InvalidInput("Configuration", [
      `platform is "${platform}" and networks names ${Object.keys(networks).join(", ") || "none"}: ${remedy}`,
    ]);
  }
  if (platform !== "hybrid") return wholeOf(platform, asked);
  return assemble(networks, "lab", (kind) => wholeOf(kind, asked));
}

async function wholeOf(kind: WholeFacts["kind"], { openstack, hosts: pool, imageFile }: Asked): Promise<Platform> {
  if (kind === "lab") return lab();
  if (kind === "hosts") return hosts({ hosts: parseHosts(pool ?? {}), privateKey: secret("hostsKey") });
  const given = { ...openstack, ...(imageFile === undefined ? {} : { image: imageFile }) };
  return wholeFrom({ kind, openstack: parseSettings(given) }, { imageFile, jumpKey: secret("jumpKey") });
}

/** A setting that is a secret: it is handed on as one, and never looked at. */
function secret(key: "hostsKey" | "jumpKey"): pulumi.Output<string> | undefined {
  return new pulumi.Config().getSecret(key);
}

/** The platform that the site was made on, for another program to make machines there. */
export async function platformFrom(facts: PlatformFacts): Promise<Platform> {
  if (facts.kind !== "hybrid") return wholeFrom(facts);
  const texts = Object.entries(facts.networks).map(([network, one]) => [network, JSON.stringify(one)]);
  return assemble(Object.fromEntries(texts), JSON.stringify(facts.otherwise), (text) => wholeFrom(JSON.parse(text)));
}

/** What only the site's own program says of a cloud, and no contract. */
type Own = Pick<OpenStackArgs, "imageFile" | "jumpKey">;

async function wholeFrom(facts: WholeFacts, own: Own = {}): Promise<Platform> {
  if (facts.kind === "lab") return lab();
  if (facts.kind === "hosts") return hosts({ hosts: facts.hosts });
  const { cloud, region } = facts.openstack;
  return openStack({ ...facts.openstack, ...own, catalog: await readCatalog(credentials(cloud, region)) });
}

/** A hybrid of platforms, each of them made once, for a machine may have legs in all the networks of one. */
async function assemble<K extends string>(
  networks: Partial<Record<string, K>>,
  otherwise: K,
  make: (key: K) => Promise<Platform>,
): Promise<Platform> {
  const made = new Map<K, Promise<Platform>>();
  const once = (key: K) => {
    const platform = made.get(key) ?? make(key);
    made.set(key, platform);
    return platform;
  };
  const each: Record<string, Platform> = {};
  for (const [network, key] of Object.entries(networks)) if (key !== undefined) each[network] = await once(key);
  return hybrid({ networks: each, otherwise: await once(otherwise) });
}

/** Name of the stack of another layer: `organization/hybrid-vnf-LAYER/STACK`, the same stack name as this one's unless configured. */
export function stackOf(layer: string, stack: string = pulumi.getStack()): string {
  return `${pulumi.getOrganization()}/hybrid-vnf-${layer}/${stack}`;
}

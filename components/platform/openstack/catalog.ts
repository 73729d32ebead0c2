import * as http from "node:http";
import * as https from "node:https";
import { InvalidInput } from "../../problem/problem";

/** A size of machine. */
export interface Flavor {
  readonly name: string;
  readonly cores: number;
  /** MiB */
  readonly memory: number;
  /** GiB; 0 stands for as much as the image needs. */
  readonly disk: number;
}

export interface CatalogImage {
  readonly name: string;
  /** MiB that a machine of it must have. */
  readonly memory: number;
  /** GiB that its disk needs. */
  readonly disk: number;
  /** Its properties, in Glance's own spelling. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What a cloud has, as far as names and ranges can be checked against it before anything is made. */
export interface Catalog {
  readonly flavors: readonly Flavor[];
  readonly images: readonly CatalogImage[];
  /** Names of the networks that routers may lead to. */
  readonly externalNetworks: readonly string[];
  /** The project's own subnets. */
  readonly subnets: readonly { readonly network: string; readonly cidr: string }[];
  /** Availability zones that take machines. */
  readonly zones: readonly string[];
  /** The project's servers that are in ERROR, and why, if the cloud says so. */
  readonly failed: readonly { readonly name: string; readonly reason?: string }[];
}

/** How to log in to a cloud: a password, an application credential or a token (Identity API v3). */
export interface Credentials {
  /** How the cloud is named to its reader: its entry in clouds.yaml, or its address. */
  readonly cloud: string;
  readonly authUrl: string;
  readonly region?: string;
  /** Which of a service's addresses is used. @default "public" */
  readonly interface?: string;
  /** The request's `identity` and, where it isn't implied, `scope`. */
  readonly auth: { readonly identity: object; readonly scope?: object };
  /** Certificates of the authorities that are trusted, PEM. @default Node's own */
  readonly ca?: string;
  /** Trusts any certificate. @default false */
  readonly insecure?: boolean;
}

interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: unknown;
}
interface Endpoint {
  readonly interface: string;
  readonly region_id: string;
  readonly url: string;
}
interface Token {
  readonly project?: { readonly id: string };
  readonly catalog?: readonly { readonly type: string; readonly endpoints: readonly Endpoint[] }[];
}

/** Milliseconds that a cloud may take to say something. */
const PATIENCE = 20_000;

/**
 * Reads what a cloud has.
 * @throws InvalidInput in one sentence when it doesn't answer, refuses the credentials, or lacks a service.
 */
export async function readCatalog(credentials: Credentials): Promise<Catalog> {
  const refuse = (reason: string): never => {
    throw new InvalidInput(`Cloud "${credentials.cloud}"`, [reason]);
  };
  const ask = async (url: string, headers: Record<string, string>, body?: object): Promise<Reply> => {
    try {
      return await request(url, headers, body, credentials);
    } catch (error) {
      return refuse(
        `${new URL(url).origin} does not answer (${(error as Error).message}): see that it is up, that its address is right, and that this machine reaches it`,
      );
    }
  };

  if (!URL.canParse(credentials.authUrl)) refuse(`its auth_url is "${credentials.authUrl}": it must be a URL`);
  const root = credentials.authUrl.replace(/\/+$/, "").replace(/\/v3$/, "");
  const login = await ask(`${root}/v3/auth/tokens`, {}, { auth: credentials.auth });
  if (login.status === 401)
    refuse("it refuses these credentials: see to the user, password, project and domains, or make a new credential");
  const token = (login.body as { token?: Token } | undefined)?.token;
  const id = login.headers["x-subject-token"];
  if (login.status !== 201 || typeof id !== "string" || !token)
    return refuse(
      `${root}/v3 answers a login with status ${login.status}: see that auth_url names the Identity API, version 3`,
    );
  const project = token.project?.id;
  if (!project) return refuse("the credentials name no project: name one (project_name)");

  const addressOf = (type: string): string => {
    const all = token.catalog?.find((service) => service.type === type)?.endpoints ?? [];
    const found = all.find(
      (one) =>
        one.interface === (credentials.interface ?? "public") &&
        (credentials.region === undefined || one.region_id === credentials.region),
    );
    const regions = [...new Set(all.map((one) => one.region_id))].join(", ") || "none";
    return (
      found?.url.replace(/\/+$/, "") ??
      refuse(
        `it has no ${type} service in region "${credentials.region ?? ""}" (regions that have one: ${regions}): name one of those`,
      )
    );
  };
  /** A whole list, page by page. */
  const all = async <T>(service: string, version: string, path: string, key: string): Promise<T[]> => {
    const base = addressOf(service);
    const found: T[] = [];
    let next: string | undefined = `${base.includes(version) ? base : `${base}${version}`}${path}`;
    while (next) {
      const { status, body } = await ask(next, { "X-Auth-Token": id });
      if (status !== 200) return refuse(`its ${service} service answers ${path} with status ${status}`);
      const page = body as Record<string, unknown>;
      found.push(...((page[key] ?? []) as T[]));
      const links = page[`${key}_links`] as { rel: string; href: string }[] | undefined;
      const href: string | undefined =
        links?.find((link) => link.rel === "next")?.href ?? (page.next as string | undefined);
      next = href === undefined ? undefined : new URL(href, next).toString();
    }
    return found;
  };

  type Glance = {
    name: string | null;
    status: string;
    min_ram: number;
    min_disk: number;
    virtual_size?: number | null;
  };
  const [flavors, images, external, networks, subnets, zones, failed] = await Promise.all([
    all<{ name: string; vcpus: number; ram: number; disk: number }>("compute", "/v2", "/flavors/detail", "flavors"),
    all<Glance & Record<string, unknown>>("image", "/v2", "/images", "images"),
    all<{ name: string }>("network", "/v2.0", "/networks?router:external=true", "networks"),
    all<{ id: string; name: string }>("network", "/v2.0", "/networks", "networks"),
    all<{ network_id: string; cidr: string }>("network", "/v2.0", `/subnets?project_id=${project}`, "subnets"),
    all<{ zoneName: string; zoneState: { available: boolean } }>(
      "compute",
      "/v2",
      "/os-availability-zone",
      "availabilityZoneInfo",
    ),
    all<{ name: string; fault?: { message?: string } }>("compute", "/v2", "/servers/detail?status=ERROR", "servers"),
  ]);
  return {
    flavors: flavors.map(({ name, vcpus, ram, disk }) => ({ name, cores: vcpus, memory: ram, disk })),
    images: images
      .filter((image) => image.status === "active" && image.name !== null)
      .map((image) => ({
        name: image.name ?? "",
        memory: image.min_ram,
        disk: Math.max(image.min_disk, Math.ceil((image.virtual_size ?? 0) / 2 ** 30)),
        properties: image,
      })),
    externalNetworks: external.map((network) => network.name),
    subnets: subnets.map((subnet) => ({
      network: networks.find((network) => network.id === subnet.network_id)?.name ?? subnet.network_id,
      cidr: subnet.cidr,
    })),
    zones: zones.filter((zone) => zone.zoneState.available).map((zone) => zone.zoneName),
    failed: failed.map(({ name, fault }) => ({ name, reason: fault?.message })),
  };
}

function request(
  url: string,
  headers: Record<string, string>,
  body: object | undefined,
  { ca, insecure }: Credentials,
): Promise<Reply> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      method: text === undefined ? "GET" : "POST",
      headers: { Accept: "application/json", ...(text ? { "Content-Type": "application/json" } : {}), ...headers },
      timeout: PATIENCE,
      ...(ca ? { ca } : {}),
      rejectUnauthorized: !insecure,
    };
    const asked = (url.startsWith("https:") ? https : http).request(url, options, (reply) => {
      let said = "";
      reply.setEncoding("utf8").on("data", (part: string) => {
        said += part;
      });
      reply.on("error", reject).on("end", () => {
        const { statusCode = 0 } = reply;
        try {
          resolve({ status: statusCode, headers: reply.headers, body: said === "" ? undefined : JSON.parse(said) });
        } catch {
          resolve({ status: statusCode, headers: reply.headers, body: undefined });
        }
      });
    });
    asked.on("timeout", () => asked.destroy(new Error(`nothing heard in ${PATIENCE / 1000} s`))).on("error", reject);
    asked.end(text);
  });
}

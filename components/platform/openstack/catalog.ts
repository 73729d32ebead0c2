import { GENERATION } from "../../labels";
import { A_TEXT, objectWith, requireProperties } from "../../problem/arguments";
import { type Credentials, Session } from "./session";

/** A size of machine. */
export interface Flavor {
  /** What settings call it. */
  readonly name: string;
  /** Virtual CPUs. */
  readonly cores: number;
  /** MiB */
  readonly memory: number;
  /** GiB; 0 stands for as much as the image needs. */
  readonly disk: number;
}

/** A disk image that machines can start from (Glance: active). */
export interface CatalogImage {
  /** What settings call it; a cloud may have several of one name. */
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
  /** Those that the project may use. */
  readonly flavors: readonly Flavor[];
  /** Those that are active and have a name. */
  readonly images: readonly CatalogImage[];
  /** Names of the networks that routers may lead to. */
  readonly externalNetworks: readonly string[];
  /** The project's own subnets. */
  readonly subnets: readonly {
    /** Its network's name; the ID where that can't be seen. */
    readonly network: string;
    /** Its range in CIDR notation. */
    readonly cidr: string;
  }[];
  /** Availability zones that take machines. */
  readonly zones: readonly string[];
  /** The project's servers that this library made. */
  readonly servers: readonly CatalogServer[];
}

/** A server that this library made, and how it is. */
export interface CatalogServer {
  /** `hybrid-vnf-SITE-HOSTNAME`. */
  readonly name: string;
  /** Counts the servers that were made for the same machine, from 1. */
  readonly generation: number;
  /** Whether it ever ran: its disk may hold something. */
  readonly ran: boolean;
  /** That it is in ERROR, and why, if the cloud says so. */
  readonly failed?: {
    /** The server's fault, in Nova's words. */
    readonly reason?: string;
  };
}

/**
 * Reads what a cloud has.
 * @throws InvalidInput in one sentence when it doesn't answer, refuses the credentials, or lacks a service.
 * @example
 * const catalog = await vnf.readCatalog(vnf.credentials("mycloud"));
 * const flavors = catalog.flavors.map(({ name }) => name);
 */
export async function readCatalog(credentials: Credentials): Promise<Catalog> {
  requireProperties("readCatalog", credentials, {
    cloud: A_TEXT,
    authUrl: A_TEXT,
    auth: objectWith("an object", "identity"),
  });
  const session = await Session.open(credentials);
  type Glance = {
    name: string | null;
    status: string;
    min_ram: number;
    min_disk: number;
    virtual_size?: number | null;
  };
  type Nova = {
    id: string;
    name: string;
    status: string;
    fault?: { message?: string };
    metadata?: Record<string, string>;
    "OS-SRV-USG:launched_at"?: string | null;
  };
  // Lists leave out why a server found no host (seen with Nova 26).
  const reasonOf = async (id: string): Promise<string | undefined> => {
    const { body } = await session.ask("GET", "compute", `/servers/${id}`);
    return (body as { server?: Nova } | undefined)?.server?.fault?.message;
  };
  const [flavors, images, external, networks, subnets, zones, servers] = await Promise.all([
    session.all<{ name: string; vcpus: number; ram: number; disk: number }>("compute", "/flavors/detail", "flavors"),
    session.all<Glance & Record<string, unknown>>("image", "/images", "images"),
    session.all<{ name: string }>("network", "/networks?router:external=true", "networks"),
    session.all<{ id: string; name: string }>("network", "/networks", "networks"),
    session.all<{ network_id: string; cidr: string }>("network", `/subnets?project_id=${session.project}`, "subnets"),
    session.all<{ zoneName: string; zoneState: { available: boolean } }>(
      "compute",
      "/os-availability-zone",
      "availabilityZoneInfo",
    ),
    session.all<Nova>("compute", "/servers/detail?name=%5Ehybrid-vnf-", "servers"),
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
    servers: await Promise.all(
      servers.map(async ({ id, name, status, fault, metadata, ...server }) => ({
        name,
        generation: Number(metadata?.[GENERATION] ?? 1),
        ran: Boolean(server["OS-SRV-USG:launched_at"]),
        ...(status === "ERROR" ? { failed: { reason: fault?.message ?? (await reasonOf(id)) } } : {}),
      })),
    ),
  };
}

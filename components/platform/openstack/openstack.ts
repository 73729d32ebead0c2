import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../../machine/access";
import type { MachineArgs, MachineLike, Role } from "../../machine/machine";
import { type NetworkIdentity, networkId } from "../../network/network";
import { A_PROVIDER, A_TEXT, objectWith, optional, requireProperties } from "../../problem/arguments";
import { Problems } from "../../problem/problem";
import { authorize } from "../../ssh/authorization";
import type { NetworkArgs, Platform } from "../platform";
import { rulesOf } from "./access";
import type { Catalog } from "./catalog";
import { OpenStackGroup } from "./group";
import { CLOUD_INIT, MachineImage } from "./image";
import { OpenStackMachine } from "./machine";
import { physicalName } from "./name";
import { OpenStackNetwork, requireAddress } from "./network";
import { type OpenStackSettings, parseSettings, routed } from "./settings";

/** Where on a cloud machines are made, and how; what isn't plain data beside the settings. */
export interface OpenStackArgs extends Omit<OpenStackSettings, "image"> {
  /** Begins the names of what the platform makes for itself: its provider, an uploaded image. Two platforms in one program need two. @default "openstack" */
  name?: string;
  /** Name of the machines' image: one made by images/disk, marked as such (see MachineImage). @default `imageFile`, which is then needed */
  image?: OpenStackSettings["image"];
  /** A disk image of images/disk, to be uploaded and used as `image`. @default none */
  imageFile?: string;
  /** The cloud, for a program that works on several; say in `cloud` or `catalog` what it has. @default the one of `cloud` and `region` */
  provider?: openstack.Provider;
  /** What the cloud has, which names and ranges are compared with. @default `openStack` asks the cloud (readCatalog); `new OpenStack` compares with nothing */
  catalog?: Catalog;
  /** OpenSSH private key that the jump host lets in (secret); the site uses it to let its own key in there. @default the site's key is let in already */
  jumpKey?: pulumi.Input<string>;
}

/** Least flavor of a role: cores, and MiB (kubeadm: Before you begin). */
const LEAST: Partial<Record<Role, { cores: number; memory: number }>> = { kubernetes: { cores: 2, memory: 2048 } };

/**
 * Machines and networks on an OpenStack cloud. By itself it asks no cloud: `openStack` does, and compares the settings with what there is.
 * @throws InvalidInput with everything that is wrong with the settings
 * @example
 * const settings = vnf.parseSettings(new pulumi.Config().requireObject("openstack"));
 * const platform = new vnf.OpenStack({ ...settings, catalog: await vnf.readCatalog(vnf.credentials()) });
 */
export class OpenStack implements Platform {
  readonly kind = "openstack";
  readonly facts: pulumi.Input<OpenStackSettings>;
  private readonly provider: openstack.Provider;
  private readonly settings: OpenStackSettings;
  private readonly catalog?: Catalog;
  private readonly jumpKey?: pulumi.Input<string>;
  private readonly groups = new Map<string, OpenStackGroup>();
  private readonly mtus = new Map<string, pulumi.Output<number>>();

  constructor(args: OpenStackArgs) {
    this.settings = settingsOf(args);
    const { name = "openstack", provider, catalog, imageFile, jumpKey } = args;
    this.catalog = catalog;
    this.jumpKey = jumpKey;
    if (catalog) this.compare(catalog);
    const { cloud, region } = this.settings;
    // Without useOctavia the official plugin warns of load balancers in every update, and there are none here.
    this.provider = provider ?? new openstack.Provider(`${name}-provider`, { cloud, region, useOctavia: true });
    if (imageFile !== undefined)
      this.settings.image = new MachineImage(`${name}-machine`, { file: imageFile }, this.withProviders({})).image;
    this.facts = this.settings;
  }

  network(name: string, args: NetworkArgs, opts: pulumi.ComponentResourceOptions): pulumi.Output<string> {
    const { settings, catalog } = this;
    const own = { ...args, settings, catalog, tags: tagsOf(args.site) };
    const made = new OpenStackNetwork(name, own, this.withProviders(opts));
    this.mtus.set(networkId(args.site, args.role), made.mtu);
    return made.ref;
  }

  mtuOf({ id }: NetworkIdentity): pulumi.Output<number> | undefined {
    return this.mtus.get(id);
  }

  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike {
    const flavor = this.settings.flavors?.[args.role] ?? this.settings.flavor;
    const image = this.settings.images?.[args.role] ?? this.settings.image;
    this.check(args, flavor, image);
    return new OpenStackMachine(
      name,
      {
        ...args,
        settings: this.settings,
        shared: this.group(name, args, opts),
        flavor,
        image,
        generation: this.generation(args),
        tags: tagsOf(args.site),
      },
      this.withProviders(opts),
    );
  }

  authorize(name: string, key: KeyPair, opts: pulumi.ComponentResourceOptions): KeyPair {
    const { jumpKey } = this;
    const { access } = this.settings;
    if (jumpKey === undefined || typeof access === "string") return key;
    return authorize(name, key, { [access.jump.host]: { ...access.jump, privateKey: jumpKey } }, opts);
  }

  /**
   * Counts the servers that are made for a machine. To the engine, one in ERROR is there as it was asked for: if it never ran, another
   * one takes its place; if it did, its disk may hold something, and it is said what to do.
   */
  private generation({ site, hostname }: MachineArgs): number {
    const physical = physicalName(site, hostname);
    const { generation, ran, failed } = this.catalog?.servers.find((server) => server.name === physical) ?? {
      generation: 1,
    };
    if (!failed) return generation;
    const reason = failed.reason ? ` (${failed.reason})` : "";
    if (!ran) {
      void pulumi.log.warn(`The server "${physical}" never came up${reason}: another one takes its place.`);
      return generation + 1;
    }
    void pulumi.log.warn(
      `The server "${physical}" is in ERROR${reason}: delete it (openstack server delete ${physical}), and the next up makes it anew.`,
    );
    return generation;
  }

  /** What the machine shares with its group, made with the group's first machine. */
  private group(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): OpenStackGroup {
    const { operators, servicePorts = [80], antiAffinity = "soft" } = this.settings;
    const group = args.group ?? { name, role: args.hostname };
    const physical = physicalName(args.site, group.role);
    const known = this.groups.get(physical);
    if (known) return known;
    const made = new OpenStackGroup(
      `${group.name}-group`,
      {
        physicalName: physical,
        tags: tagsOf(args.site),
        rules: rulesOf(args.role, { operators, servicePorts, peers: args.legs[0]?.network.cidr ?? "" }),
        publicKey: args.key.publicKey,
        ...(args.group ? { policy: antiAffinity === "soft" ? "soft-anti-affinity" : "anti-affinity" } : {}),
      },
      this.withProviders(opts),
    );
    this.groups.set(physical, made);
    return made;
  }

  private withProviders(opts: pulumi.ComponentResourceOptions): pulumi.ComponentResourceOptions {
    const named = opts.parent?.getProvider("openstack:networking/network:Network");
    return named ? opts : pulumi.mergeOptions({ providers: [this.provider] }, opts);
  }

  /** @throws InvalidInput naming all that the settings name and the cloud doesn't have, and what it has instead. */
  private compare(catalog: Catalog): void {
    const { externalNetwork, zone, flavor, flavors, image, images } = this.settings;
    const problems = new Problems("OpenStack");
    const has = (what: string, wanted: string, there: readonly string[]) =>
      problems.require(
        there.includes(wanted),
        `the cloud has no ${what} "${wanted}" (it has: ${[...new Set(there)].sort().join(", ") || "none"}): name one of those, or have it made`,
      );
    for (const wanted of new Set([flavor, ...Object.values(flavors ?? {})]))
      has(
        "flavor",
        wanted,
        catalog.flavors.map((one) => one.name),
      );
    for (const wanted of new Set([image, ...Object.values(images ?? {})])) {
      if (typeof wanted === "string") this.compareImage(wanted, catalog, problems, has);
    }
    if (externalNetwork !== undefined) has("external network", externalNetwork, catalog.externalNetworks);
    if (zone !== undefined) has("availability zone", zone, catalog.zones);
    problems.throwIfAny();
  }

  private compareImage(
    wanted: string,
    { images }: Catalog,
    problems: Problems,
    has: (what: string, wanted: string, there: readonly string[]) => boolean,
  ): void {
    if (
      !has(
        "image",
        wanted,
        images.map((one) => one.name),
      )
    )
      return;
    const named = images.filter((one) => one.name === wanted);
    problems.require(
      named.length === 1,
      `the cloud has ${named.length} images "${wanted}": rename all but one, or name another one`,
    );
    problems.require(
      named.every((one) => String(one.properties[CLOUD_INIT]) === "true"),
      `the image "${wanted}" is not marked as one whose machines start with cloud-init: if they do, say so (openstack image set --property ${CLOUD_INIT}=true ${wanted}); else take the one that images/disk makes`,
    );
  }

  /** @throws InvalidInput with everything that stands against such a machine. */
  private check(args: MachineArgs, flavorName: string, imageName: pulumi.Input<string>): void {
    const problems = new Problems(`Machine "${args.hostname}"`);
    problems.require(
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(args.hostname),
      `"${args.hostname}" is no host name: take at most 63 lower-case letters, digits and dashes (RFC 1123)`,
    );
    problems.require(args.legs.length > 0, "it has no leg: name at least one network for it");
    for (const leg of args.legs) problems.gather(() => requireAddress(leg.network, leg.address));
    const near = args.legs[0]?.network.name ?? "";
    problems.require(
      this.settings.access !== "floating" || routed(this.settings, near),
      `it can have no floating IP: its first network "${near}" has no router (networks.${near}.router is false); let it have one, or use another access`,
    );
    const { publicKey } = args.key;
    problems.require(
      typeof publicKey !== "string" || /^(ssh-|ecdsa-|sk-)\S+ \S+/.test(publicKey),
      `its key is "${publicKey}": it must be a public SSH key, such as "ssh-ed25519 AAAA…"`,
    );
    const flavor = this.catalog?.flavors.find((one) => one.name === flavorName);
    const image = this.catalog?.images.find((one) => one.name === imageName);
    const least = LEAST[args.role];
    const { volumeGiB } = this.settings;
    if (flavor && least) {
      problems.require(
        flavor.cores >= least.cores && flavor.memory >= least.memory,
        `its flavor "${flavor.name}" has ${flavor.cores} core(s) and ${flavor.memory} MiB, and a ${args.role} node needs ${least.cores} and ${least.memory}: set flavors.${args.role} to a larger one`,
      );
    }
    if (flavor && image) {
      problems.require(
        flavor.memory >= image.memory,
        `its flavor "${flavor.name}" has ${flavor.memory} MiB, and the image "${image.name}" needs ${image.memory}: take a larger flavor`,
      );
      problems.require(
        volumeGiB !== undefined || flavor.disk === 0 || flavor.disk >= image.disk,
        `its flavor "${flavor.name}" has a disk of ${flavor.disk} GiB, and the image "${image.name}" needs ${image.disk}: take a larger flavor, or boot from a volume (volumeGiB: ${image.disk})`,
      );
    }
    problems.require(
      volumeGiB === undefined || !image || volumeGiB >= image.disk,
      `its volume has ${volumeGiB} GiB, and the image "${image?.name}" needs ${image?.disk}: set volumeGiB to that at least`,
    );
    problems.throwIfAny();
  }
}

/** By these all that belongs to a site is found on the cloud. */
function tagsOf(site: string): string[] {
  return [`hybrid-vnf.site=${site}`];
}

/** @throws InvalidInput with everything that is wrong with the settings by themselves. */
export function settingsOf(args: OpenStackArgs): OpenStackSettings {
  requireProperties("OpenStack", args, {
    name: optional(A_TEXT),
    imageFile: optional(A_TEXT),
    provider: optional(A_PROVIDER),
    catalog: optional(
      objectWith("what readCatalog tells", "flavors", "images", "externalNetworks", "subnets", "zones", "servers"),
    ),
  });
  const { name: _, provider, catalog, imageFile, jumpKey, ...given } = args;
  const problems = new Problems("OpenStack");
  problems.requirePrivateKey("jumpKey", jumpKey);
  // What stands for the image until it is uploaded is an output, as the uploaded one is.
  const settings = problems.gather(() =>
    parseSettings(imageFile === undefined ? given : { ...given, image: pulumi.output(imageFile) }),
  );
  problems.throwIfAny();
  return settings as OpenStackSettings;
}

import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Cidr } from "../../components/network/cidr";
import { attempt, CommandError, run } from "../../toolchain/command";

/** What the cloud's servers are: records that are ACTIVE at once, or machines under emulation. */
export type Driver = "fake" | "qemu";

/** Who asks: see `clouds.yaml`, which has the same names. */
export type Account = "admin" | "member" | "member-password";

/** The services that can be made to stop answering. */
export type Service = "keystone" | "glance" | "neutron" | "nova" | "placement";

export interface CloudArgs {
  driver: Driver;
  /** Name of its container and its Docker network. @default "hybrid-vnf-openstack-" and a random part */
  name?: string;
  /** Docker network through which this machine reaches it; the cloud has its second address. @default "172.30.77.0/24" */
  subnet?: string;
  /** Network of floating addresses; the cloud is its gateway, at the first address. @default "10.200.0.0/24" */
  external?: string;
  /** Folder for clouds.yaml. @default a new one, which goes with the cloud */
  folder?: string;
  /** Called with each line of progress. @default silent */
  report?: (line: string) => void;
}

/** The cloud did not do what it was told; `message` has the client's own last words. */
export class CloudError extends Error {
  override readonly name = "CloudError";
}

interface Answer {
  readonly code: number;
  readonly out: unknown;
  readonly error: string;
}

const IMAGE = "hybrid-vnf/openstack:zed";
/** Seconds until it must be ready; measured: 30 to 40 on two busy cores. */
const PATIENCE = 400;

/** An OpenStack that was started here, and what a test may do to it. */
export class Cloud {
  constructor(
    readonly name: string,
    readonly driver: Driver,
    /** Its address on this machine. */
    readonly address: string,
    /** The network of floating addresses. */
    readonly external: Cidr,
    /** Folder with `clouds.yaml`. */
    readonly folder: string,
    /** Name of its container. */
    readonly container: string,
    private readonly network: string,
    private readonly ownFolder: boolean,
  ) {}

  get authUrl(): string {
    return `http://${this.address}:5000/v3`;
  }

  /** What a program needs in its environment to be this account. */
  environment(as: Account = "member"): Record<string, string> {
    return { OS_CLOUD: as, OS_CLIENT_CONFIG_FILE: join(this.folder, "clouds.yaml") };
  }

  /** One command of the openstack client; gives back its JSON. @throws CloudError with what the client said */
  async exec<T = unknown>(command: readonly string[], as: Account = "member"): Promise<T> {
    const [only] = await this.execAll<[T]>([command], as);
    return only;
  }

  /** Several commands in one go, which is much quicker; ends at the first that fails. @throws CloudError */
  async execAll<T extends readonly unknown[] = readonly unknown[]>(
    commands: readonly (readonly string[])[],
    as: Account = "member",
  ): Promise<T> {
    // Of what form each answer is, only the caller knows, by its commands: so here and at the end.
    if (commands.length === 0) return [] as unknown as T;
    const text = await this.inside(["python3", "/opt/cloud/commands.py"], {
      input: JSON.stringify(commands),
      env: { OS_CLOUD: as },
    });
    const answers = JSON.parse(text) as Answer[];
    const last = answers.at(-1);
    if (last && last.code !== 0) {
      throw new CloudError(
        `'openstack ${(commands[answers.length - 1] ?? []).join(" ")}' as ${as} ended with exit code ${last.code}: ${last.error || last.out}`,
      );
    }
    return answers.map((answer) => answer.out) as unknown as T;
  }

  /** Runs a program on the cloud's node. */
  async inside(
    command: readonly string[],
    options: { input?: string; env?: Readonly<Record<string, string>> } = {},
  ): Promise<string> {
    const env = Object.entries(options.env ?? {}).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    const args = [
      "exec",
      ...(options.input === undefined ? [] : ["--interactive"]),
      ...env,
      this.container,
      ...command,
    ];
    return run("docker", args, { input: options.input });
  }

  /** Puts a file of this machine onto the cloud's node while something is done with it. */
  async withFile<T>(file: string, work: (there: string) => Promise<T>): Promise<T> {
    const there = `/var/lib/hybrid-vnf-${randomBytes(4).toString("hex")}`;
    await run("docker", ["cp", file, `${this.container}:${there}`]);
    try {
      return await work(there);
    } finally {
      await this.inside(["rm", "-f", there]);
    }
  }

  /** Makes a service, or all of them, stop answering: connections open, nothing comes. */
  async pause(service?: Service): Promise<void> {
    if (service === undefined) await run("docker", ["pause", this.container]);
    else await this.signal(service, "STOP");
  }

  async resume(service?: Service): Promise<void> {
    if (service === undefined) await run("docker", ["unpause", this.container]);
    else await this.signal(service, "CONT");
  }

  private async signal(service: Service, signal: "STOP" | "CONT"): Promise<void> {
    await this.inside(["bash", "-c", 'kill -s "$0" -- "-$(<"/run/cloud/$1.pid")"', signal, service]);
  }

  /** Limits of a project, by the client's names: `{instances: 1, ports: 3, "secgroup-rules": 4}`; -1 is no limit. */
  async setQuota(quota: Readonly<Record<string, number>>, project = "member"): Promise<void> {
    const options = Object.entries(quota).flatMap(([name, limit]) => [`--${name}`, String(limit)]);
    await this.exec(["quota", "set", ...options, project], "admin");
  }

  /** Puts a server into the state ERROR behind its owner's back. (A server of the flavor `NOWHERE` fails by itself.) */
  async fail(server: string, as: Account = "member"): Promise<void> {
    const { id } = await this.exec<{ id: string }>(["server", "show", server], as);
    await this.exec(["server", "set", "--state", "error", id], "admin");
  }

  async consoleLog(server: string, as: Account = "member"): Promise<string> {
    return this.exec<string>(["console", "log", "show", server], as);
  }

  /** Names of all projects. */
  async projects(): Promise<string[]> {
    const projects = await this.exec<{ Name: string }[]>(["project", "list"], "admin");
    return projects.map((project) => project.Name).sort();
  }

  /** The last lines of a daemon's log, such as `nova-compute` or `neutron`. */
  async log(daemon: string, lines = 40): Promise<string> {
    return this.inside(["tail", "-n", String(lines), `/var/log/cloud/${daemon}.log`]);
  }

  /** Memory in use, in MiB: what its processes have, without the page cache. */
  async memory(): Promise<number> {
    const sums = await this.inside(["bash", "-c", "cat /proc/[0-9]*/smaps_rollup 2>/dev/null || true"]);
    return Math.round([...sums.matchAll(/^Pss:\s+(\d+)/gm)].reduce((sum, [, kib]) => sum + Number(kib), 0) / 1024);
  }

  /**
   * Gives this machine a route through the cloud, to floating addresses or, once the cloud has a way there, to a range of a project's own;
   * needs root. It goes with the cloud's Docker network. @throws CommandError when there is a route to that range already
   */
  async reach(range = this.external.toString()): Promise<void> {
    await run("ip", ["route", "add", range, "via", this.address]);
  }

  /** Gives the cloud's own node a way to a range of a project's own, through the project's router. */
  async lead(range: string, router: string): Promise<void> {
    type Answer = { external_gateway_info: { external_fixed_ips: { ip_address: string }[] } | null };
    const { external_gateway_info: gateway } = await this.exec<Answer>(["router", "show", router]);
    const address = gateway?.external_fixed_ips[0]?.ip_address;
    if (address === undefined) throw new CloudError(`The router ${router} has no external address.`);
    await this.inside(["ip", "route", "replace", range, "via", address]);
  }

  /** Ends the cloud and all that it is on this machine. */
  async stop(): Promise<void> {
    await clear(this.container, this.network);
    if (this.ownFolder) rmSync(this.folder, { recursive: true, force: true });
  }
}

async function clear(container: string | undefined, network: string | undefined): Promise<void> {
  if (container !== undefined) {
    // A paused container cannot be ended on every kernel.
    await attempt("docker", ["unpause", container]);
    await run("docker", ["rm", "--force", "--volumes", container]);
  }
  if (network !== undefined) await run("docker", ["network", "rm", network]);
}

/** Starts an OpenStack and waits until it takes orders. `cloud/build.sh` has made its image before. */
export async function startCloud(args: CloudArgs): Promise<Cloud> {
  const report = args.report ?? (() => undefined);
  const name = args.name ?? `hybrid-vnf-openstack-${randomBytes(3).toString("hex")}`;
  const subnet = Cidr.parse(args.subnet ?? "172.30.77.0/24");
  const external = Cidr.parse(args.external ?? "10.200.0.0/24");
  const address = subnet.host(2).toString();
  const folder = args.folder ?? mkdtempSync(join(tmpdir(), "hybrid-vnf-openstack-"));
  let network: string | undefined;
  let container: string | undefined;
  try {
    // Internal: its servers reach this machine and nothing beyond.
    const options = ["--internal", "--subnet", subnet.toString(), "--label", "hybrid-vnf.test=openstack"];
    network = (await run("docker", ["network", "create", ...options, name])).trim();
    container = (
      await run("docker", [
        "create",
        "--init",
        ...["--name", name, "--hostname", "cloud", "--network", network, "--ip", address],
        ...["--label", "hybrid-vnf.test=openstack"],
        // What `--privileged` gives but for SYS_RESOURCE, which some hosts do not have to give.
        ...["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--security-opt", "seccomp=unconfined"],
        ...["--security-opt", "apparmor=unconfined", "--security-opt", "systempaths=unconfined"],
        ...["--device", "/dev/net/tun", "--device-cgroup-rule", "a *:* rwm", "--tmpfs", "/run", "--tmpfs", "/tmp:exec"],
        ...["--env", `DRIVER=${args.driver}`, "--env", `EXTERNAL=${external.host(1)}/${external.prefix}`],
        IMAGE,
      ])
    ).trim();
    await run("docker", ["start", container]);
    await ready(container, name, report);
    const cloud = new Cloud(
      name,
      args.driver,
      address,
      external,
      folder,
      container,
      network,
      args.folder === undefined,
    );
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const clouds = await cloud.inside(["cat", "/etc/openstack/clouds.yaml"]);
    writeFileSync(join(folder, "clouds.yaml"), clouds.replaceAll("127.0.0.1", address), { mode: 0o600 });
    return cloud;
  } catch (error) {
    await clear(container, network);
    if (args.folder === undefined) rmSync(folder, { recursive: true, force: true });
    if (error instanceof CommandError) throw new CloudError(`The cloud ${name} could not be started: ${error.message}`);
    throw error;
  }
}

async function ready(container: string, name: string, report: (line: string) => void): Promise<void> {
  const began = Date.now();
  let told = 0;
  for (;;) {
    const done = (await attempt("docker", ["exec", container, "test", "-e", "/run/cloud/ready"])).code === 0;
    const lines = (await run("docker", ["logs", container])).split("\n").slice(0, -1);
    for (const line of lines.slice(told)) report(`${name}: ${line}`);
    told = lines.length;
    if (done) return;
    const running = (await run("docker", ["inspect", "--format", "{{.State.Running}}", container])).trim() === "true";
    if (!running || Date.now() - began > PATIENCE * 1000) {
      const { stdout, stderr } = await attempt("docker", ["logs", "--tail", "20", container]);
      const why = running ? `is not ready after ${PATIENCE} s` : "ended while it started";
      throw new CloudError(`The cloud ${name} ${why}; its last words:\n${stdout}${stderr}`);
    }
    await delay(500);
  }
}

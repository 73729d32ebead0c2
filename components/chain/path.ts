import { type FunctionInstance, type FunctionLeg, isStateful, type NetworkFunction } from "../function/function";
import { requireOutside } from "../machine/inner";
import type { MachineLike } from "../machine/machine";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import type { NetworkIdentity } from "../network/network";
import { A_NETWORK, listOf, objectWith, requireArguments } from "../problem/arguments";
import { Problems } from "../problem/problem";

/** What serves a chain's clients: machines beside each other in one network. */
export interface ServerGroup {
  /** What messages about a path call it; of WebServers, what their host names begin with. */
  readonly name: string;
  /** The network that they answer in. */
  readonly network: NetworkIdentity;
  /** At least one; each has a leg in `network`, and all have legs in the same networks. */
  readonly machines: readonly MachineLike[];
}

/** A chain's order (RFC 7665: service function path). */
export interface PathArgs {
  /** The network that clients are in. */
  from: NetworkIdentity;
  /** Machines in that network that are clients of this chain: they get routes where they need some, and requests can be sent from them. @default none */
  clients?: readonly MachineLike[];
  /** What packets pass on their way to the servers, in this order. */
  functions: readonly NetworkFunction[];
  /** What serves. */
  to: ServerGroup;
  /** What answers pass on their way back, in this order, that is beginning at the servers. @default the same functions, the other way round */
  returnPath?: readonly NetworkFunction[];
}

/** A static route that the path needs on a machine. */
export interface PathRoute {
  /** The machine that sends these packets, and gets the route. */
  readonly machine: MachineLike;
  /** Where the packets go, in CIDR notation: a network, or one address (/32). */
  readonly destination: string;
  /** IPv4 address of the neighbour that they are sent to, in a network that the machine has a leg in. */
  readonly nextHop: string;
}

/** Where a machine sends packets of the path. */
export interface PathWay {
  /** The machine that sends them. */
  readonly machine: MachineLike;
  /** What the route steers, in CIDR notation. @default none is installed: its own default route leads there */
  readonly destination?: string;
  /** IPv4 address of the neighbour. @default unknown: whatever the default route leads to */
  readonly nextHop?: string;
  /** Whom they are for, in CIDR notation: single addresses (/32), and networks of which any client may be meant. */
  readonly targets: readonly string[];
}

/** An address on the path. */
export interface PathAddress {
  /** The network's identity. */
  readonly network: string;
  /** In dotted decimal; left out where it is not known, as of a gateway that a default route leads to. */
  readonly address?: string;
}

/** A function on the path: where packets come in, and where they go out. */
export interface PathHop {
  /** Made here or published by another stack. */
  readonly function: NetworkFunction;
  /** Its leg on the clients' side. */
  readonly in: PathAddress;
  /** Its leg on the servers' side; the same as `in` where packets leave by the leg that they came in by. */
  readonly out: PathAddress;
  /** TCP ports that requests which pass it are for; none where a proxy before it does not say what it asks. */
  readonly ports: readonly number[];
}

/** A service function path (RFC 7665) as planned; all lists are empty where something is wrong with it. */
export interface Path {
  /** The functions in the order of a request. */
  readonly hops: readonly PathHop[];
  /** Each once, there and back; none on a machine that is somebody else's. */
  readonly routes: readonly PathRoute[];
  /** Where machines send its packets, by these routes or by their own default ones. */
  readonly ways: readonly PathWay[];
}

/** A place on the path: its clients, a function, or its servers. */
interface Station {
  readonly name: string;
  readonly instances: readonly FunctionInstance[];
  readonly function?: NetworkFunction;
}

const legAt = (station: Station, network: string, at = 0): FunctionLeg | undefined =>
  station.instances[at]?.legs.find((leg) => leg.network === network);
const networksOf = (station: Station): readonly string[] => station.instances[0]?.legs.map((leg) => leg.network) ?? [];
const described = (station: Station): string => `${station.name} (${networksOf(station).join(", ") || "no network"})`;

/**
 * Plans a path: between whom it leads through which network, and the routes that it needs there and back. What is wrong goes to `problems`.
 * @example
 * const problems = new vnf.Problems("web");
 * const { routes } = vnf.planPath({ from: clients, functions: [balancer, router], to: apache }, problems);
 * problems.throwIfAny();
 */
export function planPath(args: PathArgs, problems: Problems): Path {
  requireArguments("planPath", args, "ServiceChainArgs", {
    from: A_NETWORK,
    functions: listOf("a list of network functions", "name", "handling", "instances"),
    to: objectWith("a group of servers, such as WebServers", "name", "network", "machines"),
  });
  const { from, clients = [], functions, to, returnPath } = args;
  const nothing: Path = { hops: [], routes: [], ways: [] };
  const client: Station = {
    name: `the clients in "${from.name}"`,
    instances: clients.length > 0 ? clients.map(own) : [{ legs: [{ network: from.id, cidr: from.cidr }] }],
  };
  const server: Station = { name: to.name, instances: to.machines.map(own) };
  const stations = new Map(
    functions.map((one) => [one, { name: one.name, instances: one.instances, function: one } as Station]),
  );
  const there = [client, ...stations.values(), server];
  const names = [...stations.keys()].map((one) => one.name);
  const twins = names.filter((one, at) => names.indexOf(one) !== at);

  const sound = [
    problems.require(to.machines.length > 0, `${to.name} has no machine: a chain leads to at least one server`),
    problems.require(stations.size === functions.length, "a function stands in it twice: name each of them once"),
    ...[...new Set(twins)].map((twin) =>
      problems.require(false, `two of its functions are called "${twin}": give one of them another functionName`),
    ),
    ...there
      .filter((station) => station !== server || to.machines.length > 0)
      .map((station) => checkInstances(station, problems)),
    ...functions.map(
      ({ name, port }) => port === undefined || problems.requireWhole(`the port of ${name}`, port, 1, 65535),
    ),
  ].every(Boolean);
  if (!sound) return nothing;

  const links = linksAlong(there, problems, from.id, to.network.id, (at, network) => {
    const asked = backendsBefore(there, at)?.backends?.map(backendAddress) ?? [];
    return (
      there[at]?.instances.some(({ legs }) =>
        legs.some((leg) => leg.network === network && asked.includes(leg.address ?? "")),
      ) ?? false
    );
  });
  if (links) checkBackends(there, links, problems);
  if (links) checkPorts(there, links, problems);
  const back = backwards(functions, returnPath, stations, problems);
  if (!links || !back) return nothing;
  const ranges = new Map([from, to.network].map(({ name, cidr }) => [name, cidr]));
  for (const { instances } of stations.values())
    for (const { machine } of instances)
      for (const [name, cidr] of machine ? ranges : [])
        requireOutside(problems, `"${name}" ${cidr}`, Cidr.parse(cidr), machine as MachineLike);
  const answers = [server, ...back, client];
  checkAddresses([...there, ...back.filter((station) => !there.includes(station))], problems);
  const backLinks = linksAlong(answers, problems, to.network.id, from.id, (at, network) => {
    const station = there.indexOf(answers[at] ?? client);
    return there[station + 1] === answers[at - 1] && links[station] === network;
  });
  if (!backLinks) return nothing;

  const egress = (station: Station): string => links[there.indexOf(station)] ?? from.id;
  const forward = waysAlong(there, links, problems, {
    ends: (station) => station.function?.handling === "proxy",
    networkOf: (_, link) => link,
    shortcut: (station, skipped) =>
      `${station.name} has a leg in the network that its packets go to, so they would not pass ${skipped.name}: take that leg away, or ${skipped.name} out of the chain`,
  });
  const backward = waysAlong(answers, backLinks, problems, {
    ends: (station) => station.function !== undefined && station.function.handling !== "route",
    networkOf: (station) => egress(station),
    hosts: true,
    shortcut: (station, skipped) =>
      skipped.function && isStateful(skipped.function)
        ? `${station.name} answers past ${skipped.name}, which must see both directions: take away the leg that leads past it, or name another returnPath`
        : undefined,
  });
  const hops = [...stations.values()].map((station, at) => ({
    function: functions[at] as NetworkFunction,
    in: addressOf(station, links[at] ?? ""),
    out: addressOf(station, links[at + 1] ?? ""),
    ports: [...askedAt(there, at + 1)],
  }));
  for (const { function: one, out } of hops)
    problems.require(
      one.outside === undefined || one.outside === out.network,
      `${one.name} puts its own address into what leaves by "${one.outside}", and packets of the chain leave it by "${out.network}": let the chain lead out there, or name "${out.network}" as its outside`,
    );
  const ways = [...forward, ...backward];
  return { hops, routes: withoutTwins(ways.flatMap(routeOf), problems), ways };
}

function own(machine: MachineLike): FunctionInstance {
  return { machine, legs: machine.legs };
}

function addressOf(station: Station, network: string): PathAddress {
  const address = legAt(station, network)?.address;
  return { network, ...(address === undefined ? {} : { address }) };
}

/** Whether a station has an instance, and all of them stand in the same networks. */
function checkInstances(station: Station, problems: Problems): boolean {
  const first = networksOf(station);
  const same = station.instances.every(
    ({ legs }) => legs.length === first.length && legs.every((leg) => first.includes(leg.network)),
  );
  return (
    problems.require(station.instances.length > 0, `${station.name} runs nowhere: it needs at least one machine`) &&
    problems.require(
      same,
      `${station.name} runs on machines with legs in different networks: give all of them the same`,
    ) &&
    station.instances
      .flatMap(({ legs }) => legs)
      .map((leg) => checkLeg(station.name, leg, problems))
      .every(Boolean)
  );
}

/** Whether a leg of a station has a range and, where it is said, an address in it, for routes are made of both. */
function checkLeg(owner: string, { network, cidr: range, address: text }: FunctionLeg, problems: Problems): boolean {
  const own = new Problems(owner);
  const cidr = own.gather(() => Cidr.parse(range));
  const address = text === undefined ? undefined : own.gather(() => Address.parse(text));
  own.require(
    !cidr || !address || cidr.admits(address),
    `its address ${text} is no machine's address in ${range}: take one in it`,
  );
  for (const sentence of own.all) problems.require(false, `the leg of ${owner} in "${network}": ${sentence}`);
  return own.all.length === 0;
}

/** Two neighbours of one address, of which one is not made here: the site can't know. */
function checkAddresses(stations: readonly Station[], problems: Problems): void {
  const owners = new Map<string, string>();
  for (const { name, instances } of stations)
    for (const { machine, legs } of instances)
      for (const { network, address } of legs) {
        if (address === undefined) continue;
        const owner = owners.get(`${network} ${address}`) ?? machine?.id ?? name;
        problems.require(
          owner === (machine?.id ?? name),
          `${name} has the address ${address} in "${network}", which is that of ${owner}: give one of the two another`,
        );
        owners.set(`${network} ${address}`, owner);
      }
}

const backendAddress = (backend: string): string => backend.split(":")[0] ?? "";

/** Where the one that opens connections before a station sends them; undefined where that is not said. */
function backendsBefore(stations: readonly Station[], at: number): NetworkFunction | undefined {
  const before = stations.slice(0, at).findLast((station) => station.function?.handling === "proxy");
  return before?.function?.backends ? before.function : undefined;
}

/** A proxy that opens connections elsewhere than to what follows it would make the path a fiction. */
function checkBackends(stations: readonly Station[], links: readonly string[], problems: Problems): void {
  stations.forEach((station, at) => {
    const next = station.function;
    if (next ? next.handling !== "proxy" : at === 0) return;
    const one = backendsBefore(stations, at);
    const network = links[at - 1] ?? "";
    const known = new Set(station.instances.map((_, number) => legAt(station, network, number)?.address));
    for (const backend of one?.backends ?? []) {
      const [, port = "80"] = backend.split(":");
      const found = problems.require(
        known.has(backendAddress(backend)),
        `${one?.name} balances over ${backend}, which is no address of ${station.name} in "${network}": let it lead to what follows it in the chain`,
      );
      if (found && next)
        problems.require(
          port === String(next.port ?? 80),
          `${one?.name} balances over ${backend}, and ${next.name} answers on port ${next.port ?? 80}: name that port`,
        );
    }
  });
}

/** TCP ports that requests are for when they come to a station. */
function askedAt(there: readonly Station[], here: number): ReadonlySet<number> {
  const isProxy = ({ function: one }: Station) => one?.handling === "proxy";
  const next = there.slice(here).find(isProxy)?.function;
  const last = there.slice(0, here).findLast(isProxy)?.function;
  const backends = (last?.backends ?? []).map((backend) => Number(backend.split(":")[1] ?? 80));
  return new Set(next || !last ? [next?.port ?? 80] : backends);
}

/**
 * Whether access rules let requests in: at a proxy on the port that it answers on, at the servers on those that they are asked at, and at what
 * forwards to either. Where a proxy does not say what it asks, nothing is known of it.
 */
function checkPorts(there: readonly Station[], links: readonly string[], problems: Problems): void {
  there.forEach((station, here) => {
    const network = links[here - 1];
    if (network === undefined) return;
    const rules = station.instances.flatMap((_, place) => legAt(station, network, place)?.openPorts ?? []);
    const limited = station.instances.some((_, place) => legAt(station, network, place)?.openPorts !== undefined);
    for (const port of limited ? askedAt(there, here) : [])
      problems.require(
        rules.includes(port),
        `requests to port ${port} can't reach ${station.name} in "${network}", for the access rules of its machines open ${[...new Set(rules)].join(", ") || "no port"}: ${rules.length > 0 ? "open it there too (servicePorts), or take another one" : "give them another role"}`,
      );
  });
}

/**
 * The network between each two neighbours on a path; undefined where nothing leads from one to the next. Where neighbours share several, it is
 * one that is preferred, and another than the one that packets came by.
 * @param preferred whether a network should lead to the station at this place
 */
function linksAlong(
  stations: readonly Station[],
  problems: Problems,
  first: string,
  last: string,
  preferred: (at: number, network: string) => boolean,
): string[] | undefined {
  let whole = true;
  const choices = stations.slice(1).map((to, at) => {
    const from = stations[at] ?? to;
    const ends = [at === 0 ? first : undefined, at === stations.length - 2 ? last : undefined];
    const shared = networksOf(from).filter(
      (network) => networksOf(to).includes(network) && ends.every((end) => end === undefined || end === network),
    );
    const wanted = ends.filter((end, place) => end !== undefined && ends.indexOf(end) === place);
    whole =
      problems.require(
        shared.length > 0,
        `nothing leads from ${described(from)} to ${described(to)}: give both a leg in ${wanted.length > 0 ? wanted.map((end) => `"${end}"`).join(" and ") : "one network"}, or put a gateway between them`,
      ) && whole;
    const better = shared.filter((network) => preferred(at + 1, network));
    return better.length > 0 ? better : shared;
  });
  if (!whole) return undefined;
  // From the last to the first, for each choice the rest with the fewest turns, that is packets leaving by the network that they came by.
  const ways = choices.reduceRight<{ links: string[]; turns: number }[]>(
    (rests, choice) =>
      choice.map((link) =>
        rests
          .map(({ links, turns }) => ({ links: [link, ...links], turns: turns + (links[0] === link ? 1 : 0) }))
          .reduce((best, other) => (other.turns < best.turns ? other : best)),
      ),
    [{ links: [], turns: 0 }],
  );
  return ways.reduce((best, other) => (other.turns < best.turns ? other : best)).links;
}

/** The functions on the way back; undefined when it leaves out one that must see both directions, or changes their order. */
function backwards(
  functions: readonly NetworkFunction[],
  returnPath: readonly NetworkFunction[] | undefined,
  stations: ReadonlyMap<NetworkFunction, Station>,
  problems: Problems,
): Station[] | undefined {
  const reversed = [...functions].reverse();
  const back = returnPath ?? reversed;
  const kept = reversed.filter(isStateful);
  const passed = back.filter((one) => kept.includes(one));
  const missing = kept.find((one) => !passed.includes(one));
  const added = back.find((one) => isStateful(one) && !functions.includes(one));
  const sound =
    problems.require(
      missing === undefined,
      `returnPath leaves out ${missing?.name}, which must see both directions: name it there`,
    ) &&
    problems.require(
      kept.every((one, at) => passed[at] === one),
      `returnPath passes ${passed.map((one) => one.name).join(", ")} in this order, and answers pass them in the order ${kept.map((one) => one.name).join(", ")}: turn it round`,
    ) &&
    problems.require(
      new Set(back).size === back.length,
      "a function stands in returnPath twice: name each of them once",
    ) &&
    problems.require(
      added === undefined,
      `returnPath passes ${added?.name}, which must see both directions, and requests do not pass it: name it among functions, or leave it out`,
    );
  const all = back.map((one) => stations.get(one) ?? { name: one.name, instances: one.instances, function: one });
  return sound && all.every((station) => checkInstances(station, problems)) ? all : undefined;
}

interface Direction {
  /** Whether packets are addressed to this station, so that what follows is another stretch of the path. */
  readonly ends: (station: Station) => boolean;
  /** The network in which a station is addressed, where `link` leads to it. */
  readonly networkOf: (station: Station, link: string) => string;
  /** Whether routes lead to the station's own addresses, in place of their network. @default false */
  readonly hosts?: boolean;
  /** What is wrong when a station reaches the end of its stretch past the next one; undefined when nothing is. */
  readonly shortcut: (station: Station, skipped: Station) => string | undefined;
}

/** The route that a way needs; none where a default route leads there. */
function routeOf({ machine, destination, nextHop }: PathWay): PathRoute[] {
  return destination !== undefined && nextHop !== undefined ? [{ machine, destination, nextHop }] : [];
}

/** Where packets go along a path, stretch by stretch: from one that sends, over those that forward, to one that they are addressed to. */
function waysAlong(
  stations: readonly Station[],
  links: readonly string[],
  problems: Problems,
  direction: Direction,
): PathWay[] {
  const ways: PathWay[] = [];
  let start = 0;
  stations.forEach((end, at) => {
    if (at === 0 || (at < stations.length - 1 && !direction.ends(end))) return;
    const network = direction.networkOf(end, links[at - 1] ?? "");
    const hosts = at < stations.length - 1 && direction.hosts === true;
    const addresses = end.instances.map((_, number) => legAt(end, network, number)?.address);
    const range = legAt(end, network)?.cidr ?? "";
    // Clients may be others than those that are named; whatever else packets are addressed to has an address of its own.
    const anyone = (direction.hosts === true && at === stations.length - 1) || addresses.includes(undefined);
    const targets = [...(anyone ? [range] : []), ...addresses.flatMap((address) => (address ? [`${address}/32`] : []))];
    for (let here = start; here < at; here++) {
      const station = stations[here];
      const next = stations[here + 1];
      if (!station || !next) break;
      const closed = networksOf(station).includes(network)
        ? undefined
        : station.instances.find(({ machine }) => machine?.legs.some((leg) => leg.network === network));
      problems.require(
        closed === undefined,
        `${closed?.machine?.name} has a leg in "${network}", where ${station.name} has none, so packets for that network would go past what follows it: let ${station.name} forward there, or take that leg away`,
      );
      if (closed) break;
      if (networksOf(station).includes(network)) {
        for (const skipped of stations.slice(here + 1, at)) {
          const wrong = direction.shortcut(station, skipped);
          if (wrong !== undefined) problems.require(false, wrong);
        }
        break;
      }
      const nextHop = legAt(next, links[here] ?? "")?.address;
      if (nextHop === undefined) {
        problems.require(
          direction.hosts === true && here === start,
          `${station.name} sends packets to ${next.name}, whose address in ${links[here]} is not said: say it`,
        );
        for (const { machine } of station.instances) if (machine) ways.push({ machine, targets });
        continue;
      }
      const own = station.instances.some(({ legs }) => legs.some((leg) => leg.address === nextHop));
      if (
        !problems.require(
          !own,
          `${next.name} has the address ${nextHop}, which is ${station.name}'s own: name a neighbour's`,
        )
      )
        continue;
      const steered = hosts
        ? end.instances.flatMap((_, number) => {
            const address = legAt(end, network, number)?.address;
            // The last one hands each instance what is addressed to it.
            const hop = next === end ? legAt(end, links[here] ?? "", number)?.address : nextHop;
            const destination = `${address}/32`;
            return address && hop ? [{ destination, nextHop: hop, targets: [destination] }] : [];
          })
        : [{ destination: range, nextHop, targets }];
      for (const { machine } of station.instances)
        if (machine) ways.push(...steered.map((way) => ({ machine, ...way })));
    }
    start = at;
  });
  return ways;
}

/** Each route once. Two that send the same packets of one machine to different neighbours can't be. */
function withoutTwins(routes: readonly PathRoute[], problems: Problems): PathRoute[] {
  const kept = new Map<string, PathRoute>();
  for (const route of routes) {
    const key = `${route.machine.id} ${Cidr.parse(route.destination)}`;
    const twin = kept.get(key);
    problems.require(
      !twin || twin.nextHop === route.nextHop,
      `${route.machine.name} would send packets for ${route.destination} to ${twin?.nextHop} and to ${route.nextHop}: let the chain lead through one of them`,
    );
    if (!twin) kept.set(key, route);
  }
  return [...kept.values()];
}

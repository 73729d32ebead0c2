import * as pulumi from "@pulumi/pulumi";
import { balancer, ground, kubernetes, machine, network, type Row, site, swarm, web, wrong } from "./ground";

const RANGES: [string, string][] = [
  ["0.0.0.0/0", "larger than any network"],
  ["10.0.0.0/7", "larger than any network"],
  ["8.0.0.0/7", "larger than any network"],
  ["0.1.0.0/16", "this very network"],
  ["127.0.0.0/8", "loopback"],
  ["127.8.0.0/24", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["169.254.7.0/24", "link-local"],
  ["224.0.0.0/24", "multicast"],
  ["239.255.255.0/24", "multicast"],
  ["240.0.0.0/24", "reserved"],
  ["255.255.255.0/24", "reserved"],
  ["10.1.2.0/31", "no room for two machines"],
  ["10.1.2.3/32", "no room for two machines"],
  ["10.1.2.0/33", "from 0 to 32"],
  ["10.1.2.0/-1", "from 0 to 32"],
  ["10.1.2.0/024", "from 0 to 32"],
  ["10.1.2.0/", "from 0 to 32"],
  ["10.1.2.0/24/24", "not a CIDR"],
  ["10.1.2/24", "not an IPv4 address"],
  ["10.1.2.0.0/24", "not an IPv4 address"],
  ["010.1.2.0/24", "not an IPv4 address"],
  ["0x0a.1.2.0/24", "not an IPv4 address"],
  ["10.1.2.256/24", "not an IPv4 address"],
  [" 10.1.2.0/24", "not an IPv4 address"],
  ["10.1.2.0 /24", "not an IPv4 address"],
  ["fd00::/64", "not a CIDR"],
  ["", "not a CIDR"],
  ["transit", "not a CIDR"],
];
const BAD_RANGES = RANGES.flatMap(([range, says]): Row[] => [
  [`"${range}" as transit's range`, site(range), ['Site "s"', says]],
  [`"${range}" as a network's range`, network(range), ['Network "n"', says]],
  [`"${range}" as the pods' range`, kubernetes({ podCidr: range }), ['KubernetesCluster "k"', says]],
]);
const NUMBERS: [unknown, string][] = [
  [Number.NaN, "is NaN"],
  [Number.POSITIVE_INFINITY, "is Infinity"],
  [-1, "is -1"],
  [1.5, "is 1.5"],
  [1e9, "is 1000000000"],
  ["2", 'is "2"'],
  [null, "is null"],
  [pulumi.output(2), "is an output, whose value is known only later"],
  [[2], "is a list of 1"],
];
const BAD_NUMBERS = NUMBERS.flatMap(([number, says]): Row[] => [
  [
    `${says}: serverCount`,
    web({ serverCount: wrong(number) }),
    [`serverCount ${says}: it must be a whole number from 1 to 1000`],
  ],
  [`${says}: workerCount`, swarm({ workerCount: wrong(number) }), [`workerCount ${says}`]],
  [`${says}: managerCount`, swarm({ managerCount: wrong(number) }), [`managerCount ${says}`]],
  [`${says}: port`, balancer({ port: wrong(number) }), [`port ${says}`]],
  [`${says}: taskCount`, balancer({ publishMode: "ingress", taskCount: wrong(number) }), [`taskCount ${says}`]],
  [`${says}: host`, () => machine("m", ground().servers, wrong(number)), [says]],
]);
export const VALUES: Row[] = [...BAD_RANGES, ...BAD_NUMBERS];

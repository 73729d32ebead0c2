import type { Layer } from "../../stacks/settings";

/** A mistake in the settings of a layer, in its own stack or in the root program. */
export type SettingsRow = [mistake: string, layer: Layer, settings: Record<string, string>, words: string[]];

/** Settings that a layer's own stack does not take. */
export const SETTINGS_ROWS: SettingsRow[] = [
  [
    "an unknown platform",
    "site",
    { platform: "vmware" },
    ['hybrid-vnf:platform is "vmware"', "lab, openstack", "pulumi config set platform"],
  ],
  ["an unknown CNI", "kubernetes", { cni: "calica" }, ['"calica"', '"bridge", "flannel", "kube-router", "calico" or']],
  ["a CNI that has ended", "kubernetes", { cni: "weave" }, ['cni is "weave"', "its successors", '"cilium"']],
  ["a number in words", "kubernetes", { serverCount: "two" }, ['hybrid-vnf:serverCount is "two"', "plain digits"]],
  ["a number that is empty", "kubernetes", { serverCount: "" }, ['hybrid-vnf:serverCount is ""']],
  ["a number in another base", "kubernetes", { serverCount: "0x10" }, ['"0x10"', "plain digits"]],
  ["a number with an exponent", "kubernetes", { serverCount: "1e3" }, ['"1e3"']],
  ["a number with a leading zero", "kubernetes", { serverCount: "010" }, ['"010"']],
  ["a number out of reach", "kubernetes", { serverCount: "1000000000" }, ["from 1 to 1000"]],
  ["a negative number", "swarm", { workerCount: "-1" }, ["from 0 to 1000"]],
  ["a port in parts", "service", { port: "80.5" }, ['"80.5"']],
  ["a port out of range", "service", { port: "70000" }, ["from 1 to 65535"]],
  ["routers out of range", "service", { routerReplicas: "7" }, ['"7"', "0, 1"]],
  ["privileges that are none", "service", { routerPrivileges: "root" }, ['"root"', "least, all"]],
  ["routes that are no list", "service", { routes: "10.0.0.0/8" }, ['"destination": CIDR']],
  [
    "a route with another word",
    "service",
    { routes: '[{"destination": "10.0.0.0/8", "via": "10.0.0.1"}]' },
    ["hybrid-vnf:routes is"],
  ],
  [
    "a misspelt key",
    "site",
    { transitCidrr: "10.0.0.0/24" },
    ['no setting hybrid-vnf:transitCidrr: did you mean "transitCidr"?'],
  ],
  ["an old key", "kubernetes", { replicas: "3" }, ["no setting hybrid-vnf:replicas", "serverCount"]],
  ["an empty name", "site", { siteName: "" }, ['siteName is ""', "must not be empty"]],
  ["a key that every object has", "swarm", { toString: "x" }, ["no setting hybrid-vnf:toString"]],
  [
    "several at once",
    "swarm",
    { managerCount: "x", clients: "y" },
    ["managerCount is", "no setting hybrid-vnf:clients"],
  ],

  ["an exponent that is in reach", "swarm", { workerCount: "1e1" }, ['"1e1"', "plain digits"]],
  ["a number with a sign", "swarm", { managerCount: "+1" }, ['"+1"', "plain digits"]],
  ["a number with spaces", "kubernetes", { workerCount: " 1" }, ['" 1"', "plain digits"]],
  ["digits of another script", "kubernetes", { workerCount: "١" }, ['"١"', "plain digits"]],
  ["a number that is endless", "service", { readyTimeoutSeconds: "Infinity" }, ['"Infinity"', "from 1 to 9999"]],
  ["no time", "kubernetes", { readyTimeoutSeconds: "0" }, ['"0"', "from 1 to 9999"]],
  ["a word in capitals", "site", { platform: "LAB" }, ['"LAB"', "lab, openstack, hosts, hybrid"]],
  ["a publish mode of another spelling", "service", { publishMode: "Host" }, ['"Host"', "host, ingress"]],
  ["networks of a role that there is not", "site", { networks: '{"server": "hosts"}' }, ["transit, servers, clients"]],
  ["an empty page", "kubernetes", { page: "" }, ['page is ""', "must not be empty"]],
  ["another layer's key", "swarm", { serverCount: "2" }, ["no setting hybrid-vnf:serverCount"]],
  ["a key with a layer before it", "site", { "site.siteName": "edge" }, ["no setting hybrid-vnf:site.siteName"]],
];

/** Settings that the root program, which has an object for each layer, does not take. */
export const ROOT_ROWS: SettingsRow[] = [
  [
    "a misspelt key",
    "kubernetes",
    { kubernetes: '{"serverCont": 3}' },
    ['no setting hybrid-vnf:kubernetes.serverCont: did you mean "serverCount"?'],
  ],
  [
    "no server",
    "kubernetes",
    { kubernetes: '{"serverCount": 0}' },
    [
      'hybrid-vnf:kubernetes.serverCount is "0": it must be a whole number from 1 to 1000, in plain digits; set it with `pulumi config set --path kubernetes.serverCount …`',
    ],
  ],
  ["half a port", "service", { service: '{"port": 80.5}' }, ['hybrid-vnf:service.port is "80.5"']],
  ["a number that is null", "swarm", { swarm: '{"workerCount": null}' }, ['hybrid-vnf:swarm.workerCount is "null"']],
  [
    "a key of the layers' own stacks",
    "kubernetes",
    { kubernetes: '{"stack": "other"}' },
    ["no setting hybrid-vnf:kubernetes.stack"],
  ],
  [
    "a misspelt layer",
    "kubernetes",
    { kubernetess: "{}" },
    ['no setting hybrid-vnf:kubernetess: did you mean "kubernetes"?'],
  ],
  ["a layer that is no object", "swarm", { swarm: "[3]" }, ["hybrid-vnf:swarm is", "it must be an object"]],
  ["a layer in words", "site", { site: "lab" }, ['hybrid-vnf:site is "lab"', "it must be an object"]],
  ["a key of a layer outside it", "swarm", { managerCount: "3" }, ["no setting hybrid-vnf:managerCount"]],
];

/** Settings that are well-formed, and that no site can be made of: the root program's parts refuse them. */
export const VALUE_ROWS: SettingsRow[] = [
  ["a transit range with host bits", "site", { site: '{"transitCidr": "10.100.101.7/24"}' }, ['"10.100.101.0/24"?']],
  ["a transit range for multicast", "site", { site: '{"transitCidr": "224.0.0.0/24"}' }, ["is for multicast"]],
  ["a site's name in capitals", "site", { site: '{"siteName": "Edge"}' }, ['the name "Edge" can\'t be used']],
  ["a hybrid without networks", "site", { site: '{"platform": "hybrid"}' }, ['platform is "hybrid": set networks']],
  [
    "networks without a hybrid",
    "site",
    { site: '{"networks": {"servers": "hosts"}}' },
    ['platform is "lab" and networks is set'],
  ],
  ["hosts without a host", "site", { site: '{"platform": "hosts"}' }, ["there is no host in it"]],
  ["a cloud without a word", "site", { site: '{"platform": "openstack"}' }, ["access is missing", "flavor is missing"]],
  [
    "a cloud that is not named",
    "site",
    {
      site: '{"platform": "openstack", "openstack": {"access": "direct", "operators": ["192.0.2.0/24"], "flavor": "f", "image": "i"}}',
    },
    ["no cloud is named: set `cloud` to an entry of clouds.yaml, or OS_CLOUD"],
  ],
  [
    "servers on transit",
    "kubernetes",
    { kubernetes: '{"serversCidr": "10.100.101.0/25"}' },
    ["10.100.101.0/25 overlaps", '"transit" 10.100.101.0/24'],
  ],
  [
    "more servers than their network holds",
    "kubernetes",
    { kubernetes: '{"serverCount": 300}' },
    ["10.100.102.0/24 has no host number 255", "; apache-246 and 54 more can't be planned either"],
  ],
  [
    "a bridge over several nodes",
    "kubernetes",
    { kubernetes: '{"workerCount": 1, "cni": "bridge"}' },
    ['use cni "flannel"'],
  ],
  [
    "a gateway beside the servers",
    "kubernetes",
    { kubernetes: '{"gatewayAddress": "10.100.102.254"}' },
    ["gatewayAddress is 10.100.102.254", "in transit"],
  ],
  ["an even number of managers", "swarm", { swarm: '{"managerCount": 2}' }, ["managerCount is 2", "odd"]],
  [
    "clients among the servers",
    "swarm",
    { swarm: '{"clientsCidr": "10.100.102.0/24"}' },
    ["10.100.102.0/24 overlaps", '"servers"'],
  ],
  ["a port of the Swarm's own", "service", { service: '{"port": 2377}' }, ["port is 2377, which belongs to"]],
  [
    "a registry with a scheme",
    "service",
    { service: '{"registry": "https://registry.example.org"}' },
    ['without "https://"'],
  ],
  [
    "a default route",
    "service",
    { service: '{"routes": [{"destination": "0.0.0.0/0", "nextHop": "10.100.101.7"}]}' },
    ["would take the node's own default route"],
  ],
];

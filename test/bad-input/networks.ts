import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
  type KubernetesClusterArgs,
  KubernetesMicroservice,
  PodRoutes,
  type PodRoutesArgs,
  QuaggaRouter,
  Route,
} from "../../components";
import { deployedKubernetes, kubernetes, moon, node, type Row, servers, there, transit, wrong } from "./ground";

const ROUTED = { cni: "kube-router", routedTo: [servers], podCidr: "10.244.0.0/16" };
const beside = there("apache-1", 11, [servers]);
const podRoutes = (args: Partial<PodRoutesArgs>) => () =>
  new PodRoutes("to-pods", { cluster: deployedKubernetes(ROUTED), machines: [beside], ...args });
const policy =
  (cni: string, apiVersion = "networking.k8s.io/v1") =>
  () =>
    new KubernetesMicroservice("m", {
      cluster: deployedKubernetes({ cni }),
      manifests: [{ apiVersion, kind: "NetworkPolicy", metadata: { name: "closed" }, spec: { podSelector: {} } }],
    });

/** A cluster whose network is of a manifest with this text. */
const byManifest =
  (text: string, args: Partial<KubernetesClusterArgs> = {}) =>
  () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-manifest-"));
    const file = path.join(folder, "calico.yaml");
    fs.writeFileSync(file, text);
    try {
      return kubernetes({ cni: "calico", cniManifest: file, ...args })();
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  };
const daemonSet = (image: string) => `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node}
spec:
  template:
    spec:
      containers:
        - name: node
          image: ${image}
`;

/** Mistakes in what joins pods, in policies for them, and in routes to them. */
export const NETWORKS_OF_PODS: Row[] = [
  [
    "a CNI that there is not",
    kubernetes({ cni: wrong("calica") }),
    ['cni is "calica": it must be "bridge", "flannel", "kube-router", "calico" or "cilium"'],
  ],
  ["a CNI that is a number", kubernetes({ cni: wrong(7) }), ["cni is 7"]],
  ["Weave Net", kubernetes({ cni: wrong("weave") }), ['cni is "weave": Weave Net has ended', '"cilium" and "calico"']],
  [
    "Romana",
    kubernetes({ cni: wrong("romana"), workerCount: 1 }),
    ['cni is "romana": Romana has ended', '"kube-router" and "calico"'],
  ],
  [
    "a bridge that pods of two nodes are on",
    kubernetes({ workerCount: 1, cni: "bridge" }),
    ['cni "bridge" joins the pods of one node only', 'use cni "flannel" or "kube-router"'],
  ],
  [
    "pods on a bridge that are reached by routes",
    kubernetes({ routedTo: [transit] }),
    ['cni "bridge" has pods go out'],
  ],
  [
    "pods behind flannel that are reached by routes",
    kubernetes({ cni: "flannel", routedTo: [transit] }),
    ['it is routed to "transit", and cni "flannel" has pods go out in their node\'s name', 'use cni "kube-router"'],
  ],
  [
    "routes to pods from a network that no node is in",
    kubernetes({ cni: "kube-router", routedTo: [moon] }),
    ['routedTo names "test/moon"', '"test/transit"'],
  ],
  [
    "routes to pods from a range",
    kubernetes({ cni: "kube-router", routedTo: wrong(["10.100.102.0/24"]) }),
    ["routedTo is", "a list of Networks"],
  ],
  ["routes to pods for nobody", podRoutes({ machines: [] }), ["machines is empty"]],
  ["routes to pods for a name", podRoutes({ machines: wrong("apache-1") }), ['machines is "apache-1"']],
  [
    "routes to pods that send in their node's name",
    podRoutes({ cluster: deployedKubernetes({ cni: "flannel" }) }),
    ["the pods of its cluster cluster send in their node's name", "routedTo"],
  ],
  [
    "routes to pods for a machine elsewhere",
    podRoutes({ machines: [there("lander", 11, [moon])] }),
    ["lander has no leg in a network that its cluster cluster is routed to (servers)"],
  ],
  [
    "routes to pods for their own node",
    podRoutes({ cluster: deployedKubernetes({ ...ROUTED, routedTo: [transit] }), machines: [node()] }),
    ["node-1 is a node of its cluster cluster"],
  ],
  [
    "routes to pods where others lead elsewhere",
    () => {
      const machine = there("apache-3", 13, [servers]);
      new Route("r", { machine, destination: "10.244.0.0/16", nextHop: "10.100.102.254" });
      return podRoutes({ machines: [machine] })();
    },
    ["apache-3 sends packets for 10.244.0.0/16 to 10.100.102.254", "10.244.0.0/16: let one of the two"],
  ],
  [
    "a policy on a bridge",
    policy("bridge"),
    ['NetworkPolicy "closed" would be taken and not kept', 'is "bridge", which knows no policies'],
  ],
  ["a policy behind flannel", policy("flannel"), ['is "flannel", which knows no policies', 'cni "kube-router"']],
  [
    "BGP beside kube-router's",
    () =>
      new QuaggaRouter("r", {
        cluster: deployedKubernetes({ cni: "kube-router" }),
        bgp: { asNumber: 65001, neighbours: [{ address: "10.100.101.77", asNumber: 65002 }] },
      }),
    ["kube-router speaks BGP on its node node-1 already"],
  ],
  [
    "Calico without its manifest",
    kubernetes({ cni: "calico" }),
    ['cni "calico" is made of its project\'s own manifest', "cniManifest is undefined"],
  ],
  ["Cilium without its manifest", kubernetes({ cni: "cilium" }), ['cni "cilium"', "helm template"]],
  [
    "a manifest for flannel",
    kubernetes({ cni: "flannel", cniManifest: "/nowhere/calico.yaml" }),
    ['cniManifest is "/nowhere/calico.yaml", and cni "flannel" is made without one'],
  ],
  ["a manifest that is no text", kubernetes({ cni: "calico", cniManifest: wrong(3) }), ["cniManifest is 3"]],
  [
    "a manifest by a path of some folder",
    kubernetes({ cni: "calico", cniManifest: "calico.yaml" }),
    ['cniManifest is "calico.yaml": it must be the absolute path'],
  ],
  [
    "a network's manifest that is not there",
    kubernetes({ cni: "calico", cniManifest: "/nowhere/calico.yaml" }),
    ["/nowhere/calico.yaml, which is not there"],
  ],
  ["a network's manifest that is no YAML", byManifest("kind: [DaemonSet"), ["calico.yaml:1 is no YAML"]],
  [
    "a manifest with something nameless",
    byManifest(`${daemonSet("calico/node:v3.30.3")}---\nkind: ConfigMap\n`),
    ["calico.yaml:11 is no object of Kubernetes"],
  ],
  [
    "a manifest whose images change",
    byManifest(daemonSet("calico/node:latest")),
    ["calico.yaml:9: the image calico/node:latest is another one tomorrow"],
  ],
  ["a manifest whose images have no tag", byManifest(daemonSet("registry:5000/calico/node")), ["tag of a release"]],
  [
    "a manifest with nothing for the nodes",
    byManifest("apiVersion: v1\nkind: Namespace\nmetadata: {name: calico-system}\n"),
    ["cniManifest has no DaemonSet"],
  ],
  [
    "Calico with routes of ours",
    byManifest(daemonSet("calico/node:v3.30.3"), { routedTo: [transit] }),
    ['cni "calico" has that in its own manifest'],
  ],
];

import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Image } from "../image/image";
import type { MachineLike } from "../machine/machine";
import { KUBE_ROUTER_RELEASE } from "../release";
import { MachineScript } from "../script/script";
import { handOver } from "./handed";
import { nodeAgent } from "./node-agent";

export interface KubeRouterArgs {
  /** The cluster's nodes, each known once its container runtime answers. */
  nodes: readonly MachineLike[];
  /** Range of the pods' addresses; each node gets a /24 of it. */
  podCidr: string;
  /** Range of the services' addresses. */
  serviceCidr: string;
  /** Address of the API server: kube-router must not wait for the proxy that makes the service's address work. */
  apiAddress: string;
  /** Ranges of networks that know routes to the pods, and see them by their own addresses. @default none */
  routedTo?: readonly string[];
  /** The machine that the cluster is deleted with, and all of this in it. @default none: each object is deleted by itself */
  deletedWith?: pulumi.Resource;
}

/** Where a node has the program, by its release, so that pods of another release are other pods. */
const FOLDER = `/usr/local/lib/hybrid-vnf/kube-router-${KUBE_ROUTER_RELEASE}`;
/** Where a node has what kube-router completes by the range of the node's pods (node.sh). */
const CONFIG = "/etc/hybrid-vnf/kube-router";

/**
 * kube-router: nodes tell each other their pods' ranges by BGP (RFC 4271), so that pods of several nodes reach each other by routes, without an
 * overlay; and NetworkPolicies are kept by the packet filter. Services stay kube-proxy's.
 */
export class KubeRouter extends pulumi.ComponentResource {
  constructor(name: string, args: KubeRouterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:kubernetes:KubeRouter", name, { podCidr: args.podCidr }, opts);
    const { nodes, podCidr, routedTo = [] } = args;
    const child: pulumi.CustomResourceOptions = {
      parent: this,
      ...(args.deletedWith ? { deletedWith: args.deletedWith } : {}),
    };
    const image = new Image(`${name}-image`, { folder: "kube-router", runtime: "containerd", nodes }, { parent: this });
    const programs = nodes.flatMap((node) => {
      const place = node.id.replace("/", "-");
      return [
        handOver(
          `${name}-program-on-${place}`,
          {
            folder: "kube-router",
            node,
            releases: [`kube-router ${KUBE_ROUTER_RELEASE}`],
            input: { FOLDER, WHAT: "the programs of kube-router", LIST: "kube-router-programs" },
          },
          { parent: this },
        ),
        new MachineScript(
          `${name}-on-${place}`,
          { machine: node, file: path.join(__dirname, "kube-router.sh"), input: { IMAGE: image.reference } },
          { parent: this },
        ),
      ];
    });
    // Where it answers its probes, on its node alone.
    const health = { host: "127.0.0.1", port: 20244 };
    const healthy = { httpGet: { ...health, path: "/healthz" }, timeoutSeconds: 5 };
    const watch = ["get", "list", "watch"];
    nodeAgent(
      name,
      {
        called: "kube-router",
        rules: [
          { apiGroups: [""], resources: ["namespaces", "pods", "services", "nodes"], verbs: watch },
          { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: watch },
          { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: watch },
        ],
        apiAddress: args.apiAddress,
        container: {
          image: image.reference,
          imagePullPolicy: "Never",
          // Requests as kube-router's own manifest has them (kube-router: kubeadm-kuberouter.yaml), but for what is asked of processors.
          resources: { requests: { cpu: "100m", memory: "250Mi" }, limits: { memory: "512Mi" } },
          args: [
            ...["--run-router=true", "--run-firewall=true", "--run-service-proxy=false"],
            // Nodes are neighbours in the cluster's own network.
            ...["--enable-overlay=false", `--enable-pod-egress=${routedTo.length === 0}`],
            ...["--hostname-override=$(NODE_NAME)", `--service-cluster-ip-range=${args.serviceCidr}`],
            ...["--bgp-graceful-restart=true", "--gobgp-admin-port=0", "--disable-source-dest-check=false"],
            ...[`--health-addr=${health.host}`, `--health-port=${health.port}`],
          ],
          startupProbe: { ...healthy, periodSeconds: 1, failureThreshold: 120 },
          livenessProbe: { ...healthy, periodSeconds: 10, failureThreshold: 6 },
          readinessProbe: { ...healthy, periodSeconds: 10 },
        },
        env: [
          { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
          { name: "KUBE_ROUTER_CNI_CONF_FILE", value: `${CONFIG}/pods.conflist` },
          { name: "PROGRAM", value: `${FOLDER}/kube-router` },
          { name: "POD_CIDR", value: podCidr },
          ...(routedTo.length === 0 ? [] : [{ name: "ROUTED_TO", value: routedTo.join(" ") }]),
        ],
        mounts: [
          { name: "program", mountPath: FOLDER, readOnly: true },
          { name: "config", mountPath: CONFIG },
        ],
        volumes: [
          { name: "program", hostPath: { path: FOLDER, type: "Directory" } },
          { name: "config", hostPath: { path: CONFIG, type: "Directory" } },
        ],
        dependsOn: programs,
      },
      child,
    );
    this.registerOutputs({});
  }
}

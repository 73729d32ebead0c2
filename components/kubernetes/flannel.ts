import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { FLANNEL_IMAGE } from "../release";
import { nodeAgent } from "./node-agent";

export interface FlannelArgs {
  /** Range of the pods' addresses; each node gets a /24 of it. */
  podCidr: string;
  /** Address of the API server: flannel must not wait for the proxy that makes the service's address work. */
  apiAddress: string;
  /** The machine that the cluster is deleted with, and all of this in it. @default none: each object is deleted by itself */
  deletedWith?: pulumi.Resource;
  /** @default FLANNEL_IMAGE, which the machine image holds */
  image?: pulumi.Input<string>;
}

/** Flannel with its VXLAN backend (RFC 7348): pods of several nodes reach each other over the cluster's network. */
export class Flannel extends pulumi.ComponentResource {
  constructor(name: string, args: FlannelArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:kubernetes:Flannel", name, { podCidr: args.podCidr }, opts);
    const child: pulumi.CustomResourceOptions = {
      parent: this,
      ...(args.deletedWith ? { deletedWith: args.deletedWith } : {}),
    };
    // Where it answers its probes, on its node alone.
    const health = { host: "127.0.0.1", port: 10247 };
    const config = new kubernetes.core.v1.ConfigMap(
      `${name}-config`,
      {
        metadata: { name: "flannel", namespace: "kube-system" },
        data: {
          "net-conf.json": JSON.stringify({ Network: args.podCidr, EnableNFTables: false, Backend: { Type: "vxlan" } }),
        },
      },
      child,
    );
    const image = args.image ?? FLANNEL_IMAGE;
    nodeAgent(
      name,
      {
        called: "flannel",
        rules: [
          { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
          { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
          { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
        ],
        apiAddress: args.apiAddress,
        container: {
          image,
          // The machine image holds it: a registry might have another one under its name by now.
          imagePullPolicy: args.image === undefined ? "Never" : "IfNotPresent",
          // Requests as flannel's own manifest has them (flannel: kube-flannel.yml).
          resources: { requests: { cpu: "100m", memory: "50Mi" }, limits: { memory: "256Mi" } },
          command: ["/opt/bin/flanneld"],
          args: [
            ...["--ip-masq", "--kube-subnet-mgr", "--iface=$(NODE_ADDRESS)"],
            ...[`--healthz-ip=${health.host}`, `--healthz-port=${health.port}`],
          ],
          livenessProbe: { httpGet: { ...health, path: "/healthz" }, failureThreshold: 6, timeoutSeconds: 5 },
          readinessProbe: { httpGet: { ...health, path: "/healthz" }, timeoutSeconds: 5 },
        },
        env: [
          { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
          { name: "NODE_ADDRESS", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
        ],
        mounts: [
          { name: "run", mountPath: "/run/flannel" },
          { name: "config", mountPath: "/etc/kube-flannel" },
        ],
        volumes: [
          { name: "run", hostPath: { path: "/run/flannel", type: "DirectoryOrCreate" } },
          { name: "config", configMap: { name: config.metadata.name } },
        ],
      },
      child,
    );
    this.registerOutputs({});
  }
}

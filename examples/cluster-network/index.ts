import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

const config = new pulumi.Config();
/** What joins the pods: `pulumi config set cni flannel` is refused, since flannel keeps no policies and has pods go out in their node's name. */
const cni = config.get<vnf.Cni>("cni") ?? "kube-router";

const site = new vnf.Site("pods", { platform: vnf.lab(), transitCidr: "10.156.101.0/24" });
const servers = new vnf.Network("servers", { site, cidr: "10.156.102.0/24" });
const apache = new vnf.WebServers("apache", { network: servers, serverCount: 1 });

// Servers see pods by their own addresses, and know the way back.
const k8s = new vnf.KubernetesCluster("k8s", {
  networks: [site.transit, servers],
  workerCount: 1,
  cni,
  routedTo: [servers],
});
const routes = new vnf.PodRoutes("to-pods", { cluster: k8s, machines: apache.machines });

// Who may ask the pods that are called "web".
new vnf.KubernetesMicroservice("guard", { cluster: k8s, manifests: [`${__dirname}/guard.yaml`] });

export const ranges = routes.ranges;

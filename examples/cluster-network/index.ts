import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

const config = new pulumi.Config();
/** What joins the pods: `pulumi config set cni flannel` is refused, since flannel keeps no policies and has pods go out in their node's name. */
const cni = config.get<vnf.Cni>("cni") ?? "kube-router";
/** How many pods have an interface among the servers, too: `pulumi config set replicas 4`. */
const replicas = config.getNumber("replicas");

const site = new vnf.Site("pods", { platform: vnf.lab(), transitCidr: "10.156.101.0/24" });
const servers = new vnf.Network("servers", { site, cidr: "10.156.102.0/24" });
const apache = new vnf.WebServers("apache", { network: servers, serverCount: 1 });

// Servers see pods by their own addresses, and know the way back.
const k8s = new vnf.KubernetesCluster("k8s", {
  networks: [site.transit, servers],
  workerCount: 1,
  cni,
  routedTo: [servers],
  attachments: replicas !== undefined,
  whereabouts: replicas !== undefined,
});
const routes = new vnf.PodRoutes("to-pods", { cluster: k8s, machines: apache.machines });

// Who may ask the pods that are called "web".
new vnf.KubernetesMicroservice("guard", { cluster: k8s, manifests: [`${__dirname}/guard.yaml`] });

export const ranges = routes.ranges;

if (replicas !== undefined) {
  // Each replica has an address of its own, whichever node it runs on.
  const onServers = new vnf.NetworkAttachment("on-servers", {
    cluster: k8s,
    network: servers,
    ipam: "whereabouts",
    firstHost: 50,
    lastHost: 53,
  });
  const labels = { app: "spread" };
  const { annotations } = vnf.attachPod("spread", [{ attachment: onServers }]);
  new kubernetes.apps.v1.Deployment(
    "spread",
    {
      metadata: { name: "spread", labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        // A pod lets go of its address before another one takes it.
        strategy: { type: "Recreate" },
        template: {
          metadata: { labels, annotations },
          spec: {
            terminationGracePeriodSeconds: 1,
            tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists" }],
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels: labels },
              },
            ],
            containers: [
              {
                name: "spread",
                image: "debian:bookworm-slim",
                imagePullPolicy: "Never",
                command: ["sleep", "infinity"],
                resources: { limits: { memory: "32Mi" }, requests: { cpu: "10m", memory: "8Mi" } },
              },
            ],
          },
        },
      },
    },
    { provider: k8s.provider },
  );
}

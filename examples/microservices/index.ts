import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

const config = new pulumi.Config();
const greeting = config.get("greeting") ?? "hello";

const site = new vnf.Site("native", { platform: vnf.lab(), transitCidr: "10.140.101.0/24" });
const clients = new vnf.Network("clients", { site, cidr: "10.140.100.0/24" });
new vnf.Machine("client", { networks: [clients], role: "client", host: 100 });
const k8s = new vnf.KubernetesCluster("k8s", { networks: [site.transit, clients] });
const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients] });
const catalogImage = new vnf.Image("catalog-image", { folder: "nginx", runtime: "containerd", nodes: k8s.nodes });
const storeImage = new vnf.Image("store-image", { folder: "nginx", runtime: "docker", nodes: swarm.nodes });

new vnf.KubernetesMicroservice("catalog", {
  cluster: k8s,
  manifests: [`${__dirname}/catalog.yaml`],
  overrides: [
    { kind: "Deployment", path: "spec.template.spec.containers[0].image", value: catalogImage.reference },
    { kind: "Deployment", path: "spec.replicas", value: config.getNumber("replicas") ?? 1 },
  ],
  env: [{ kind: "Deployment", variables: { GREETING: greeting } }],
});
new vnf.SwarmMicroservice("shop", {
  cluster: swarm,
  compose: `${__dirname}/store.yaml`,
  overrides: [
    { path: "services.store.image", value: storeImage.reference },
    { path: "services.teller.image", value: storeImage.reference },
  ],
  env: [{ service: "store", variables: { GREETING: greeting } }],
  secrets: { signature: config.getSecret("signature") ?? pulumi.secret("yours") },
});

export const catalogUrl = "http://10.140.100.10:30080";
export const storeUrl = "http://10.140.100.20:8080";
export const tellerUrl = "http://10.140.100.20:8081";

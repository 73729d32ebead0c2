import * as vnf from "hybrid-vnf";

const site = new vnf.Site("edge", { platform: vnf.lab(), transitCidr: "10.110.101.0/24" });
const clients = new vnf.Network("clients", { site, cidr: "10.110.100.0/24" });
const servers = new vnf.Network("servers", { site, cidr: "10.110.102.0/24" });
const apache = new vnf.WebServers("apache", { network: servers, serverCount: 2 });
const k8s = new vnf.KubernetesCluster("k8s", { networks: [site.transit, servers] });
const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients] });
const router = new vnf.QuaggaRouter("quagga", { cluster: k8s });
const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses });
const chain = new vnf.ServiceChain("web", { from: clients, functions: [balancer, router], to: apache });
export const url = chain.url;
export const { contract, secrets } = vnf.publishChain(chain);

import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

const config = new pulumi.Config();
/** What `ssh-keyscan -t ed25519 HOST` prints after the host's name, checked in another way: each host has one of its own. */
const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000";
/** By the machine that each host is to be; it has the address of every network that the machine is in. Yours: `pulumi config set --path`. */
const hosts = config.getObject<vnf.HostsSettings>("hosts") ?? {
  "apache-1": { hostKey, addresses: ["10.126.102.11"] },
  "apache-2": { hostKey, addresses: ["10.126.102.12"] },
  "k8s-1": { hostKey, addresses: ["10.126.101.10", "10.126.102.10"] },
  "swarm-1": { hostKey, addresses: ["10.126.101.20", "10.126.100.20"] },
};
/** The key that lets root in on each of them: `pulumi config set --secret hostsKey <~/.ssh/id_ed25519`. */
const platform = vnf.hosts({ hosts, privateKey: config.getSecret("hostsKey") });

const site = new vnf.Site("floor", { platform, transitCidr: "10.126.101.0/24" });
const clients = new vnf.Network("clients", { site, cidr: "10.126.100.0/24" });
const servers = new vnf.Network("servers", { site, cidr: "10.126.102.0/24" });
const apache = new vnf.WebServers("apache", { network: servers });
const k8s = new vnf.KubernetesCluster("k8s", { networks: [site.transit, servers] });
const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients] });
const router = new vnf.QuaggaRouter("quagga", { cluster: k8s });
const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses });
const chain = new vnf.ServiceChain("web", { from: clients, functions: [balancer, router], to: apache });
export const url = chain.url;
export const { contract, secrets } = vnf.publishChain(chain);

import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

const config = new pulumi.Config();
/** Whether the router has interfaces of its own, or those of its node: `pulumi config set attached false`. */
const attached = config.getBoolean("attached") ?? true;
/** Whether a router with the interfaces of its node has all privileges there. */
const privileged = config.getBoolean("privileged");
/** Whether the router is a virtual machine, beside one that balances: `pulumi config set virtual true`. */
const virtual = config.getBoolean("virtual") ?? false;
/** What gives pods their interface in the third network. */
const plugin = config.get<vnf.AttachmentPlugin>("plugin") ?? "macvlan";

/** How the nodes hand out processors, and how many the router has for itself: `pulumi config set dedicatedCores 1`. */
const cpuManagerPolicy = config.get<vnf.CpuManagerPolicy>("cpuManagerPolicy");
const dedicatedCores = config.getNumber("dedicatedCores");

/** How both routers speak OSPF: a hello each second finds the other one soon. */
const OSPF: vnf.Ospf = { helloSeconds: 1, redistribute: ["static"] };
/** The user data of a router: FRR speaks OSPF on its interfaces, from now on and after each start. */
const FRR = `#!/bin/sh
sed -i 's/^ospfd=no/ospfd=yes/' /etc/frr/daemons
cat >/etc/frr/frr.conf <<'END'
router ospf
 network 10.152.101.0/24 area 0
 network 10.152.102.0/24 area 0
interface net1
 ip ospf hello-interval 1
 ip ospf dead-interval 4
interface net2
 ip ospf hello-interval 1
 ip ospf dead-interval 4
END
printf '#!/bin/sh\n/usr/lib/frr/frrinit.sh start\n' >/etc/rc.local
`;
/** The user data of a balancer: Nginx over these servers. */
const nginxOver = (servers: readonly string[]) => `#!/bin/sh
cat >/etc/nginx/conf.d/balancer.conf <<'END'
upstream servers {
${servers.map((address) => `  server ${address};`).join("\n")}
}
server {
  listen 80;
  location / { proxy_pass http://servers; }
}
END
printf '#!/bin/sh\nnginx\n' >/etc/rc.local
`;

export = async () => {
  const site = new vnf.Site("attach", { platform: vnf.lab(), transitCidr: "10.152.101.0/24" });
  const clients = new vnf.Network("clients", { site, cidr: "10.152.100.0/24" });
  const servers = new vnf.Network("servers", { site, cidr: "10.152.102.0/24" });
  const storage = new vnf.Network("storage", { site, cidr: "10.152.103.0/24" });
  const apache = new vnf.WebServers("apache", { network: servers });
  const client = new vnf.Machine("client", { networks: [clients], role: "client", host: 100 });
  const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients] });
  const k8s = new vnf.KubernetesCluster("k8s", {
    networks: [site.transit, servers, storage],
    attachments: attached,
    cpuManagerPolicy,
  });

  const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses });
  const chainThrough = (router: vnf.NetworkFunction) => {
    const functions = [balancer, router];
    const chain = new vnf.ServiceChain("web", { from: clients, clients: [client], functions, to: apache });
    return { url: chain.url, ...vnf.publishChain(chain) };
  };
  if (!attached)
    return chainThrough(
      new vnf.QuaggaRouter("quagga", { cluster: k8s, networks: [site.transit, servers], privileged }),
    );

  // A way for pods into each of the node's networks, beside the cluster's own.
  const onTransit = new vnf.NetworkAttachment("on-transit", { cluster: k8s, network: site.transit });
  const onServers = new vnf.NetworkAttachment("on-servers", { cluster: k8s, network: servers });
  const onStorage = new vnf.NetworkAttachment("on-storage", { cluster: k8s, network: storage, plugin });

  // A router that is not in its node's network: the chain leads through the addresses of its pod, or of the machine in it.
  const between = (host: number) => [
    { attachment: onTransit, host },
    { attachment: onServers, host },
  ];
  const quagga = new vnf.QuaggaRouter("quagga", {
    cluster: k8s,
    dedicatedCores,
    attachments: between(30),
    ...(virtual ? { ospf: OSPF, routes: [{ destination: "10.99.0.0/16", nextHop: apache.addresses[0] ?? "" }] } : {}),
  });
  const machine = { cluster: k8s, memoryMiB: 160, emulated: true };
  const router = virtual
    ? new vnf.VirtualMachine("router", {
        ...machine,
        seed: { userData: FRR },
        ports: [],
        readiness: { exec: ["/usr/bin/vtysh", "-c", "show ip ospf neighbor"] },
        attachments: between(31),
      })
    : quagga;
  // A balancer in a virtual machine: between the storage network and the same servers.
  if (virtual) {
    const front = new vnf.VirtualMachine("front", {
      ...machine,
      seed: { userData: nginxOver(apache.addresses) },
      attachments: [
        { attachment: onStorage, host: 32 },
        { attachment: onServers, host: 32 },
      ],
      proxy: { backends: apache.addresses },
    });
    new vnf.ServiceChain("stored", { from: storage, functions: [front], to: apache });
  }

  // Any pod can have such interfaces: this one looks into three networks, and is managed by a fourth.
  const labels = { app: "monitor" };
  const { annotations, legs } = vnf.attachPod("monitor", [
    { attachment: onTransit, host: 41 },
    { attachment: onServers, host: 41 },
    { attachment: onStorage, host: 41 },
  ]);
  const image = new vnf.Image("monitor-image", { folder: "quagga", runtime: "containerd", nodes: k8s.nodes });
  new kubernetes.apps.v1.Deployment(
    "monitor",
    {
      metadata: { name: "monitor", labels },
      spec: {
        selector: { matchLabels: labels },
        strategy: { type: "Recreate" },
        template: {
          metadata: { labels, annotations },
          spec: {
            terminationGracePeriodSeconds: 1,
            containers: [
              {
                name: "monitor",
                image: image.reference,
                imagePullPolicy: "Never",
                command: ["sleep", "infinity"],
                resources: { limits: { memory: "64Mi" }, requests: { cpu: "10m", memory: "16Mi" } },
              },
            ],
          },
        },
      },
    },
    { provider: k8s.provider },
  );
  return { ...chainThrough(router), monitor: legs.map(({ address }) => address) };
};

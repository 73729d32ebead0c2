import * as vnf from "hybrid-vnf";

export = async () => {
  const site = new vnf.Site("homes", { platform: vnf.lab(), transitCidr: "10.130.111.0/24" });
  const clients = new vnf.Network("clients", { site, cidr: "10.130.110.0/24" });
  const servers = new vnf.Network("servers", { site, cidr: "10.130.112.0/24" });
  const apache = new vnf.WebServers("apache", { network: servers });
  const client = new vnf.Machine("client", { networks: [clients], role: "client", host: 100 });
  // A server beside the clients, which those outside see as port 8080 of the gateway.
  const intranet = new vnf.WebServers("intranet", { network: clients, serverCount: 1 });
  const portForwards = intranet.addresses.map((address) => ({
    ...{ port: 8080, address, targetPort: 80 },
    translateSource: true,
  }));

  const edge = new vnf.Machine("edge", { networks: [site.transit, clients], role: "router", host: 30 });
  const nat = new vnf.NatGateway("nat", { machine: edge, outside: site.transit, portForwards });
  const wall = new vnf.Machine("wall", { networks: [site.transit, servers], role: "router", host: 40 });
  const firewall = new vnf.Firewall("firewall", {
    machine: wall,
    rules: [
      { name: "web", from: "transit", to: "servers", protocol: "tcp", ports: [80] },
      { name: "home", from: "servers", to: "transit", protocol: "tcp", ports: [8080] },
    ],
  });
  const chain = new vnf.ServiceChain("out", {
    from: clients,
    clients: [client],
    functions: [nat, firewall],
    to: apache,
  });
  return { url: chain.url, ...vnf.publishChain(chain) };
};

import * as openstack from "@pulumi/openstack";

// What is measured: 3 networks, 2 of them with a router, 8 ports, 4 servers; the same resources as in main.tf, in the same order of need.

const external = openstack.networking.getNetworkOutput({ name: "public", external: true });

const subnets = ["left", "middle", "right"].map((name, at) => {
  const network = new openstack.networking.Network(name, { name: `bench-${name}` });
  return new openstack.networking.Subnet(name, {
    name: `bench-${name}`,
    networkId: network.id,
    cidr: `10.110.${at}.0/24`,
    ipVersion: 4,
  });
});

for (const [at, subnet] of subnets.slice(0, 2).entries()) {
  const router = new openstack.networking.Router(`router-${at}`, {
    name: `bench-${at}`,
    externalNetworkId: external.id,
  });
  new openstack.networking.RouterInterface(`router-${at}`, { routerId: router.id, subnetId: subnet.id });
}

for (const server of [0, 1, 2, 3]) {
  const ports = [0, 1].map((leg) => {
    const subnet = subnets[(server + leg) % 3] as openstack.networking.Subnet;
    return new openstack.networking.Port(`port-${server}-${leg}`, {
      name: `bench-${server}-${leg}`,
      networkId: subnet.networkId,
      fixedIps: [{ subnetId: subnet.id, ipAddress: `10.110.${(server + leg) % 3}.${20 + server}` }],
      allowedAddressPairs: [{ ipAddress: "10.120.0.0/16" }],
    });
  });
  new openstack.compute.Instance(`server-${server}`, {
    name: `bench-${server}`,
    flavorName: "m1.tiny",
    imageName: "machine",
    configDrive: true,
    networks: ports.map((port) => ({ port: port.id })),
  });
}

# What is measured: the same resources as in index.ts.

terraform {
  required_providers {
    openstack = { source = "terraform-provider-openstack/openstack" }
  }
}

data "openstack_networking_network_v2" "external" {
  name     = "public"
  external = true
}

locals {
  networks = ["left", "middle", "right"]
  legs = { for pair in setproduct(range(4), range(2)) : "${pair[0]}-${pair[1]}" => {
    server  = pair[0]
    network = (pair[0] + pair[1]) % 3
  } }
}

resource "openstack_networking_network_v2" "network" {
  count = 3
  name  = "bench-${local.networks[count.index]}"
}

resource "openstack_networking_subnet_v2" "subnet" {
  count      = 3
  name       = "bench-${local.networks[count.index]}"
  network_id = openstack_networking_network_v2.network[count.index].id
  cidr       = "10.110.${count.index}.0/24"
  ip_version = 4
}

resource "openstack_networking_router_v2" "router" {
  count               = 2
  name                = "bench-${count.index}"
  external_network_id = data.openstack_networking_network_v2.external.id
}

resource "openstack_networking_router_interface_v2" "interface" {
  count     = 2
  router_id = openstack_networking_router_v2.router[count.index].id
  subnet_id = openstack_networking_subnet_v2.subnet[count.index].id
}

resource "openstack_networking_port_v2" "port" {
  for_each   = local.legs
  name       = "bench-${each.key}"
  network_id = openstack_networking_network_v2.network[each.value.network].id

  fixed_ip {
    subnet_id  = openstack_networking_subnet_v2.subnet[each.value.network].id
    ip_address = "10.110.${each.value.network}.${20 + each.value.server}"
  }
  allowed_address_pairs {
    ip_address = "10.120.0.0/16"
  }
}

resource "openstack_compute_instance_v2" "server" {
  count        = 4
  name         = "bench-${count.index}"
  flavor_name  = "m1.tiny"
  image_name   = "machine"
  config_drive = true

  dynamic "network" {
    for_each = [0, 1]
    content {
      port = openstack_networking_port_v2.port["${count.index}-${network.value}"].id
    }
  }
}

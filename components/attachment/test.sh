#!/usr/bin/env bash
# Proves attachment.sh, and the CNI configurations of the golden files, on a machine of its own: each is given to the real plugin, as Multus
# would. Needs Docker, the machine image, and the plugins as the toolchain has them (it is asked for them).
# It does not prove sriov, for which there is no hardware: its configuration is compared with the operator's words (test/unit/attachments.test.ts);
# nor whereabouts, which asks a cluster (test/e2e/cluster-network.test.ts).
# shellcheck disable=SC1091,SC2154 # try.sh, which is checked by itself
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
script=$here/attachment.sh
root=$here/../..
plugins=$(cd "$root" && node --import tsx toolchain/node.ts attachments)

network a 172.29.31.0/24
machine node a=172.29.31.10
machine peer a=172.29.31.20
for one in "$plugins"/*; do docker cp --follow-link "$one" "$tag-node:/opt/cni/bin/" >/dev/null; done
docker cp "$here/test/golden" "$tag-node:/golden" >/dev/null
inside node ip link add spare0 type veth peer name spare1
inside node ip netns add pod

ask() { on node "$script" "$1" PLUGIN="$2" PARENT="${3:-}" BRIDGE="${4:-}" NAME="${5:-on-a}"; }
at_once() {
  local one asked=()
  for one in 1 2 3 4 5 6; do
    ask create macvlan eth0 "" "on-$one" &
    asked+=($!)
  done
  for one in "${asked[@]}"; do wait "$one" || return; done
}
links() { inside node ip -oneline link show | sed 's/@.*//; s/^[0-9]*: //' | sort; }
same_links() { links >"$scratch/after" && diff "$scratch/before" "$scratch/after"; }

# plugin ACTION FILE: what Multus does with a configuration: its plugin gets it, with the address that a pod asks for, of which `static` has none itself.
plugin() {
  docker exec --env CNI_COMMAND="$1" --env CNI_CONTAINERID=golden --env CNI_NETNS=/run/netns/pod --env CNI_IFNAME=net1 \
    --env CNI_PATH=/opt/cni/bin "$tag-node" bash -c '
      jq ".plugins[0] + {cniVersion, name} | if .ipam.type == \"static\" then .runtimeConfig = {ips: [\"172.29.31.30/24\"]} else . end" "$1" |
        "/opt/cni/bin/$(jq --raw-output ".plugins[0].type" "$1")"' bash "/golden/$2"
}
mtu_is() { [[ $(inside node ip netns exec pod ip -json link show net1) == *"\"mtu\":$1,"* ]]; }
# A pod's network would go with the pod, and what a plugin has left there.
fails() {
  ! plugin ADD "$1" || return
  inside node ip netns exec pod ip link delete net1 2>/dev/null || true
}
has() { plugin ADD "$1" && [[ $(inside node ip netns exec pod ip -4 -brief address show net1) == *" $2 "* ]]; }
gone() { plugin DEL "$1" && ! inside node ip netns exec pod ip link show net1 2>/dev/null; }
pings() { inside node ip netns exec pod ping -c 1 -W 2 172.29.31.20; }
knows() { inside node bash -c "ip link add hvnf-known link eth0 type $1 && ip link delete hvnf-known" 2>/dev/null; }

# --- what a node is asked
links >"$scratch/before"
ok "a node with macvlan" ask create macvlan eth0
ok "a node with bridges" ask create bridge "" br-golden
ok "a device that nothing uses" ask create host-device spare0
ok "a node that is asked for several at once" at_once
ok "asking leaves nothing" same_links
refused "a parent that there is not" 2 "no interface 'eth7', which the attachment on-a is to be on; it has eth0 " ask create macvlan eth7
refused "no parent" 2 "no interface ''" ask create macvlan
refused "a device that the node uses" 1 "eth0 of this node has the address 172.29.31.10/24, which it would lose" ask create host-device eth0
refused "hardware without virtual functions" 1 "no virtual functions \(SR-IOV\): take plugin macvlan" ask create sriov eth0
refused "a bridge by the name of what is none" 1 "an interface spare0 that is no bridge" ask create bridge "" spare0
refused "a bridge whose name is too long" 2 "BRIDGE is 'br-of-all-the-pods'" ask create bridge "" br-of-all-the-pods
refused "a plugin that there is not" 2 "PLUGIN is 'vlan'" ask create vlan eth0
refused "a name that is none" 2 "NAME is 'On A'" ask create macvlan eth0 "" "On A"
if knows ipvlan; then
  ok "a kernel with ipvlan" ask create ipvlan eth0
else
  refused "a kernel without ipvlan" 1 "^The kernel of this node \(.+\) makes no ipvlan interface on eth0 \(it says: .+\): load the module ipvlan" ask create ipvlan eth0
fi
ok "nor does a refusal" same_links

# --- what the plugins make of the golden files
for file in macvlan.json bridge.json; do
  ok "$file gives the address that is asked for" has "good/$file" 172.29.31.30/24
  [[ $file != macvlan.json ]] || ok "$file leads to its network" pings
  ok "$file: gone with its pod" gone "good/$file"
done
for file in macvlan-pool.json bridge-pool.json; do
  inside node rm -rf /var/lib/cni/networks/golden
  ok "$file gives the first address of its own" has "good/$file" 172.29.31.50/24
  ok "$file has packets as long as is asked for" mtu_is 1400
  ok "$file: gone with its pod" gone "good/$file"
done
ok "host-device.json gives the device itself" has good/host-device.json 172.29.31.30/24
ok "host-device.json: and gives it back" gone good/host-device.json
ok "which the node has again" inside node ip link show spare0
if knows ipvlan; then
  ok "ipvlan.json gives the address that is asked for" has good/ipvlan.json 172.29.31.30/24
  ok "ipvlan.json: gone with its pod" gone good/ipvlan.json
else
  ok "ipvlan.json fails where the kernel lacks it" fails good/ipvlan.json
fi
for file in "$here"/test/golden/bad/*.json; do
  [[ $file == */whereabouts.json ]] || ok "bad/${file##*/} is refused by its plugin" fails "bad/${file##*/}"
done

# --- what is left when an attachment goes
inside node mkdir -p /var/lib/cni/networks/on-a
inside node ip link add br-golden type bridge 2>/dev/null || true
inside node ip link set spare1 master br-golden
ok "a bridge that something is on stays" ask delete bridge "" br-golden
ok "it is there" inside node ip link show br-golden
inside node ip link set spare1 nomaster
ok "one that nothing is on goes" ask delete bridge "" br-golden
ok "and with it what was given away" bash -c "! docker exec $tag-node ls /var/lib/cni/networks/on-a"
ok "nothing is left" same_links
ok "delete again" ask delete bridge "" br-golden

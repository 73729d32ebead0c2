#!/usr/bin/env bash
# Proves volume.sh, legs.sh, and the address that pods serve at (kubernetes/address.sh), on machines of its own; needs Docker, the machine image and
# TUN of the kernel.
# shellcheck disable=SC1091,SC2154 # try.sh, which is checked by itself
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
volume=$here/volume.sh
legs=$here/legs.sh
address=$here/../kubernetes/address.sh

network a 172.29.17.0/24
machine node a=172.29.17.30
machine neighbour a=172.29.17.31

folder=/var/lib/hybrid-vnf/volumes/keeper
kept() { on node "$volume" "$1" "FOLDER=${2:-$folder}" "OWNER=${3:-65532}"; }
ok "a folder is made" kept create
ok "it is its owner's alone" inside node sh -c "[ \"\$(stat --format '%u:%g %a' $folder)\" = '65532:65532 700' ]"
inside node touch "$folder/written"
ok "made again, it keeps what is in it" kept create
ok "that is so" inside node test -f "$folder/written"
ok "nothing differs" kept check
ok "no line says so" test ! -s "$scratch/out"
refused "a folder elsewhere" 2 "FOLDER is '/etc'" kept create /etc
refused "a folder above" 2 "FOLDER is '.*/\.\.'" kept delete /var/lib/hybrid-vnf/volumes/..
refused "an owner by name" 2 "OWNER is 'root'" kept create "$folder" root
ok "it goes" kept delete
ok "and leaves nothing" inside node test ! -e /var/lib/hybrid-vnf
ok "that it is gone is told" kept check
ok "in a line" grep -q "^node: the folder $folder is gone" "$scratch/out"

asked() { on node "$legs" create "MACHINE=${1:-router}"; }
inside node rm -rf /dev/net
ok "a node whose kernel has what legs take" asked
ok "has the device file of taps" inside node test -c /dev/net/tun
ok "asked again, it says the same" asked
ok "no link is left of that" test -z "$(inside node ip -brief link | grep hvnf)"
refused "a machine called by a sentence" 2 "MACHINE is 'My router'" asked "My router"
inside node mkdir -p /var/lib/kubelet
inside node mount -t tmpfs -o nodev none /var/lib/kubelet
refused "a node whose pods can have no device file" 1 "mounted with nodev.*which the attachments of router need" asked
inside node umount /var/lib/kubelet
inside node sh -c 'rm /dev/net/tun && mknod /dev/net/tun c 10 199'
refused "a node whose kernel makes no taps" 1 "The kernel of this node .* makes no taps .*it says: .+: load the module tun" asked
inside node rm /dev/net/tun

served() { on node "$address" "$1" "ADDRESS=${2:-172.29.17.40/24}" "INTERFACE=${3:-eth0}"; }
has() { [[ $(inside node ip -4 -oneline address show dev eth0) == *"inet 172.29.17.40/24 "* ]]; }
reached() { inside neighbour ping -c 1 -W 2 172.29.17.40; }
ok "an address is added" served create
ok "it answers" reached
ok "added again, it stays" served create
ok "it is there once" test "$(inside node ip -4 -oneline address show dev eth0 | grep -c 172.29.17.40)" == 1
ok "its own address stays" inside node ip -4 address show to 172.29.17.30
refused "a name for an address" 2 "ADDRESS is 'web'" served create web
refused "a leg that is not there" 2 "INTERFACE is 'eth7'" served create 172.29.17.40/24 eth7
docker restart "$tag-node" >/dev/null
ok "after another boot it answers" eventually 120 reached
inside node ip address del 172.29.17.40/24 dev eth0
ok "that it is lost is told" served check
ok "in a line" grep -q "^node: eth0 has lost the address 172.29.17.40/24" "$scratch/out"
ok "it is mended" served create
ok "and answers" reached
ok "it goes" served delete
not_there() { ! has; }
ok "that is so" not_there
ok "and leaves no unit" inside node sh -c '! ls /etc/systemd/system/hybrid-vnf-address-*'

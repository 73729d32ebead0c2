#!/usr/bin/env bash
# Proves legs.sh, route.sh and keygen.sh on machines of their own; needs Docker and the machine image.
# It does not prove them on a machine whose network comes up late: a container's addresses are there before it boots.
# shellcheck disable=SC1091,SC2154 # try.sh, which is checked by itself
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
route=$here/route.sh legs=$here/../machine/legs.sh keygen=$here/../ssh/keygen.sh
far=172.29.9.0/24

network a 172.29.16.0/24
network b 172.29.2.0/24
machine one a=172.29.16.10 b=172.29.2.10

# Whichever of them the engine made first.
legs_are() {
  on one "$legs" create >"$scratch/legs" || return
  cat "$scratch/legs"
  jq -e '(map(.address) | sort) == ["172.29.16.10","172.29.2.10"] and all(.[]; .prefix == 24 and (.mac | test("^([0-9a-f]{2}:){5}[0-9a-f]{2}$")) and (.interface | test("^eth")))' "$scratch/legs"
}
route_is() { [[ $(inside one ip route show exact "$far") == *"via $1 "* ]]; }
no_route() { [[ -z $(inside one ip route show exact "$far") ]]; }
no_unit() { ! inside one bash -c 'ls -d /etc/systemd/system/hybrid-vnf-route-* /etc/hybrid-vnf/routes 2>/dev/null'; }
rebooted() {
  docker restart "$tag-one" >/dev/null
  eventually 120 answers one
  on one "$legs" create >/dev/null 2>&1
}
# In a directory of its own: in the usual ones others on this host may be making keys.
no_key() {
  mkdir "$scratch/keys" && locally "$keygen" create PRIVATE_DIR="$scratch/keys" >/dev/null && [[ -z $(find "$scratch/keys" -mindepth 1) ]]
}
key_pairs() {
  locally "$keygen" create >"$scratch/key" &&
    [[ $(jq -r .privateKey "$scratch/key" | ssh-keygen -y -f /dev/stdin) == "$(jq -r .publicKey "$scratch/key")" ]]
}

ok "legs: both, with prefix and MAC, after boot" legs_are
refused "legs: a bad BOOT_TIMEOUT" 1 "BOOT_TIMEOUT is 'soon'" on one "$legs" create BOOT_TIMEOUT=soon
ok "legs: nothing to delete" on one "$legs" delete
# Prints nothing where nothing differs, and what differs in one line.
same() { on one "$@" >"$scratch/differs" && [[ ! -s $scratch/differs ]]; }
differs() {
  local line=$1
  shift
  on one "$@" >"$scratch/differs" || return
  cat "$scratch/differs"
  [[ $(<"$scratch/differs") == "$line" ]]
}
leg=$(jq -r '.[] | select(.address == "172.29.2.10") | .interface' "$scratch/legs")
ok "legs: as they were" same "$legs" check
inside one ip address del 172.29.2.10/24 dev "$leg"
ok "legs: an address that is gone is told" differs "one: the address of $leg is gone; it was 172.29.2.10/24." "$legs" check
inside one ip address add 172.29.2.99/24 dev "$leg"
ok "legs: one that was changed is told" differs "one: the address of $leg is 172.29.2.99/24; it was 172.29.2.10/24." "$legs" check
ok "legs: put back" legs_are
ok "legs: as they were, and no other beside them" same "$legs" check
inside one systemd-run --quiet --wait --unit=broken /bin/false || true
ok "legs: a failed unit is no failure" legs_are
said broken.service

ok "route: set" on one "$route" create DESTINATION=$far NEXT_HOP=172.29.16.1 OWNER=me
ok "route: its result" jq -es '.[0] == {destination:"172.29.9.0/24",nextHop:"172.29.16.1",interface:"eth0",source:"172.29.16.10"}' "$scratch/out"
ok "route: in the kernel" route_is 172.29.16.1
ok "route: set again" on one "$route" create DESTINATION=$far NEXT_HOP=172.29.16.1 OWNER=me
ok "route: another next hop" on one "$route" update DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=me
ok "route: replaced" route_is 172.29.2.1
ok "route: the old one's delete leaves it" on one "$route" delete DESTINATION=$far NEXT_HOP=172.29.16.1 OWNER=me
ok "route: still there" route_is 172.29.2.1
rebooted
ok "route: there after a reboot" eventually 60 route_is 172.29.2.1
ok "route: as it was" same "$route" check DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=me
inside one ip route replace "$far" via 172.29.16.1
ok "route: led elsewhere by hand is told" differs "one: the route to $far is via 172.29.16.1; it was via 172.29.2.1." "$route" check DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=me
inside one ip route del "$far"
ok "route: gone by hand is told" differs "one: the route to $far is gone; it was via 172.29.2.1." "$route" check DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=me
ok "route: lost by hand, set again" on one "$route" update DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=me
ok "route: there again" route_is 172.29.2.1
ok "route: deleted" on one "$route" delete DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=me
ok "route: gone from the kernel" no_route
ok "route: its unit gone" no_unit
ok "route: deleted twice" on one "$route" delete DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=me

ok "route: one owner's" on one "$route" create DESTINATION=$far NEXT_HOP=172.29.16.1 OWNER=me
ok "route: another owner's too" on one "$route" create DESTINATION=$far NEXT_HOP=172.29.16.1 OWNER=you
refused "route: a third owner's, elsewhere" 1 "goes via 172.29.16.1 for (me|you), and would go via 172.29.2.1" on one "$route" create DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=them
ok "route: the third owner's delete leaves it" on one "$route" delete DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=them
ok "route: the first owner's delete leaves it" on one "$route" delete DESTINATION=$far NEXT_HOP=172.29.16.1 OWNER=me
said "others need it"
ok "route: still there for the second" route_is 172.29.16.1
ok "route: its owner moves it" on one "$route" create DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=you
ok "route: moved" route_is 172.29.2.1
ok "route: the last owner's delete" on one "$route" delete DESTINATION=$far NEXT_HOP=172.29.2.1 OWNER=you
ok "route: gone with the last" no_route
ok "route: its unit gone with the last" no_unit

refused "route: nobody's" 2 "OWNER is ''" on one "$route" create DESTINATION=$far NEXT_HOP=172.29.16.1
refused "route: host bits" 2 "the network is 172.29.9.0/24" on one "$route" create DESTINATION=172.29.9.7/24 NEXT_HOP=172.29.16.1 OWNER=me
refused "route: no network, no address, both said" 2 "NEXT_HOP is 'nobody'" on one "$route" create DESTINATION=there NEXT_HOP=nobody
said "DESTINATION is 'there'"
refused "route: a long prefix" 2 "10.0.0.0/33" on one "$route" create DESTINATION=10.0.0.0/33 NEXT_HOP=172.29.16.1 OWNER=me
refused "route: the default route" 2 "default route" on one "$route" create DESTINATION=0.0.0.0/0 NEXT_HOP=172.29.16.1 OWNER=me
refused "route: next hop far away" 1 "not on a network that this machine is connected to \(eth" on one "$route" create DESTINATION=$far NEXT_HOP=10.1.2.3 OWNER=me
refused "route: next hop is itself" 1 "own address" on one "$route" create DESTINATION=$far NEXT_HOP=172.29.16.10 OWNER=me
refused "route: a connected destination" 1 "itself connected to" on one "$route" create DESTINATION=172.29.2.0/24 NEXT_HOP=172.29.16.1 OWNER=me
refused "route: no such action" 1 "'grow' is no action" on one "$route" grow DESTINATION=$far NEXT_HOP=172.29.16.1 OWNER=me
ok "route: nothing left behind by refusals" no_unit

ok "keygen: a pair that belongs together" key_pairs
ok "keygen: nothing left where it was made" no_key
refused "keygen: a comment of two lines" 1 "COMMENT must be one line" locally "$keygen" create COMMENT=$'a\nb'
refused "keygen: no such place" 1 "PRIVATE_DIR is '/nowhere'" locally "$keygen" create PRIVATE_DIR=/nowhere

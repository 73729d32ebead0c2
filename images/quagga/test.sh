#!/usr/bin/env bash
# Proves the router's image: its golden files against FRR itself, its answers to bad input, and a router at work in the network
# of a node with two legs and a filter between them, a client on one side and a server on the other. Needs Docker.
# A container's network stands for the node's; Kubernetes is proved elsewhere.
# shellcheck disable=SC2016 # scripts for the containers' own shells
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image=${IMAGE:-hybrid-vnf/quagga:test}
tag=hybrid-vnf-quagga-$$

remove() {
  docker rm -fv $tag-{client,server,router,asked,node} >/dev/null 2>&1 || true
  docker network rm $tag-a $tag-b >/dev/null 2>&1 || true
}
# shellcheck source=images/try.sh
source "$here/../try.sh"

[[ -n ${IMAGE:-} ]] || docker build --quiet --tag "$image" "$here" >/dev/null 2>&1
docker network create --subnet 172.29.5.0/24 $tag-a >/dev/null
docker network create --subnet 172.29.6.0/24 $tag-b >/dev/null

# The node: two legs, and the filter between them that the cluster's nodes have.
docker create --name $tag-node --network $tag-a --ip 172.29.5.10 --cap-add NET_ADMIN --sysctl net.ipv4.ip_forward=1 \
  --entrypoint sleep "$image" infinity >/dev/null
docker network connect --ip 172.29.6.10 $tag-b $tag-node
docker start $tag-node >/dev/null
neighbour() {
  docker run --detach --name "$tag-$1" --network "$tag-$2" --ip "$3" --cap-add NET_ADMIN --entrypoint sleep "$image" infinity >/dev/null
  docker exec "$tag-$1" ip route add "$4" via "$5"
}
neighbour client a 172.29.5.20 172.29.6.0/24 172.29.5.10
neighbour server b 172.29.6.20 172.29.5.0/24 172.29.6.10
node() { docker exec -i $tag-node "$@"; }
filter() { # timeless: without the times that the router sets, so that it can't be opened
  local flags='flags timeout;'
  [[ ${1:-} != timeless ]] || flags=
  node nft -f - <<NFT
table inet hybrid_vnf {
    set legs { type ifname; elements = { "eth0", "eth1" } }
    set open { type ifname; $flags }
    chain forward {
        type filter hook forward priority 0; policy accept;
        iifname @legs oifname @legs jump between
    }
    chain between {
        iifname @open oifname @open accept
        drop
    }
}
NFT
}

# Without the rights that a router has: only what start.sh makes of its input is asked here.
docker run --detach --name $tag-asked --network container:$tag-node --entrypoint sleep "$image" infinity >/dev/null
in_node() { docker exec -e "INTERFACES=$1" -e "ROUTES=$2" $tag-asked /start.sh render; }

in_node_with() { # FILE OF PROTOCOLS' LINES, INTERFACES, ROUTES
  docker run --rm --network container:$tag-node --volume "$1:/protocols:ro" -e PROTOCOLS_FILE=/protocols \
    -e "DAEMONS=$(setting DAEMONS "$1")" -e "INTERFACES=$2" -e "ROUTES=$3" "$image" render
}

# --- golden files
setting() { sed -n "s/^! $1=//p" "$2"; }
for file in "$here"/test/golden/good/*.conf; do
  name=${file##*/}
  in_node "$(setting INTERFACES "$file")" "$(setting ROUTES "$file")" >"$scratch/made" 2>"$scratch/said" || cat "$scratch/said" >&2
  sed '/^! [A-Z]*=/d' "$file" >"$scratch/wanted"
  ok "$name is what start.sh makes" diff "$scratch/wanted" "$scratch/made"
done
for file in "$here"/test/golden/protocols/*.conf; do # what components/quagga tells FRR (test/unit/routing.test.ts)
  in_node_with "$file" eth0,eth1 "172.29.6.0/24 dev eth1" >"$scratch/made" 2>"$scratch/said" || cat "$scratch/said" >&2
  ok "${file##*/} follows the routes" diff "$file" <(sed -n '/^ip route/,$p' "$scratch/made" | sed '1,2d' | head -n -2)
done
# FRR's own verdict, on every file in one container.
docker run --rm --entrypoint bash --volume "$here/test/golden:/golden:ro" "$image" -c '
  echo "service integrated-vtysh-config" >/etc/frr/vtysh.conf
  for file in /golden/*/*.conf; do
    said=$(vtysh -C -f "$file" 2>&1) && [[ $said != *"% "* ]] && echo "good $file" || echo "bad $file"
  done' >"$scratch/verdicts"
for file in "$here"/test/golden/*/*.conf; do
  kind=$(basename "$(dirname "$file")")
  verdict=${kind/protocols/good}
  ok "FRR calls $kind/${file##*/} $verdict" grep -qx "$verdict /golden/$kind/${file##*/}" "$scratch/verdicts"
done

# --- bad input: one sentence for each thing, status 2, nothing on stdout
refused() {
  local interfaces=$1 routes=$2 got=0 pattern
  shift 2
  in_node "$interfaces" "$routes" >"$scratch/stdout" 2>"$scratch/said" || got=$?
  for pattern in "$@"; do ok "'$interfaces' '$routes': $pattern" grep -qF -- "$pattern" "$scratch/said"; done
  ok "'$interfaces' '$routes': $# sentence(s), status 2" test "$got:$(wc -l <"$scratch/said"):$(wc -c <"$scratch/stdout")" == "2:$#:0"
}
r="172.29.6.0/24 dev eth1"
refused "" "$r" "INTERFACES is empty" "which is not in INTERFACES"
refused "  " "" "INTERFACES is empty"
refused "eth0,eth9" "" "'eth9', but there is no such interface here; there are eth0, eth1"
refused "eth0,,eth1" "$r" "its entry 2 is empty"
refused "eth0,eth1," "$r" "its entry 3 is empty"
refused "eth0 eth1" "" "'eth0 eth1', which is no name of an interface"
refused "eth0,eth0" "" "'eth0' twice"
refused "lo" "" "'lo', which leads nowhere"
refused "eth0,eth1" "172.29.6.0/33 dev eth1" "prefix length 33"
refused "eth0,eth1" "172.29.6.7/24 dev eth1" "host bits set in 172.29.6.7/24; the network is 172.29.6.0/24"
refused "eth0,eth1" "172.29.600.0/24 dev eth1" "begins with '172.29.600.0/24'"
refused "eth0,eth1" "172.29.6.0 dev eth1" "begins with '172.29.6.0'"
refused "eth0,eth1" "172.29.06.0/24 dev eth1" "begins with '172.29.06.0/24'"
refused "eth0,eth1" "fd00::/64 dev eth1" "begins with 'fd00::/64'"
refused "eth0,eth1" "224.0.0.0/8 dev eth1" "name a unicast network"
refused "eth0,eth1" "10.50.0.0/16" "has no next hop"
refused "eth0,eth1" "10.50.0.0/16 dev" "no interface after 'dev'"
refused "eth0,eth1" "10.50.0.0/16 dev eth9" "leaves by 'eth9', but there is no such interface here"
refused "eth0" "10.50.0.0/16 dev eth1" "leaves by 'eth1', which is not in INTERFACES (eth0)"
refused "eth0,eth1" "10.50.0.0/16 gateway" "'gateway' as next hop"
refused "eth0,eth1" "10.50.0.0/16 via 172.29.6.20" "too many words"
refused "eth0,eth1" "10.50.0.0/16 10.99.0.1" "next hop 10.99.0.1, which is on no network of INTERFACES (eth0 172.29.5.10/24 eth1 172.29.6.10/24)"
refused "eth0,eth1" "10.50.0.0/16 172.29.6.10" "this router's own address on eth1"
refused "eth0,eth1" "$r,,$r" "its entry 2 is empty" "is there twice"
refused "eth0,eth1" "10.50.0.0/16 172.29.6.20; reboot" "too many words"
refused "eth8,eth9" "x dev eth9,10.50.0.1/16 eth0,10.0.0.0/8" "'eth8'" "'eth9', but" "begins with 'x'" "host bits set" "'eth0' as next hop" "has no next hop"

# --- at work, with no more privileges than components/quagga/privileges.ts names, and nothing of its root file system to write
least=(--cap-drop ALL --read-only --security-opt no-new-privileges)
for capability in CHOWN DAC_OVERRIDE FOWNER KILL NET_ADMIN NET_BIND_SERVICE NET_RAW SETGID SETUID SYS_ADMIN; do least+=(--cap-add "$capability"); done
for folder in /etc/frr /run /tmp /var/log/frr /var/tmp; do least+=(--tmpfs "$folder"); done
closed() { [[ $(docker exec $tag-client timeout 2 bash -c '</dev/tcp/172.29.6.20/9' 2>&1) != *refused* ]]; }
open() { not closed; } # the server refuses: its answer came back
router() {
  docker rm -fv $tag-router >/dev/null 2>&1 || true
  docker run --detach --name $tag-router --network container:$tag-node "${least[@]}" \
    -e INTERFACES=eth0,eth1 -e "ROUTES=$1" "$image" >/dev/null
}
healthy() { docker exec $tag-router /healthy.sh; }
ends() { [[ $(docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' $tag-router) == "exited $1" ]]; }
has() { [[ $(node ip route show exact "$1") == *"$2"* ]]; }
lacks() { [[ -z $(node ip route show exact "$1") ]]; }
said() { [[ $(docker logs $tag-router 2>&1) == *"$1"* ]]; }
# A daemon dies, and that is looked at in the moment until watchfrr has started it again; tried again where that was quicker.
unhealthy_without() {
  docker exec $tag-router bash -c 'pid=$(<"/run/frr/$0.pid") && kill -KILL "$pid" || exit
    for ((tries = 0; tries < 10000; tries++)); do kill -0 "$pid" 2>/dev/null || break; done
    ! /healthy.sh' "$1"
}
others() { node ip route | grep -v ' 10\.50\.0\.0/16\|^10\.50'; }
kept() { [[ $(others) == "$before" ]]; }

node ip route add 10.80.0.0/16 via 172.29.6.20 proto static
node ip route add 10.81.0.0/16 via 172.29.5.20
before=$(others)

ok "without a filter the node forwards by itself" open
router "$r"
ok "no filter: starts" eventually 60 healthy
ok "no filter: says so" eventually 60 said "has no filter between its legs"
docker stop $tag-router >/dev/null
ok "no filter: ends 0 on TERM" ends 0

filter timeless
router "$r"
eventually 60 said "The router runs" || true
ok "a filter that can't be opened is not healthy" not healthy
ok "healthy.sh says so" bash -c "docker exec $tag-router /healthy.sh 2>&1 | grep -qF \"The node's filter is closed for eth0.\""
ok "the router says so too" said "The node's filter cannot be opened"
ok "and nothing is forwarded" closed
docker stop $tag-router >/dev/null
node nft delete table inet hybrid_vnf

filter
ok "with the filter the node forwards nothing" closed
router "$r,10.50.0.0/16 172.29.6.20"
ok "healthy" eventually 60 healthy
ok "opens the way" open
ok "the image has at most 200 MB" small 200
ok "process 1 takes away what others have left" reaps $tag-router
ok "its route is in the kernel" has 10.50.0.0/16 "via 172.29.6.20 dev eth1"
ok "the connected route stays the kernel's own" has 172.29.6.0/24 "proto kernel"
ok "FRR holds both, and uses the connected one" bash -c "docker exec $tag-router vtysh -c 'show ip route 172.29.6.0/24 json' | docker exec -i $tag-router jq -e '.[\"172.29.6.0/24\"] | (map(.protocol) | sort) == [\"connected\",\"static\"] and any(.selected and .protocol == \"connected\")'"
ok "no other route has changed" kept
ok "no next-hop object is on the node" bash -c "[[ -z \$(docker exec $tag-node ip nexthop show) ]]"
ok "no TCP port is opened on the node" bash -c "! docker exec $tag-node sh -c 'cat /proc/net/tcp /proc/net/tcp6' | grep ' 0A '| grep -v '0B00007F'"
ok "the way has a time" bash -c "[[ '$(node nft list set inet hybrid_vnf open)' == *'timeout 30s expires'* ]]"
refreshed() { (($(node nft -j list set inet hybrid_vnf open | docker exec -i $tag-node jq '[.. | .elem? | objects | .expires?] | map(select(. != null)) | min') > 25)); }
ok "which is set anew" eventually 15 not refreshed
ok "before it runs out" eventually 15 refreshed
reload() { docker exec -e "ROUTES=$1" $tag-router /start.sh reload; }
differs() { [[ $(docker exec $tag-router /start.sh differs) == "$1" ]]; }
ok "it has the routes that it was given" differs ""
ok "other routes, while it runs" reload "$r,10.51.0.0/16 172.29.6.20"
ok "the new one is in the kernel" eventually 30 has 10.51.0.0/16 "via 172.29.6.20 dev eth1"
ok "the one that it no longer has is gone" eventually 30 lacks 10.50.0.0/16
ok "the way has not closed" open
ok "healthy with them" eventually 60 healthy
ok "what it has and was not given, and the other way round" differs "the route 10.50.0.0/16 172.29.6.20 is not in FRR; it was.
the route 10.51.0.0/16 172.29.6.20 is in FRR; it was not."
ok "bad ones are refused while it runs" not reload "$r,10.51.0.0/16 nowhere"
ok "and change nothing" has 10.51.0.0/16 "via 172.29.6.20 dev eth1"
ok "the first ones again" reload "$r,10.50.0.0/16 172.29.6.20"
ok "are in the kernel" eventually 30 has 10.50.0.0/16 "via 172.29.6.20 dev eth1"
ok "no other route has changed" eventually 30 kept
node ip link set eth1 down
node ip link set eth1 up
node ip route add 10.80.0.0/16 via 172.29.6.20 proto static # the kernel dropped it with the link
ok "the route is back after its interface was down" eventually 60 has 10.50.0.0/16 "via 172.29.6.20"
ok "healthy again" eventually 60 healthy
ok "unhealthy with zebra dead" eventually 60 unhealthy_without zebra
ok "zebra is started again" eventually 150 healthy
time_before=$SECONDS
docker stop $tag-router >/dev/null
ok "ends within 5 s" test $((SECONDS - time_before)) -le 5
ok "ends 0 on TERM" ends 0
ok "closes the way" closed
ok "says so" said "The way between eth0 eth1 is closed."
ok "its route is gone" lacks 10.50.0.0/16
ok "no other route has changed" kept

router "10.50.0.0/16 172.29.6.20"
ok "runs again" eventually 60 healthy
docker kill --signal INT $tag-router >/dev/null
ok "ends 0 on INT" eventually 30 ends 0
router "10.50.0.0/16 172.29.6.20"
ok "runs once more" eventually 60 open
docker kill --signal KILL $tag-router >/dev/null
ok "killed: the way closes when its time is over" eventually 45 closed
ok "it has left its route" has 10.50.0.0/16 "via 172.29.6.20"
router "$r"
ok "the next one" eventually 60 healthy
ok "clears what the killed one left" eventually 30 lacks 10.50.0.0/16
docker stop $tag-router >/dev/null

node ip route add 10.50.0.0/16 via 172.29.5.20
router "10.50.0.0/16 172.29.6.20"
eventually 60 said "The router runs" || true
ok "a route that the node itself has another way for is not healthy" not healthy
ok "and it says which" bash -c "docker exec $tag-router /healthy.sh 2>&1 | grep -q 'uses another one for that network: kernel'"
docker stop $tag-router >/dev/null
ok "the node's own route is left alone" has 10.50.0.0/16 "via 172.29.5.20"
docker rm -fv $tag-router >/dev/null
node ip route del 10.50.0.0/16 via 172.29.5.20

# --- protocols
golden=$here/test/golden/protocols
speaker() { # FILE OF PROTOCOLS' LINES, ROUTES
  docker rm -fv $tag-router >/dev/null 2>&1 || true
  docker run --detach --name $tag-router --network container:$tag-node "${least[@]}" \
    --volume "$1:/protocols:ro" -e PROTOCOLS_FILE=/protocols -e "DAEMONS=$(setting DAEMONS "$1")" -e INTERFACES=eth0,eth1 \
    -e "ROUTES=${2:-}" "$image" >/dev/null
}
told() { docker exec -i -e PROTOCOLS_FILE=/dev/stdin $tag-router /start.sh "$@"; }
in_frr() { [[ $(docker exec $tag-router vtysh -c 'show running-config') == *"$1"* ]]; }
daemons() { [[ $(docker exec $tag-router sh -c 'cat /proc/[0-9]*/comm' | grep -xE 'zebra|[a-z]+d' | sort | tr '\n' ' ') == "$1" ]]; }
for file in "$golden"/*.conf; do
  name=${file##*/}
  routes="10.200.0.0/16 172.29.6.20"
  speaker "$file" "$routes"
  ok "$name: healthy" eventually 60 healthy
  ok "$name: every line is what FRR has, as FRR says it" eventually 30 differs ""
  ok "$name: no other daemon runs" daemons "$(printf '%s staticd zebra' "$(setting DAEMONS "$file")" | tr ', ' '\n' | sort | tr '\n' ' ')"
done
docker stop $tag-router >/dev/null
ok "ends 0 with all of them" ends 0

speaker "$golden/ospf.conf"
ok "speaks OSPF" eventually 60 healthy
started=$(docker exec $tag-router sh -c 'cat /run/frr/*.pid')
ok "other timers and another password, while it runs" bash -c "sed 's/Tr4nsit/An0ther/; s/dead-interval 3/dead-interval 4/' '$golden/ospf.conf' | docker exec -i -e PROTOCOLS_FILE=/dev/stdin $tag-router /start.sh reload"
ok "are FRR's" in_frr "ip ospf dead-interval 4"
ok "the password too" in_frr "md5 An0ther"
ok "no daemon has started again" test "$started" == "$(docker exec $tag-router sh -c 'cat /run/frr/*.pid')"
ok "IPv6 forwarding of the node is left alone" in_frr "no ipv6 forwarding"
told differs <"$golden/ospf.conf" >"$scratch/differs"
ok "what differs is told line by line" grep -qx 'the line "interface eth0: ip ospf dead-interval 3" is not in FRR; it was.' "$scratch/differs"
ok "a password is not told" not grep -qE 'Tr4nsit|An0ther' "$scratch/differs"
for wrong in 's/hello-interval 1/hello-interval 0/' 's/md5 Tr4nsit/md5 Tr4nsit Tr4nsit/' 's/md5 Tr4nsit/md5 Tr4nsit-of-17-char/'; do
  ok "refused: $wrong" not bash -c "sed '$wrong' '$golden/ospf.conf' | docker exec -i -e PROTOCOLS_FILE=/dev/stdin $tag-router /start.sh reload >'$scratch/refused' 2>&1"
  ok "FRR's own line is told" grep -qE "^line [0-9]+: % Unknown command.*(hello-interval 0|md5 \*\*\* Tr4nsit)|^the line .*md5 \*\*\*" "$scratch/refused"
  ok "what it had stays" in_frr "md5 An0ther"
  ok "and all of it" bash -c "sed 's/Tr4nsit/An0ther/; s/dead-interval 3/dead-interval 4/' '$golden/ospf.conf' | docker exec -i -e PROTOCOLS_FILE=/dev/stdin $tag-router /start.sh differs | diff - /dev/null"
done
ok "no line at all is refused" not bash -c "docker exec -i -e PROTOCOLS_FILE=/dev/stdin $tag-router /start.sh reload </dev/null"
ok "and changes nothing" in_frr "md5 An0ther"
ok "unhealthy with ospfd dead" eventually 60 unhealthy_without ospfd
ok "ospfd is started again" eventually 150 healthy
docker stop $tag-router >/dev/null

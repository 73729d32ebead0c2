#!/usr/bin/env bash
# Proves the load balancer's image: its golden files against Nginx itself, its answers to bad input, and two servers behind it
# that take turns, fail and come back. Needs Docker. Says nothing about throughput.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image=${IMAGE:-hybrid-vnf/nginx:test}
tag=hybrid-vnf-nginx-$$

# What it may do, as components/nginx/balancer.ts asks it of a Swarm.
capabilities=(CHOWN KILL NET_BIND_SERVICE SETGID SETUID)
least() { # ARGUMENT…: of docker run; without the capability that `without` names
  local one options=(--read-only --tmpfs "/run:mode=755,size=1m" --cap-drop ALL)
  for one in "${capabilities[@]}"; do
    [[ $one == "${without:-}" ]] || options+=(--cap-add "$one")
  done
  # Docker lets everybody listen on every port of a container's own network, but not on those of its node's.
  [[ "$*" == *--network\ container:* ]] || options+=(--sysctl net.ipv4.ip_unprivileged_port_start=1024)
  docker run --detach "${options[@]}" "$@" >/dev/null
}

remove() {
  docker rm -fv $tag-{asked,one,two,balancer,old,new,node} "${capabilities[@]/#/$tag-}" >/dev/null 2>&1 || true
  docker network rm $tag >/dev/null 2>&1 || true
}
# shellcheck source=images/try.sh
source "$here/../try.sh"

[[ -n ${IMAGE:-} ]] || docker build --quiet --tag "$image" "$here" >/dev/null 2>&1

# What start.sh makes of its input is asked in one container. The limit of open files is the host's otherwise, and it shows in the configuration.
docker run --detach --name $tag-asked --ulimit nofile=4096:4096 --entrypoint sleep "$image" infinity >/dev/null

# --- golden files
setting() { sed -n "s/^# $1=//p" "$2"; }
for file in "$here"/test/golden/good/*.conf; do
  input=()
  for name in SERVERS PORT KEEPALIVE ACCESS_LOG; do input+=(-e "$name=$(setting $name "$file")"); done
  docker exec "${input[@]}" $tag-asked /start.sh render >"$scratch/made"
  sed '/^# [A-Z_]*=/d' "$file" >"$scratch/wanted"
  ok "${file##*/} is what start.sh makes" diff "$scratch/wanted" "$scratch/made"
done
# shellcheck disable=SC2016 # a script for the container's shell
docker run --rm --entrypoint bash --volume "$here/test/golden:/golden:ro" "$image" -c '
  for file in /golden/*/*.conf; do
    nginx -t -q -c "$file" >/dev/null 2>&1 && echo "good $file" || echo "bad $file"
  done' >"$scratch/verdicts"
for file in "$here"/test/golden/*/*.conf; do
  kind=$(basename "$(dirname "$file")")
  ok "Nginx calls $kind/${file##*/} $kind" grep -qx "$kind /golden/$kind/${file##*/}" "$scratch/verdicts"
done

# --- bad input: one sentence for each thing, status 2, nothing on stdout
refused() {
  local setting=$1 got=0 pattern
  shift
  # shellcheck disable=SC2086 # one word for each setting
  docker exec -e "SERVERS=$setting" ${more:-} $tag-asked timeout 20 /start.sh >"$scratch/stdout" 2>"$scratch/said" || got=$?
  for pattern in "$@"; do ok "'$setting': $pattern" grep -qF -- "$pattern" "$scratch/said"; done
  ok "'$setting': $# sentence(s), status 2" test "$got:$(wc -l <"$scratch/said"):$(wc -c <"$scratch/stdout")" == "2:$#:0"
}
refused "" "SERVERS is empty"
refused " , " "its entry 1 is empty" "its entry 2 is empty"
refused "10.0.0.1," "its entry 2 is empty"
refused "10.0.0.256" "'10.0.0.256'; each server must be an IPv4 address"
refused "10.0.0.01" "'10.0.0.01'; each server"
refused "web.example" "'web.example'; each server"
refused "[fd00::1]:80" "'[fd00::1]:80'; each server"
refused "10.0.0.1:0" "with port '0'"
refused "10.0.0.1:" "with port ''"
refused "10.0.0.1:65536" "with port '65536'"
refused "10.0.0.1 10.0.0.2" "'10.0.0.1 10.0.0.2'; each server"
refused "10.0.0.1,10.0.0.1:80" "10.0.0.1:80 twice"
refused "10.0.0.1; return 200" "'10.0.0.1; return 200'; each server"
more="-e PORT=eighty -e KEEPALIVE=-1 -e ACCESS_LOG=/etc/passwd" refused "x" "'x'; each server" "PORT is 'eighty'" "KEEPALIVE is '-1'" "ACCESS_LOG is '/etc/passwd'"

# --- at work: the servers are Nginx too, and name themselves and the connection a request came by
docker network create --subnet 172.29.7.0/24 $tag >/dev/null
server() {
  docker run --detach --name "$tag-$1" --network $tag --ip "$2" --entrypoint bash "$image" -c "
    printf 'events {} http { server { listen 80; location / { return 200 \"$1 \$connection \$http_host \$http_x_forwarded_for\"; } } }' >/etc/nginx/nginx.conf
    exec nginx -g 'daemon off;'" >/dev/null
}
server one 172.29.7.11
server two 172.29.7.12
least --name $tag-balancer --network $tag --ip 172.29.7.10 -e SERVERS=172.29.7.11,172.29.7.12 -e ACCESS_LOG=stdout "$image"
get() { curl --silent --show-error --fail --noproxy '*' --max-time 8 http://172.29.7.10/; }
shares() { for _ in $(seq "$1"); do get | awk '{ print $1 }'; done | sort | uniq -c | awk '{ printf "%s%s", $2, $1 }'; }
takes_turns() { [[ $(shares 20) == one10two10 ]]; }
only() { [[ $(shares 6) == "${1}6" ]]; }
ends() { [[ $(docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' $tag-balancer) == "exited 0" ]]; }

ok "the image has at most 150 MB" small 150
ok "answers" eventually 60 get
ok "process 1 takes away what others have left" reaps $tag-balancer
ok "which is not so of any program" not reaps $tag-asked
ok "all its processes are Nginx" test "$(kinds $tag-balancer)" == nginx
ok "the servers take turns" takes_turns
connections() { for _ in $(seq 40); do get | awk '{ print $1 $2 }'; done | sort -u | wc -l; }
# Requests come one after the other: each of the workers keeps one connection to each server, and has another one in its place every ten
# seconds at the most.
kept() {
  local began=$SECONDS seen
  seen=$(connections)
  echo "$seen connections for 40 requests in $((SECONDS - began)) s"
  ((seen <= 2 * $(nproc) * (2 + (SECONDS - began) / 10) && seen < 40))
}
ok "connections to the servers are kept" kept
ok "host and client reach the server" grep -qE '^(one|two) [0-9]+ 172.29.7.10 172.29.7.1$' <<<"$(get)"
ok "answers probes for itself" curl --silent --fail --noproxy '*' http://172.29.7.10/-/alive
ok "on a socket of its own" docker exec $tag-balancer curl -fsS -o /dev/null --unix-socket /run/nginx-alive.sock http://localhost/-/alive
get >/dev/null
ok "the access log is on stdout" bash -c "docker logs $tag-balancer 2>/dev/null | grep -q '\"GET / HTTP/1.1\" 200'"
body() { head -c 900000 /dev/zero | curl --silent --show-error --fail --noproxy '*' --max-time 8 --data-binary @- http://172.29.7.10/; }
ok "a body that is larger than its memory for one goes through" body
ok "by a file in the volume that the image names" bash -c "docker logs $tag-balancer 2>&1 | grep -qF 'buffered to a temporary file /var/lib/nginx/'"
ok "nothing else of its files is written" test -z "$(docker diff $tag-balancer | grep -vE '^[AC] /(run|var(/lib)?(/nginx)?)$')"
ok "and can't be" not docker exec $tag-balancer touch /etc/nginx/nginx.conf
may() { docker exec $tag-balancer awk '$1 == "Uid:" { user = $2 } $1 == "CapEff:" { print user, $2 }' "$@"; }
ok "its first process may do five things" test "$(may /proc/1/status)" == "0 00000000000004e1"
ok "those that serve requests nothing" test "$(docker exec $tag-balancer bash -c 'grep --files-with-matches "^PPid:.1$" /proc/[0-9]*/status' |
  while read -r worker; do may "$worker"; done | sort -u)" == "33 0000000000000000"
docker kill --signal KILL $tag-balancer >/dev/null
docker start $tag-balancer >/dev/null
ok "comes up again in the same container" eventually 60 get
docker stop --time 1 $tag-one >/dev/null
ok "one server dead: no request is lost" only two
docker start $tag-one >/dev/null
ok "back: takes its turns again" eventually 60 takes_turns
docker pause $tag-two >/dev/null
ok "one server stuck: the other answers when its time is over" curl --silent --show-error --fail --noproxy "*" --max-time 20 http://172.29.7.10/
docker unpause $tag-two >/dev/null
docker stop --time 1 $tag-one $tag-two >/dev/null
ok "all dead: says so with 502 or 504" bash -c "[[ \$(curl --silent --noproxy '*' --max-time 50 --output /dev/null --write-out '%{http_code}' http://172.29.7.10/) == 50[24] ]]"
ok "all dead: still alive itself" curl --silent --fail --noproxy '*' http://172.29.7.10/-/alive
docker stop $tag-balancer >/dev/null
ok "ends 0 when stopped" ends

# --- none of its capabilities is one too many
for without in "${capabilities[@]}"; do least --name "$tag-$without" -e SERVERS=172.29.7.11 "$image"; done
unset without
# A worker that does not end when it is told to is ended after a second.
hang() {
  # shellcheck disable=SC2016 # a script for the container's shell
  docker exec --user www-data "$tag-KILL" bash -c 'kill -STOP $(grep --files-with-matches "^PPid:.1$" /proc/[0-9]*/status | cut -d / -f 3)' &&
    docker exec "$tag-KILL" bash -c 'kill -TERM 1'
}
ok "without KILL it comes up" eventually 60 hang
misses() { docker logs "$tag-$1" 2>&1 | grep -E "\(1: Operation not permitted\)|bind\(\) .*\(13: Permission denied\)"; }
for one in "${capabilities[@]}"; do ok "it misses $one" eventually 60 misses "$one"; done

# --- one takes over from the other on the same port, as tasks on a node's own network do
docker start $tag-one $tag-two >/dev/null
docker run --detach --name $tag-node --network $tag --ip 172.29.7.9 --sysctl net.ipv4.tcp_migrate_req=1 \
  --sysctl net.ipv4.ip_unprivileged_port_start=1024 --entrypoint sleep "$image" 600 >/dev/null
task() { least --name "$tag-$1" --network "container:$tag-node" -e "SERVERS=$2" "$image"; }
alive() { docker exec "$tag-$1" curl -fsS -o /dev/null --unix-socket /run/nginx-alive.sock http://localhost/-/alive; }
ask_node() { curl --silent --show-error --fail --noproxy '*' --max-time 8 http://172.29.7.9/; }
ends_after() { [[ $(docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$tag-$1") == "exited 0" ]]; }
task old 172.29.7.11
ok "the first one answers" eventually 60 ask_node
task new 172.29.7.12
ok "the next one is alive beside it" eventually 60 alive new
while [[ -d $scratch && ! -e $scratch/enough ]]; do printf '%s\n' "$(ask_node)"; done >"$scratch/answers" 2>"$scratch/lost" &
asking=$!
asked() { (($(wc -l <"$scratch/answers") >= $1)); }
ok "while both listen, both answer" eventually 60 bash -c "grep -q ^one '$scratch/answers' && grep -q ^two '$scratch/answers'"
docker stop --time 30 $tag-old >/dev/null
# Twenty more at least; the one that is answered first may have been sent before.
more=$(($(wc -l <"$scratch/answers") + 21))
ok "requests go on" eventually 120 asked $((more > 400 ? more : 400))
touch "$scratch/enough"
wait "$asking" || true
ok "the first one ends 0" ends_after old
ok "no request is lost" test ! -s "$scratch/lost"
ok "and the next one has answered last" bash -c "! tail -n 20 '$scratch/answers' | grep -q ^one"

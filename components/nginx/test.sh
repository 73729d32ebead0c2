#!/usr/bin/env bash
# Proves port.sh and converged.sh on a machine of its own; needs Docker and the machine image. For port.sh, a container with a service's
# label stands for its task; for converged.sh, services of another program stand for Nginx'.
# shellcheck disable=SC1091,SC2154 # try.sh, which is checked by itself
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
port=$here/port.sh
converged=$here/../swarm/converged.sh

network a 172.29.12.0/24
machine one a=172.29.12.10
inside one systemctl start docker
docker save debian:bookworm-slim | docker exec -i "$tag-one" docker load --quiet >/dev/null
publish() {
  inside one docker run --detach --name "$1" --publish "$2:80" --label "com.docker.swarm.service.name=$3" debian:bookworm-slim sleep 600 >/dev/null
}
try() { on one "$port" create PORT="$1" SERVICE=nginx; }

ok "port: free" try 8080
inside one systemd-run --quiet --unit taken --socket-property=ListenStream=127.0.0.1:8080 /bin/true
refused "port: taken by a process" 1 "Port 8080 of one is taken by systemd \(process 1\): stop that, or choose another port for the service nginx" try 8080
ok "port: another is free" try 8081
publish own 8082 nginx
ok "port: the service's own" try 8082
listen() { # NAME PORT SERVICE: on the node's own network
  inside one docker run --detach --name "$1" --network host --label "com.docker.swarm.service.name=$3" debian:bookworm-slim \
    perl -MIO::Socket::INET -e "\$kept = IO::Socket::INET->new(LocalPort => $2, Listen => 5) or die; sleep 600" >/dev/null
}
listens() { [[ -n $(inside one ss --no-header --listening --tcp "sport = :$1") ]]; }
listen task 8084 nginx
ok "port: a task listens on the node's own network" eventually 60 listens 8084
ok "port: which is the service's own" try 8084
listen stranger 8085 shop
ok "port: another's does too" eventually 60 listens 8085
refused "port: which is not" 1 "Port 8085 of one is taken by perl" try 8085
hands_over() { [[ $(inside one sysctl --values net.ipv4.tcp_migrate_req) == "$1" ]]; }
ok "port: a listener that closes hands over" hands_over 1
inside one sysctl --quiet --write net.ipv4.tcp_migrate_req=0
told() { [[ $(on one "$port" check PORT=8084 SERVICE=nginx) == "$1" ]]; }
ok "port: that it does not any more is told" told "one: net.ipv4.tcp_migrate_req is 0; it was 1."
ok "port: again" try 8084
ok "port: and nothing differs" told ""
publish other 8083 shop
refused "port: another container's" 1 "Port 8083 of one is taken by container other" try 8083
ok "port: again" on one "$port" update PORT=8082 SERVICE=nginx
refused "port: no such action" 1 "'grow' is no action" on one "$port" grow PORT=1 SERVICE=x
refused "port: no input" 1 "PORT" on one "$port" create

inside one docker swarm init --advertise-addr 172.29.12.10 >/dev/null
network_of() { [[ $(on one "$port" create PORT=8090 SERVICE=nginx) =~ ^[a-z0-9]{25}$ ]]; }
ok "port: a manager tells the ID of the nodes' own network" network_of
serve() { # NAME REVISION OPTION…
  inside one docker service create --quiet --detach --no-resolve-image --name "$1" --env "HYBRID_VNF_REVISION=$2" \
    --health-cmd true --health-interval 1s --restart-delay 1s --stop-grace-period 1s "${@:3}" debian:bookworm-slim sleep 600 >/dev/null
}
change() { inside one docker service update --quiet --detach --no-resolve-image --env-add "HYBRID_VNF_REVISION=$2" "${@:3}" "$1" >/dev/null; }
settle() { on one "$converged" create SERVICE="$1" REVISION="$2" REPLICAS="$3" READY_TIMEOUT="${4:-60}"; }
now() { [[ $(inside one docker service ps --filter desired-state=running --format '{{.CurrentState}}' "$1" | grep -c '^Running') == "$2" ]]; }

serve web first --replicas 2
ok "converged: both tasks run" settle web first 2
ok "and do" now web 2
ok "converged: again" on one "$converged" update SERVICE=web REVISION=first REPLICAS=2
change web first --replicas 1
ok "converged: fewer" settle web first 1
change web second --args "sleep 601"
ok "converged: another revision" settle web second 1
ok "and that one runs" bash -c "docker exec $tag-one pgrep -f '^sleep 601'"
change web third --args "bash -c 'echo no such setting >&2; exit 3'"
refused "converged: its program ends" 1 "The service web has 0 of 1 task\(s\) running and healthy after 20 s \(readyTimeoutSeconds\): web\.1 on one: task: non-zero exit \(3\)\." settle web third 1 20
said "It last said: .*no such setting"
change web fourth --args "sleep 600"
ok "converged: the next one is well" settle web fourth 1
serve sick one --health-cmd false --health-retries 2
refused "converged: never healthy" 1 "sick\.1 on one: .*unhealthy" settle sick one 1 20
serve nowhere one --constraint node.hostname==two
refused "converged: no node for it" 1 "nowhere\.1: no suitable node \(scheduling constraints not satisfied on 1 node\)" settle nowhere one 1 8
serve first one --endpoint-mode dnsrr --publish mode=host,target=80,published=8090
ok "converged: with a port" settle first one 1
serve second one --endpoint-mode dnsrr --publish mode=host,target=80,published=8090
refused "converged: a port that another service has" 1 "second\.1: no suitable node \(host-mode port already in use on 1 node\)" settle second one 1 8
refused "converged: no such service" 1 "one knows no service shop" settle shop one 1
refused "converged: no such action" 1 "'grow' is no action" on one "$converged" grow
refused "converged: a time that is none" 1 "READY_TIMEOUT is 'soon'" settle web fourth 1 soon
refused "converged: no input" 1 "REVISION" on one "$converged" create SERVICE=web

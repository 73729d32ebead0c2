#!/usr/bin/env bash
# Proves the Swarm scripts on three machines of their own: manager, worker, a second manager; needs Docker and the
# machine image. It does not prove a swarm across hosts, nor ports that a firewall closes.
# shellcheck disable=SC1091,SC2154 # try.sh, which is checked by itself
# shellcheck disable=SC2016 # scripts for the machines' own shells
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
manager=$here/manager.sh credentials=$here/credentials.sh join=$here/join.sh remove=$here/remove-node.sh
first=172.29.14.20

network a 172.29.14.0/24
machine m1 a=$first
machine w1 a=172.29.14.21
machine m2 a=172.29.14.22

# Docker's own client on this host, with the credentials as credentials.sh printed them.
cert=$(mktemp -d /dev/shm/hybrid-vnf-try.XXXXXX)
trap 'rm -rf -- "$cert"; finish' EXIT
api() { docker --host "tcp://$1:2376" --tlsverify --tlscacert "$cert/ca.pem" --tlscert "$cert/cert.pem" --tlskey "$cert/key.pem" "${@:2}"; }
fetch_credentials() {
  local part
  on m1 "$credentials" create >"$cert/all" || return
  for part in ca cert key; do jq -j ".$part" "$cert/all" >"$cert/$part.pem"; done
}
token() { jq -r ".$1Token" "$cert/all"; }
bytes() { inside m1 bash -c 'cat /etc/hybrid-vnf/swarm/* | sha256sum'; }
same() { [[ $(bytes) == "$before" ]]; }
started() { inside m1 systemctl show docker --property ExecMainStartTimestampMonotonic --value; }
untouched() { [[ $(started) == "$running" ]]; }
lists() { [[ $(api $first node ls --format '{{.Hostname}} {{.Status}} {{.ManagerStatus}}' | sort | tr -s ' \n' ' ,') == "$1" ]]; }
plain() { ! timeout 5 curl --silent --fail --noproxy '*' "http://$first:2376/version" >/dev/null && ! timeout 5 curl --silent --fail --noproxy '*' --insecure "https://$first:2376/version" >/dev/null; }
private() { [[ -z $(inside m1 find /etc/hybrid-vnf/swarm -type f -perm /077) && $(inside m1 stat -c %a /etc/hybrid-vnf/swarm) == 700 ]]; }
rebooted() { docker restart "$tag-$1" >/dev/null && eventually 120 answers "$1"; }
off() { [[ $(inside "$1" systemctl is-active docker) != active ]]; }
clean() { off "$1" && ! inside "$1" ls /etc/hybrid-vnf/swarm /etc/hybrid-vnf/swarm-node /etc/systemd/system/docker.service.d/hybrid-vnf-swarm.conf 2>/dev/null; }
no_token_seen() { ! grep -rqF -e "$(token worker)" -e "$(token manager)" "$scratch" "$seen"; }

refused "manager: no address, a bad name: both said" 2 "ADVERTISE_ADDRESS is ''" on m1 "$manager" create SANS='a b'
said "SANS holds 'a b'"
refused "manager: another machine's address" 1 "not on this machine, which has 172.29.14.20/24" on m1 "$manager" create ADVERTISE_ADDRESS=172.29.14.99
refused "credentials: before the manager" 1 "run manager.sh on it first" on m1 "$credentials" create

ok "manager: created" on m1 "$manager" create ADVERTISE_ADDRESS=$first SANS=swarm.example
ok "manager: its result" jq -es '.[0] | .endpoint == "tcp://172.29.14.20:2376" and .nodeName == "m1" and (.nodeId | length) == 25' "$scratch/out"
ok "manager: keys are root's alone" private
ok "credentials: printed" fetch_credentials
ok "API: answers over mutual TLS" api $first info
ok "API: refuses everybody else" plain
before=$(bytes) running=$(started)
cp "$cert/all" "$cert/all.before"
ok "manager: run again" on m1 "$manager" update ADVERTISE_ADDRESS=$first SANS=swarm.example
ok "manager: the same bytes" same
ok "manager: without a restart" untouched
ok "credentials: run again" fetch_credentials
ok "credentials: the same bytes" cmp "$cert/all" "$cert/all.before"
ok "manager: another name" on m1 "$manager" update ADVERTISE_ADDRESS=$first SANS=swarm.example,other.example
ok "manager: in the certificate" bash -c "openssl s_client -connect $first:2376 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName | grep -q other.example"
ok "credentials: still hold" api $first info

seen=$(mktemp -d)
(while ps -eo args >>"$seen/ps"; do sleep 0.05; done) &
watch=$!
ok "worker: joins" on w1 "$join" create ADVERTISE_ADDRESS=172.29.14.21 MANAGER_ADDRESS=$first "TOKEN=$(token worker)"
ok "worker: its result" jq -es '.[0] | .role == "worker" and .nodeName == "w1" and .address == "172.29.14.21"' "$scratch/out"
ok "worker: run again" on w1 "$join" update ADVERTISE_ADDRESS=172.29.14.21 MANAGER_ADDRESS=$first "TOKEN=$(token worker)"
ok "second manager: joins" on m2 "$join" create ADVERTISE_ADDRESS=172.29.14.22 MANAGER_ADDRESS=$first:2377 "TOKEN=$(token manager)"
ok "second manager: its result" jq -es '.[0].role == "manager"' "$scratch/out"
kill $watch
wait $watch 2>/dev/null || true
ok "no token on a command line" no_token_seen
rm -rf -- "$seen"
ok "all three are there" eventually 60 lists "m1 Ready Leader,m2 Ready Reachable,w1 Ready ,"

refused "join: nothing given, all said" 2 "MANAGER_ADDRESS is ''" on w1 "$join" create
said "TOKEN is not a join token"
said "ADVERTISE_ADDRESS is ''"
refused "join: a member of another swarm" 1 "member of another swarm \(managers: .*172.29.14.20:2377" on w1 "$join" create ADVERTISE_ADDRESS=172.29.14.21 MANAGER_ADDRESS=172.29.14.77 "TOKEN=$(token worker)"
refused "manager: on a worker" 1 "worker of another swarm" on w1 "$manager" create ADVERTISE_ADDRESS=172.29.14.21
ok "manager: leaves a worker as it was" bash -c "! docker exec $tag-w1 ls /etc/hybrid-vnf/swarm 2>/dev/null"
refused "manager: another address than its swarm's" 1 "advertises 172.29.14.20, and that address cannot be changed to 127.0.0.1" on m1 "$manager" update ADVERTISE_ADDRESS=127.0.0.1

rebooted w1
ok "worker: back after a reboot" eventually 120 lists "m1 Ready Leader,m2 Ready Reachable,w1 Ready ,"
rebooted m1
ok "API: back after the manager's reboot" eventually 120 api $first info
ok "swarm: whole again" eventually 120 bash -c "[[ \$(docker --host tcp://$first:2376 --tlsverify --tlscacert $cert/ca.pem --tlscert $cert/cert.pem --tlskey $cert/key.pem node ls --format '{{.Status}}' | grep -c Ready) == 3 ]]"

# A service, the whole way: the load balancer's image on the manager, Apache on the worker's machine behind it.
docker build --quiet --tag "hybrid-vnf/nginx:try-$$" "$here/../../images/nginx" >/dev/null 2>&1
docker save "hybrid-vnf/nginx:try-$$" | docker exec -i "$tag-m1" docker load --quiet >/dev/null
docker rmi "hybrid-vnf/nginx:try-$$" >/dev/null
serves() { [[ $(curl --silent --noproxy '*' --max-time 5 http://$first/) == *behind* ]]; }
ok "service: a server" on w1 "$here/../webservers/apache.sh" create NAME=behind ADDRESS=172.29.14.21
ok "service: created over the API" api $first service create --quiet --name lb --no-resolve-image --constraint node.hostname==m1 \
  --endpoint-mode dnsrr --publish mode=host,target=80,published=80 --env SERVERS=172.29.14.21 "hybrid-vnf/nginx:try-$$"
ok "service: answers on the node's port" eventually 60 serves
inside m1 bash -c 'docker kill "$(docker ps -q)"' >/dev/null
ok "service: its task killed, it answers again" eventually 60 serves
ok "service: removed" api $first service rm lb

ok "remove-node: nothing to create" on m1 "$remove" create NODE_NAME=w1
ok "remove-node: another node of that name stays" on m1 "$remove" delete NODE_NAME=w1 NODE_ID=none
ok "remove-node: a worker that is still up" on m1 "$remove" delete NODE_NAME=w1
ok "remove-node: a manager" on m1 "$remove" delete NODE_NAME=m2
ok "remove-node: twice" on m1 "$remove" delete NODE_NAME=w1
refused "remove-node: itself" 1 "cannot remove itself" on m1 "$remove" delete NODE_NAME=m1
ok "only the manager is left" eventually 60 lists "m1 Ready Leader,"
ok "worker: joins again after it was removed" on w1 "$join" update ADVERTISE_ADDRESS=172.29.14.21 MANAGER_ADDRESS=$first "TOKEN=$(token worker)"
ok "second manager: leaves" on m2 "$join" delete ADVERTISE_ADDRESS=172.29.14.22 MANAGER_ADDRESS=$first
ok "second manager: nothing left" clean m2
ok "second manager: joins again" on m2 "$join" create ADVERTISE_ADDRESS=172.29.14.22 MANAGER_ADDRESS=$first "TOKEN=$(token manager)"
ok "second manager: leaves without being removed" on m2 "$join" delete ADVERTISE_ADDRESS=172.29.14.22 MANAGER_ADDRESS=$first
ok "the majority holds" eventually 60 api $first node ls
ok "worker: leaves" on w1 "$join" delete
ok "worker: leaves twice" on w1 "$join" delete
refused "join: a token of another swarm" 1 "could not join|not a member" on w1 "$join" create ADVERTISE_ADDRESS=172.29.14.21 MANAGER_ADDRESS=$first JOIN_TIMEOUT=10 TOKEN=SWMTKN-1-0000000000000000000000000000000000000000000000000-0000000000000000000000000
refused "join: nobody there" 1 "could not join|not a member" on w1 "$join" create ADVERTISE_ADDRESS=172.29.14.21 MANAGER_ADDRESS=172.29.14.77 JOIN_TIMEOUT=8 "TOKEN=$(token worker)"
ok "manager: deleted" on m1 "$manager" delete
ok "manager: nothing left" clean m1
ok "manager: deleted twice" on m1 "$manager" delete
ok "remove-node: on no manager" on m1 "$remove" delete NODE_NAME=w1
ok "manager: created again" on m1 "$manager" create ADVERTISE_ADDRESS=$first

#!/usr/bin/env bash
# Proves port.sh on a machine of its own; needs Docker and the machine image. A container with a service's label stands for its task.
# shellcheck disable=SC1091,SC2154 # try.sh, which is checked by itself
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
port=$here/port.sh

network a 172.29.1.0/24
machine one a=172.29.1.10
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
publish other 8083 shop
refused "port: another container's" 1 "Port 8083 of one is taken by container other" try 8083
ok "port: again" on one "$port" update PORT=8082 SERVICE=nginx
refused "port: no such action" 1 "'grow' is no action" on one "$port" grow PORT=1 SERVICE=x
refused "port: no input" 1 "PORT" on one "$port" create

# shellcheck shell=bash
# Makes a Swarm node ready for a service whose tasks listen on the node's own network: the port is free, or that service's own already, for
# Docker only says that a task has ended; and of two tasks that share the port, the one that ends hands over what has come in to it.
#
# Input: PORT     the port
#        SERVICE  the service that is to have it
# Use:   bash -s -- create | update | check
# Prints, on a manager, the ID by which its Swarm knows the nodes' own networks.

# Connections that wait for a listener that closes go to another one of the same port (Linux, ip-sysctl: tcp_migrate_req, since 5.14).
handing_over=net.ipv4.tcp_migrate_req

# Whether one of these processes is a task of the service: "users:(("nginx",pid=12,fd=6),...)", or publishes the port for one, as an earlier
# release had it.
is_own() {
  local container pid
  [[ -z $(docker ps --quiet --filter "label=com.docker.swarm.service.name=$SERVICE" --filter "publish=$PORT/tcp") ]] || return 0
  for container in $(docker ps --quiet --filter "label=com.docker.swarm.service.name=$SERVICE"); do
    pid=$(docker inspect --format '{{.State.Pid}}' "$container" 2>/dev/null) || continue
    [[ $1 != *",pid=$pid,"* ]] || return 0
  done
  return 1
}

create() {
  local listening who
  : "${PORT:?}" "${SERVICE:?}"
  listening=$(ss --no-header --listening --tcp --numeric --processes "sport = :$PORT") ||
    fail "The ports of $(hostname) can't be listed; 'ss -ltnp' on it says more."
  if [[ -n $listening ]] && ! is_own "$listening"; then
    who=$(docker ps --filter "publish=$PORT/tcp" --format 'container {{.Names}}' | head -n 1)
    [[ -n $who ]] || who=$(sed -nE '1s/.*users:\(\("([^"]*)",pid=([0-9]+).*/\1 (process \2)/p' <<<"$listening")
    fail "Port $PORT of $(hostname) is taken by ${who:-somebody}: stop that, or choose another port for the service $SERVICE."
  fi
  sysctl --quiet --write "$handing_over=1" 2>/dev/null || true # an older kernel has no such setting
  [[ $(docker info --format '{{.Swarm.ControlAvailable}}') == true ]] || return 0
  curl --silent --fail --unix-socket /var/run/docker.sock 'http://localhost/networks/host?scope=swarm' |
    sed -nE 's/.*"Id":"([a-z0-9]+)".*/\1/p'
}

check() {
  local is
  is=$(sysctl --values "$handing_over" 2>/dev/null) || return 0
  ((is == 1)) || differs "$handing_over is $is; it was 1."
}

act port.sh "$@"

# shellcheck shell=bash
# Makes sure that a TCP port of a Swarm node is free for a service, or already that service's own: Docker itself only says that a task has
# ended. Runs on the node.
#
# Input: PORT     the port
#        SERVICE  the service that is to have it
# Use:   bash -s -- create | update

create() {
  local listening who
  listening=$(ss --no-header --listening --tcp --numeric --processes "sport = :${PORT:?}") ||
    fail "The ports of $(hostname) can't be listed; 'ss -ltnp' on it says more."
  [[ -n $listening ]] || return 0
  [[ -z $(docker ps --quiet --filter "label=com.docker.swarm.service.name=${SERVICE:?}" --filter "publish=$PORT/tcp") ]] || return 0
  who=$(docker ps --filter "publish=$PORT/tcp" --format 'container {{.Names}}' | head -n 1)
  [[ -n $who ]] || who=$(sed -nE '1s/.*users:\(\("([^"]*)",pid=([0-9]+).*/\1 (process \2)/p' <<<"$listening")
  fail "Port $PORT of $(hostname) is taken by ${who:-somebody}: stop that, or choose another port for the service $SERVICE."
}

act port.sh "$@"

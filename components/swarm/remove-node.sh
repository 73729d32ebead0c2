# shellcheck shell=bash
# Takes a node out of the swarm's list, on a manager: what is left to do once the node has left, or is gone for good.
#
# Input: NODE_NAME  the node's host name
#        NODE_ID    the node's ID: with it a newer node of the same name is left alone
# Use:   bash -s -- create | update | delete   (create has nothing to do)

nodes() {
  docker node ls --format '{{.ID}} {{.Hostname}}' | while read -r id name; do
    [[ $name == "$NODE_NAME" && ${NODE_ID:-$id} == "$id" ]] || continue
    printf '%s\n' "$id"
  done
}

create() { :; }

remove() {
  local id own end
  [[ -n ${NODE_NAME:-} ]] || fail "NODE_NAME is empty; it must be the host name of the node to remove."
  if [[ $(docker info --format '{{.Swarm.ControlAvailable}}' 2>/dev/null) != true ]]; then
    say "This machine is no manager of a swarm (any more); there is no node to remove."
    return 0
  fi
  own=$(docker info --format '{{.Swarm.NodeID}}')
  for id in $(nodes); do
    if [[ $id == "$own" ]]; then
      fail "Node $NODE_NAME is this manager itself, which cannot remove itself; delete its swarm instead."
    fi
    # Its tasks move first, then its vote goes, then the node.
    docker node update --availability drain "$id" >/dev/null
    if [[ $(docker node inspect --format '{{.Spec.Role}}' "$id") == manager ]]; then
      docker node demote "$id" >&2
      end=$((SECONDS + 30))
      until [[ $(docker node inspect --format '{{.ManagerStatus}}' "$id") == '<nil>' ]]; do
        ((SECONDS < end)) || fail "Node $NODE_NAME is still a manager 30 s after it was demoted; see 'docker node inspect $id' on this machine."
        sleep 0.5
      done
    fi
    docker node rm --force "$id" >&2
  done
}

act remove-node.sh "$@"

#!/usr/bin/env bash
# On the control plane's machine: prints a command, a secret, that lets one more machine join within the hour.
# delete takes the node that joined with it out of the cluster.
#
# Input: NODE_NAME      the joining machine's name in the cluster
#        DRAIN_TIMEOUT  seconds that its pods get to end when it leaves (default 30)
# Use:   bash -s -- create | update | delete
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

export KUBECONFIG=/etc/kubernetes/admin.conf

check_input() {
  [[ ${#node} -le 63 && $node =~ ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ ]] ||
    fail "NODE_NAME is '$node'; it must be a name of at most 63 lower-case letters, digits and hyphens, such as kubernetes-2."
  [[ $limit =~ ^[1-9][0-9]{0,3}$ ]] || fail "DRAIN_TIMEOUT is '$limit'; it must be a whole number of seconds from 1 to 9999."
}

remove() {
  local ready
  [[ -s $KUBECONFIG ]] || return 0 # the cluster has gone first
  if [[ -z $(kubectl get node "$node" --ignore-not-found --output name) ]]; then return; fi
  kubectl cordon "$node" >&2
  ready=$(kubectl get node "$node" --output 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')
  if [[ $ready == True ]]; then
    kubectl drain "$node" --ignore-daemonsets --delete-emptydir-data --force --timeout "${limit}s" >&2 ||
      say "Pods of $node have not all ended within $limit s (DRAIN_TIMEOUT); it leaves all the same."
  fi
  kubectl delete node "$node" --ignore-not-found >&2
}

main() {
  node=${NODE_NAME:-}
  limit=${DRAIN_TIMEOUT:-30}
  case ${1:-} in
    create | update)
      check_input
      [[ -s $KUBECONFIG ]] || fail "$KUBECONFIG is not there: this machine has no control plane; run control-plane.sh on it first."
      kubeadm token create --ttl 1h --description "hybrid-vnf: $node joins" --print-join-command
      ;;
    delete)
      check_input
      remove
      ;;
    *) fail "'${1:-}' is no action of join-command.sh; use create, update or delete." ;;
  esac
}

main "$@" </dev/null

# shellcheck shell=bash
# On the control plane's machine: prints a command, a secret, that lets one more machine join within the hour.
# delete takes the node that joined with it out of the cluster.
#
# Input: NODE_NAME      the joining machine's name in the cluster
#        DRAIN_TIMEOUT  seconds that its pods get to end when it leaves (default 30)
# Use:   bash -s -- create | update | delete

node=${NODE_NAME:-}
limit=${DRAIN_TIMEOUT:-30}
export KUBECONFIG=/etc/kubernetes/admin.conf

check_input() {
  is_label "$node" ||
    fail "NODE_NAME is '$node'; it must be a name of at most 63 lower-case letters, digits and hyphens, such as kubernetes-2."
  is_number "$limit" 1 9999 || fail "DRAIN_TIMEOUT is '$limit'; it must be a whole number of seconds from 1 to 9999."
}

create() {
  check_input
  [[ -s $KUBECONFIG ]] || fail "$KUBECONFIG is not there: this machine has no control plane; run control-plane.sh on it first."
  kubeadm token create --ttl 1h --description "hybrid-vnf: $node joins" --print-join-command
}

remove() {
  local ready
  check_input
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

act join-command.sh "$@"

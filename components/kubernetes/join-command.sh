# shellcheck shell=bash
# On the control plane's machine: prints a command, a secret, that lets one more machine join within the hour.
# delete takes the node that joined with it out of the cluster, and lets whereabouts give away anew what pods still hold there.
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

# free_addresses: of pods that are still on the node. Nobody else frees them (whereabouts.ts) once it has left.
free_addresses() {
  local group=whereabouts.cni.cncf.io pods pools reservations pool patch address
  [[ -n $(kubectl get crd "ippools.$group" --ignore-not-found --output name) ]] || return 0
  pods=$(kubectl get pods --all-namespaces --field-selector "spec.nodeName=$node" --output json |
    jq --compact-output '[.items[].metadata | "\(.namespace)/\(.name)"]') &&
    pools=$(kubectl --namespace kube-system get "ippools.$group" --output json) &&
    reservations=$(kubectl --namespace kube-system get "overlappingrangeipreservations.$group" --output json) || return
  jq --raw-output --argjson pods "$pods" '.items[] | .metadata.name as $name
    | [.spec.allocations | to_entries[] | select(.value.podref | IN($pods[])) | {op: "remove", path: "/spec/allocations/\(.key)"}]
    | select(length > 0) | "\($name) \(tojson)"' <<<"$pools" |
    while read -r pool patch; do
      kubectl --namespace kube-system patch "ippools.$group" "$pool" --type json --patch "$patch" >&2 || return
    done || return
  jq --raw-output --argjson pods "$pods" '.items[] | select(.spec.podref | IN($pods[])) | .metadata.name' <<<"$reservations" |
    while read -r address; do
      kubectl --namespace kube-system delete "overlappingrangeipreservations.$group" "$address" >&2 || return
    done
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
  free_addresses || say "Addresses of pods of $node stay taken (see above)."
  kubectl delete node "$node" --ignore-not-found >&2
}

act join-command.sh "$@"

# shellcheck shell=bash
# Asks a cluster, on the machine of its control plane, which range of addresses each node gives to its pods.
#
# Input: NODES          the nodes' names, separated by spaces
#        READY_TIMEOUT  seconds in which each is to have one (default 120)
# Use:   bash -s -- create | update
# Prints a range for each node, in their order, separated by spaces

read -r -a nodes <<<"${NODES:-}"
limit=${READY_TIMEOUT:-120}
export KUBECONFIG=/etc/kubernetes/admin.conf

create() {
  local node range ranges=()
  ((${#nodes[@]})) || fail "NODES is empty; name the nodes whose pods' ranges are asked for."
  for node in "${nodes[@]}"; do
    until range=$(kubectl get node "$node" --output 'jsonpath={.spec.podCIDR}' 2>/dev/null) && [[ -n $range ]]; do
      ((SECONDS < limit)) ||
        fail "The cluster gives node $node no range for its pods within $limit s; on this machine, 'KUBECONFIG=$KUBECONFIG kubectl get nodes' says more."
      sleep 0.5
    done
    ranges+=("$range")
  done
  echo "${ranges[*]}"
}

act pod-ranges.sh "$@"

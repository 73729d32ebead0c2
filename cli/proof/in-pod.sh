#!/usr/bin/env bash
# Runs a program on a node in the network of a pod there, as the pod sees it: its interfaces, routes, neighbours and settings.
#
# Input: DEPLOYMENT  what makes the pod
#        NAMESPACE   the namespace that it is in
#        PROGRAM     the text of the program, with its own input before it
# Prints what the program prints.
set -euo pipefail
: "${DEPLOYMENT:?}" "${NAMESPACE:?}" "${PROGRAM:?}"
export -n PROGRAM # its text may be longer than a command's environment

# Of the pod's containers, all are in the same network; one that has ended has none any more.
pod=$(ctr --namespace k8s.io containers list --quiet "labels.\"io.kubernetes.pod.namespace\"==$NAMESPACE,labels.\"io.kubernetes.pod.name\"~=^$DEPLOYMENT-[a-z0-9]+-[a-z0-9]+\$")
tasks=$(ctr --namespace k8s.io tasks list)
process=$(awk 'NR == FNR { known[$1] = 1; next } known[$1] && $3 == "RUNNING" { print $2; exit }' <(printf '%s\n' "$pod") <(printf '%s\n' "$tasks"))
[[ -n $process ]] || {
  printf 'The pod of %s does not run on this node.\n' "$DEPLOYMENT" >&2
  exit 1
}
network=$(ip netns identify "$process")
[[ -n $network ]] || {
  printf 'The pod of %s has the network of its node.\n' "$DEPLOYMENT" >&2
  exit 1
}
ip netns exec "$network" bash -s <<<"$PROGRAM"

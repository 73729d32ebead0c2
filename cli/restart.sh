#!/usr/bin/env bash
# Runs on a machine with a cluster's control plane: prints how many seconds the pod of a Deployment took from its start until it was ready, and
# how many it has to end, as Kubernetes' API tells.
#
# Input: ROUTER     the Deployment
#        NAMESPACE  the namespace that it is in
set -euo pipefail
: "${ROUTER:?}" "${NAMESPACE:?}"

kubectl --kubeconfig /etc/kubernetes/admin.conf get pods --namespace "$NAMESPACE" --selector "app=$ROUTER" --output json | jq --raw-output '
  [.items[] | select(.status.startTime and .metadata.deletionTimestamp == null)][0]
  | ((.status.conditions[] | select(.type == "Ready" and .status == "True") | .lastTransitionTime | fromdate) - (.status.startTime | fromdate)) as $start
  | "\($start) \(.spec.terminationGracePeriodSeconds)"'

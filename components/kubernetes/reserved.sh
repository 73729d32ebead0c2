# shellcheck shell=bash
# Asks a cluster whether one of these nodes can give a pod what it is to have for itself, before there is a pod that waits for it. Changes
# nothing. Runs on the node with the control plane.
#
# Input: NODES          the nodes that the pod may be on, spaces between
#        FUNCTION       the label `app` of the pods that ask, whose own share is not counted as taken
#        CORES          processors of its own (default 0)
#        HUGEPAGES_MIB  MiB in pages of 2 MiB (default 0)
#        SINGLE_NUMA    yes: all of it from one NUMA node (default no)
# Use:   bash -s -- create | update
# Prints {"node":...}, the first one that can.

nodes=${NODES:-}
function=${FUNCTION:-}
cores=${CORES:-0}
hugepages=${HUGEPAGES_MIB:-0}
single=${SINGLE_NUMA:-no}
patience=30

api() { kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout 20s "$@"; }

# amount KIND: an amount of Kubernetes as a number: thousandths of a core, or MiB.
amounts='
  def thousandths: tostring | if endswith("m") then .[:-1] | tonumber else tonumber * 1000 end;
  def mebibytes: tostring
    | if endswith("Gi") then .[:-2] | tonumber * 1024
      elif endswith("Mi") then .[:-2] | tonumber
      elif endswith("Ki") then .[:-2] | tonumber / 1024 | floor
      else tonumber / 1048576 | floor end;'

# left NODE: thousandths of cores, and MiB of pages, that nobody else there asks for. A pod asks for what its containers do together, or for
# what the largest of those before them does.
left() {
  local node pods
  node=$(api get node "$1" --output json) || fail "The cluster tells nothing of the node $1 (see above)."
  pods=$(api get pods --all-namespaces --field-selector "spec.nodeName=$1,status.phase!=Succeeded,status.phase!=Failed" --output json) ||
    fail "The cluster does not tell which pods are on the node $1 (see above)."
  # By standard input, for a list of pods is longer than an argument may be.
  printf '%s\n%s\n' "$node" "$pods" | jq --slurp --raw-output --arg function "$function" "$amounts"'
    .[0].status.allocatable as $has
    | [.[1].items[] | select(.metadata.labels.app != $function) | .spec] as $others
    | def asked($what; amount): [$others[]
        | [([.containers[] | .resources.requests[$what] // "0" | amount] | add // 0),
           ([.initContainers[]? | .resources.requests[$what] // "0" | amount] | max // 0)] | max] | add // 0;
    [($has.cpu | thousandths) - asked("cpu"; thousandths),
     ($has["hugepages-2Mi"] // "0" | mebibytes) - asked("hugepages-2Mi"; mebibytes)] | @tsv'
}

# A kubelet that was given other settings was started again, and its cluster reaches it after that.
settings_of() {
  local end=$((SECONDS + patience)) said
  until said=$(api get --raw "/api/v1/nodes/$1/proxy/configz" 2>&1); do
    ((SECONDS < end)) || fail "$said"
    sleep 0.5
  done
  echo "$said"
}

# lacks NODE: what keeps the pod from it, if anything.
lacks() {
  local settings cpu topology free pages
  settings=$(settings_of "$1") || fail "The kubelet of $1 does not tell its settings within $patience s (see above)."
  cpu=$(jq --raw-output '.kubeletconfig.cpuManagerPolicy // "none"' <<<"$settings")
  topology=$(jq --raw-output '.kubeletconfig.topologyManagerPolicy // "none"' <<<"$settings")
  read -r free pages < <(left "$1") || fail "What the node $1 has left is not known (see above)."
  if ((cores > 0)) && [[ $cpu != static ]]; then
    echo "$1 gives no pod processors of its own, for its kubelet's cpuManagerPolicy is $cpu (a KubernetesCluster sets it: cpuManagerPolicy \"static\")."
  elif ((cores * 1000 > free)); then
    echo "$1 has $((free / 1000)).$(printf '%03d' $((free % 1000))) cores that no other pod asks for, and dedicatedCores is $cores."
  fi
  if ((hugepages > pages)); then
    echo "$1 has $pages MiB of pages of 2 MiB that no other pod asks for, and $hugepages MiB are asked for (sysctl vm.nr_hugepages sets pages aside; then its kubelet must be started again)."
  fi
  if [[ $single == yes && $topology != single-numa-node ]]; then
    echo "$1 does not keep a pod on one NUMA node, for its kubelet's topologyManagerPolicy is $topology (a KubernetesCluster sets it: topologyManagerPolicy \"single-numa-node\")."
  fi
}

create() {
  local node lacking said=()
  is_label "$function" || problem "FUNCTION is '$function'; it must be a name of at most 63 lower-case letters, digits and hyphens."
  [[ $nodes ]] || problem "NODES is empty; it must name the nodes that a pod may be on."
  is_number "$cores" 0 1024 || problem "CORES is '$cores'; it must be a whole number from 0 to 1024."
  is_number "$hugepages" 0 1048576 || problem "HUGEPAGES_MIB is '$hugepages'; it must be a whole number of MiB from 0 to 1048576."
  [[ $single == yes || $single == no ]] || problem "SINGLE_NUMA is '$single'; it must be yes or no."
  stop_on_problems
  require_command jq jq
  [[ -r /etc/kubernetes/admin.conf ]] || fail "This machine has no /etc/kubernetes/admin.conf, so it has not the cluster's control plane, which is to be asked."
  for node in $nodes; do
    lacking=$(lacks "$node") || exit 1
    if [[ -z $lacking ]]; then
      printf '{"node":"%s"}\n' "$node"
      return
    fi
    said+=("$lacking")
  done
  fail "No node can give $function what it is to have for itself: $(paste --serial --delimiters=' ' <<<"$(printf '%s\n' "${said[@]}")")"
}

act reserved.sh "$@"

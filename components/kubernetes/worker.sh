# shellcheck shell=bash
# Makes a machine that node.sh has prepared a worker of a cluster. Safe to run again: a node that has joined is left alone,
# one that has joined only half is begun anew.
#
# Input: JOIN_COMMAND   what join-command.sh printed on the control plane's machine (secret)
#        NODE_NAME      this machine's name in the cluster
#        READY_TIMEOUT  seconds to wait until the cluster knows the node (default 120)
# Use:   bash -s -- create | update | delete
# Prints {"node":...}

node=${NODE_NAME:-}
join=${JOIN_COMMAND:-}
limit=${READY_TIMEOUT:-120}

own=/etc/hybrid-vnf
config=$own/kubeadm-join.yaml
log=/var/log/hybrid-vnf/kubeadm.log
made=$own/worker # the control plane that this node has joined; there only when kubeadm has ended well
kubelet=/etc/kubernetes/kubelet.conf

# Takes the parts of the command apart: the token must not be seen in a list of processes.
read_command() {
  local pattern='^kubeadm join ([^ ]+:[0-9]+) --token ([a-z0-9]{6}\.[a-z0-9]{16}) --discovery-token-ca-cert-hash (sha256:[0-9a-f]{64}) *$'
  [[ $join =~ $pattern ]] ||
    fail "JOIN_COMMAND is not of the form 'kubeadm join HOST:PORT --token … --discovery-token-ca-cert-hash sha256:…' (it is a secret and not shown); give what join-command.sh prints."
  endpoint=${BASH_REMATCH[1]}
  token=${BASH_REMATCH[2]}
  authority=${BASH_REMATCH[3]}
}

check_input() {
  is_label "$node" ||
    fail "NODE_NAME is '$node'; it must be a name of at most 63 lower-case letters, digits and hyphens, such as kubernetes-2."
  is_number "$limit" 1 9999 || fail "READY_TIMEOUT is '$limit'; it must be a whole number of seconds from 1 to 9999."
  read_command
  [[ -f $own/kubelet.conf.d/10-machine.conf ]] || fail "This machine is not prepared as a node; run node.sh on it first."
}

# Checks of kubeadm's that this machine is known to fail, or whose subject is not here to be checked.
ignored_checks() {
  local checks=()
  if [[ $(stat --file-system --format %T /sys/fs/cgroup) != cgroup2fs || ! -r /proc/config.gz && ! -r /boot/config-$(uname -r) ]]; then
    checks+=(SystemVerification)
  fi
  [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] || checks+=(FileContent--proc-sys-net-bridge-bridge-nf-call-iptables)
  [[ $(wc --lines </proc/swaps) == 1 ]] || checks+=(Swap)
  if ((${#checks[@]})); then say "Left unchecked on this machine: ${checks[*]}"; fi
  local IFS=,
  echo "[${checks[*]}]"
}

write_config() {
  (
    umask 077
    cat >"$config" <<CONFIG
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken:
    apiServerEndpoint: $endpoint
    token: $token
    caCertHashes: ["$authority"]
nodeRegistration:
  name: $node
  criSocket: unix:///run/containerd/containerd.sock
  imagePullPolicy: IfNotPresent
  ignorePreflightErrors: $(ignored_checks)
CONFIG
  )
}

# kubeadm tells a long story; it is kept on the machine, and told here only when it ends badly.
quietly() {
  mkdir -p "$(dirname "$log")"
  (umask 077 && "$@" >"$log" 2>&1) && return
  tail -n 20 "$log" >&2
  return 1
}

# Clears away a cluster's traces, those of its pods' network too: a bridge that is left with another range's address
# refuses new pods.
clear_away() {
  quietly kubeadm reset --force ||
    fail "kubeadm could not clear away what is on this machine; its last lines are above, all of them in $log on the machine."
  ip link delete cni0 2>/dev/null || true
  ip link delete flannel.1 2>/dev/null || true
  ip link delete kube-bridge 2>/dev/null || true
  rm -rf -- /var/lib/cni /run/flannel/subnet.env
}

known_to_cluster() { kubectl --kubeconfig "$kubelet" --request-timeout 5s get node "$node" >/dev/null 2>&1; }

create() {
  local endpoint token authority started=$SECONDS
  check_input
  if [[ -f $made && $(<"$made") == "$endpoint $authority $node" ]]; then
    systemctl --quiet is-active kubelet || systemctl start kubelet >&2
  else
    if [[ -e $kubelet || -e /etc/kubernetes/bootstrap-kubelet.conf || -f $made ]]; then
      say "This machine has joined a cluster before, another one or not to the end: starting anew."
      rm -f -- "$made"
      clear_away
    fi
    trap 'rm -f -- "$config"' EXIT
    write_config
    quietly kubeadm join --config "$config" ||
      fail "kubeadm could not join the cluster at $endpoint; its last lines are above, all of them in $log on the machine."
    echo "$endpoint $authority $node" >"$made"
  fi
  until known_to_cluster; do
    ((SECONDS - started < limit)) ||
      fail "The cluster at $endpoint does not know node $node within $limit s (READY_TIMEOUT); 'journalctl -u kubelet' on the machine says more."
    sleep 0.5
  done
  printf '{"node":"%s"}\n' "$node"
}

remove() {
  if [[ -f $made || -e $kubelet ]]; then
    clear_away
  fi
  rm -f -- "$made" "$config"
}

act worker.sh "$@"

# shellcheck shell=bash
# Brings up the control plane of a cluster on a machine that node.sh has made ready, and waits until it serves.
# Safe to run again at any time: a control plane that is up is left alone, one that is half up is begun anew.
#
# Input: ADVERTISE_ADDRESS  the address that the other nodes reach the API at
#        SANS               further IPv4 addresses that it is reached at, separated by commas (default none)
#        NODE_NAME          this machine's name in the cluster
#        POD_CIDR           range of the pods' addresses (default 10.244.0.0/16)
#        SERVICE_CIDR       range of the services' addresses (default 10.96.0.0/12)
#        CNI                bridge, flannel, kube-router or manifest (default bridge); but for bridge, the node becomes ready only when that runs
#        SINGLE_NODE        true: ordinary pods run here too (default false)
#        READY_TIMEOUT      seconds to wait for the API, and then for the node and CoreDNS (default 120; kubeadm itself has 240 at least)
# Use:   bash -s -- create | update | delete
# Prints {"version":"v1.34.4"}

address=${ADVERTISE_ADDRESS:-}
IFS=, read -r -a sans <<<"${SANS:-}"
node=${NODE_NAME:-}
pod_cidr=${POD_CIDR:-10.244.0.0/16}
service_cidr=${SERVICE_CIDR:-10.96.0.0/12}
cni=${CNI:-bridge}
single=${SINGLE_NODE:-false}
limit=${READY_TIMEOUT:-120}

own=/etc/hybrid-vnf
config=$own/kubeadm.yaml
patches=$own/kubeadm-patches
log=/var/log/hybrid-vnf/kubeadm.log
made=$own/control-plane # what the control plane was made with; there only when kubeadm has ended well
export KUBECONFIG=/etc/kubernetes/admin.conf

check_input() {
  local name
  is_address "$address" || problem "ADVERTISE_ADDRESS is '$address'; it must be an IPv4 address of this machine, such as 10.100.101.10."
  is_label "$node" ||
    problem "NODE_NAME is '$node'; it must be a name of at most 63 lower-case letters, digits and hyphens, such as kubernetes-1."
  for name in pod_cidr service_cidr; do
    is_cidr "${!name}" 8 24 ||
      problem "${name^^} is '${!name}'; it must be an IPv4 network of /8 to /24, such as 10.244.0.0/16."
  done
  for name in "${sans[@]}"; do
    is_address "$name" || problem "SANS holds '$name'; each entry must be an IPv4 address."
  done
  [[ $cni == bridge || $cni == flannel || $cni == kube-router || $cni == manifest ]] ||
    problem "CNI is '$cni'; it must be bridge (one node), flannel or kube-router (several), or manifest (what that brings)."
  [[ $single == true || $single == false ]] || problem "SINGLE_NODE is '$single'; it must be true or false."
  is_number "$limit" 1 9999 || problem "READY_TIMEOUT is '$limit'; it must be a whole number of seconds from 1 to 9999."
  stop_on_problems
  [[ -f $own/kubelet.conf.d/10-machine.conf ]] || fail "This machine is not prepared as a node; run node.sh on it first."
}

# Whether the kernel lets this machine size its connection table: a container's is sized by its host.
may_size_conntrack() {
  local setting=/proc/sys/net/netfilter/nf_conntrack_max size
  [[ -r $setting ]] || return 1
  size=$(<"$setting")
  (echo "$size" >"$setting") 2>/dev/null
}

# Checks of kubeadm's that this machine is known to fail, or whose subject is not here to be checked.
ignored_checks() {
  local checks=()
  if [[ $(stat --file-system --format %T /sys/fs/cgroup) != cgroup2fs || ! -r /proc/config.gz && ! -r /boot/config-$(uname -r) ]]; then
    checks+=(SystemVerification)
  fi
  [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] || checks+=(FileContent--proc-sys-net-bridge-bridge-nf-call-iptables)
  (($(nproc) > 1)) || checks+=(NumCPU)
  (($(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo) >= 1740800)) || checks+=(Mem)
  [[ $(wc --lines </proc/swaps) == 1 ]] || checks+=(Swap)
  if ((${#checks[@]})); then say "Left unchecked on this machine: ${checks[*]}"; fi
  local IFS=,
  echo "[${checks[*]}]"
}

# The addresses that the API's certificate is for, each once.
certificate_names() { printf '"%s"\n' "$address" "${sans[@]}" | sort --unique | paste --serial --delimiters=,; }

# Whether the certificate that the API shows is for all of them.
certificate_covers() {
  local name
  for name in "${sans[@]}"; do
    openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -checkip "$name" 2>/dev/null | grep -q 'does match' || return 1
  done
}

# The API takes a new certificate up when it begins again.
renew_certificate() {
  local old
  say "The API's certificate is made anew, for $(certificate_names)."
  write_config
  rm -f -- /etc/kubernetes/pki/apiserver.crt /etc/kubernetes/pki/apiserver.key
  quietly kubeadm init phase certs apiserver --config "$config" ||
    fail "kubeadm could not make the API's certificate; its last lines are above, all of them in $log on the machine."
  old=$(pgrep --exact kube-apiserver) || return 0
  kill "$old"
  while kill -0 "$old" 2>/dev/null; do # the kubelet starts another one
    ((SECONDS - started < limit)) || fail "The API's process $old has not ended within $limit s (READY_TIMEOUT); 'journalctl -u kubelet' on the machine says more."
    sleep 0.5
  done
}

write_config() {
  local taints='' masquerade=false patience=$((limit > 240 ? limit : 240)) # kubeadm's own is 4 minutes
  # A router function may see one direction of a connection only, which conntrack calls invalid and kube-proxy would drop.
  local conntrack='tcpBeLiberal: true'
  if [[ $single == true ]]; then taints='  taints: []'; fi
  if ! may_size_conntrack; then conntrack+=', maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s'; fi
  # Without bridge filtering, an answer between two pods of one bridge would skip the way back through the service.
  [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] || masquerade=true
  mkdir -p "$patches"
  # CoreDNS starts before kube-proxy has made the API's service address work, and would ask there again only seconds later: it asks
  # the API itself, and is asked every second whether it is ready, in place of every ten.
  cat >"$patches/corednsdeployment.yaml" <<PATCH
spec:
  template:
    spec:
      containers:
        - name: coredns
          env: [{name: KUBERNETES_SERVICE_HOST, value: $address}, {name: KUBERNETES_SERVICE_PORT, value: "6443"}]
          readinessProbe: {periodSeconds: 1}
PATCH
  cat >"$config" <<CONFIG
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: $address
nodeRegistration:
  name: $node
  criSocket: unix:///run/containerd/containerd.sock
  imagePullPolicy: IfNotPresent
$taints
  ignorePreflightErrors: $(ignored_checks)
patches: {directory: $patches}
timeouts: {controlPlaneComponentHealthCheck: ${patience}s, kubeletHealthCheck: ${patience}s}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: $version
encryptionAlgorithm: ECDSA-P256 # sixteen keys of RSA take a second
networking:
  podSubnet: $pod_cidr
  serviceSubnet: $service_cidr
apiServer:
  certSANs: [$(certificate_names)]
# The only ones of their kind, they have nobody to wait for before they begin. The controllers begin one after another, each with a few
# requests: at the 20 a second that they may make by default, the last one begins after six seconds.
controllerManager:
  extraArgs:
    - {name: leader-elect, value: "false"}
    - {name: kube-api-qps, value: "100"}
    - {name: kube-api-burst, value: "200"}
scheduler:
  extraArgs: [{name: leader-elect, value: "false"}]
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
# In amounts: a share says little of a disk that is large, or another machine's as in the lab. And an image that was handed over to the
# node can't be pulled again.
evictionHard: {memory.available: 100Mi, nodefs.available: 1Gi, imagefs.available: 1Gi}
imageGCHighThresholdPercent: 100
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
iptables:
  masqueradeAll: $masquerade
conntrack: {$conntrack}
CONFIG
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

listens() { (: <"/dev/tcp/$address/6443") 2>/dev/null; }

# The kubelet starts before the API and asks it for a place in the cluster, ever more seldom: at last every seven seconds. kubeadm makes
# it start again, to take up a certificate that it renews itself, but as its last step; done as soon as the API listens, both are had.
start_control_plane() {
  local init finalized=yes
  quietly kubeadm init --config "$config" --skip-phases kubelet-finalize,addon/coredns --skip-token-print &
  init=$!
  until listens; do
    kill -0 "$init" 2>/dev/null || break
    sleep 0.1
  done
  if listens; then kubeadm init phase kubelet-finalize all --config "$config" >/dev/null || finalized=no; fi
  wait "$init" && [[ $finalized == yes ]] && quietly kubeadm init phase addon coredns --config "$config"
}

# What a kubeadm run leaves behind that has not ended.
half_made() {
  [[ -d /var/lib/etcd/member || -e /etc/kubernetes/kubelet.conf || -e /etc/kubernetes/admin.conf ]] ||
    compgen -G '/etc/kubernetes/manifests/*.yaml' >/dev/null
}

# What keeps pods off the node, such as "node.kubernetes.io/disk-pressure".
taints() {
  local keys
  keys=$(kubectl get node "$node" --output 'jsonpath={.spec.taints[*].key}' 2>/dev/null) && [[ -n $keys ]] || return 0
  printf ' What keeps pods off it: %s.' "$keys"
}

# The API's own word for it, within the time left.
wait_for() {
  local what=$1 left
  shift
  left=$((limit - (SECONDS - started)))
  ((left > 0)) || left=1
  timeout $((left + 1)) "$@" --timeout="${left}s" >&2 ||
    fail "$what within $limit s (READY_TIMEOUT).$(taints) On the machine, 'KUBECONFIG=$KUBECONFIG kubectl get nodes,pods -A' says more."
}

wait_for_api() {
  until kubectl get --raw /readyz >/dev/null 2>&1; do
    ((SECONDS - started < limit)) || fail "The API at $address:6443 does not answer within $limit s (READY_TIMEOUT); 'journalctl -u kubelet' on the machine says more."
    sleep 0.5
  done
}

create() {
  local inputs version started=$SECONDS
  check_input
  version=$(kubeadm version --output short)
  inputs="$address $node $pod_cidr $service_cidr"
  if [[ -f $made ]]; then
    [[ $(<"$made") == "$inputs" ]] ||
      fail "This machine's control plane was made for '$(<"$made")' (address, node, pods, services), and '$inputs' is asked for; these cannot change in place: replace the cluster."
    systemctl --quiet is-active kubelet || systemctl start kubelet >&2
    certificate_covers || renew_certificate
    wait_for_api
    if [[ $single == true ]]; then
      kubectl taint node "$node" node-role.kubernetes.io/control-plane:NoSchedule- >/dev/null 2>&1 || true # not tainted
    fi
  else
    if half_made; then
      say "A control plane was begun here and not finished: starting anew."
      clear_away
    fi
    write_config
    say "Bringing up the control plane of Kubernetes $version"
    start_control_plane ||
      fail "kubeadm could not bring up the control plane; its last lines are above, all of them in $log on the machine."
    echo "$inputs" >"$made"
    started=$SECONDS # what kubeadm took is not the node's fault
  fi
  if [[ $cni == bridge ]]; then
    wait_for "Node $node did not become ready" kubectl wait node "$node" --for=condition=Ready
    wait_for "CoreDNS did not become available" kubectl --namespace kube-system wait deployment coredns --for=condition=Available
  fi
  printf '{"version":"%s"}\n' "$version"
}

remove() {
  if [[ -f $made ]] || half_made; then
    clear_away
  fi
  rm -f -- "$made" "$config"
  rm -rf -- "$patches"
}

act control-plane.sh "$@"

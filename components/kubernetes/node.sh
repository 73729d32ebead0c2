# shellcheck shell=bash
# Makes a machine ready to be a Kubernetes node: containerd, the kubelet's own settings, and where pods get their network.
# What a machine lacks (cgroup v2, raising priorities, a name server beyond loopback, …) is found out on it and allowed for.
#
# Input: ADDRESS   the node's address in the cluster
#        CNI       bridge (one node), flannel or kube-router (several), or manifest: one that writes by itself where pods get their network
#        POD_CIDR  range of the pods' addresses (default 10.244.0.0/16)
#        CPU_MANAGER_POLICY       none (default) or static
#        TOPOLOGY_MANAGER_POLICY  none (default), best-effort, restricted or single-numa-node
# Use:   bash -s -- create | update | delete | check
# Prints {"cgroup":...,"cni":...}

address=${ADDRESS:-}
cni=${CNI:-bridge}
pod_cidr=${POD_CIDR:-10.244.0.0/16}
cpu_policy=${CPU_MANAGER_POLICY:-none}
topology_policy=${TOPOLOGY_MANAGER_POLICY:-none}

own=/etc/hybrid-vnf
containerd_config=/etc/containerd/config.toml
cni_config=/etc/cni/net.d/10-hybrid-vnf.conflist
kube_router_config=$own/kube-router/pods.conflist
kube_router_unit=/etc/systemd/system/hybrid-vnf-kube-router-cni
flannel_script=/usr/local/lib/hybrid-vnf/flannel-cni
flannel_unit=/etc/systemd/system/hybrid-vnf-flannel-cni

check_input() {
  local tool
  is_address "$address" || problem "ADDRESS is '$address'; it must be an IPv4 address of this machine, such as 10.100.101.10."
  is_cidr "$pod_cidr" 8 24 || problem "POD_CIDR is '$pod_cidr'; it must be an IPv4 network of /8 to /24, such as 10.244.0.0/16."
  [[ $cni == bridge || $cni == flannel || $cni == kube-router || $cni == manifest ]] ||
    problem "CNI is '$cni'; it must be bridge (one node), flannel or kube-router (several), or manifest (what that brings)."
  [[ $cpu_policy == none || $cpu_policy == static ]] || problem "CPU_MANAGER_POLICY is '$cpu_policy'; it must be none or static."
  [[ $topology_policy =~ ^(none|best-effort|restricted|single-numa-node)$ ]] ||
    problem "TOPOLOGY_MANAGER_POLICY is '$topology_policy'; it must be none, best-effort, restricted or single-numa-node."
  if [[ $cpu_policy == static ]] && (($(nproc --all) < 2)); then
    problem "This machine has one processor, which cpuManagerPolicy static would keep for what has none of its own: leave it none, or take a machine with two at least."
  fi
  for tool in containerd kubeadm kubelet ip; do
    command -v "$tool" >/dev/null || problem "$tool is not installed on this machine; use the machine image, or install it."
  done
  stop_on_problems
  require_own_address ADDRESS "$address"
}

find_plugins() {
  local folder
  for folder in /opt/cni/bin /usr/lib/cni /usr/libexec/cni; do
    if [[ -x $folder/bridge && -x $folder/host-local && -x $folder/loopback && -x $folder/portmap ]]; then
      echo "$folder"
      return
    fi
  done
  fail "The CNI plugins bridge, host-local, loopback and portmap are not in /opt/cni/bin, /usr/lib/cni or /usr/libexec/cni; install them (Debian: containernetworking-plugins)."
}

# A machine without CAP_SYS_RESOURCE may not raise a process's priority in the eyes of the out-of-memory killer.
may_raise_priority() { (echo -998 >/proc/self/oom_score_adj) 2>/dev/null; }

# Name servers on loopback (Docker's 127.0.0.11, systemd-resolved's 127.0.0.53) answer nobody in a pod, and CoreDNS
# that forwards to loopback would ask itself.
write_resolv_conf() {
  local source=/etc/resolv.conf servers gateway
  [[ -s /run/systemd/resolve/resolv.conf ]] && source=/run/systemd/resolve/resolv.conf
  servers=$(awk '$1 == "nameserver" && $2 !~ /^(127\.|::1$)/ { print $2 }' "$source")
  if [[ -z $servers ]]; then
    # CoreDNS wants somebody to ask: the machine's way out is the best guess there is.
    gateway=$(ip -4 route show default | awk '$2 == "via" { print $3; exit }')
    servers=${gateway:-$address}
  fi
  put "$own/resolv.conf" < <(
    grep -E '^(search|domain)[[:space:]]' "$source" || true
    awk '{ print "nameserver", $1 }' <<<"$servers"
  ) || true
}

write_containerd_config() {
  local sandbox restrict=false systemd_cgroup=false
  sandbox=$(kubeadm config images list --kubernetes-version "$(kubeadm version --output short)" | grep /pause:) ||
    fail "kubeadm does not say which pause image its release wants; 'kubeadm config images list' on the machine says why."
  may_raise_priority || restrict=true
  [[ $cgroup == v2 ]] && systemd_cgroup=true
  if [[ -f $containerd_config && ! -f $own/containerd.before.toml ]]; then
    mkdir -p "$own"
    cp --archive "$containerd_config" "$own/containerd.before.toml"
  fi
  put "$containerd_config" <<CONFIG
# Made by hybrid-vnf; what was here before is in $own/containerd.before.toml.
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$sandbox"
  restrict_oom_score_adj = $restrict
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$plugins"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = $systemd_cgroup
CONFIG
}

start_containerd() {
  local try
  if write_containerd_config || ! systemctl --quiet is-active containerd; then
    systemctl restart containerd >&2
  fi
  systemctl --quiet --no-reload enable containerd >&2
  for ((try = 0; try < 150; try++)); do
    if ctr version >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  fail "containerd does not answer 15 s after its start; 'systemctl status containerd' on the machine says more."
}

# Whole processors for pods that ask for them. A tenth of a core is kept for the node itself, hence one processor.
write_policies() {
  local file=$own/kubelet.conf.d/20-policies.conf
  if [[ $cpu_policy == none && $topology_policy == none ]]; then
    [[ -e $file ]] || return 1
    rm -f -- "$file"
    return
  fi
  put "$file" <<CONFIG
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cpuManagerPolicy: $cpu_policy
topologyManagerPolicy: $topology_policy
kubeReserved: {cpu: 100m}
CONFIG
}

# Settings of this one machine, laid over those that the whole cluster shares.
write_kubelet_settings() {
  local changed=1 active=1 driver=systemd gates='{}'
  systemctl --quiet is-active kubelet && active=0
  [[ $cgroup == v2 ]] || driver=cgroupfs
  may_raise_priority || gates='{KubeletInUserNamespace: true}'
  put "$own/kubelet.conf.d/10-machine.conf" <<CONFIG && changed=0
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: $driver
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
failCgroupV1: false
failSwapOn: false
featureGates: $gates
resolvConf: $own/resolv.conf
CONFIG
  put /etc/default/kubelet <<CONFIG && changed=0
KUBELET_EXTRA_ARGS="--config-dir=$own/kubelet.conf.d --node-ip=$address"
CONFIG
  if write_policies; then
    changed=0
    # It does not start with what it has handed out by another policy.
    systemctl --quiet stop kubelet >&2
    rm -f -- /var/lib/kubelet/cpu_manager_state
  fi
  systemctl --quiet --no-reload enable kubelet >&2
  if ((changed == 0 && active == 0)); then
    systemctl restart kubelet >&2
  fi
}

write_kernel_settings() {
  local module
  for module in overlay br_netfilter vxlan; do
    modprobe --quiet "$module" 2>/dev/null || true # built in, or the host's business
  done
  put /etc/sysctl.d/90-hybrid-vnf.conf < <(
    echo net.ipv4.ip_forward=1
    if [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]]; then echo net.bridge.bridge-nf-call-iptables=1; fi
  ) || true
  sysctl --quiet --load=/etc/sysctl.d/90-hybrid-vnf.conf ||
    [[ $(</proc/sys/net/ipv4/ip_forward) == 1 ]] || fail "net.ipv4.ip_forward cannot be set to 1 on this machine; a node must forward its pods' packets."
}

write_bridge_network() {
  remove_flannel_network
  remove_kube_router_network
  put "$cni_config" <<CONFIG || true
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
      "ipam": {"type": "host-local", "ranges": [[{"subnet": "$pod_cidr"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
CONFIG
}

# flannel leases a subnet to each node and says which in a file; the node's pods get a bridge in that subnet.
write_flannel_network() {
  remove_kube_router_network
  put "$flannel_script" 755 <<'SCRIPT' || true
#!/bin/sh
# Made by hybrid-vnf: turns flannel's lease into this node's pod network.
set -eu
. /run/flannel/subnet.env
config=$1
# The lease is told as its first address, which is the bridge's; the one before it is the subnet's own.
first=${FLANNEL_SUBNET%/*}
subnet=${first%.*}.$((${first##*.} - 1))/${FLANNEL_SUBNET#*/}
cat >"$config.new" <<CONFIG
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true, "mtu": $FLANNEL_MTU,
      "ipam": {"type": "host-local", "ranges": [[{"subnet": "$subnet"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
CONFIG
mv -f "$config.new" "$config"
SCRIPT
  local changed=1
  put "$flannel_unit.service" <<UNIT && changed=0
# Made by hybrid-vnf.
[Unit]
Description=Pod network from flannel's lease
ConditionPathExists=/run/flannel/subnet.env

[Service]
Type=oneshot
ExecStart=$flannel_script $cni_config
UNIT
  put "$flannel_unit.path" <<UNIT && changed=0
# Made by hybrid-vnf.
[Unit]
Description=Watch for flannel's lease

[Path]
PathChanged=/run/flannel/subnet.env

[Install]
WantedBy=multi-user.target
UNIT
  if ((changed == 0)); then systemctl daemon-reload; fi
  mkdir -p /run/flannel "$(dirname "$cni_config")"
  systemctl --quiet enable --now hybrid-vnf-flannel-cni.path >&2
  systemctl start hybrid-vnf-flannel-cni.service >&2
}

remove_flannel_network() {
  if [[ -f $flannel_unit.path ]]; then
    systemctl --quiet disable --now hybrid-vnf-flannel-cni.path >&2
    rm -f -- "$flannel_unit.path" "$flannel_unit.service" "$flannel_script"
    systemctl daemon-reload
  fi
}

# kube-router writes the range of the node's pods into a file that has all else; pods get their network once it is there.
write_kube_router_network() {
  local changed=1
  remove_flannel_network
  if [[ ! -f $kube_router_config ]]; then
    put "$kube_router_config" <<CONFIG || true
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "kube-bridge", "isDefaultGateway": true, "ipMasq": false, "hairpinMode": true,
      "ipam": {"type": "host-local"}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
CONFIG
  fi
  put "$kube_router_unit.service" <<UNIT && changed=0
# Made by hybrid-vnf.
[Unit]
Description=Pod network from kube-router's range

[Service]
Type=oneshot
ExecCondition=/usr/bin/grep -q '"subnet"' $kube_router_config
ExecStart=/usr/bin/cp --remove-destination $kube_router_config $cni_config
UNIT
  put "$kube_router_unit.path" <<UNIT && changed=0
# Made by hybrid-vnf.
[Unit]
Description=Watch for kube-router's range

[Path]
PathChanged=$kube_router_config

[Install]
WantedBy=multi-user.target
UNIT
  if ((changed == 0)); then systemctl daemon-reload; fi
  mkdir -p "$(dirname "$cni_config")"
  systemctl --quiet enable --now hybrid-vnf-kube-router-cni.path >&2
  systemctl start hybrid-vnf-kube-router-cni.service >&2
}

remove_kube_router_network() {
  if [[ -f $kube_router_unit.path ]]; then
    systemctl --quiet disable --now hybrid-vnf-kube-router-cni.path >&2
    rm -f -- "$kube_router_unit.path" "$kube_router_unit.service"
    rm -rf -- "${kube_router_config%/*}"
    systemctl daemon-reload
  fi
}

create() {
  check_input
  plugins=$(find_plugins)
  cgroup=v1
  [[ $(stat --file-system --format %T /sys/fs/cgroup) != cgroup2fs ]] || cgroup=v2
  write_kernel_settings
  write_resolv_conf
  start_containerd
  write_kubelet_settings
  case $cni in
    bridge) write_bridge_network ;;
    flannel) write_flannel_network ;;
    kube-router) write_kube_router_network ;;
    manifest)
      remove_flannel_network
      remove_kube_router_network
      rm -f -- "$cni_config"
      ;;
  esac
  printf '{"cgroup":"%s","cni":"%s"}\n' "$cgroup" "$cni"
}

# kubeadm leaves what kube-proxy and the pods' network put into the packet filter, and says so. Every such rule names its chain.
clear_packet_filter() {
  local family
  for family in iptables ip6tables; do
    "$family-save" | grep -v -e KUBE- -e CNI- -e FLANNEL- | "$family-restore" ||
      say "$family still holds rules of the cluster; 'iptables-save' on the machine shows them."
  done
}

remove() {
  if [[ -e /etc/kubernetes/kubelet.conf || -d /etc/kubernetes/manifests ]]; then
    kubeadm reset --force >&2 || say "kubeadm reset did not end well; going on."
  fi
  systemctl --quiet disable --now kubelet >&2 || true
  remove_flannel_network
  remove_kube_router_network
  clear_packet_filter
  rm -rf -- /var/lib/kubelet
  rm -f -- "$cni_config" /etc/default/kubelet /etc/sysctl.d/90-hybrid-vnf.conf
  ip link delete cni0 2>/dev/null || true
  ip link delete kube-bridge 2>/dev/null || true
  if [[ -f $own/containerd.before.toml ]]; then
    mv -f -- "$own/containerd.before.toml" "$containerd_config"
    if systemctl --quiet is-active docker; then
      systemctl restart containerd >&2
    else
      systemctl --quiet disable --now containerd >&2
    fi
  fi
  rm -rf -- "$own/kubelet.conf.d" "$own/resolv.conf"
}

check() {
  systemctl --quiet is-active containerd || differs "containerd is stopped; it was running."
  settings_differ /etc/sysctl.d/90-hybrid-vnf.conf
}

act node.sh "$@"

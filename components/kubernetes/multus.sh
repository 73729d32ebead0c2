# shellcheck shell=bash
# Has Multus, which plugins.sh has brought, give this node's pods their interfaces: the first by the pods' network that node.sh has written,
# the others as they ask for. It reads what they ask for as the node itself, with the kubelet's own rights and certificate.
#
# Use: bash -s -- create | update | delete | check
# Prints {"plugins":FOLDER}

config=/etc/cni/net.d/00-hybrid-vnf-multus.conf # before the others: containerd takes the first
pods=/etc/cni/net.d/10-hybrid-vnf.conflist
# Multus is told of a folder: of a list that is named by its file, it forgets by the pod's end what the plugins were told beside their type.
first=/etc/cni/hybrid-vnf-pods
kubeconfig=/etc/kubernetes/kubelet.conf
folder=$(sed -n 's/^ *bin_dir = "\(.*\)"/\1/p' /etc/containerd/config.toml 2>/dev/null) || true

written() {
  cat <<CONFIG
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "type": "multus",
  "binDir": "$folder",
  "clusterNetwork": "$first",
  "readinessindicatorfile": "$pods",
  "kubeconfig": "$kubeconfig",
  "capabilities": {"portMappings": true}
}
CONFIG
}

create() {
  [[ -f $kubeconfig ]] || fail "This machine is no node of a cluster yet ($kubeconfig is missing); run control-plane.sh or worker.sh on it first."
  [[ -x $folder/multus ]] || fail "Multus is not in '$folder', where containerd looks for CNI plugins; run plugins.sh first."
  mkdir -p "$first"
  ln --symbolic --force "$pods" "$first/"
  put "$config" < <(written) || true
  printf '{"plugins":"%s"}\n' "$folder"
}

remove() {
  rm -f -- "$config"
  rm -rf -- "$first" /var/lib/cni/multus
}

check() {
  if [[ ! -f $config ]]; then
    differs "Multus gives no interfaces any more: $config is gone."
  elif ! written | cmp --silent - "$config"; then
    differs "$config is another one than was written."
  fi
}

act multus.sh "$@"

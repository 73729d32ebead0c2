# shellcheck shell=bash
# Has the CNI plugin whereabouts, which plugins.sh has brought, ask this node's cluster who has which address.
#
# Input: TOKEN  of the account that it asks by
# Use:   bash -s -- create | update | delete | check
# Prints {"configuration":FILE}

folder=/etc/hybrid-vnf/whereabouts
configuration=$folder/whereabouts.conf
kubeconfig=$folder/kubeconfig
kubelet=/etc/kubernetes/kubelet.conf

# field NAME: what the kubelet's own way to the API says.
field() { sed -n "s/^ *$1: *//p" "$kubelet"; }

written() {
  cat <<KUBECONFIG
apiVersion: v1
kind: Config
clusters:
- name: cluster
  cluster:
    server: $(field server)
    certificate-authority-data: $(field certificate-authority-data)
users:
- name: whereabouts
  user:
    token: $TOKEN
contexts:
- name: cluster
  context: {cluster: cluster, user: whereabouts}
current-context: cluster
KUBECONFIG
}

create() {
  : "${TOKEN:?}"
  [[ -f $kubelet ]] || fail "This machine is no node of a cluster yet ($kubelet is missing); run control-plane.sh or worker.sh on it first."
  mkdir -p "$folder"
  put "$kubeconfig" 600 < <(written) || true
  put "$configuration" <<<'{"kubernetes": {"kubeconfig": "'"$kubeconfig"'"}}' || true
  printf '{"configuration":"%s"}\n' "$configuration"
}

remove() { rm -rf -- "$folder"; }

check() {
  [[ -f $configuration && -f $kubeconfig ]] ||
    differs "whereabouts gives no addresses any more: $configuration or $kubeconfig is gone."
}

act whereabouts.sh "$@"

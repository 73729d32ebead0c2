#!/bin/sh
# Starts kube-router, which its node holds; or asks the node's kernel whether it does what kube-router is for; or takes away what it left there.
#
# Input: PROGRAM    kube-router
#        POD_CIDR   range of the pods' addresses
#        ROUTED_TO  networks that know routes to the pods, separated by spaces: pods send to others than those, and each other, in their
#                   node's name (default empty: kube-router itself sees to it that they do so for all)
# Use:   start.sh check | clean | kube-router's own arguments
set -eu

fail() {
  echo "$*" >&2
  exit 1
}

# Its policies are lists of addresses, which the packet filter's rules look up.
check() {
  set=hybrid-vnf-try chain=KUBE-ROUTER-TRY
  advice='or give the cluster another cni, such as "flannel".'
  said=$(ipset create $set hash:net timeout 0 -exist 2>&1) ||
    fail "The kernel of this node has no sets of addresses for kube-router (it says: $said): load the modules ip_set and ip_set_hash_net, $advice"
  iptables -w -N $chain 2>/dev/null || iptables -w -F $chain
  missing=
  said=$(iptables -w -A $chain -m set --match-set $set src -j RETURN 2>&1) || missing=xt_set
  iptables -w -F $chain
  iptables -w -X $chain
  ipset destroy $set
  [ -z "$missing" ] ||
    fail "The packet filter of this node looks up no sets of addresses for kube-router (it says: $said): load the module $missing, $advice"
}

# What kubeadm's own clearing leaves. Every such rule names its chain, its bridge or its maker.
clean() {
  for table in filter nat mangle; do
    iptables-save -t $table | grep -v -e KUBE-ROUTER -e KUBE-NWPLCY -e KUBE-POD-FW -e kube-bridge -e kube-router \
      -e 'allow outbound node port traffic' | iptables-restore -w -T $table
  done
  for set in $(ipset list -name | grep -e '^kube-router-' -e '^KUBE-'); do ipset flush "$set"; done
  for set in $(ipset list -name | grep -e '^kube-router-' -e '^KUBE-'); do ipset destroy "$set"; done
  ip link delete kube-bridge 2>/dev/null || true
}

# A way back leads to a pod from these networks alone.
translate() {
  chain=KUBE-ROUTER-EGRESS
  if [ -z "${ROUTED_TO:-}" ]; then
    if iptables -w -t nat -D POSTROUTING -s "$POD_CIDR" -j $chain 2>/dev/null; then
      iptables -w -t nat -F $chain
      iptables -w -t nat -X $chain
    fi
    return
  fi
  iptables -w -t nat -N $chain 2>/dev/null || iptables -w -t nat -F $chain
  for network in $ROUTED_TO "$POD_CIDR"; do
    iptables -w -t nat -A $chain -d "$network" -j RETURN
  done
  iptables -w -t nat -A $chain -j MASQUERADE
  iptables -w -t nat -C POSTROUTING -s "$POD_CIDR" -j $chain 2>/dev/null || iptables -w -t nat -A POSTROUTING -s "$POD_CIDR" -j $chain
}

case ${1:-} in
  check) check ;;
  clean) clean ;;
  *)
    translate
    exec "$PROGRAM" "$@"
    ;;
esac

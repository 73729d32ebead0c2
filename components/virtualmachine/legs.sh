# shellcheck shell=bash
# Asks a node whether a virtual machine in a pod of it can have interfaces: whether its kernel makes taps, and leads frames from one interface to
# another. It leaves nothing but the device file of the kernel's taps, which a node that is a container lacks.
#
# Input: MACHINE  what the virtual machine is called
# Use:   bash -s -- create | update
# Prints {"kernel":...}

machine=${MACHINE:-}
try=hvnf-$$ # an interface that is there for a moment; a node may be asked for several machines at once

# Runs a command; its words are in $said.
can() { said=$("$@" 2>&1); }
lacks() { fail "The kernel of this node ($(uname -r)) $1, which the attachments of $machine need (it says: ${said:-nothing}): $2, or leave the attachments out."; }

create() {
  local said folder=/var/lib/kubelet
  is_label "$machine" || problem "MACHINE is '$machine'; it must be a name of at most 63 lower-case letters, digits and hyphens."
  stop_on_problems
  trap 'ip link delete "$try" 2>/dev/null || true' EXIT
  require_command tc iproute2
  if [[ ! -c /dev/net/tun ]]; then
    modprobe tun 2>/dev/null || true
    mkdir -p /dev/net
    [[ -c /dev/net/tun ]] || mknod -m 666 /dev/net/tun c 10 200 || fail "/dev/net/tun is not on this node, and can't be made there (see above)."
  fi
  can ip tuntap add dev "$try" mode tap || lacks "makes no taps (/dev/net/tun)" "load the module tun"
  can tc qdisc add dev "$try" ingress || lacks "has no queue for what comes in" "load the module sch_ingress"
  can tc filter add dev "$try" parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev lo ||
    lacks "does not lead frames on" "load the modules cls_u32 and act_mirred"
  # The pod's device file is in a volume there.
  [[ $(findmnt --noheadings --output OPTIONS --target "$folder") != *nodev* ]] ||
    fail "$folder of this node is mounted with nodev, so that no pod can have a device file, which the attachments of $machine need: mount it without, or leave the attachments out."
  printf '{"kernel":"%s"}\n' "$(uname -r)"
}

act legs.sh "$@"

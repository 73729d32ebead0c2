# shellcheck shell=bash
# Asks a node whether it has what an attachment of its pods takes, before there is one; takes away what is left when it goes. It makes nothing
# that stays.
#
# Input: PLUGIN  macvlan, ipvlan, bridge, host-device or sriov
#        PARENT  the node's interface that pods' interfaces are made on, or that a pod gets (not of a bridge)
#        BRIDGE  the bridge that pods' interfaces are on (of a bridge)
#        NAME    what the attachment is called
# Use:   bash -s -- create | update | delete | check
# Prints {"plugin":...}

plugin=${PLUGIN:-}
parent=${PARENT:-}
bridge=${BRIDGE:-}
name=${NAME:-}
try=hvnf-$$ # an interface that is there for a moment; a node may be asked for several attachments at once

present() { printf '%s\n' /sys/class/net/* | sed 's|.*/||' | paste --serial --delimiters=' '; }

# can_make TYPE [LINK…]: whether the kernel makes an interface of that kind; its words are in $said.
can_make() {
  said=$(ip link add name "$try" "${@:2}" type "$1" 2>&1) || return 1
  ip link delete "$try"
}

# The kernel finds out of itself whether it has a kind, and loads a module of that name where there is one.
require_kind() {
  can_make "$@" ||
    fail "The kernel of this node ($(uname -r)) makes no $1 interface${parent:+ on $parent} (it says: ${said:-nothing}): load the module $1, or let the attachment take another plugin."
}

create() {
  local said
  is_label "$name" || problem "NAME is '$name'; it must be a name of at most 63 lower-case letters, digits and hyphens."
  case $plugin in
    macvlan | ipvlan | host-device | sriov)
      [[ -n $parent && -e /sys/class/net/$parent ]] ||
        problem "This node has no interface '$parent', which the attachment $name is to be on; it has $(present)."
      ;;
    bridge) [[ $bridge =~ ^[A-Za-z0-9_.-]{1,15}$ ]] || problem "BRIDGE is '$bridge'; an interface's name is at most 15 letters, digits, '.', '_' and '-'." ;;
    *) problem "PLUGIN is '$plugin'; it must be macvlan, ipvlan, bridge, host-device or sriov." ;;
  esac
  stop_on_problems
  case $plugin in
    macvlan | ipvlan) require_kind "$plugin" link "$parent" ;;
    bridge)
      parent=
      if [[ -e /sys/class/net/$bridge && ! -d /sys/class/net/$bridge/bridge ]]; then
        fail "This node has an interface $bridge that is no bridge: give the bridge of the attachment $name another name."
      fi
      require_kind bridge
      ;;
    host-device)
      said=$(ip -4 -oneline address show dev "$parent" | awk '{ print $4 }' | paste --serial --delimiters=' ')
      [[ -z $said ]] || fail "The interface $parent of this node has the address $said, which it would lose to a pod: name one that the node does not use."
      ;;
    sriov)
      said=$(cat "/sys/class/net/$parent/device/sriov_totalvfs" 2>/dev/null) || said=0
      ((said > 0)) || fail "The hardware behind $parent of this node has no virtual functions (SR-IOV): take plugin macvlan, or a node whose hardware has them."
      ;;
  esac
  printf '{"plugin":"%s"}\n' "$plugin"
}

# The bridge is made with the first pod on it, and host-local keeps what it has given away; both stay when the last pod goes.
remove() {
  if [[ $plugin == bridge && -d /sys/class/net/$bridge/brif ]] && ! compgen -G "/sys/class/net/$bridge/brif/*" >/dev/null; then
    ip link delete "$bridge" || say "The bridge $bridge stays on this node (see above)."
  fi
  [[ -z $name ]] || rm -rf -- "/var/lib/cni/networks/$name"
}

act attachment.sh "$@"

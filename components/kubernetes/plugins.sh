# shellcheck shell=bash
# Brings programs to a node over SSH: what gives pods further interfaces (Multus, and those CNI plugins that the node lacks), or what FOLDER is
# for. Runs on the operator's host.
#
# Input: TOOLCHAIN  a command of this host that makes sure of them, and prints the folder that they are in
#        FOLDER     the folder of the node that they go to (default where containerd looks for CNI plugins)
#        WHAT       what messages call them (default the CNI plugins)
#        LIST       the list of what the node has from here (default cni-plugins)
#        and what ssh/session.sh reads, which goes before it
# Use:   on stdin of `bash -s -- create | update | delete`
# Prints {"plugins":[...]}, those that the node has from here.
#
# What the node has from elsewhere, such as from Debian's package, stays as it is. delete takes away what came from here, and never fails
# for want of the node.
# shellcheck disable=SC2154 # work is session.sh's

own=/etc/hybrid-vnf/${LIST:-cni-plugins} # their names, a line each
what=${WHAT:-the CNI plugins}
bin=${FOLDER:-}
bin_of_containerd="sed -n 's/^ *bin_dir = \"\(.*\)\"/\1/p' /etc/containerd/config.toml"

# ask COMMAND: what the node answers; ends the script unless it can be asked.
ask() {
  local status=0
  remote "$1" 2>"$work/said" || status=$?
  ((status != 255)) || fail "Node $HOST does not let $SSH_USER in over SSH (port $SSH_PORT): $(tail -n 1 "$work/said")"
  ((status == 0)) || fail "Node $HOST does not take $what: $(tail -n 1 "$work/said")"
}

create() {
  local folder names said machine line sum name given=() wanted=()
  folder=$(bash -c "${TOOLCHAIN:?}") || fail "${what^} could not be had (see above)."
  mapfile -t names < <(cd "$folder" && find . -mindepth 1 -maxdepth 1 ! -type d -printf '%P\n' | sort)
  take_key
  said=$(ask "uname -m; $bin_of_containerd")
  machine=$(sed -n 1p <<<"$said")
  [[ -n $bin ]] || bin=$(sed -n 2p <<<"$said")
  [[ $machine == "$(uname -m)" ]] ||
    fail "Node $HOST is a machine of the kind $machine, and $what are for this host's, $(uname -m): let the stack be brought up from a host of the nodes' kind."
  [[ $bin == /* ]] || fail "Node $HOST has no folder of CNI plugins in /etc/containerd/config.toml (bin_dir): node.sh writes it."
  said=$(ask "cat $own 2>/dev/null; echo; mkdir -p '$bin' && cd '$bin' && sha256sum ${names[*]} 2>/dev/null || true")
  for name in "${names[@]}"; do
    line=$(grep -E "^[0-9a-f]{64} [ *]$name$" <<<"$said") || line=
    sum=$(sha256sum <"$folder/$name")
    if grep -qxF "$name" <<<"$said"; then
      given+=("$name")
      [[ ${line%% *} == "${sum%% *}" ]] || wanted+=("$name")
    elif [[ -z $line ]]; then
      given+=("$name")
      wanted+=("$name")
    fi
  done
  if ((${#wanted[@]})); then
    tar --create --dereference --directory "$folder" "${wanted[@]}" |
      ask "mkdir -p ${own%/*} && printf '%s\n' ${given[*]} >$own && tar --extract --unlink-first --no-same-owner --directory '$bin'"
    say "Node $HOST has received ${wanted[*]}."
  fi
  printf '{"plugins":[%s]}\n' "$(printf '"%s"\n' "${given[@]}" | paste --serial --delimiters=,)"
}

remove() {
  take_key
  remote "bin='$bin'; [ -n \"\$bin\" ] || bin=\$($bin_of_containerd)
    [ ! -f $own ] || { [ ! -d \"\$bin\" ] || (cd \"\$bin\" && xargs rm -f -- <$own); rm -f -- $own; }" 2>"$work/said" ||
    say "${what^} stay on node $HOST, which cannot be asked: $(tail -n 1 "$work/said")"
}

act plugins.sh "$@"

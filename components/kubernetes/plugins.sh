# shellcheck shell=bash
# Brings what gives pods further interfaces to a node over SSH: Multus, and those CNI plugins that the node lacks. Runs on the operator's host.
#
# Input: TOOLCHAIN  a command of this host that makes sure of them, and prints the folder that they are in
#        and what ssh/session.sh reads, which goes before it
# Use:   on stdin of `bash -s -- create | update | delete`
# Prints {"plugins":[...]}, those that the node has from here.
#
# What the node has from elsewhere, such as from Debian's package, stays as it is. delete takes away what came from here, and never fails
# for want of the node.
# shellcheck disable=SC2154 # work is session.sh's

own=/etc/hybrid-vnf/cni-plugins # their names, a line each

# ask COMMAND: what the node answers; ends the script unless it can be asked.
ask() {
  local status=0
  remote "$1" 2>"$work/said" || status=$?
  ((status != 255)) || fail "Node $HOST does not let $SSH_USER in over SSH (port $SSH_PORT): $(tail -n 1 "$work/said")"
  ((status == 0)) || fail "Node $HOST does not take the CNI plugins: $(tail -n 1 "$work/said")"
}

create() {
  local folder names said machine bin line sum name given=() wanted=()
  folder=$(bash -c "${TOOLCHAIN:?}") || fail "The CNI plugins could not be had (see above)."
  mapfile -t names < <(cd "$folder" && find . -mindepth 1 -maxdepth 1 ! -type d -printf '%P\n' | sort)
  take_key
  said=$(ask "uname -m; sed -n 's/^ *bin_dir = \"\(.*\)\"/\1/p' /etc/containerd/config.toml")
  machine=$(sed -n 1p <<<"$said")
  bin=$(sed -n 2p <<<"$said")
  [[ $machine == "$(uname -m)" ]] ||
    fail "Node $HOST is a machine of the kind $machine, and the plugins are for this host's, $(uname -m): let the stack be brought up from a host of the nodes' kind."
  [[ $bin == /* ]] || fail "Node $HOST has no folder of CNI plugins in /etc/containerd/config.toml (bin_dir): node.sh writes it."
  said=$(ask "cat $own 2>/dev/null; echo; cd '$bin' && sha256sum ${names[*]} 2>/dev/null || true")
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
    say "Node $HOST has received the CNI plugins ${wanted[*]}."
  fi
  printf '{"plugins":[%s]}\n' "$(printf '"%s"\n' "${given[@]}" | paste --serial --delimiters=,)"
}

remove() {
  take_key
  remote "bin=\$(sed -n 's/^ *bin_dir = \"\(.*\)\"/\1/p' /etc/containerd/config.toml)
    [ ! -f $own ] || { [ ! -d \"\$bin\" ] || (cd \"\$bin\" && xargs rm -f -- <$own); rm -f -- $own; }" 2>"$work/said" ||
    say "The CNI plugins stay on node $HOST, which cannot be asked: $(tail -n 1 "$work/said")"
}

act plugins.sh "$@"

# shellcheck shell=bash
# Makes sure of Debian packages on this machine; takes away again those, and only those, that it installed.
#
# Input: PACKAGES  their names, separated by spaces
# Use:   bash -s -- create | update | delete
# Prints {"installed":[...]}, what this and earlier runs installed.

read -ra names <<<"${PACKAGES:-}"
record=/etc/hybrid-vnf/packages # one name a line, dependencies too, written before the installation begins

is_installed() { [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# Another program may hold the package database, such as the daily upgrade.
apt() { DEBIAN_FRONTEND=noninteractive apt-get --quiet=2 --option DPkg::Lock::Timeout=300 --option Dpkg::Use-Pty=0 "$@" >&2; }

# What apt would install, dependencies too; what it would upgrade was here before.
would_install() {
  apt-get --quiet=2 --simulate --no-install-recommends install "$@" | awk '$1 == "Inst" && $3 !~ /^\[/ { print $2 }'
}

recorded() { if [[ -e $record ]]; then cat "$record"; fi; }

create() {
  local name missing=()
  ((${#names[@]})) || fail "PACKAGES is empty; name at least one Debian package."
  for name in "${names[@]}"; do
    [[ $name =~ ^[a-z0-9][a-z0-9+.-]+$ ]] || fail "PACKAGES holds '$name', which is no name of a Debian package."
  done
  command -v apt-get dpkg-query >/dev/null ||
    fail "This machine has no apt: a host must run Debian (or a system made from it), or have these installed already: ${names[*]}."
  for name in "${names[@]}"; do
    is_installed "$name" || missing+=("$name")
  done
  if ((${#missing[@]})); then
    [[ $EUID == 0 ]] || fail "These packages are missing and can be installed by root only: ${missing[*]}."
    say "installing ${missing[*]}"
    mkdir -p "$(dirname "$record")"
    { apt update && {
      recorded
      would_install "${missing[@]}"
    } | sort -u >"$record.new" && mv -f "$record.new" "$record" &&
      apt install --no-install-recommends "${missing[@]}"; } ||
      fail "These packages could not be installed: ${missing[*]}; what apt says stands above."
  fi
  printf '{"installed":[%s]}\n' "$(recorded | sed 's/.*/"&"/' | paste --serial --delimiters=,)"
}

# Docker leaves its bridges and its packet filter behind, with a policy that stops all forwarding.
forget_docker() {
  local link
  systemctl --quiet stop docker.socket docker.service >&2 || true
  iptables-save | grep -v -E -e 'DOCKER([^_]|$)' -e docker0 -e docker_gwbridge | sed 's/^:FORWARD DROP/:FORWARD ACCEPT/' | iptables-restore
  for link in docker0 docker_gwbridge; do
    [[ ! -e /sys/class/net/$link ]] || ip link delete "$link"
  done
}

remove() {
  local name ours=()
  while read -r name; do
    if is_installed "$name"; then ours+=("$name"); fi
  done < <(recorded)
  if ((${#ours[@]})); then
    say "removing ${ours[*]}"
    if grep -qx docker.io "$record"; then forget_docker; fi
    apt purge "${ours[@]}"
  fi
  rm -f "$record"
  rmdir --ignore-fail-on-non-empty "$(dirname "$record")" 2>/dev/null || true
}

act packages.sh "$@"

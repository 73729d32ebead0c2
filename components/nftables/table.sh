# shellcheck shell=bash
# A network function in nftables: a table of its own on this machine, which forwards what comes in by its legs, and by no other interface
# for its sake, while the table is there. Its rules are replaced in one transaction, and are there again after every boot before the
# network is. Forwarding begins behind the rules, and ends before them; then each leg's setting is what it was before.
#
# Input: TABLE  the table's family and name, such as "inet hybrid-vnf-wall"
#        RULES  what is in it, as nft reads it from a file between the braces of `table … { }`
#        LEGS   the interfaces that packets come in by, separated by spaces
# Use:   bash -s -- create | update | delete | check
# Prints {"table":...,"legs":...}

read -r family name <<<"${TABLE:-}"
read -r -a legs <<<"${LEGS:-}"
require_command nft nftables
nft=$(command -v nft)

rules=/etc/hybrid-vnf/$name.nft
before=/etc/hybrid-vnf/$name.before
settings=/etc/sysctl.d/90-$name.conf
unit=$name.service
file=/etc/systemd/system/$unit

check_input() {
  local leg
  [[ $family =~ ^(ip|inet)$ && $name =~ ^hybrid-vnf-[a-z0-9-]{1,63}$ ]] ||
    problem "TABLE is '${TABLE:-}'; it must be a family, ip or inet, and a name that begins with hybrid-vnf-."
  ((${#legs[@]})) || problem "LEGS is empty; name the interfaces that packets come in by, such as 'eth0 eth1'."
  for leg in "${legs[@]}"; do
    [[ $leg =~ ^[A-Za-z0-9_.-]{1,15}$ && -e /sys/class/net/$leg ]] ||
      problem "LEGS has '$leg'; this machine's interfaces are $(printf '%s\n' /sys/class/net/* | sed 's|.*/||' | paste --serial --delimiters=' ')."
  done
  stop_on_problems
}

# One transaction, whatever is there already: at no moment is there no table, or a part of one.
table() { printf 'table %s\ndelete table %s\ntable %s {\n%s\n}\n' "$TABLE" "$TABLE" "$TABLE" "${RULES:-}"; }

write_unit() {
  put "$file" <<UNIT || return 0
# Made by hybrid-vnf; it goes with the function.
[Unit]
Description=Table $TABLE of nftables
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target
After=local-fs.target nftables.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$nft --file $rules
ExecReload=$nft --file $rules
ExecStop=-$nft delete table $TABLE

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
}

# What each leg's setting was is kept, for the end.
forward() {
  local leg key
  for leg in "${legs[@]}"; do
    key=net/ipv4/conf/$leg/forwarding
    grep -qs "^$key=" "$before" || printf '%s=%s\n' "$key" "$(sysctl --values "$key")" >>"$before"
  done
  put "$settings" < <(printf 'net/ipv4/conf/%s/forwarding=1\n' "${legs[@]}") || true
  sysctl --quiet --load="$settings" >&2 || fail "The kernel does not take the settings in $settings; its words are above."
}

create() {
  check_input
  table | "$nft" --check --file - >&2 ||
    fail "The kernel does not take the rules of table $TABLE; its words are above, and what was there before is there still."
  put "$rules" < <(table) || true
  write_unit
  systemctl --quiet enable "$unit" >&2
  systemctl reload-or-restart "$unit" >&2 || fail "The rules in $rules can't be loaded; 'journalctl -u $unit' on the machine says more."
  forward
  printf '{"table":"%s","legs":"%s"}\n' "$TABLE" "${legs[*]}"
}

remove() {
  [[ -f $file ]] || return 0
  [[ ! -f $before ]] || sysctl --quiet --ignore --load="$before" >&2 || say "Some settings in $before could not be put back."
  systemctl --quiet disable --now "$unit" >&2
  rm -f -- "$file" "$rules" "$settings" "$before"
  rmdir --ignore-fail-on-non-empty -- /etc/hybrid-vnf 2>/dev/null || true
  systemctl daemon-reload
}

# The table as the kernel tells it: what is there, and what would be, loaded where no packet comes by (namespaces(7)).
loaded() { "$nft" --stateless list table "$family" "$name" 2>/dev/null | tr --delete '\t'; }
wanted() { table | unshare --net bash -c 'nft --file - && nft --stateless list table "$@"' -- "$family" "$name" | tr --delete '\t'; }

check() {
  local found was line
  if found=$(loaded); then
    was=$(wanted)
    while IFS= read -r line; do
      line=${line//\"/\'}
      case $line in
        '<'*) differs "the table $TABLE has lost \"${line:2}\"." ;;
        '>'*) differs "the table $TABLE has \"${line:2}\" beside what it had." ;;
      esac
    done < <(diff <(echo "$was") <(echo "$found"))
  else
    differs "the table $TABLE of nftables is gone; it was there."
  fi
  cmp --silent "$rules" <(table) || differs "what $rules sets at boot is not what it was."
  systemctl --quiet is-enabled "$unit" 2>/dev/null || differs "what sets the table $TABLE at boot ($unit) is off; it was on."
  settings_differ "$settings"
}

act table.sh "$@"

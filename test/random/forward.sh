# shellcheck shell=bash
# A network function of a program's own: this machine forwards IPv4 packets between its legs, as they are or with its own source address.
# Input: HANDLING  route or translate
# Use:   bash -s -- create | update | delete

table=hybrid-vnf-forward
file=/etc/sysctl.d/90-$table.conf

create() {
  put "$file" <<<'net.ipv4.ip_forward = 1' || true
  sysctl --quiet --load "$file"
  if [[ $HANDLING == translate ]]; then
    nft -f - <<NFT
table ip $table
delete table ip $table
table ip $table {
  chain source { type nat hook postrouting priority srcnat; masquerade; }
}
NFT
  fi
}

remove() {
  rm -f -- "$file"
  sysctl --quiet --write net.ipv4.ip_forward=0
  nft delete table ip $table 2>/dev/null || true
}

act forward.sh "$@"

#!/usr/bin/env bash
# Proves table.sh, and what the functions that use it put into their tables, on machines of its own: one that forwards, and one on either side of it. Needs Docker and the machine image.
# It does not prove it on a machine whose interfaces come up late: a container's are there before it boots.
# shellcheck disable=SC1091,SC2154 # try.sh, which is checked by itself
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
table=$here/table.sh
name=hybrid-vnf-wall

network a 172.29.21.0/24
network b 172.29.22.0/24
machine wall a=172.29.21.10 b=172.29.22.10
machine out a=172.29.21.20
machine in b=172.29.22.20

# Whichever of them the engine made first.
leg_of() { inside wall ip -4 -json address show | jq -r --arg address "$1" '.[] | select(.addr_info[].local == $address) | .ifname'; }
a=$(leg_of 172.29.21.10) b=$(leg_of 172.29.22.10)
# What a chain would have: the ways there and back. The lab's engine lets its machines forward, which is not how they come elsewhere.
inside out ip route add 172.29.22.0/24 via 172.29.21.10
inside in ip route add 172.29.21.0/24 via 172.29.22.10
inside wall sysctl --quiet --write net.ipv4.ip_forward=0
on in "$here/../webservers/apache.sh" create NAME=in ADDRESS=172.29.22.20 >/dev/null

rules() {
  cat <<RULES
counter rule-web { }
counter unmatched { }
chain forward {
type filter hook forward priority filter; policy accept;
ct direction reply ct state established accept
iifname "$a" oifname "$b" tcp dport 80 counter name rule-web $1
counter name unmatched drop
}
RULES
}
open=$(rules accept) closed=$(rules drop)
put() { on wall "$table" "$1" TABLE="inet $name" RULES="$2" LEGS="$a $b"; }
asks() { inside out curl --silent --output /dev/null --max-time 2 http://172.29.22.20/; }
asks_in_vain() { ! asks; }
traces() {
  inside wall bash -c "nft list tables; ls /etc/hybrid-vnf /etc/sysctl.d /etc/systemd/system /etc/systemd/system/multi-user.target.wants 2>&1
    cd /proc/sys/net/ipv4/conf && grep . $a/forwarding $b/forwarding"
}
same_traces() { traces >"$scratch/after" && diff "$scratch/before" "$scratch/after"; }
same() { put check "$1" >"$scratch/differs" && cat "$scratch/differs" && [[ ! -s $scratch/differs ]]; }
tells() { put check "$open" >"$scratch/differs" && cat "$scratch/differs" && grep -q -- "$1" "$scratch/differs"; }
differs() {
  put check "$open" >"$scratch/differs" || return
  cat "$scratch/differs"
  [[ $(<"$scratch/differs") == "$1" ]]
}
rebooted() {
  docker restart "$tag-wall" >/dev/null
  eventually 120 answers wall
}
counts() { inside wall nft -j list counters table inet "$name" | jq -e --arg name "$1" '.nftables[].counter? | select(.name == $name).packets > 0'; }

traces >"$scratch/before"
ok "nothing passes a machine that forwards nothing" asks_in_vain
ok "put" put create "$open"
ok "its result" jq -es --arg legs "$a $b" ".[0] == {table: \"inet $name\", legs: \$legs}" "$scratch/out"
ok "what it lets pass passes" asks
ok "and is counted" counts rule-web
ok "as it was" same "$open"
ok "put again" put create "$open"
ok "closed" put update "$closed"
ok "what it closes does not pass" asks_in_vain
ok "and is counted" counts rule-web
ok "as it was, closed" same "$closed"
ok "what the rules were is another table now" tells "rule-web. drop"
refused "rules that the kernel does not take" 1 "does not take the rules of table inet hybrid-vnf-wall" put update "chain forward { nonsense }"
ok "leave what was there" same "$closed"
ok "opened" put update "$open"
ok "passes again" asks

inside wall nft flush chain inet $name forward
ok "a chain flushed by hand is told" tells "has lost .*unmatched. drop"
put update "$open" >/dev/null
ok "as it was, repaired" same "$open"
inside wall nft insert rule inet $name forward accept
ok "a rule added by hand is told" differs 'wall: the table inet hybrid-vnf-wall has "accept" beside what it had.'
put update "$open" >/dev/null
inside wall nft delete table inet $name
ok "a table deleted by hand is told" differs "wall: the table inet hybrid-vnf-wall of nftables is gone; it was there."
put update "$open" >/dev/null
inside wall sysctl --quiet --write "net.ipv4.conf.$a.forwarding=0"
ok "forwarding switched off by hand is told" differs "wall: net.ipv4.conf.$a.forwarding is 0; it was 1."
put update "$open" >/dev/null
ok "passes, repaired" asks

rebooted
ok "there after a reboot" eventually 60 same "$open"
ok "deleted" put delete "$open"
ok "without a trace" same_traces
ok "nothing passes" asks_in_vain
ok "deleted again" put delete "$open"

# As a NAT gateway has it, with b outside, and with the source of forwarded ports translated too, for Docker masquerades what it has not seen leave
# its own network: nobody there knows the way back to a, and sees the gateway alone.
translated="counter source { }
chain source {
type nat hook postrouting priority srcnat; policy accept;
iifname \"$a\" oifname \"$b\" counter name source snat ip to 172.29.22.10
iifname \"$b\" ct status dnat ip daddr 172.29.21.20 tcp dport 80 masquerade
}
chain forwards {
type nat hook prerouting priority dstnat; policy accept;
iifname \"$b\" ip daddr 172.29.22.10 tcp dport 8080 dnat ip to 172.29.21.20:80
}"
inside in ip route del 172.29.21.0/24
on out "$here/../webservers/apache.sh" create NAME=out ADDRESS=172.29.21.20 >/dev/null
ok "nothing comes back to whom nobody knows" asks_in_vain
ok "put, translating" put create "$translated"
ok "what it translates comes back" asks
ok "and is counted" counts source
sees() { [[ $(inside in tail -n 1 /var/log/apache2/other_vhosts_access.log | cut -d ' ' -f 2) == "$1" ]]; }
ok "the other side sees the gateway alone" eventually 30 sees 172.29.22.10
forwarded() { [[ $(inside in curl --silent --max-time 2 "http://172.29.22.10:$1/") == *">out<"* ]]; }
not_forwarded() { ! forwarded "$1"; }
ok "a forwarded port leads within" forwarded 8080
ok "and no other" not_forwarded 80
ok "as it was, translating" same "$translated"
ok "deleted, translating" put delete "$translated"
ok "without a trace, translating" same_traces

# What the functions make of their input (the unit tests hold them to these files), and tables that nft must not take.
takes() { docker exec -i "$tag-wall" nft --check --file - <"$1"; }
takes_not() { ! takes "$1"; }
for file in "$here"/../*/test/golden/good/*.nft; do ok "nft takes ${file#"$here/../"}" takes "$file"; done
for file in "$here"/../*/test/golden/bad/*.nft; do ok "nft refuses ${file#"$here/../"}" takes_not "$file"; done

refused "no legs" 2 "LEGS is empty" on wall "$table" create TABLE="inet $name" RULES="$open"
refused "a leg that is none, and no table, both said" 2 "LEGS has 'eth9'" on wall "$table" create TABLE=x LEGS=eth9
said "TABLE is 'x'"
ok "nothing left behind by refusals" same_traces

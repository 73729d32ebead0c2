import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Something that is wrong with one machine of the lab's chain, and what tells it. */
export interface Fault {
  readonly name: string;
  /** Where it is made, and how: lines of bash, in which CLIENTS, TRANSIT and SERVERS are the machine's interfaces in these networks. */
  readonly on: string;
  readonly plant: string;
  readonly undo: string;
  /** The machine that verify names; where it is made, unless another one suffers. */
  readonly at?: string;
  /** What the first sentence says. */
  readonly says: RegExp;
}

const TO_SERVERS = "10.100.102.0/24";
const BALANCER = "10.100.101.20";
const reload = (destination: string): string =>
  `systemctl reload hybrid-vnf-route-${destination.replace("/", "-")}.service`;
/** A machine in a network namespace beside another one, with a leg of its own in that one's network. */
const stranger = (leg: string, address: string): string =>
  `ip netns add stranger && ip link add stranger link ${leg} type macvlan mode bridge && ip link set stranger netns stranger
   ip -n stranger address add ${address} dev stranger && ip -n stranger link set stranger up`;

/** Keeps the machine's default route over the loss of a leg. */
const KEEP_DEFAULT = "ip route show default >/run/default";
const PUT_DEFAULT = "ip route replace $(cat /run/default)";
const kubectl = "kubectl --kubeconfig /etc/kubernetes/admin.conf";

/** Faults in the chain of the lab: client, swarm-1 with the balancer, kubernetes-1 with the router, apache-1 and apache-2. */
export const FAULTS: readonly Fault[] = [
  {
    name: "a route that is gone",
    on: "swarm-1",
    plant: `ip route del ${TO_SERVERS}`,
    undo: reload(TO_SERVERS),
    says: /^swarm-1 \(nginx\) .*10\.100\.102\.11 and 10\.100\.102\.12 .*the chain's route to 10\.100\.102\.0\/24 .*is not there/,
  },
  {
    name: "a wrong next hop",
    on: "swarm-1",
    plant: `ip route replace ${TO_SERVERS} via 10.100.101.77 proto static`,
    undo: reload(TO_SERVERS),
    says: /^swarm-1 \(nginx\) sends packets for .* to 10\.100\.101\.77 by eth\d, and should send them to 10\.100\.101\.10/,
  },
  {
    name: "a longer route to one server",
    on: "swarm-1",
    plant: "ip route add 10.100.102.12/32 via 10.100.100.1",
    undo: "ip route del 10.100.102.12/32",
    says: /^swarm-1 \(nginx\) sends packets for 10\.100\.102\.12 to 10\.100\.100\.1 by eth\d, and should send them to 10\.100\.101\.10/,
  },
  {
    name: "a filter on what is forwarded",
    on: "kubernetes-1",
    plant: "iptables -I FORWARD -p tcp --dport 80 -j DROP",
    undo: "iptables -D FORWARD -p tcp --dport 80 -j DROP",
    says: /^kubernetes-1 \(quagga\) takes requests to .* in by eth\d and sends none out of eth\d: its packet filter drops some \(".*dport 80.*" in ip filter FORWARD\)/,
  },
  {
    name: "a way back that is cut",
    on: "apache-1",
    plant: `ip route del ${BALANCER}`,
    undo: reload(`${BALANCER}/32`),
    says: /^apache-1 .*10\.100\.101\.20 .*the chain's route to 10\.100\.101\.20\/32 .*is not there/,
  },
  {
    name: "a way back by a wrong neighbour",
    on: "apache-1",
    plant: `ip route replace ${BALANCER} via 10.100.102.12 proto static`,
    undo: reload(`${BALANCER}/32`),
    says: /^apache-1 sends packets for 10\.100\.101\.20 to 10\.100\.102\.12 by eth\d, and should send them to 10\.100\.102\.10/,
  },
  {
    name: "answers that a filter drops",
    on: "apache-2",
    plant: "iptables -I OUTPUT -p tcp --sport 80 -j DROP",
    undo: "iptables -D OUTPUT -p tcp --sport 80 -j DROP",
    says: /^apache-2 gets requests on port 80 by eth\d and sends none of the answers .*its packet filter drops some \(".*sport 80.*" in ip filter OUTPUT\)/,
  },
  {
    name: "an address that two machines have",
    on: "apache-2",
    plant: "ip address add 10.100.102.11/32 dev $SERVERS",
    undo: "ip address del 10.100.102.11/32 dev $SERVERS",
    says: /^apache-2 has the address 10\.100\.102\.11 on eth\d, which is that of apache-1\.$/,
  },
  {
    name: "an address that a stranger has, too",
    on: "apache-2",
    plant: stranger("$SERVERS", "10.100.102.11/24"),
    undo: "ip netns del stranger",
    at: "kubernetes-1",
    says: /\(of nobody on the path\).* for 10\.100\.102\.11.*apache-1/,
  },
  {
    name: "an address that is taken away",
    on: "kubernetes-1",
    plant: `${KEEP_DEFAULT} && ip address del 10.100.102.10/24 dev $SERVERS`,
    undo: `ip address add 10.100.102.10/24 dev $SERVERS; ${PUT_DEFAULT}`,
    says: /^eth\d of kubernetes-1 \(quagga\), its leg in dev\/servers, does not have its address 10\.100\.102\.10\.$/,
  },
  {
    name: "a lowered MTU",
    on: "kubernetes-1",
    plant: "ip link set $SERVERS mtu 1300",
    undo: "ip link set $SERVERS mtu 1500",
    says: /^eth\d of kubernetes-1 \(quagga\) takes packets of 1300 bytes at most \(MTU\), and its neighbours in dev\/servers send 1500\.$/,
  },
  {
    name: "an interface that is down",
    on: "kubernetes-1",
    plant: `${KEEP_DEFAULT} && ip link set $SERVERS down`,
    undo: `ip link set $SERVERS up; ${PUT_DEFAULT}`,
    says: /^eth\d of kubernetes-1 \(quagga\), its leg in dev\/servers, is down/,
  },
  {
    name: "forwarding that is off",
    on: "kubernetes-1",
    plant: "sysctl -qw net.ipv4.ip_forward=0",
    undo: "sysctl -qw net.ipv4.ip_forward=1",
    says: /^kubernetes-1 \(quagga\) drops packets for .*: it forwards nothing \(net\.ipv4\.ip_forward is 0\)\.$/,
  },
  {
    name: "a strict reverse-path filter where the own way back leads elsewhere",
    on: "kubernetes-1",
    plant: `sysctl -n net.ipv4.conf.$TRANSIT.rp_filter >/run/rp_filter && sysctl -qw net.ipv4.conf.$TRANSIT.rp_filter=1 && ip route add ${BALANCER}/32 dev $SERVERS`,
    undo: `ip route del ${BALANCER}/32 dev $SERVERS; sysctl -qw net.ipv4.conf.$TRANSIT.rp_filter=$(cat /run/rp_filter)`,
    says: /^kubernetes-1 \(quagga\) drops packets for .*: its reverse-path filter is strict \(rp_filter of eth\d is 1\), and its own way to 10\.100\.101\.20 leads by eth\d/,
  },
  {
    name: "a blackhole",
    on: "kubernetes-1",
    plant: "ip route add blackhole 10.100.102.12/32",
    undo: "ip route del blackhole 10.100.102.12/32",
    says: /^kubernetes-1 \(quagga\) drops packets for 10\.100\.102\.12: its route to 10\.100\.102\.12\/32 is a blackhole route/,
  },
  {
    name: "a policy rule that diverts",
    on: "kubernetes-1",
    plant: `ip rule add iif $TRANSIT to ${TO_SERVERS} table 100 priority 100 && ip route add default via 10.100.102.99 table 100`,
    undo: "ip rule del priority 100; ip route flush table 100",
    says: /^kubernetes-1 \(quagga\) sends packets for .* to 10\.100\.102\.99 by eth\d, as its policy rule 100 says \(table 100\), and should send them out of eth\d\.$/,
  },
  {
    name: "a translation that nobody asked for",
    on: "kubernetes-1",
    plant: "iptables -t nat -I POSTROUTING -o $SERVERS -p tcp --dport 80 -j MASQUERADE",
    undo: "iptables -t nat -D POSTROUTING -o $SERVERS -p tcp --dport 80 -j MASQUERADE",
    says: /^kubernetes-1 \(quagga\) has requests to 10\.100\.102\.1\d go out by eth\d as 10\.100\.102\.10 to .*, and they should be 10\.100\.101\.20 to /,
  },
  {
    name: "an ARP entry made by hand",
    on: "swarm-1",
    plant: "ip neighbour replace 10.100.101.10 lladdr 02:00:00:00:00:01 dev $TRANSIT nud permanent",
    undo: "ip neighbour del 10.100.101.10 dev $TRANSIT",
    says: /^swarm-1 \(nginx\) takes 02:00:00:00:00:01 \(of nobody on the path\) for 10\.100\.101\.10, as an entry made by hand says, and kubernetes-1 \(quagga\) has /,
  },
  {
    name: "a neighbour that poisons an ARP entry",
    on: "apache-2",
    plant: `ping -q -c 1 10.100.102.11 >/dev/null && cat >/run/poison.pl <<'PERL'
${readFileSync(join(__dirname, "poison.pl"), "utf8")}
PERL
systemd-run --quiet --unit=poison perl /run/poison.pl $SERVERS 10.100.102.10 10.100.102.11`,
    undo: "systemctl stop poison.service; rm /run/poison.pl",
    at: "apache-1",
    // The router's own answers set the entry right for a moment: then what the other one claims is what is seen.
    says: /^apache-1 takes [0-9a-f:]{17} \(apache-2\) for 10\.100\.102\.10, and kubernetes-1 \(quagga\) has [0-9a-f:]{17}: its ARP entry is wrong\.$|^[0-9a-f:]{17} \(apache-2\) answers on eth\d of apache-1 for 10\.100\.102\.10, which is the address of kubernetes-1 \(quagga\): two have it\.$/,
  },
  {
    name: "a port that is closed",
    on: "apache-1",
    plant: "iptables -I INPUT -p tcp --dport 80 -j REJECT --reject-with tcp-reset",
    undo: "iptables -D INPUT -p tcp --dport 80 -j REJECT --reject-with tcp-reset",
    says: /^apache-1 refuses connections to 10\.100\.102\.11 on port 80/,
  },
  {
    name: "a web server that is stopped",
    on: "apache-1",
    plant: "systemctl stop apache2",
    undo: "systemctl start apache2",
    says: /^apache-1 refuses connections to 10\.100\.102\.11 on port 80: nothing listens there\.$/,
  },
  {
    name: "a server that answers as another one",
    on: "apache-1",
    plant:
      "cp /var/www/hybrid-vnf/index.html /run/index.html && sed -i s/apache-1/apache-2/g /var/www/hybrid-vnf/index.html",
    undo: "cp /run/index.html /var/www/hybrid-vnf/index.html",
    says: /^apache-1 \(10\.100\.102\.11\) answers with the page of apache-2, and should answer as apache-1\.$/,
  },
  {
    name: "a balancer with other servers",
    on: "swarm-1",
    plant: "docker service update --quiet --env-add SERVERS=10.100.102.11 nginx",
    undo: "docker service update --quiet --rollback nginx",
    says: /^swarm-1 \(nginx\) sends no request to 10\.100\.102\.12:80, which nginx should balance over\.$/,
  },
  {
    name: "a balancer that is stopped",
    on: "swarm-1",
    // Without --detach it waits for tasks, of which there are to be none.
    plant: `docker service update --quiet --detach --constraint-add node.labels.nobody==here nginx &&
timeout 60 bash -c 'while ss -Hltn sport = :80 | grep -q .; do sleep 0.2; done'`,
    undo: "docker service update --quiet --constraint-rm node.labels.nobody==here nginx",
    says: /^swarm-1 \(nginx\) refuses connections to 10\.100\.100\.20 on port 80: nothing listens there\.$/,
  },
  {
    name: "a router whose pod is gone",
    on: "kubernetes-1",
    plant: `${kubectl} scale deployment/quagga --replicas=0 && ${kubectl} wait pod -l app=quagga --for=delete --timeout=60s`,
    undo: `${kubectl} scale deployment/quagga --replicas=1 && ${kubectl} rollout status deployment/quagga --timeout=90s`,
    says: /^kubernetes-1 \(quagga\) keeps eth\d and eth\d apart, for no router on it opens the way between them/,
  },
  {
    name: "a machine that lets nobody in",
    on: "apache-2",
    plant: "systemctl stop ssh.service",
    undo: "systemctl start ssh.service",
    says: /^apache-2 can't be asked: /,
  },
];

#!/usr/bin/env bash
# Starts the daemons of the cloud and stays; $state/ready appears once it takes orders.
#
# Input: DRIVER    fake (servers are records) or qemu (servers are emulated machines)
#        EXTERNAL  address and prefix length of the external network's gateway, which is this node (default 10.200.0.1/24)
set -euo pipefail
here=/opt/cloud
# shellcheck source=daemons.sh
source "$here/daemons.sh"

driver=${DRIVER:-fake}
external=${EXTERNAL:-10.200.0.1/24}
[[ -e /etc/nova/$driver.conf ]] || {
  say "DRIVER is '$driver'; it must be fake or qemu."
  exit 2
}
export PYTHONUNBUFFERED=1

address=$(ip -4 -oneline address show dev eth0 | awk '{ split($4, part, "/"); print part[1]; exit }')
mkdir -p "$logs" "$state" /run/netns /run/lock/{nova,neutron}
rm -f "$state"/*

# Docker mounts it read-only; Nova and the agents set their bridges up there.
mount -o remount,rw /sys
[[ $driver == fake || -e /dev/net/tun ]] || {
  say "/dev/net/tun is missing; emulated machines need it."
  exit 1
}

if [[ ! -e /sys/class/net/tunnels ]]; then
  ip link add tunnels type bridge
  ip address add 169.254.77.1/24 dev tunnels
  ip link set tunnels up
  ip link add external0 type veth peer name external1
  ip address add "$external" dev external1
  ip link set external0 up
  ip link set external1 up
fi
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0

database keep
# The catalogue was made with this node's loopback address; only what others are told changes.
mariadb keystone -e "UPDATE endpoint SET url = REGEXP_REPLACE(url, '//[^:/]+', '//$address') WHERE interface = 'public'"

install -d -o rabbitmq -g rabbitmq /run/rabbitmq /var/lib/rabbitmq /var/log/rabbitmq
keep rabbitmq env HOME=/var/lib/rabbitmq RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 \
  ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +S 1:1 +A 4" \
  setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups /usr/lib/rabbitmq/bin/rabbitmq-server
keep keystone uwsgi --ini /etc/uwsgi/keystone.ini
keep placement uwsgi --ini /etc/uwsgi/placement.ini
until_true 90 rabbitmq bash -c '</dev/tcp/127.0.0.1/5672'

neutron=(--config-file /etc/neutron/neutron.conf)
keep glance glance-api --config-file /etc/glance/glance-api.conf
keep neutron neutron-server "${neutron[@]}" --config-file /etc/neutron/plugins/ml2/ml2_conf.ini
keep nova-conductor nova-conductor
keep nova nova-api
until_true 120 keystone answers 5000
until_true 120 neutron answers 9696
keep nova-scheduler nova-scheduler
keep linuxbridge-agent neutron-linuxbridge-agent "${neutron[@]}" --config-file /etc/neutron/plugins/ml2/linuxbridge_agent.ini
keep dhcp-agent neutron-dhcp-agent "${neutron[@]}" --config-file /etc/neutron/dhcp_agent.ini
keep l3-agent neutron-l3-agent "${neutron[@]}" --config-file /etc/neutron/l3_agent.ini
agents=()
if [[ $driver == qemu ]]; then
  keep metadata-agent neutron-metadata-agent "${neutron[@]}" --config-file /etc/neutron/metadata_agent.ini
  agents=(neutron-metadata-agent)
  mkdir -p /run/libvirt
  keep virtlogd virtlogd
  keep libvirtd libvirtd
  until_true 60 libvirtd virsh --connect qemu:///system version
fi
keep nova-compute nova-compute --config-file /etc/nova/nova.conf --config-file "/etc/nova/$driver.conf"
until_true 120 glance answers 9292
until_true 60 placement answers 8778
until_true 120 nova answers 8774
if ! python3 "$here/ready.py" 180 "${agents[@]}"; then
  say "The last errors in the logs:"
  grep --with-filename --text --extended-regexp ' (ERROR|CRITICAL) |Error|\*\*\*' "$logs"/*.log | tail -n 15 || true
  exit 1
fi
: >"$state/ready"
say "the cloud is ready"
wait

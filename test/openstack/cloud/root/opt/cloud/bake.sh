#!/usr/bin/env bash
# Runs while the image is built: makes databases, accounts and the catalogue, so that a start only starts daemons.
set -euo pipefail
here=/opt/cloud
# shellcheck source=daemons.sh
source "$here/daemons.sh"

mkdir -p "$logs" "$state" /run/lock /var/lock/{nova,neutron} /var/lib/glance/{images,staging,tasks}

step() {
  local began=$SECONDS
  if ! "$@" >"$logs/bake.log" 2>&1; then
    tail -n 30 "$logs/bake.log"
    exit 1
  fi
  printf '%3d s  %s\n' $((SECONDS - began)) "$*"
}

for service in glance placement neutron nova; do
  install -d "/etc/$service/$service.conf.d"
  ln -sf /etc/hybrid-vnf/cloud.conf "/etc/$service/$service.conf.d/cloud.conf"
done

rm -rf /var/lib/mysql
install -d -o mysql -g mysql /var/lib/mysql
step mariadb-install-db --user=mysql --skip-test-db
database daemon
for name in keystone glance placement neutron nova_api nova nova_cell0; do
  mariadb -e "CREATE DATABASE $name CHARACTER SET utf8"
done
mariadb -e "CREATE USER services@'127.0.0.1' IDENTIFIED BY 'services'; GRANT ALL ON *.* TO services@'127.0.0.1'"

step keystone-manage db_sync
step glance-manage db_sync
step placement-manage db sync
step neutron-db-manage --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/plugins/ml2/ml2_conf.ini upgrade heads
step nova-manage api_db sync
step nova-manage cell_v2 map_cell0
step nova-manage db sync
step nova-manage cell_v2 create_cell --name cell1
# The one compute host's place in the cell: found out at run time it would keep the first server waiting for half a minute.
mariadb nova_api -e "INSERT INTO host_mappings (created_at, cell_id, host) SELECT NOW(), id, 'cloud' FROM cell_mappings WHERE name = 'cell1'"

chown -R keystone /etc/keystone
step keystone-manage fernet_setup --keystone-user keystone --keystone-group keystone
step keystone-manage credential_setup --keystone-user keystone --keystone-group keystone
step keystone-manage bootstrap --bootstrap-username admin --bootstrap-password admin --bootstrap-project-name admin \
  --bootstrap-role-name admin --bootstrap-service-name keystone --bootstrap-region-id RegionOne \
  --bootstrap-{admin,internal,public}-url=http://127.0.0.1:5000/v3
daemon keystone uwsgi --ini /etc/uwsgi/keystone.ini
until_true 60 keystone answers 5000
step python3 "$here/catalogue.py"

for name in keystone mariadb; do
  pid=$(<"$state/$name.pid")
  kill "$pid"
  wait "$pid" || true
done
rm -rf "${logs:?}"/* "${state:?}"/*

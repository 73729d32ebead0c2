#!/usr/bin/env bash
# A balancer in Nginx' place, with its package's own settings.
#
#   start.sh haproxy | nginx
# Input: PORT     TCP port that it answers on
#        SERVERS  addresses of its servers, separated by commas
set -euo pipefail

IFS=, read -ra servers <<<"${SERVERS:?}"
case $1 in
  haproxy)
    # Where its settings want their socket; the package leaves that to its service.
    mkdir -p /run/haproxy
    {
      printf '\nfrontend clients\n  bind :%s\n  default_backend servers\nbackend servers\n  balance roundrobin\n' "$PORT"
      for server in "${servers[@]}"; do printf '  server %s %s:80\n' "$server" "$server"; done
    } >>/etc/haproxy/haproxy.cfg
    exec haproxy -db -f /etc/haproxy/haproxy.cfg
    ;;
  nginx)
    {
      printf 'upstream servers {\n'
      printf '  server %s;\n' "${servers[@]}"
      printf '}\nserver {\n  listen %s;\n  location / { proxy_pass http://servers; }\n}\n' "$PORT"
    } >/etc/nginx/sites-enabled/balancer
    exec nginx -g 'daemon off;'
    ;;
  *)
    printf "'%s' is no balancer that start.sh knows.\n" "$1" >&2
    exit 2
    ;;
esac

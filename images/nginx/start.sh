#!/usr/bin/env bash
# An HTTP load balancer: Nginx before the servers that it is given, one after the other.
#
#   SERVERS     its servers, separated by commas, each `ADDRESS` or `ADDRESS:PORT`: 10.100.102.11,10.100.102.12:8080
#   PORT        the TCP port it listens on (default 80)
#   KEEPALIVE   idle connections to the servers that each worker keeps (default 64; 0 for none)
#   ACCESS_LOG  off (default) or stdout
# Input that cannot work ends it with status 2 and one sentence for each thing that is wrong.
#
# It writes to /run, and large bodies to /var/lib/nginx: the rest may be read-only. Of what root may do, it needs what its test names.
#
# Another one may listen on the same port of the same network: the kernel shares out the connections, so that one takes over from the
# other without a moment in which nobody listens. Which of them is alive, each tells on a socket of its own, /run/nginx-alive.sock.
#
#   start.sh          runs the load balancer
#   start.sh render   checks the input and prints the Nginx configuration it would run with
set -euo pipefail

configuration=/run/nginx.conf
alive=/run/nginx-alive.sock

say() { printf '%s\n' "$*" >&2; }
problem() { problems+=("$*"); }

trim() {
  local text=$1
  text=${text#"${text%%[![:space:]]*}"}
  printf '%s' "${text%"${text##*[![:space:]]}"}"
}

is_address() {
  local octet='(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
  [[ $1 =~ ^$octet(\.$octet){3}$ ]]
}

is_port() { [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] && (($1 <= 65535)); }

read_input() {
  local entry entries=() place=0 address port
  problems=() servers=()
  listen=${PORT:-80} keepalive=${KEEPALIVE:-64} access_log=${ACCESS_LOG:-off}

  if [[ -z $(trim "${SERVERS:-}") ]]; then
    problem "SERVERS is empty; it must name the servers, such as 10.100.102.11,10.100.102.12:8080."
  else
    IFS=, read -ra entries <<<"$SERVERS,"
  fi
  for entry in "${entries[@]}"; do
    place=$((place + 1))
    entry=$(trim "$entry")
    address=${entry%%:*}
    port=80
    [[ $entry != *:* ]] || port=${entry#*:}
    if [[ -z $entry ]]; then
      problem "SERVERS is '$SERVERS'; its entry $place is empty: take out the comma or name a server there."
    elif ! is_address "$address"; then
      problem "SERVERS holds '$entry'; each server must be an IPv4 address, or one with a port, such as 10.100.102.11:8080."
    elif ! is_port "$port"; then
      problem "SERVERS holds '$entry' with port '$port'; a port must be a number from 1 to 65535."
    elif [[ " ${servers[*]} " == *" $address:$port "* ]]; then
      problem "SERVERS holds $address:$port twice; name each server once."
    else
      servers+=("$address:$port")
    fi
  done
  is_port "$listen" || problem "PORT is '$listen'; it must be a number from 1 to 65535."
  [[ $keepalive =~ ^(0|[1-9][0-9]{0,4})$ ]] || problem "KEEPALIVE is '$keepalive'; it must be a number of connections from 0 to 99999."
  case $access_log in
    off) ;;
    stdout) access_log='/dev/stdout combined' ;;
    *) problem "ACCESS_LOG is '$access_log'; it must be off or stdout." ;;
  esac
  if ((${#problems[@]})); then
    printf '%s\n' "${problems[@]}" >&2
    exit 2
  fi
}

# Every connection of a client may need one to a server, hence two files for each; Nginx warns of more than there are.
files() {
  local most
  most=$(ulimit -Hn)
  [[ $most =~ ^[0-9]+$ ]] && ((most < 65536)) || most=65536
  printf '%d' "$most"
}

# A connection to a server is kept, but not for long: behind one address there may be several pods, and one that is new gets
# its share only of new connections.
render() {
  local open
  open=$(files)
  cat <<CONF
user www-data;
worker_processes auto;
worker_rlimit_nofile $open;
pid /run/nginx.pid;
error_log /dev/stderr warn;

events {
    worker_connections $((open / 2));
    multi_accept on;
}

http {
    access_log $access_log;
    server_tokens off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_timeout 65s;
    keepalive_requests 100000;

    upstream servers {
        # Shared by the workers: they take turns together, and what one learns of a dead server they all know.
        zone servers 256k;
$(printf '        server %s max_fails=2 fail_timeout=5s;\n' "${servers[@]}")
$( ((keepalive == 0)) || printf '        keepalive %d;\n        keepalive_requests 100000;\n        keepalive_timeout 60s;\n        keepalive_time 10s;\n' "$keepalive")
    }

    server {
        listen $listen default_server reuseport backlog=4096;
        server_name _;
        client_max_body_size 16m;

        # For probes: answers for Nginx itself, whatever the servers do.
        location = /-/alive {
            return 204;
        }

        location / {
            proxy_pass http://servers;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host \$host;
            proxy_set_header X-Real-IP \$remote_addr;
            proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto \$scheme;
            proxy_connect_timeout 2s;
            proxy_send_timeout 30s;
            proxy_read_timeout 15s;
            # A request that may be repeated goes to the next server; a POST that has been sent does not.
            proxy_next_upstream error timeout http_502 http_503 http_504;
            proxy_next_upstream_timeout 20s;
            proxy_next_upstream_tries 3;
        }
    }

    # The same for who asks this one, and no other that shares its port.
    server {
        listen unix:$alive;
        location = /-/alive {
            return 204;
        }
    }
}
CONF
}

case ${1:-run} in
  run)
    read_input
    render >"$configuration"
    rm -f -- "$alive" # of one that was killed in this container
    nginx -t -q -c "$configuration" || {
      say "Nginx refuses the configuration in $configuration (see above)."
      exit 1
    }
    say "Nginx listens on port $listen for ${#servers[@]} server(s): ${servers[*]}."
    exec nginx -c "$configuration" -g 'daemon off;'
    ;;
  render)
    read_input
    render
    ;;
  *)
    say "'$1' is no action of start.sh; use it without one, or with render."
    exit 2
    ;;
esac

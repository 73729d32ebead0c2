# shellcheck shell=bash
# Apache on this machine: one page that names its server, on every address of the machine.
#
# Input: NAME     the server's name, such as apache-1
#        ADDRESS  the address on which it must answer before this script ends
#        INDEX    the page's HTML (default: a page that shows NAME)
#        PORT     the TCP port (default 80)
# Use:   bash -s -- create | update | delete | check
# Prints {"name":...,"address":...,"port":...}

name=${NAME:-}
address=${ADDRESS:-}
port=${PORT:-80}
root=/var/www/hybrid-vnf
site=/etc/apache2/sites-available/hybrid-vnf.conf
stock=/etc/apache2/hybrid-vnf.had-default-site

check_input() {
  [[ $name =~ ^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$ ]] ||
    problem "NAME is '$name'; it must be a host name of at most 63 letters, digits, dots and dashes."
  is_address "$address" || problem "ADDRESS is '$address'; it must be an IPv4 address of this machine, such as 10.100.102.11."
  is_number "$port" 1 65535 || problem "PORT is '$port'; it must be a number from 1 to 65535."
  stop_on_problems
  require_own_address ADDRESS "$address"
  require_command apache2ctl apache2
}

page() {
  if [[ -n ${INDEX:-} ]]; then
    printf '%s\n' "${INDEX%$'\n'}"
  else
    printf '<!doctype html>\n<html lang="en">\n<head><title>%s</title></head>\n<body><h1>%s</h1></body>\n</html>\n' "$name" "$name"
  fi
}

# Keep-alive lasts longer than a proxy keeps idle connections (60 s at most), so that it is never the server that
# closes one just as the proxy uses it again.
configuration() {
  cat <<CONF
# Made by hybrid-vnf; changes are lost when it runs again.
$( ((port == 80)) || printf 'Listen %d\n' "$port")
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 75
ServerTokens Prod
<IfModule mpm_event_module>
    ServerLimit 8
    StartServers 2
    ThreadsPerChild 64
    MinSpareThreads 64
    MaxSpareThreads 256
    MaxRequestWorkers 512
    MaxConnectionsPerChild 0
</IfModule>
<VirtualHost *:$port>
    ServerName $name
    DocumentRoot $root
    <Directory $root>
        Options None
        AllowOverride None
        Require all granted
    </Directory>
</VirtualHost>
CONF
}

answers() { curl --silent --fail --noproxy '*' --max-time 2 "http://$address:$port/" | cmp -s - "$root/index.html"; }

create() {
  local reload=no limit
  check_input
  mkdir -p "$root"
  put "$root/index.html" < <(page) || true

  if [[ ! -e /etc/apache2/mods-enabled/mpm_event.load ]]; then
    a2dismod --quiet --force mpm_prefork mpm_worker >&2 || true
    a2enmod --quiet mpm_event >&2
    reload=restart
  fi
  if put "$site" < <(configuration); then reload=restart; fi
  if [[ -e /etc/apache2/sites-enabled/000-default.conf ]]; then
    : >"$stock"
    a2dissite --quiet 000-default >&2
    reload=restart
  fi
  a2ensite --quiet hybrid-vnf >&2
  apache2ctl configtest >&2 ||
    fail "Apache refuses its configuration (the lines above say where); mend what else is in /etc/apache2 on this machine."

  systemctl --quiet enable apache2 >&2
  if [[ $reload == restart ]]; then systemctl restart apache2; else systemctl start apache2; fi ||
    fail "Apache does not start: $(journalctl _SYSTEMD_UNIT=apache2.service -n 1 --no-pager -o cat | tr '\n' ' '); port $port may be taken by another program."
  limit=$((SECONDS + 30)) # from now on: on a slow machine all of the above may take longer than that
  until answers; do
    ((SECONDS < limit)) ||
      fail "Apache runs but does not answer with its page on http://$address:$port/ within 30 s; 'journalctl -u apache2' on the machine says more."
    sleep 0.2
  done
  printf '{"name":"%s","address":"%s","port":%d}\n' "$name" "$address" "$port"
}

remove() {
  [[ -e $site ]] || return 0
  systemctl --quiet disable --now apache2 >&2
  a2dissite --quiet hybrid-vnf >&2
  rm -rf -- "$site" "$root"
  if [[ -e $stock ]]; then
    a2ensite --quiet 000-default >&2
    rm -f -- "$stock"
  fi
}

check() {
  systemctl --quiet is-active apache2 || differs "Apache is stopped; it was running."
  page | cmp --silent - "$root/index.html" || differs "its page is not the one that it was given."
  configuration | cmp --silent - "$site" || differs "Apache's configuration in $site is not the one that it was given."
}

act apache.sh "$@"

# shellcheck shell=bash
# Sourced: what bake.sh and start.sh have in common.

logs=/var/log/cloud
state=/run/cloud

say() { printf '[%3d s] %s\n' "$SECONDS" "$*"; }

# until_true SECONDS WHAT COMMAND...: tries four times a second; says what never came true.
until_true() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >>"$logs/waiting.log" 2>&1; do
    if ((SECONDS >= end)); then
      say "$what: not there in time; the last words of its log:"
      tail -n 15 "$logs/${what%% *}.log" 2>/dev/null || true
      return 1
    fi
    sleep 0.25
  done
  say "$what is up"
}

answers() { curl --silent --output /dev/null --max-time 5 "http://127.0.0.1:$1/"; }

# daemon NAME COMMAND...: in the background, in a process group of its own whose id is in $state/NAME.pid.
daemon() {
  local name=$1
  shift
  setsid "$@" >>"$logs/$name.log" 2>&1 &
  echo "$!" >"$state/$name.pid"
}

# keep NAME COMMAND...: the same, and again whenever it ends; some daemons give up when a peer is late.
keep() {
  local name=$1
  shift
  (
    while :; do
      daemon "$name" "$@"
      wait "$!" || true
      echo "*** $name ended; it is started again" >>"$logs/$name.log"
      sleep 1
    done
  ) &
}

database() {
  install -d -o mysql -g mysql /run/mysqld
  "$1" mariadb mariadbd --user=mysql
  until_true 60 mariadb mariadb-admin ping
}

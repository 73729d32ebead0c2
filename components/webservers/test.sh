#!/usr/bin/env bash
# Proves apache.sh on a machine of its own; needs Docker and the machine image. Says nothing about throughput.
# shellcheck disable=SC1091,SC2154 # try.sh, which is checked by itself
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../machine/try.sh"
apache=$here/apache.sh

network a 172.29.15.0/24
machine web a=172.29.15.11

get() { curl --silent --fail --noproxy '*' --max-time 5 "http://172.29.15.11$1/"; }
shows() { [[ $(get "$1") == *"$2"* ]]; }
silent() { ! get "$1" >/dev/null; }
started() { inside web systemctl show apache2 --property ExecMainStartTimestampMonotonic --value; }
untouched() { [[ $(started) == "$before" ]]; }
keeps_alive() { [[ $(curl --silent --noproxy '*' --output /dev/null --output /dev/null --write-out '%{num_connects} ' http://172.29.15.11/ http://172.29.15.11/) == "1 0 " ]]; }
enabled() { inside web systemctl --quiet is-enabled apache2; }
rebooted() { docker restart "$tag-web" >/dev/null; }

ok "created" on web "$apache" create NAME=apache-1 ADDRESS=172.29.15.11
ok "its result" jq -es '.[0] == {name:"apache-1",address:"172.29.15.11",port:80}' "$scratch/out"
ok "the page names its server" shows "" apache-1
ok "connections are kept alive" keeps_alive
before=$(started)
ok "run again" on web "$apache" update NAME=apache-1 ADDRESS=172.29.15.11
ok "without a restart" untouched
ok "another page" on web "$apache" update NAME=apache-1 ADDRESS=172.29.15.11 INDEX="<p>it's \"two\" \$HOME</p>"
# shellcheck disable=SC2016
ok "as it was given" shows "" '<p>it'\''s "two" $HOME</p>'
ok "without a restart" untouched
same() { [[ -z $(on web "$apache" check NAME=apache-1 ADDRESS=172.29.15.11 INDEX="<p>it's \"two\" \$HOME</p>") ]]; }
told() { [[ $(on web "$apache" check NAME=apache-1 ADDRESS=172.29.15.11 INDEX="<p>it's \"two\" \$HOME</p>") == "web: $1" ]]; }
ok "nothing differs" same
inside web sed -i s/two/three/ /var/www/hybrid-vnf/index.html
ok "a page changed by hand is told" told "its page is not the one that it was given."
ok "put back" on web "$apache" update NAME=apache-1 ADDRESS=172.29.15.11 INDEX="<p>it's \"two\" \$HOME</p>"
ok "nothing differs any more" same
ok "enabled at boot" enabled
rebooted
ok "answers after a reboot" eventually 120 shows "" two
ok "another port" on web "$apache" update NAME=apache-1 ADDRESS=172.29.15.11 PORT=8080
ok "answers there" shows :8080 apache-1
ok "deleted" on web "$apache" delete NAME=apache-1 ADDRESS=172.29.15.11
ok "silent" silent ""
ok "silent on the other port" silent :8080
ok "deleted twice" on web "$apache" delete NAME=apache-1 ADDRESS=172.29.15.11
ok "created again" on web "$apache" create NAME=apache-2 ADDRESS=172.29.15.11
ok "with its own page" shows "" apache-2

refused "no name, no address, no port: all said" 2 "NAME is ''" on web "$apache" create PORT=0
said "ADDRESS is ''"
said "PORT is '0'"
refused "markup in the name" 2 "must be a host name" on web "$apache" create NAME='<b>' ADDRESS=172.29.15.11
refused "another machine's address" 1 "not on this machine, which has 172.29.15.11/24" on web "$apache" create NAME=a ADDRESS=172.29.15.12
inside web systemd-run --quiet --unit=squatter --socket-property=ListenStream=81 /bin/cat
refused "a port that is taken" 1 "does not start: .*port 81 may be taken" on web "$apache" update NAME=a ADDRESS=172.29.15.11 PORT=81

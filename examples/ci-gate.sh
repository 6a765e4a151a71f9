#!/usr/bin/env bash
# Runs a test while tcpdump captures, and fails when a server lost TLS sessions meanwhile because they were closed without close_notify.
#
# usage: ci-gate.sh FILTER COMMAND [ARGUMENT]...      as in: ci-gate.sh 'tcp port 8443' npm run test:proxy
# In the environment: INTERFACE to capture on (default: any), CAPTURE to write to and keep (default: closenotify.pcap).
#
# exit status: 0 no session was lost; 1 some were; 2 wrong usage, or no closenotify; 3 the capture is damaged, or holds no TLS connection;
# 4 tcpdump cannot capture; when COMMAND fails, its own
set -euo pipefail

say() { printf 'ci-gate: %s\n' "$*" >&2; }

if [ $# -lt 2 ]; then
  say 'usage: ci-gate.sh FILTER COMMAND [ARGUMENT]...'
  exit 2
fi
PATH=$PWD/node_modules/.bin:$PATH
command -v closenotify > /dev/null || { say 'closenotify is not installed: npm install --save-dev closenotify'; exit 2; }
filter=$1
shift
capture=${CAPTURE:-closenotify.pcap}
log=$(mktemp)
tcpdump=''

stop() {
  [ -z "$tcpdump" ] || { kill "$tcpdump"; wait "$tcpdump"; } 2> /dev/null || true
  tcpdump=''
}
trap 'stop; rm -f "$log"' EXIT

# Started as root it gives up its rights before it opens a file: it is given an open one.
tcpdump -i "${INTERFACE:-any}" -B 65536 -U -w - "$filter" > "$capture" 2> "$log" &
tcpdump=$!
until grep -q 'listening on' "$log"; do
  if ! kill -0 "$tcpdump" 2> /dev/null; then
    say "tcpdump cannot capture: $(cat "$log")"
    exit 4
  fi
  sleep 0.1
done

tests=0
"$@" || tests=$?

# The kernel hands packets over once a second, and what it has not when tcpdump ends is lost.
size=-1
while [ "$size" -ne "$(wc -c < "$capture")" ]; do
  size=$(wc -c < "$capture")
  sleep 1.5
done
stop
sed -n 's/^[0-9].*dropped by kernel$/ci-gate: tcpdump: &/p' "$log" >&2

status=0
closenotify --no-progress --fail-on invalidated "$capture" || status=$?
if [ "$status" -eq 0 ]; then
  seen=$(closenotify --no-progress --format json "$capture" | node -p 'JSON.parse(fs.readFileSync(0)).totals.tlsConnections')
  [ "$seen" -gt 0 ] || status=3
fi

case $status in
  0) say "passed: no session was lost in $seen TLS connections" ;;
  1) say "failed: sessions were lost to unclean closes; open $capture in Wireshark with the display filters above" ;;
  3) say "failed: $capture is damaged or holds no TLS connection, so nothing was tested: see above, and check INTERFACE and the filter" ;;
  *) say "failed: closenotify ended with status $status" ;;
esac
if [ "$tests" -ne 0 ]; then
  say "the command itself failed with status $tests: $*"
  exit "$tests"
fi
exit "$status"

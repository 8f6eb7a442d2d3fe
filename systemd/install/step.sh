#!/bin/sh
# Runs a command that takes long and shows that it lives: step.sh "WHAT IS DONE" "HOW LONG" COMMAND [ARGUMENT...]
#
# On a terminal the seconds are counted, elsewhere there are plain lines. The command's output follows when it has
# ended; if it failed for want of a network, one sentence stands for it.
set -eu
what=$1 takes=$2
shift 2

log=$(mktemp "${TMPDIR:-/tmp}/ravatard-step.XXXXXX")
began=$(date +%s)
counter=
stop_counting() {
    [ -n "$counter" ] || return 0
    kill "$counter" 2>/dev/null || true
    wait "$counter" 2>/dev/null || true
    counter=
    printf '\r             \r'
}
trap 'stop_counting; rm -f "$log"; exit 130' INT
trap 'stop_counting; rm -f "$log"; exit 143' TERM HUP

echo "$what (takes $takes)"
if [ -t 1 ]; then
    (
        trap - INT TERM HUP
        while sleep 1 && kill -0 $$ 2>/dev/null; do printf '\r  %d s' $(($(date +%s) - began)); done
    ) &
    counter=$!
fi
# In the foreground: Ctrl-C ends it, too.
status=0
"$@" >"$log" 2>&1 || status=$?
stop_counting

# What pip and apt say without a network: prints the reason.
no_way() {
    grep -oE -m 1 "Temporary failure in name resolution|Temporary failure resolving|Could not resolve|Name or service not known|\
No address associated with hostname|Network is unreachable|No route to host|Connection refused|Connection timed out|\
ConnectTimeoutError|Read timed out|Cannot connect to proxy|Could not connect to|Unable to connect to" "$log" | head -n 1
}
# The host they could not reach; pip also names its proxy there.
host() {
    sed -nE "s/.*host='([^']+)'.*/\1/p; s/.*[Rr]esolv(e|ing) '([^']+)'.*/\2/p; s/.*[Cc]onnect to ([^ :]+).*/\1/p" "$log" | head -n 1
}

if [ $status = 0 ]; then
    cat "$log"
    echo "  done in $(($(date +%s) - began)) s"
elif reason=$(no_way) && [ -n "$reason" ]; then
    where=$(host)
    echo "The first run downloads packages, and there is no way to ${where:-their servers} ($reason): connect this" \
        "machine to the network, or name your proxy in HTTPS_PROXY, and run the same command again." >&2
else
    cat "$log" >&2
    echo "Failed after $(($(date +%s) - began)) s: $what" >&2
fi
rm -f "$log"
exit $status

#!/bin/sh
# Runs a command in a clone as the clone's owner if root started it: as-owner.sh COMMAND [ARGUMENT...]
#
# So `sudo make` in a user's clone leaves no file of root's in it, and root runs none of that user's programs.
set -eu
owner=$(stat -c %u "$0") group=$(stat -c %g "$0")
if [ "$(id -u)" != 0 ] || [ "$owner" = 0 ]; then exec "$@"; fi

entry=$(getent passwd "$owner" || true)
home=$(echo "$entry" | cut -d: -f6)
groups=--init-groups
[ -n "$entry" ] || groups=--clear-groups
# Where the owner's sound server listens.
if [ -d "/run/user/$owner" ]; then export XDG_RUNTIME_DIR="/run/user/$owner"; else unset XDG_RUNTIME_DIR; fi
unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
export HOME="${home:-/nonexistent}" USER="${entry%%:*}" LOGNAME="${entry%%:*}"
exec setpriv --reuid "$owner" --regid "$group" $groups -- "$@"

#!/bin/sh
# `make apt-repo`: apt-repo.sh CHANNEL KEY DIRECTORY PACKAGE... adds packages to a signed apt repository.
#
# DIRECTORY has a repository for each channel, DIRECTORY/stable and DIRECTORY/canary, to be served as they are by any
# web server; each has the suites bookworm and trixie. A package goes into the suite that its version names; the version
# that was there goes into bookworm-previous or trixie-previous, to be installed again. KEY is the fingerprint of a key in
# gpg's keyring, whose public half is written beside the channels as ravatard.gpg. A version that is there is never
# replaced by another file: reprepro refuses it.
set -eu
umask 022

channel=${1:-} key=${2:-} directory=${3:-}
case $channel in
stable | canary) ;;
*) echo "CHANNEL=$channel is neither stable nor canary." >&2 && exit 1 ;;
esac
if [ -z "$key" ] || ! gpg --batch --list-secret-keys "$key" >/dev/null 2>&1; then
    echo "KEY=$key is no secret key here; gpg --list-secret-keys shows the fingerprints." >&2
    exit 1
fi
shift 3
if [ $# = 0 ] || [ ! -e "$1" ]; then
    echo "There is no package to add; next: make deb, or DEBS=\"FILE...\"" >&2
    exit 1
fi
command -v reprepro >/dev/null || { echo "reprepro is missing; next: sudo apt install reprepro" >&2; exit 1; }

# Suite -> the end of its packages' versions.
suite_of() {  # PACKAGE
    case $(dpkg-deb --field "$1" Version) in
    *+deb12) echo bookworm ;;
    *+deb13) echo trixie ;;
    *) echo "$1 is not for a Debian that is known here: its version ends neither with +deb12 nor +deb13." >&2; return 1 ;;
    esac
}

base=$directory/$channel
mkdir -p "$base/conf"
for suite in bookworm trixie bookworm-previous trixie-previous; do
    case $suite in *-previous) before=-previous ;; *) before= ;; esac
    cat <<END
Origin: ravatard
Label: ravatard
Suite: $channel$before
Codename: $suite
Architectures: amd64 arm64
Components: main
Description: voice appliance for cloud avatars, channel $channel
SignWith: $key

END
done >"$base/conf/distributions"
gpg --batch --export "$key" >"$directory/ravatard.gpg.new"
mv "$directory/ravatard.gpg.new" "$directory/ravatard.gpg"

repository() {  # ARGUMENT...
    reprepro --silent --basedir "$base" "$@"
}

# Of the version that a suite has for the architecture; empty for none.
version_in() {  # SUITE ARCHITECTURE
    repository --list-format '${version}' --architecture "$2" list "$1" ravatard
}

for package in "$@"; do
    suite=$(suite_of "$package")
    version=$(dpkg-deb --field "$package" Version)
    architecture=$(dpkg-deb --field "$package" Architecture)
    there=$(version_in "$suite" "$architecture")
    if [ -n "$there" ] && dpkg --compare-versions "$there" gt "$version"; then
        if [ "$(version_in "$suite-previous" "$architecture")" = "$version" ]; then
            echo "$suite-previous $channel: $version $architecture"
            continue
        fi
        echo "$package is older than $there, which $suite has in $channel already; next: build it with a higher version" >&2
        exit 1
    fi
    # reprepro keeps one version of a package in a suite.
    if [ -n "$there" ] && [ "$there" != "$version" ]; then
        repository --architecture "$architecture" copy "$suite-previous" "$suite" ravatard
    fi
    repository --section sound --priority optional includedeb "$suite" "$package"
    echo "$suite $channel: $version $architecture"
done
# Also the signature of a suite that has no package yet.
repository export

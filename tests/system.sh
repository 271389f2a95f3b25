#!/usr/bin/env bash
# What the tests need from the system: Chromium with Chinese fonts, PostgreSQL, nginx.
# Installs Debian packages where this is root; otherwise says what to install. Tests that lack
# one of them are skipped with that reason, never passed.
set -euo pipefail

packages=()
command -v chromium >/dev/null || packages+=(chromium)
grep -qi "noto.*cjk" <<<"$(fc-list 2>/dev/null)" || packages+=(fontconfig fonts-noto-cjk)
compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || packages+=(postgresql)
[ -x /usr/sbin/nginx ] || packages+=(nginx-light)
[ ${#packages[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing ${packages[*]}"
    log=$(mktemp)
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } \
        >"$log" 2>&1 || { cat "$log"; exit 1; }
else
    echo "Some tests will be skipped. To run them too, install: ${packages[*]}"
fi

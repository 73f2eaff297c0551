#!/usr/bin/env bash
# Installs what tests/test_server_* compare the door with: PostgreSQL 15 and the drivers that Debian
# has, node's pg from npm. Never fails: what cannot be installed (no root, no Debian, no registry)
# is told, and its tests are skipped with that reason. Safe to run twice.
set -u
here="$(cd "$(dirname "$0")" && pwd)"
packages=(postgresql-15 postgresql-client-15 odbc-postgresql unixodbc libpostgresql-jdbc-java
	default-jdk-headless nodejs npm golang-go golang-github-lib-pq-dev golang-github-jackc-pgx-v4-dev)

told() { echo "install_clients: $*"; }

missing() {
	local package
	for package in "${packages[@]}"; do
		dpkg-query --show --showformat='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' ||
			echo "$package"
	done
}

debian() {
	command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || { told 'no apt-get'; return; }
	local wanted
	mapfile -t wanted < <(missing)
	# node may come from elsewhere than Debian.
	command -v npm >/dev/null && wanted=("${wanted[@]/#nodejs}") && wanted=("${wanted[@]/#npm}")
	read -r -a wanted <<<"${wanted[*]}"
	[ "${#wanted[@]}" -gt 0 ] || return
	[ "$(id -u)" = 0 ] || { told "not root, so these stay absent: ${wanted[*]}"; return; }
	# Debian would start a server of its own; the tests start theirs.
	if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
	fi
	export DEBIAN_FRONTEND=noninteractive
	timeout 120 apt-get update -qq || told 'apt-get update failed'
	local package
	timeout 600 apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null && return
	for package in "${wanted[@]}"; do # one that is unknown must not keep the others away
		timeout 300 apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
			told "$package could not be installed"
	done
}

node() {
	command -v npm >/dev/null || { told 'no npm'; return; }
	[ -d "$here/node/node_modules/pg-query-stream" ] && return
	(cd "$here/node" && timeout 120 npm ci --silent --no-audit --no-fund) || told 'npm ci failed'
}

debian
node
exit 0

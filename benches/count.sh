#!/usr/bin/env bash
# Instructions a call of every contestant: (those of 3,000 calls less those of
# 1,000) / 2,000, counted by valgrind's callgrind in one release binary, so that
# start-up drops out and the load of the machine does not matter.
# With --ceilings it prints ours alone and fails where one is above its ceiling.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || {
    echo "valgrind is not installed" >&2
    exit 1
}

binary=$(cargo bench --locked --bench count --no-run 2>&1 |
    sed -n 's/.*Executable.*(\(.*\)).*/\1/p')

counted() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" "$@" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

per_call() {
    local few many
    few=$(counted "$1" "$2" 1000)
    many=$(counted "$1" "$2" 3000)
    echo $(((many - few) / 2000))
}

if [ "${1:-}" = --ceilings ]; then
    failed=0
    while IFS=: read -r block contestant ceiling; do
        count=$(per_call "$block" "$contestant")
        echo "$block, $contestant: $count instructions, at most $ceiling"
        [ "$count" -le "$ceiling" ] || failed=1
    done <<'END'
sync success:reattempt:30
sync success:reattempt, policy made at run time:30
sync success with a full budget:reattempt:35
async success:reattempt:50
async success:reattempt, policy made at run time:50
async success after a wait:reattempt, policy made at run time:80
sync, two failures without delay:reattempt, policy made at run time:150
async, two failures without delay:reattempt, policy made at run time:1000
ten jittered delays:reattempt:800
END
    exit "$failed"
fi

last=
"$binary" | while IFS=$'\t' read -r block contestant; do
    if [ "$block" != "$last" ]; then
        printf '\n| %s | instructions |\n| --- | ---: |\n' "$block"
        last=$block
    fi
    echo "| $contestant | $(per_call "$block" "$contestant") |"
done

#!/usr/bin/env bash
# Prints the instructions per call of every contestant: the instructions of 3,000 calls minus
# those of 1,000, divided by 2,000. Valgrind's callgrind counts them in one release binary.
# The instructions of start-up cancel out, and other load on the machine has no effect.
# With --ceilings, counts reattempt only and fails if a count is above its ceiling.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
command -v valgrind >/dev/null || {
    echo "valgrind is not installed" >&2
    exit 1
}

built=$(cargo bench --locked --bench count --no-run 2>&1) || {
    echo "$built" >&2
    exit 1
}
binary=$(sed -n 's/.*Executable.*(\(.*\)).*/\1/p' <<<"$built")

# counted BLOCK CONTESTANT TIMES: prints the instructions of one run.
counted() {
    local output
    output=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" "$@" 2>&1) || {
        echo "$output" >&2
        exit 1
    }
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$output"
}

# per_call BLOCK CONTESTANT: prints the instructions of one call.
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
sync success:reattempt:21
sync success:reattempt, policy made at run time:25
sync success with a full budget:reattempt:33
async success:reattempt:62
async success:reattempt, policy made at run time:62
async success after a wait:reattempt, policy made at run time:87
sync, two failures without delay:reattempt, policy made at run time:1100
async, two failures without delay:reattempt, policy made at run time:1600
ten jittered delays:reattempt:1150
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

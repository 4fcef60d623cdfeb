#!/usr/bin/env bash
# Usage: run.sh [--minimize] [SECONDS] [TARGET..]
# Builds the fuzz targets and runs each TARGET (all) for SECONDS (15), starting from the inputs in
# seeds/ and minimized/. With --minimize, replaces minimized/ with the inputs that reach new code
# and are not in seeds/. Needs a C++ compiler, but neither nightly Rust nor cargo-fuzz: the crate
# has no unsafe code, so a sanitizer would find little, and stable Rust can count which code an
# input reaches.
set -euo pipefail
cd "$(dirname "$0")"

minimize=
if [ "${1:-}" = --minimize ]; then
    minimize=1
    shift
fi
seconds=${1:-15}
[ $# -eq 0 ] || shift
mapfile -t targets < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else
    sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml | grep -v '^reattempt-fuzz$'; fi)

out=${CARGO_TARGET_DIR:-$PWD/target}
host=$(rustc -vV | sed -n 's/^host: //p')
# The flags of cargo-fuzz without a sanitizer. They are for the target, not for build scripts.
flags="--cfg fuzzing -Cpasses=sancov-module"
flags="$flags -Cllvm-args=-sanitizer-coverage-level=4"
flags="$flags -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table"
flags="$flags -Cllvm-args=-sanitizer-coverage-trace-compares"
CARGO_TARGET_DIR=$out RUSTFLAGS=$flags cargo build --locked --release --target "$host"
programs=$out/$host/release

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=
# inputs TARGET: prints the folders that have inputs for a target.
inputs() {
    find "seeds/$1" "minimized/$1" -maxdepth 0 2>/dev/null || true
}
# run TARGET: runs a target and prints a line about it.
run() {
    local target=$1 log=$work/$1.log
    mkdir -p "$work/$target" artifacts
    if "$programs/$target" "$work/$target" $(inputs "$target") \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=8192 -use_value_profile=1 \
        -artifact_prefix="artifacts/$target-" -print_final_stats=1 >"$log" 2>&1; then
        echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs," \
            "$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d ' ' -f 2) places reached"
    else
        tail -n 40 "$log"
        echo "$target: failed"
        return 1
    fi
}

# Two at a time.
for ((index = 0; index < ${#targets[@]}; index += 2)); do
    pids=()
    for target in "${targets[@]:index:2}"; do
        run "$target" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || failed=1
    done
done
[ -z "$failed" ]

if [ -n "$minimize" ]; then
    for target in "${targets[@]}"; do
        rm -rf "$work/merged"
        mkdir -p "$work/merged"
        "$programs/$target" -set_cover_merge=1 -use_counters=0 "$work/merged" $(inputs "$target") "$work/$target" \
            >"$work/merge.log" 2>&1 || {
            tail -n 40 "$work/merge.log"
            echo "$target: the merge failed"
            exit 1
        }
        # Some targets have no seeds.
        seeds=$(find "seeds/$target" -type f -exec sha1sum {} + 2>/dev/null | cut -c 1-16) || true
        rm -rf "minimized/$target"
        mkdir -p "minimized/$target"
        for file in "$work/merged"/*; do
            name=$(sha1sum "$file" | cut -c 1-16)
            # An input of seeds/ is not repeated.
            grep -qx "$name" <<<"$seeds" || cp "$file" "minimized/$target/$name"
        done
        echo "$target: $(find "minimized/$target" -type f | wc -l) inputs kept"
    done
fi

#!/usr/bin/env bash
# What a dependency costs to build: seconds of a clean release build of a crate
# with this one dependency, and the crates it brings.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "| dependency | crates | seconds |"
echo "| --- | ---: | ---: |"
row() {
    local name=$1 dependency=$2 crate=$work/crate
    rm -rf "$crate"
    mkdir -p "$crate/src"
    printf '[package]\nname = "cost"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n%s\n' \
        "$dependency" >"$crate/Cargo.toml"
    touch "$crate/src/lib.rs"
    (
        cd "$crate"
        cargo fetch --quiet
        crates=$(cargo tree --edges normal,build --prefix none | sort -u | tail -n +1 | grep -vc '^cost ')
        start=$(date +%s%N)
        cargo build --quiet --release --offline
        end=$(date +%s%N)
        tenths=$(((end - start) / 100000000))
        echo "| $name | $crates | $((tenths / 10)).$((tenths % 10)) |"
    )
}
row "reattempt, base" "reattempt = { path = \"$here\", default-features = false }"
row "reattempt, base and tokio" "reattempt = { path = \"$here\", default-features = false, features = [\"tokio\"] }"
row "reattempt, default" "reattempt = { path = \"$here\" }"
row "reattempt, all" "reattempt = { path = \"$here\", features = [\"governor\", \"reqwest\", \"tower\", \"tracing\"] }"
row "backon" 'backon = "1"'
row "reqwest-retry" 'reqwest-retry = "0.9"'
row "aws-smithy-runtime" 'aws-smithy-runtime = { version = "1", features = ["client"] }'

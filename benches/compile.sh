#!/usr/bin/env bash
# Prints the compile cost of a dependency: the number of crates that it adds, and the seconds
# of a clean release build of a crate that has only this dependency.
set -euo pipefail
reattempt=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The build must be clean, so it needs a target directory of its own.
unset CARGO_TARGET_DIR

# row NAME DEPENDENCY: measures one line of `[dependencies]`.
row() {
    local name=$1 dependency=$2 crate=$work/crate
    rm -rf "$crate"
    mkdir -p "$crate/src"
    printf '[package]\nname = "cost"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n[dependencies]\n%s\n' \
        "$dependency" >"$crate/Cargo.toml"
    touch "$crate/src/lib.rs"
    (
        cd "$crate"
        cargo fetch --quiet
        crates=$(cargo tree --edges normal,build --prefix none | sed 's/ (\*)$//' | sort -u | grep -vc '^cost ')
        start=$(date +%s%N)
        cargo build --quiet --release --offline
        end=$(date +%s%N)
        tenths=$(((end - start) / 100000000))
        echo "| $name | $crates | $((tenths / 10)).$((tenths % 10)) |"
    )
}

# All features of the manifest, as a TOML list.
all=$(sed -n '/^\[features\]/,/^\[[^f]/s/^\([a-z-]*\) = .*/"\1"/p' "$reattempt/Cargo.toml" | paste -sd,)

echo "| dependency | crates | seconds |"
echo "| --- | ---: | ---: |"
row "reattempt, base" "reattempt = { path = \"$reattempt\", default-features = false }"
row "reattempt, base and tokio" "reattempt = { path = \"$reattempt\", default-features = false, features = [\"tokio\"] }"
row "reattempt, default" "reattempt = { path = \"$reattempt\" }"
row "reattempt, all" "reattempt = { path = \"$reattempt\", features = [$all] }"
row "backon" 'backon = "1"'
row "mettle" 'mettle = "0.5"'
row "seatbelt" 'seatbelt = { version = "0.11", features = ["retry"] }'
row "reqwest-retry" 'reqwest-retry = "0.9"'
row "aws-smithy-runtime" 'aws-smithy-runtime = { version = "1", features = ["client"] }'

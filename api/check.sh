#!/usr/bin/env bash
# Compares the public API with all features to api/public-api.txt. Fails if they differ.
# With --write it replaces the file instead.
set -euo pipefail
cd "$(dirname "$0")/.."
# Each Rust release may change rustdoc's JSON, and api/Cargo.toml has a reader of one version.
if [[ $(rustc --version) != "rustc 1.95."* ]]; then
    echo "skipped: needs Rust 1.95, this is $(rustc --version)"
    exit
fi
RUSTC_BOOTSTRAP=1 cargo rustdoc --locked --quiet --all-features --lib -- \
    -Z unstable-options --output-format json
found=$(cargo run --locked --quiet --manifest-path api/Cargo.toml \
    --target-dir target/api -- target/doc/reattempt.json)
if [ "${1:-}" = --write ]; then
    echo "$found" >api/public-api.txt
elif ! diff -u api/public-api.txt - <<<"$found"; then
    echo "the public API has changed; if that is intended: api/check.sh --write" >&2
    exit 1
fi

#!/usr/bin/env bash
# Prints the code size that async calls add to a program: the text section of a stripped
# release binary minus that of the same program without retries.
# Each call has its own operation, future and error type.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
command -v size >/dev/null || {
    echo "size (binutils) is not installed" >&2
    exit 1
}
export CARGO_PROFILE_RELEASE_STRIP=true

# text FEATURES: prints the bytes of the text section.
text() {
    local binary
    binary=$(cargo build --locked --quiet --release -p reattempt-size --features "$1" \
        --message-format json | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
    size --format=sysv "$binary" | sed -n 's/^\.text *\([0-9]*\) .*/\1/p'
}

kilobytes() {
    echo "$(($1 / 1000)).$(($1 % 1000 / 100))"
}

echo "| opt-level | LTO | crate | kB of the first call | kB of each further call | kB of 20 calls |"
echo "| --- | --- | --- | ---: | ---: | ---: |"
for level in 3 z; do
    for lto in off thin; do
        export CARGO_PROFILE_RELEASE_OPT_LEVEL=$level CARGO_PROFILE_RELEASE_LTO=$lto
        bare_one=$(text "")
        bare_twenty=$(text twenty)
        for name in reattempt backon tokio-retry; do
            one=$(($(text "$name") - bare_one))
            twenty=$(($(text "twenty,$name") - bare_twenty))
            echo "| $level | $lto | $name | $(kilobytes "$one") |" \
                "$(kilobytes $(((twenty - one) / 19))) | $(kilobytes "$twenty") |"
        done
    done
done

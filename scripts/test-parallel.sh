#!/usr/bin/env bash
# A sweep by GNU parallel equals that of one process, to the byte. Needs a built dist, and
# parallel, which it installs from Debian when missing.
set -euo pipefail
if ! command -v parallel >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends parallel
fi
root=$(cd "$(dirname "$0")/.." && pwd)
specsim="node $root/dist/cli/main.js"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$root/examples/sweep/grid.json" .
$specsim sweep grid.json --jobs 1 --out whole --quiet
parallel --jobs 2 "$specsim sweep grid.json --shard {}/4 --jobs 1 --out results --resume --quiet" ::: 1 2 3 4
$specsim sweep merge whole --out whole.csv
$specsim sweep merge results --out results.csv
cmp whole.csv results.csv
echo "GNU parallel: $(($(wc -l <results.csv) - 1)) points, the same bytes"

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes every picture of the documentation by running the sh blocks of the tutorials.
# usage: QUICKBEAM=path/to/quickbeam docs/make_images.sh [FOLDER]     (default docs/images)
set -euo pipefail
docs=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
quickbeam=$(realpath -- "${QUICKBEAM:-$docs/../build/release/host/quickbeam}")
target=$(realpath -- "${1:-$docs/images}")
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# The command under its own name, so that the blocks are run as they stand.
mkdir -p "$work/bin" "$target"
ln -s "$quickbeam" "$work/bin/quickbeam"
for page in "$docs"/tutorial-*.md; do
  run=$work/run/$(basename "$page" .md)
  mkdir -p "$run"
  awk '/^```/ { inside = /^```sh$/; next } inside' "$page" >"$run.sh"
  (cd "$run" && PATH="$work/bin:$PATH" bash -euo pipefail "$run.sh")
done

# Only what a page shows is kept; no two tutorials make pictures of one name.
{ grep -oh 'images/[A-Za-z0-9_.-]*\.png' "$docs"/*.md "$docs/../README.md" || true; } | sort -u |
  while read -r picture; do
    cp -- "$work"/run/*/"${picture#images/}" "$target/"
  done

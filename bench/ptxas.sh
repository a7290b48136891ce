#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Registers, spilled bytes and shared memory of every kernel, as ptxas counts them. Needs nvcc and no
# card. Kernels that spill are marked, and make the exit code 1.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)

if [[ ${1:-} == -* ]]; then
  printf 'usage: bench/ptxas.sh [ARCHITECTURE...]      (default: 75 90)\n' >&2
  exit 2
fi
nvcc=$(command -v nvcc || printf '%s/bin/nvcc' "${CUDA_PATH:-/usr/local/cuda}")
[[ -x $nvcc ]] || { printf 'there is no nvcc here\n' >&2; exit 3; }

# The report of one file: kernel, registers, spilled bytes, shared memory, stack.
report() { # ARCHITECTURE FILE
  "$nvcc" -std=c++20 -O3 --fmad=false -Xptxas=-v -gencode="arch=compute_$1,code=sm_$1" \
    -I"$root" -I"$root/host/include" -c -o /dev/null "$2" 2>&1 | c++filt |
    awk -v arch="sm_$1" '
      /Compiling entry function/ { split($0, part, "\047"); name = part[2] }
      /bytes stack frame/ { stack = $1; spill = $5 + $9 }
      /Used [0-9]+ registers/ {
        registers = $0; sub(/.*Used /, "", registers); sub(/ registers.*/, "", registers)
        shared = 0
        if (match($0, /[0-9]+ bytes smem/)) shared = substr($0, RSTART, RLENGTH) + 0
        sub(/^void /, "", name)
        gsub(/quickbeam::|kernels::|cuda::|ops::|\(anonymous namespace\)::/, "", name)
        if (!sub(/>\(.*/, ">", name)) sub(/\(.*/, "", name)
        printf "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", arch, name, registers, spill, shared, stack, (spill > 0 ? "SPILLS" : "")
      }'
}

(($# > 0)) || set -- 75 90
table=$(printf 'arch\tkernel\tregisters\tspilled\tshared\tstack\t\n'
  for arch in "$@"; do
    for file in "$root"/kernels/cuda/*.cu; do report "$arch" "$file"; done
  done)
column -t -s $'\t' <<<"$table"
[[ $table != *SPILLS* ]]

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A finished CUDA build as one folder that runs elsewhere: programs, and their libraries beside them
# (all but glibc and the driver's). bench/gpu.sh --build takes it.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
most_mib=64

if (($# < 1 || $# > 2)) || [[ $1 == -* ]]; then
  printf 'usage: bench/pack_gpu_build.sh FOLDER [BUILD]\n\n  FOLDER  is made, or emptied if it was packed before\n  BUILD   a build of the preset cuda, configured with -DQUICKBEAM_RUN_FROM_FOLDER=ON (default: build/cuda)\n' >&2
  exit 2
fi
folder=$1 build=${2:-$root/build/cuda}

# What comes with the system: glibc, and what must fit the driver.
is_system() {
  case $1 in
    linux-vdso.so* | ld-linux* | libc.so* | libm.so* | libdl.so* | librt.so* | libpthread.so* | libcuda.so*) return 0 ;;
    *) return 1 ;;
  esac
}

if [[ -e $folder ]]; then
  [[ -e $folder/COMMIT ]] || { printf '%s is there, and was not made by this script\n' "$folder" >&2; exit 2; }
  rm -rf -- "$folder"
fi
mkdir -p -- "$folder"
for program in host/quickbeam tests/cuda_test bench/cuda_bench; do
  [[ -x $build/$program ]] || { printf 'there is no %s in %s\n' "$program" "$build" >&2; exit 3; }
  if ! readelf -d "$build/$program" | grep -q 'R.*PATH.*ORIGIN'; then
    printf '%s does not look for libraries beside itself: configure with -DQUICKBEAM_RUN_FROM_FOLDER=ON\n' "$program" >&2
    exit 3
  fi
  strip -o "$folder/${program##*/}" "$build/$program"
  # Name and path of every library, those of libraries too.
  ldd "$build/$program" | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }'
done | sort -u >"$folder/libraries"
while read -r name path; do
  is_system "$name" || cp -L -- "$path" "$folder/$name"
done <"$folder/libraries"
rm -- "$folder/libraries"
git -C "$root" describe --always --dirty --abbrev=40 >"$folder/COMMIT" 2>/dev/null || printf 'unknown\n' >"$folder/COMMIT"

# Nothing may be looked up anywhere but here and in glibc.
for program in quickbeam cuda_test cuda_bench; do
  while read -r name _ path _; do
    if ! is_system "$name" && [[ $(readlink -f -- "$path") != "$(readlink -f -- "$folder")"/* ]]; then
      printf '%s of %s would be taken from %s\n' "$name" "$program" "${path:-nowhere}" >&2
      exit 1
    fi
  done < <(env -u LD_LIBRARY_PATH ldd "$folder/$program" | grep '=>')
done
kib=$(du -sk -- "$folder" | cut -f 1)
printf '%s: %d MiB in %d files\n' "$folder" $((kib / 1024)) "$(find "$folder" -type f | wc -l)"
if ((kib > most_mib * 1024)); then
  printf 'more than %d MiB: build for one architecture (-DCMAKE_CUDA_ARCHITECTURES=90)\n' "$most_mib" >&2
  exit 1
fi

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Everything that needs a card, in one command: tests, equality with the CPU, the sanitizers, the
# benchmarks, the peers, the profile of the main kernels. bench/README.md says what it writes.
set -uo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname -- "$here")

usage() {
  cat <<'TEXT'
usage: bench/gpu.sh [--build DIR] [--frames DIR] [--stacks DIR] [--out DIR] [--seconds N] [--tiny]
                    [--only STEPS] [--parts PARTS] [--stages REGEX]

  --build DIR    a finished build: a folder of bench/pack_gpu_build.sh, or a CMake build folder.
                 Without it the preset `cuda` is built first, for the card at hand.
  --frames DIR   real frames (.cbf, .cbf.gz, .cbf.bz2): compared and measured beside simulated ones
  --stacks DIR   real stacks (.mrcs .mrc .st .stk .spi .npy, also in folders below): compared
  --out DIR      where results go (default: build/gpu-results)
  --seconds N    time for all steps, the build not counted (default 450)
  --tiny         small inputs: to try this script, not the card

A part of it, for a comparison after a change:
  --only STEPS   of card, tests, equality, bench, peers, ncu, memcheck, racecheck, initcheck,
                 synccheck, joined by commas
  --parts PARTS  of cuda_bench: host, streams, planes, pinned, files, stacks, particles, chained
  --stages REGEX of cuda_bench: rows whose stage matches, and the bandwidths
For example: bench/gpu.sh --build DIR --only bench --parts streams --stages 'index'

Writes DIR/results.json, DIR/table.md and DIR/logs.tar.gz, prints a short table.
Settings of the card are read, never changed.
Exit codes: 0 all that ran is as it should be, 1 something is not, 2 usage, 3 no build, 4 no card.
TEXT
}

all_steps=card,tests,equality,bench,peers,ncu,memcheck,racecheck,initcheck,synccheck
build='' frames='' stacks='' out=$root/build/gpu-results seconds=450 tiny=0 only=$all_steps parts='' stages=''
while (($# > 0)); do
  case $1 in
    --build | --frames | --stacks | --out | --seconds | --only | --parts | --stages)
      (($# > 1)) || { usage >&2; exit 2; }
      declare "${1#--}=$2"
      shift 2
      ;;
    --tiny) tiny=1; shift ;;
    -h | --help) usage; exit 0 ;;
    *) printf "bench/gpu.sh: unknown argument '%s'\n" "$1" >&2; usage >&2; exit 2 ;;
  esac
done

die() {
  printf 'bench/gpu.sh: %s\n' "$2" >&2
  exit "$1"
}

for name in ${only//,/ }; do
  [[ ,$all_steps, == *,"$name",* ]] || die 2 "there is no step '$name'; the steps are $all_steps"
done
for folder in "$frames" "$stacks"; do
  [[ -z $folder || -d $folder ]] || die 2 "there is no folder $folder"
done

# ---- the card
smi=${NVIDIA_SMI:-nvidia-smi}
if ! cards=$("$smi" -L 2>&1) || [[ $cards != *GPU* ]]; then
  die 4 "there is no NVIDIA card here that could be used (${smi##*/} -L: ${cards:-no answer}). Nothing was tested or measured."
fi
printf '== %s\n' "$cards"

# ---- the build
build_here() {
  local capability
  capability=$("$smi" --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d '. ')
  (cd -- "$root" && cmake --preset cuda --log-level=NOTICE -DCMAKE_CUDA_ARCHITECTURES="${capability:-native}" &&
    cmake --build --preset cuda --target quickbeam_cli cuda_test cuda_bench)
}
if [[ -z $build ]]; then
  build=$root/build/cuda
  build_here || die 3 "the preset 'cuda' could not be built here; make the build elsewhere and give it with --build"
fi
find_program() { # NAME FOLDER: in a packed folder, or in a build tree
  local place
  for place in "$build/$1" "$build/$2/$1"; do
    [[ -x $place && ! -d $place ]] && { readlink -f -- "$place"; return; }
  done
  die 3 "there is no $1 in $build"
}
quickbeam=$(find_program quickbeam host) || exit 3
cuda_test=$(find_program cuda_test tests) || exit 3
cuda_bench=$(find_program cuda_bench bench) || exit 3

# ---- steps
mkdir -p -- "$out" || die 2 "cannot make the folder $out"
out=$(cd -- "$out" && pwd)
rm -f -- "$out"/{results.json,table.md,logs.tar.gz}
work=$(mktemp -d) || die 2 'no folder for temporary files'
trap 'rm -rf -- "$work"' EXIT
logs=$work/logs
mkdir -p -- "$logs"
deadline=$((SECONDS + seconds))

# Frames as they are measured: not compressed a second time, which is how they travel best.
unpack_frames() { # FROM TO
  "${PYTHON:-python3}" - "$1" "$2" <<'END'
import bz2, gzip, pathlib, shutil, sys
source, target = map(pathlib.Path, sys.argv[1:])
target.mkdir()
for path in sorted(source.iterdir()):
    opener = {".cbf": open, ".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix)
    name = path.name if path.suffix == ".cbf" else path.stem
    if opener and name.endswith(".cbf"):
        with opener(path, "rb") as packed, open(target / name, "wb") as plain:
            shutil.copyfileobj(packed, plain)
END
}
if [[ -n $frames ]]; then
  unpack_frames "$frames" "$work/frames" || die 2 "the frames of $frames cannot be unpacked"
  frames=$work/frames
fi

record() { # NAME STATUS SECONDS [WHY]
  printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >>"$logs/steps.tsv"
  printf '== %-22s %-8s %4s s  %s\n' "$1" "$2" "$3" "${4:-}"
}

# step NAME LIMIT COMMAND...: 77 means that it could not run here, which is no fault. A step that
# was not asked for leaves no line. Programs write what they found as they go, so that a step that is
# ended keeps it.
step() {
  local name=$1 limit=$2 start=$SECONDS status left=$((deadline - SECONDS))
  shift 2
  [[ ,$only, == *,"$name",* ]] || return 0
  if ((left < 5)); then
    record "$name" failed 0 'no time was left'
    return
  fi
  ((limit < left)) || limit=$left
  timeout -k 5 "$limit" "$@" >"$logs/$name.log" 2>&1 </dev/null
  status=$?
  case $status in
    0) record "$name" ok $((SECONDS - start)) ;;
    77) record "$name" not-run $((SECONDS - start)) "$(tail -n 1 "$logs/$name.log")" ;;
    124 | 137) record "$name" failed $((SECONDS - start)) "longer than $limit s" ;;
    *) record "$name" failed $((SECONDS - start)) "exit $status: $(grep -v '^$' "$logs/$name.log" | tail -n 1 | cut -c 1-160)" ;;
  esac
}

export QUICKBEAM_EXPECT_DEVICE=cuda QUICKBEAM_GPU_TINY=$tiny
export QUICKBEAM=$quickbeam CUDA_TEST=$cuda_test CUDA_BENCH=$cuda_bench FRAMES=$frames STACKS=$stacks PARTS=$parts
export WORK=$work LOGS=$logs HERE=$here TMPDIR=$work

bench_options=(--json "$logs/bench.json")
[[ -n $frames ]] && bench_options+=(--frames "$frames")
[[ -n $parts ]] && bench_options+=(--parts "$parts")
[[ -n $stages ]] && bench_options+=(--stages "$stages")
((tiny)) && bench_options+=(--tiny)
test_options=("--gtest_output=json:$logs/tests.json")
((tiny)) && test_options+=(--gtest_filter='ToneCuda*:PlanesCuda/0.*')

# The limits come to more than --seconds, so that none is cut short in a good run; what stands last
# can be had by --only in a second one.
step card 20 "$smi" --query-gpu=name,driver_version,memory.total,pcie.link.gen.max,pcie.link.width.max,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,power.limit,mig.mode.current --format=csv
step tests 120 "$cuda_test" "${test_options[@]}"
step equality 150 "$here/gpu_steps.sh" equality
step bench 150 "$cuda_bench" "${bench_options[@]}"
step peers 75 "$here/gpu_steps.sh" peers
step ncu 110 "$here/gpu_steps.sh" profile
for tool in memcheck racecheck initcheck synccheck; do
  step "$tool" 40 "$here/gpu_steps.sh" sanitize "$tool"
done

# ---- what came out
commit=$(git -C "$root" rev-parse HEAD 2>/dev/null)
[[ -r $build/COMMIT ]] && commit=$(<"$build/COMMIT")
python3 "$here/gpu_report.py" --logs "$logs" --out "$out" --commit "${commit:-unknown}" ||
  record report failed 0 'gpu_report.py'
tar -C "$work" -czf "$out/logs.tar.gz" logs
printf '== %s\n' "$out/results.json" "$out/table.md" "$out/logs.tar.gz"
if grep -q $'\tfailed\t' "$logs/steps.tsv"; then
  printf '== FAILED: %s\n' "$(grep $'\tfailed\t' "$logs/steps.tsv" | cut -f 1 | tr '\n' ' ')"
  exit 1
fi
printf '== all steps that ran are as they should be\n'

#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The steps of bench/gpu.sh that are more than one command; it sets the variables. Exit code 77: a
# tool is not there.
set -euo pipefail

tiny() { ((QUICKBEAM_GPU_TINY)); }

simulate() { # FOLDER OPTION...: frames of a seed that no run had before
  local folder=$1 seed
  shift
  seed=$(date +%s%N | cut -c 1-15)
  printf 'simulated: seed %s, %s\n' "$seed" "$*"
  "$QUICKBEAM" simulate frames -q -o "$folder" --seed "$seed" "$@"
}

# Pictures of both devices, byte for byte, and all made where they should be. (bash ignores `set -e`
# where a result is looked at: each line says what a failure is.)
same_pictures() { # NAME FRAMES PRESET
  local cpu=$WORK/pictures/$1-$3-cpu gpu=$WORK/pictures/$1-$3-cuda
  "$QUICKBEAM" thumb "$2" -q --preset "$3" --device cpu -o "$cpu" || return 1
  "$QUICKBEAM" thumb "$2" -q --preset "$3" --device cuda --json -o "$gpu" >"$WORK/results.json" || return 1
  if grep '"backend"' "$WORK/results.json" | grep -qv '"cuda"'; then
    printf 'not all frames were made on the card: %s, preset %s\n' "$1" "$3"
    return 1
  fi
  diff -rq --exclude=.quickbeam-journal "$cpu" "$gpu" || return 1
  printf '%s, preset %s: %s pictures, 0 bytes differ\n' "$1" "$3" "$(find "$gpu" -type f ! -name ".*" | wc -l)"
}

equality() {
  local set preset fault=0
  local -A sets=()
  if tiny; then
    simulate "$WORK/small" -n 3 --modules-x 1 --modules-y 1
  else
    simulate "$WORK/small" -n 20 --modules-x 1 --modules-y 2
    simulate "$WORK/normal" -n 20
    simulate "$WORK/strong" -n 4 --strength strong
    sets[normal]=$WORK/normal sets[strong]=$WORK/strong
  fi
  sets[small]=$WORK/small
  [[ -n $FRAMES ]] && sets[real]=$FRAMES
  for set in "${!sets[@]}"; do
    for preset in standard seed ispyb edna-pilatus diamond; do
      same_pictures "$set" "${sets[$set]}" "$preset" || fault=1
    done
    if "$QUICKBEAM" verify --help >/dev/null 2>&1; then
      "$QUICKBEAM" verify "${sets[$set]}" --select spread:2 --preset seed --device cuda || fault=1
    fi
  done
  same_thumbnails || fault=1
  return $fault
}

# Thumbnails of particles of an even and an odd box on both, byte for byte.
same_thumbnails() {
  local box count=500 seed stack out
  tiny && count=3
  for box in 96 255; do
    stack=$WORK/particles$box out=$WORK/thumbnails$box
    seed=$(date +%s%N | cut -c 1-15)
    printf 'simulated: seed %s, %s particles of %s x %s\n' "$seed" "$count" "$box" "$box"
    "$QUICKBEAM" simulate particles -q -o "$stack" -n "$count" --box "$box" --seed "$seed" || return 1
    "$QUICKBEAM" shrink "$stack/particles.mrcs" -q --size 40 --device cpu -o "$out-cpu.mrcs" || return 1
    "$QUICKBEAM" shrink "$stack/particles.mrcs" -q --size 40 --device cuda --json \
      -o "$out-cuda.mrcs" >"$WORK/results.json" || return 1
    if ! grep -q '"backend": "cuda"' "$WORK/results.json"; then
      printf 'not all thumbnails were made on the card: box %s\n' "$box"
      return 1
    fi
    cmp "$out-cpu.mrcs" "$out-cuda.mrcs" || return 1
    printf 'box %s: %s thumbnails, 0 bytes differ\n' "$box" "$count"
  done
}

need() {
  command -v "$1" >/dev/null && return
  printf 'there is no %s here\n' "$1"
  exit 77
}

# Small sizes, every kernel. The engine reads the padding behind streams, which nobody writes and
# which does not matter: initcheck is not for it.
sanitize() { # TOOL
  need compute-sanitizer
  local filter='ByteOffsetCuda.Escapes*:ByteOffsetCuda.Tangled*:ByteOffsetSinks/4.DecodeMasksAndClips:ByteOffsetSinks/1.CountsPixels:ByteOffsetSinks/4.AddsFrameAfterFrame:StreamReduce.EscapesEverywhere*:ReducePlanes/0.AnyNumber*:DilatePlanes/0.AnyNumber*:ToneCuda/0.IsTheNumber*:LevelsCuda/0.ManyPercents*:PlanesCuda/4.Widens*:WorkPlanesCuda/0.ClipsInPlace:CudaMoments.Of*:CudaMoments/1.OfPixelsThat*:CudaMoments/8.OfImages*:ShrinkOnDevice.*/3:ShrinkOnDevice.*/6:ShrinkBatches.*'
  [[ $1 == initcheck ]] || filter+=':Engine.BatchesOfAnySizeAreEqual'
  compute-sanitizer --tool "$1" --error-exitcode 99 "$CUDA_TEST" --gtest_brief=1 --gtest_filter="$filter"
}

profile() {
  need ncu
  local metrics=gpu__time_duration.sum,dram__throughput.avg.pct_of_peak_sustained_elapsed
  metrics+=,dram__bytes_read.sum,dram__bytes_write.sum,lts__t_sector_hit_rate.pct
  metrics+=,sm__warps_active.avg.pct_of_peak_sustained_active,launch__registers_per_thread
  metrics+=,launch__shared_mem_per_block_static,sm__throughput.avg.pct_of_peak_sustained_elapsed
  ncu --clock-control none --csv --page raw --metrics "$metrics" \
    --log-file "$LOGS/ncu.csv" "$CUDA_BENCH" --profile
}

peers() {
  need python3
  local options=(--quickbeam "$QUICKBEAM" --json "$LOGS/peers.json" --bench "$LOGS/bench.json")
  [[ -n $FRAMES ]] && options+=(--frames "$FRAMES")
  tiny && options+=(--tiny)
  python3 "$HERE/peers/gpu_compare.py" "${options[@]}"
}

"$@"

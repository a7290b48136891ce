#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The steps of bench/gpu.sh that are more than one command; it sets the variables. Exit code 77: a
# tool is not there.
set -euo pipefail

tiny() { ((QUICKBEAM_GPU_TINY)); }

simulate() { # frames|particles FOLDER OPTION...: of a seed that no run had before
  local what=$1 folder=$2 seed
  shift 2
  seed=$(date +%s%N | cut -c 1-15)
  printf 'simulated %s: seed %s, %s\n' "$what" "$seed" "$*"
  "$QUICKBEAM" simulate "$what" -q -o "$folder" --seed "$seed" "$@"
}

# What the JSON in $WORK/results.json tells of: every item made by the backend that was asked for, and
# nothing taken over by the CPU. A backend "cpu, cuda" is two.
all_on_the_card() { # NAME
  awk '/"backend"/ { if (/"backend": "cuda"/) found = 1; else other = 1 } /the CPU/ { print; other = 1 }
    END { exit other || !found }' "$WORK/results.json" && return
  printf 'not all of it was made on the card: %s\n' "$1"
  return 1
}

# OUT-cpu and OUT-cuda, made in this order, byte for byte. (bash ignores `set -e` where a result is
# looked at: each line says what a failure is.)
same_outputs() { # NAME OUT
  all_on_the_card "$1" || return 1
  diff -rq --exclude=.quickbeam-journal "$2-cpu" "$2-cuda" || return 1
  printf '%s: %s files, 0 bytes differ\n' "$1" "$(find "$2-cuda" -type f ! -name ".*" | wc -l)"
  rm -rf -- "$2-cpu" "$2-cuda"
}

same_pictures() { # NAME FRAMES PRESET
  local out=$WORK/pictures/$1-$3
  "$QUICKBEAM" thumb "$2" -q --preset "$3" --device cpu -o "$out-cpu" || return 1
  "$QUICKBEAM" thumb "$2" -q --preset "$3" --device cuda --json -o "$out-cuda" >"$WORK/results.json" || return 1
  same_outputs "$1, preset $3" "$out"
}

# Maps in double precision, the table of the images and what `merge` reads: the device's statistics
# are defined to have the CPU's bits (docs/decisions/0022, 0023), so every byte must be the same.
same_statistics() { # NAME STACK
  local out=$WORK/statistics/$1 device
  for device in cpu cuda; do
    "$QUICKBEAM" stats "$2" -q --device "$device" --format npy --std --min --max --count --json \
      --partial "$out-$device/all.qbstat" -o "$out-$device" >"$WORK/results.json" || return 1
  done
  same_outputs "statistics of $1" "$out"
}

same_thumbnails() { # NAME STACK
  local out=$WORK/thumbnails/$1 device
  for device in cpu cuda; do
    "$QUICKBEAM" shrink "$2" -q --size 40 --device "$device" --json -o "$out-$device/small.mrcs" >"$WORK/results.json" || return 1
  done
  same_outputs "thumbnails of $1" "$out"
}

# Statistics, thumbnails and all the rest on the device against the serial reference.
verified() { # FILE OPTION...
  "$QUICKBEAM" verify "$@" --device cuda
}

equality_of_frames() {
  local set preset fault=0
  local -A sets=()
  if tiny; then
    simulate frames "$WORK/small" -n 3 --modules-x 1 --modules-y 1
  else
    simulate frames "$WORK/small" -n 20 --modules-x 1 --modules-y 2
    simulate frames "$WORK/normal" -n 20
    simulate frames "$WORK/strong" -n 4 --strength strong
    sets[normal]=$WORK/normal sets[strong]=$WORK/strong
  fi
  sets[small]=$WORK/small
  [[ -n $FRAMES ]] && sets[real]=$FRAMES
  for set in "${!sets[@]}"; do
    for preset in standard seed ispyb edna-pilatus diamond; do
      same_pictures "$set" "${sets[$set]}" "$preset" || fault=1
    done
    verified "${sets[$set]}" --select spread:2 --preset seed || fault=1
  done
  return $fault
}

# Particles of an odd box in every type that a stack can have, and of an even one in some (a command
# costs the start of the card's driver): enough for two leaves of the tree of statistics, and a few
# for the reference, which is slow.
equality_of_particles() {
  local type box fault=0 many=300 few=20 even=96 odd=255
  tiny && many=4 few=2 even=48 odd=57
  for type in float32 float16 int16 uint16 int8 uint8; do
    for box in "$odd" "$even"; do
      [[ $box == "$odd" || $type == float32 || $type == uint8 ]] || continue
      simulate particles "$WORK/many" -n "$many" --box "$box" --type "$type" || return 1
      same_statistics "$type-$box" "$WORK/many/particles.mrcs" || fault=1
      same_thumbnails "$type-$box" "$WORK/many/particles.mrcs" || fault=1
    done
    simulate particles "$WORK/few" -n "$few" --box "$odd" --type "$type" || return 1
    verified "$WORK/few/particles.mrcs" || fault=1
  done
  return $fault
}

equality_of_real_stacks() {
  local stack fault=0 found=0 largest=$((64 << 20))
  while IFS= read -r -d '' stack; do
    found=$((found + 1))
    printf '== %s\n' "$stack"
    same_statistics "real-$found" "$stack" || fault=1
    if (($(stat -L -c %s -- "$stack") <= largest)); then
      verified "$stack" || fault=1
    else
      printf 'more than %s MiB: only its statistics were compared\n' $((largest >> 20))
    fi
  done < <(find -L "$STACKS" -type f \( -name '*.mrcs' -o -name '*.mrc' -o -name '*.st' -o -name '*.stk' -o \
    -name '*.spi' -o -name '*.npy' \) -print0 | sort -z)
  ((found > 0)) || { printf 'no stacks in %s\n' "$STACKS"; return 1; }
  return $fault
}

equality() {
  local fault=0
  equality_of_frames || fault=1
  equality_of_particles || fault=1
  [[ -z $STACKS ]] || equality_of_real_stacks || fault=1
  return $fault
}

need() {
  command -v "$1" >/dev/null && return
  printf 'there is no %s here\n' "$1"
  exit 77
}

# Tests of small sizes that launch every kernel (GpuKernels in tests/emulated says whether they
# do). The engine reads the padding behind streams, which nobody writes and which does not
# matter: initcheck is not for it.
sanitizer_filter() { # TOOL
  local filter='ByteOffsetCuda.Escapes*:ByteOffsetCuda.Tangled*:ByteOffsetSinks/4.DecodeMasksAndClips'
  filter+=':ByteOffsetSinks/1.CountsPixels:ByteOffsetSinks/4.AddsFrameAfterFrame'
  filter+=':StreamReduce.EscapesEverywhere*:StreamReduce.EveryFactor*:StreamReduce.LargeSums*'
  filter+=':ReducePlanes/0.AnyNumber*:DilatePlanes/0.AnyNumber*:DilatePlanes/0.SeveralTiles*:DilatePlanes/0.EveryLook*'
  filter+=':ToneCuda/0.IsTheNumber*:LevelsCuda/0.ManyPercents*:LevelsCuda/0.ALargeFrame*'
  filter+=':PlanesCuda/4.Widens*:WorkPlanesCuda/0.ClipsInPlace:WorkPlanesCuda/0.CountsPixels'
  filter+=':CudaMoments.Of*:CudaMoments/1.OfPixelsThat*:CudaMoments/2.Of*:CudaMoments/8.Of*:CudaImageMoments/1.*:CudaImageMoments/2.*:CudaImageMoments/8.*'
  filter+=':ShrinkOnDevice.*/3:ShrinkOnDevice.*/6:ShrinkBatches.*'
  [[ $1 == initcheck ]] || filter+=':Engine.BatchesOfAnySizeAreEqual'
  printf '%s\n' "$filter"
}

sanitize() { # TOOL
  need compute-sanitizer
  compute-sanitizer --tool "$1" --error-exitcode 99 "$CUDA_TEST" --gtest_filter="$(sanitizer_filter "$1")"
}

# A run for each part: ncu writes its table at its end, and a part that takes too long loses its own
# only.
profile() {
  need ncu
  local metrics part fault=0
  metrics=gpu__time_duration.sum,dram__throughput.avg.pct_of_peak_sustained_elapsed
  metrics+=,dram__bytes_read.sum,dram__bytes_write.sum,lts__t_sector_hit_rate.pct
  metrics+=,sm__warps_active.avg.pct_of_peak_sustained_active,launch__registers_per_thread
  metrics+=,launch__shared_mem_per_block_static,sm__throughput.avg.pct_of_peak_sustained_elapsed
  for part in streams planes stacks particles chained; do
    [[ -z $PARTS || ,$PARTS, == *,"$part",* ]] || continue
    timeout -k 5 30 ncu --clock-control none --csv --page raw --print-units base --metrics "$metrics" \
      --log-file "$LOGS/ncu-$part.csv" "$CUDA_BENCH" --profile --parts "$part" || { printf '%s: not profiled\n' "$part"; fault=1; }
  done
  return $fault
}

peers() {
  need "${PYTHON:-python3}"
  local options=(--quickbeam "$QUICKBEAM" --json "$LOGS/peers.json" --bench "$LOGS/bench.json")
  [[ -n $FRAMES ]] && options+=(--frames "$FRAMES")
  tiny && options+=(--tiny)
  "${PYTHON:-python3}" "$HERE/peers/gpu_compare.py" "${options[@]}"
}

"$@"

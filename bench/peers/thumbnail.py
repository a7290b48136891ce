#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""quickbeam's particle thumbnails beside Pillow's Image.thumbnail, on one core, in turn.

    bench/peers/thumbnail.py [--bench build/release/bench/quickbeam_bench] [--rounds 5]

Processor times, so that other programs disturb little; the best of the rounds. Both get float32
images that are in memory and make 64 x 64 ones; both call their C or C++ code from a warm loop.
Needs Debian's python3-pil and python3-numpy; without them it says so and ends with 77.
"""
import argparse
import json
import subprocess
import sys
import time

try:
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"skipped: {missing} (Debian: python3-numpy python3-pil)")
    sys.exit(77)

SIDES = (256, 512, 120)


def pillow_us(side, images=64):
    """Processor microseconds of one Image.thumbnail."""
    random = np.random.default_rng(20240611)
    frames = [Image.fromarray(random.normal(size=(side, side)).astype(np.float32)).copy()
              for _ in range(images)]
    start = time.process_time()
    for frame in frames:
        frame.thumbnail((64, 64))
    used = time.process_time() - start
    assert frames[0].size == (64, 64) and frames[0].mode == "F"
    return used / images * 1e6


def quickbeam_us(bench):
    """The same of the benchmark `particles`, by side."""
    text = subprocess.run([bench, "--benchmark_filter=^particles/", "--benchmark_format=json",
                           "--benchmark_min_time=0.1"], check=True, capture_output=True).stdout
    return {int(row["name"].split(":")[1]): row["cpu_time"]
            for row in json.loads(text)["benchmarks"]}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--bench", default="build/release/bench/quickbeam_bench")
    options.add_argument("--rounds", type=int, default=5)
    options = options.parse_args()
    ours = {side: [] for side in SIDES}
    theirs = {side: [] for side in SIDES}
    for _ in range(options.rounds):
        for side in SIDES:
            theirs[side].append(pillow_us(side))
        for side, time_us in quickbeam_us(options.bench).items():
            ours[side].append(time_us)
    for side in SIDES:
        a, b = min(ours[side]), min(theirs[side])
        print(f"{side:4} -> 64: quickbeam {a:6.1f} us, Pillow {b:6.1f} us: {b / a:.1f} times")


if __name__ == "__main__":
    main()

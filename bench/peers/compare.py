#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""quickbeam beside the tools of the field, on the same files in the same run.

    bench/peers/compare.py [--quickbeam build/release/host/quickbeam] [--frames DIR] [--count 20]

Uses `count` simulated PILATUS 6M frames, or the *.cbf of --frames (at least 19, uncompressed).
Every result is compared before anything is timed. Needs Debian's python3-fabio, python3-scipy and
python3-pil; without them it says so and ends with 77, which test runners count as skipped.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    import fabio
    import numpy as np
    from PIL import Image
    from scipy import ndimage
except ImportError as missing:
    print(f"skipped: {missing} (Debian: python3-fabio python3-scipy python3-pil)")
    sys.exit(77)


def best(work, repeats):
    """Least wall-clock seconds of `repeats` runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def dilated(data):
    """The recipe's numbers: dilation by 10, mask restored, every 10th pixel; masked = -1."""
    grown = np.where(data < 0, -1, ndimage.grey_dilation(data, (10, 10)))
    return np.maximum(grown, -1)[::10, ::10]


def recipe(path, out):
    """fabio + grey_dilation + mask restore + log + Pillow, one frame."""
    small = dilated(fabio.open(path).data)
    tone = np.log(np.maximum(small, 0) + 1.0)
    grey = (tone * (255.0 / max(tone.max(), 1e-9))).astype(np.uint8)
    Image.fromarray(grey).save(out)


def memcpy_seconds(data):
    target = np.empty_like(data)
    return best(lambda: np.copyto(target, data), 20)


def main():
    here = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quickbeam", default=str(here / "build/release/host/quickbeam"))
    parser.add_argument("--frames")
    parser.add_argument("--count", type=int, default=20)
    options = parser.parse_args()

    def quickbeam(*arguments):
        subprocess.run([options.quickbeam, *arguments], check=True, stderr=subprocess.DEVNULL)

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        frames = pathlib.Path(options.frames) if options.frames else folder / "frames"
        if not options.frames:
            quickbeam("simulate", "frames", "-n", str(options.count), "-o", str(frames))
        files = sorted(str(p) for p in frames.glob("*.cbf"))
        if len(files) < 19:
            sys.exit(f"{frames}: at least 19 frames are wanted, found {len(files)}")

        quickbeam("thumb", str(frames), "-o", str(folder / "check"), "--preset", "seed", "--numeric",
                  str(folder / "check" / "{stem}.npy"))
        for path in files:
            ours = np.load(folder / "check" / (pathlib.Path(path).stem + ".npy"))
            assert np.array_equal(ours, dilated(fabio.open(path).data)), path

        data = fabio.open(files[0]).data
        rows = {"memcpy of a decoded frame": memcpy_seconds(data),
                "SciPy grey_dilation 10 x 10": best(lambda: ndimage.grey_dilation(data, (10, 10)), 3)}
        start = time.perf_counter()
        for path in files:
            recipe(path, folder / "peer.png")
        rows["recipe, file to PNG"] = (time.perf_counter() - start) / len(files)
        for threads in (1, os.cpu_count()):
            run = lambda: quickbeam("thumb", str(frames), "-o", str(folder / "out"), "--preset", "seed",
                                    "--threads", str(threads), "-q")
            rows[f"quickbeam thumb, {threads} thread(s)"] = best(run, 5) / len(files)
        peer = rows["recipe, file to PNG"]
        for name, seconds in rows.items():
            faster = f"{peer / seconds:8.1f} x" if name.startswith("quickbeam") else ""
            print(f"{name:32} {seconds * 1e3:9.3f} ms a frame {faster}")
        print(json.dumps({"frames": len(files), **rows}))


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""CuPy and PyTorch beside quickbeam's kernels: the same work, data and card.

    bench/peers/gpu_compare.py --quickbeam PROGRAM [--frames DIR] [--bench bench.json] [--json FILE]

Every result is compared with quickbeam's before anything is timed. Times are of CUDA events, of one
frame, from int32 (PyTorch: float32) frames that lie on the card. --bench: the JSON of cuda_bench of
the same run, whose rows the peers are held against. Without NumPy, or without both packages, or
without a card it says so and ends with 77, which test runners count as skipped.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

FRAMES = 16
DILATION, BLOCKS = "dilation 10 x 10 of int32, full size", "max 10 x 10 of int32 frames"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def load(name):
    """(module, "") or (None, why not)."""
    try:
        module = __import__(name)
        count = module.cuda.runtime.getDeviceCount() if name == "cupy" else module.cuda.device_count()
        return (module, "") if count > 0 else (None, f"{name} sees no card")
    except Exception as missing:  # a package that is there may still not load its libraries
        return None, f"{name}: {missing}".splitlines()[0]


def cases_of_cupy(cupy, frames):
    """name, stage of quickbeam, function of frames on the card, those frames."""
    from cupyx.scipy import ndimage
    data = cupy.asarray(frames)
    blocks = lambda x: x[:, :x.shape[1] // 10 * 10, :x.shape[2] // 10 * 10].reshape(
        x.shape[0], x.shape[1] // 10, 10, -1, 10).max(axis=(2, 4))
    return [("CuPy grey_dilation 10 x 10, int32", DILATION, lambda x: ndimage.grey_dilation(x, (1, 10, 10)), data),
            ("CuPy block maximum 10 x 10, int32", BLOCKS, blocks, data)]


def cases_of_torch(torch, frames):
    pool = torch.nn.functional.max_pool2d
    data = torch.as_tensor(frames).cuda().float()[:, None]
    height, width = frames.shape[1:]
    # Window -4 .. +5 as SciPy's: pooled with 5 on every side, its first row and column are too early.
    wide = lambda x: pool(x, 10, 1, 5)[:, :, 1:height + 1, 1:width + 1]
    return [("PyTorch max_pool2d 10, stride 1, float32", DILATION, wide, data),
            ("PyTorch max_pool2d 10, stride 10, float32", BLOCKS, lambda x: pool(x, 10), data)]


def time_frames(package, module, function, data, batch, repeats):
    """Median and least microseconds of a frame; batches are taken in turn."""
    event = (lambda: module.cuda.Event()) if package == "cupy" else (lambda: module.cuda.Event(enable_timing=True))
    times = []
    for turn in range(repeats + 3):
        first = turn * batch % FRAMES
        begin, end = event(), event()
        begin.record()
        function(data[first:first + batch])
        end.record()
        end.synchronize()
        elapsed = module.cuda.get_elapsed_time(begin, end) if package == "cupy" else begin.elapsed_time(end)
        if turn >= 3:
            times.append(elapsed * 1e3 / batch)
    return statistics.median(times), min(times)


def quickbeam_times(bench, stage, batch):
    """Microseconds of quickbeam's kernel in the same run, or None."""
    for row in (bench or {}).get("rows", []):
        if row["stage"] == stage and row["batch"] == batch and row["input"] == "simulated":
            return row["us"]
    return None


def make_frames(np, options, folder):
    """Frames as arrays, and what quickbeam says of the first."""
    def quickbeam(*arguments):
        subprocess.run([options.quickbeam, *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)

    source = pathlib.Path(options.frames) if options.frames else folder / "frames"
    if not options.frames:
        size = ["--modules-x", "1", "--modules-y", "1"] if options.tiny else []
        quickbeam("simulate", "frames", "-q", "-n", "4", "-o", source, *size)
    files = sorted(source.glob("*.cbf"))[:FRAMES]
    for path in files:
        quickbeam("convert", path, folder / (path.stem + ".npy"))
    arrays = [np.load(folder / (path.stem + ".npy")) for path in files]
    arrays = [a for a in arrays if a.shape == arrays[0].shape and a.dtype == np.int32]
    expected = {}
    for stage, recipe in ((DILATION, ["--reduce", "dilate", "--window", "10", "--factor", "1", "--restore-mask", "no"]),
                          (BLOCKS, ["--reduce", "max", "--factor", "10"])):
        target = folder / "expected.npy"
        quickbeam("thumb", files[0], "-q", "--device", "cpu", "-o", folder / "p.png", "--numeric", target, *recipe)
        expected[stage] = np.load(target)
    return np.stack([arrays[i % len(arrays)] for i in range(FRAMES)]), expected


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quickbeam", required=True)
    parser.add_argument("--frames")
    parser.add_argument("--bench", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    try:
        import numpy as np
    except ImportError as missing:
        skip(missing)
    packages = {name: load(name) for name in ("cupy", "torch")}
    absent = [why for _, why in packages.values() if why]
    if len(absent) == len(packages):
        skip("; ".join(absent))
    try:
        bench = json.loads(options.bench.read_text())
    except (AttributeError, OSError, ValueError):
        bench = None

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        frames, expected = make_frames(np, options, pathlib.Path(folder))
    for package, (module, why) in packages.items():
        if why:
            print(f"not run: {why}")
            continue
        cases = cases_of_cupy if package == "cupy" else cases_of_torch
        for name, stage, function, data in cases(module, frames):
            found = function(data[:1])
            found = module.asnumpy(found) if package == "cupy" else found.cpu().numpy()
            # Masked pixels are negative here, -1 in quickbeam; counts below 2^24 are exact as float32.
            if not np.array_equal(np.maximum(found.reshape(expected[stage].shape), -1), expected[stage]):
                sys.exit(f"{name}: another result than quickbeam's")
            for batch in (1, 4, 16):
                median, least = time_frames(package, module, function, data, batch, 3 if options.tiny else 30)
                ours = quickbeam_times(bench, stage, batch)
                row = {"name": f"{name}, batch {batch}", "package": package, "version": module.__version__,
                       "batch": batch, "us": median, "us_min": least, "equal": True, "must": 3, "aim": 10}
                if ours:
                    row |= {"quickbeam_us": ours, "times_faster": round(median / ours, 2)}
                rows.append(row)
                print(f"{row['name']:52} {median:10.1f} us  quickbeam {ours or '-'}  times faster {row.get('times_faster', '-')}")
    if options.json:
        options.json.write_text(json.dumps({"rows": rows, "not_run": absent}, indent=1) + "\n")


main()

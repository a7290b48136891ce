#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""CuPy and PyTorch beside quickbeam's kernels: the same work, data and card.

    bench/peers/gpu_compare.py --quickbeam PROGRAM [--frames DIR] [--bench bench.json] [--json FILE]

Frames: dilation and block maximum, from int32 (PyTorch: float32) frames. Stacks: mean and variance
of every pixel and of every image; of integers by CuPy alone, for PyTorch has none of those.
Every result is compared with quickbeam's before it is timed: pixels exactly, means and variances
(single precision) within the tolerances below. Times are of CUDA events, of one frame or image;
all data lie on the card. --bench: the JSON of cuda_bench of the same run, whose rows the peers are
held against. A peer that fails, or gives another result, is named, the others go on, and the exit
code is 1. Without NumPy, or without both packages, or without a card it says so and ends with 77,
which test runners count as skipped.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

FRAMES = 16
DILATION, BLOCKS = "dilation 10 x 10 of int32, full size", "max 10 x 10 of int32 frames"
FRAME_GOAL = {"must": 3, "aim": 10}  # times faster; of statistics none was set
# Of float32 sums: of 4096 values added one after the other a mean was off by 8e-6 (NumPy). A variance
# divided by n - 1 would be off by 2.4e-4.
MEAN_TOLERANCE, VARIANCE_TOLERANCE = 5e-5, 1e-4


class WrongResult(Exception):
    """A peer and quickbeam do not say the same."""


class Package:
    """CuPy or PyTorch: what differs between them."""

    def __init__(self, name):
        self.name, self.module, self.why = name, None, ""
        try:
            self.module = __import__(name)
            cuda = self.module.cuda
            count = cuda.runtime.getDeviceCount() if name == "cupy" else cuda.device_count()
            self.why = "" if count > 0 else f"{name} sees no card"
        except Exception as missing:  # a package that is there may still not load its libraries
            self.why = f"{name}: {missing}".splitlines()[0]

    def to_card(self, array):
        return self.module.asarray(array) if self.name == "cupy" else self.module.as_tensor(array).cuda()

    def to_host(self, array):
        return self.module.asnumpy(array) if self.name == "cupy" else array.cpu().numpy()

    def microseconds(self, work):
        """Of one call on the card."""
        cuda = self.module.cuda
        begin, end = (cuda.Event(), cuda.Event()) if self.name == "cupy" else (
            cuda.Event(enable_timing=True), cuda.Event(enable_timing=True))
        begin.record()
        work()
        end.record()
        end.synchronize()
        return 1e3 * (cuda.get_elapsed_time(begin, end) if self.name == "cupy" else begin.elapsed_time(end))

    def time(self, work, repeats):
        """Median and least of work(turn)."""
        times = [self.microseconds(lambda: work(turn)) for turn in range(repeats + 3)][3:]
        return statistics.median(times), min(times)


class Comparison:
    """Collects rows and failures, and writes them down after each."""

    def __init__(self, options, packages):
        self.repeats, self.path, self.packages = 3 if options.tiny else 30, options.json, packages
        self.rows, self.failed = [], []
        try:
            self.bench = json.loads(options.bench.read_text())["rows"]
        except (AttributeError, OSError, ValueError, KeyError):
            self.bench = []
        self.save()

    def save(self):
        if not self.path:
            return
        not_run = [package.why for package in self.packages if package.why]
        text = json.dumps({"rows": self.rows, "failed": self.failed, "not_run": not_run}, indent=1) + "\n"
        whole = self.path.with_suffix(".part")
        whole.write_text(text)
        os.replace(whole, self.path)

    def attempt(self, name, measure):
        """What one peer throws is its failure; the others go on."""
        try:
            measure()
        except Exception as error:
            why = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            self.failed.append({"name": name, "why": why})
            print(f"FAILED {name}: {why}", flush=True)
        self.save()

    def add(self, package, name, times, each, stage, batch, of, goal):
        """times: of `each` frames or images; stage, batch, of: quickbeam's row."""
        median, least = (t / each for t in times)
        ours = next((row["us"] for row in self.bench
                     if (row["stage"], row["batch"], row["input"]) == (stage, batch, of)), None)
        row = {"name": name, "package": package.name, "version": package.module.__version__, "batch": batch,
               "stage": stage, "input": of, "us": median, "us_min": least, "equal": True, **goal}
        if ours:
            row |= {"quickbeam_us": ours, "times_faster": round(median / ours, 2)}
        self.rows.append(row)
        print(f"{name:60} {median:10.3f} us  quickbeam {ours or '-'}  times faster {row.get('times_faster', '-')}",
              flush=True)


# ---- frames

def frame_cases(package, frames):
    """name, stage of quickbeam, function of frames on the card, those frames."""
    if package.name == "cupy":
        from cupyx.scipy import ndimage
        data = package.to_card(frames)
        blocks = lambda x: x[:, :x.shape[1] // 10 * 10, :x.shape[2] // 10 * 10].reshape(
            x.shape[0], x.shape[1] // 10, 10, -1, 10).max(axis=(2, 4))
        return [("CuPy grey_dilation 10 x 10, int32", DILATION, lambda x: ndimage.grey_dilation(x, (1, 10, 10)), data),
                ("CuPy block maximum 10 x 10, int32", BLOCKS, blocks, data)]
    pool = package.module.nn.functional.max_pool2d
    data = package.to_card(frames).float()[:, None]
    height, width = frames.shape[1:]
    # Window -4 .. +5 as SciPy's: pooled with 5 on every side, its first row and column are too early.
    wide = lambda x: pool(x, 10, 1, 5)[:, :, 1:height + 1, 1:width + 1]
    return [("PyTorch max_pool2d 10, stride 1, float32", DILATION, wide, data),
            ("PyTorch max_pool2d 10, stride 10, float32", BLOCKS, lambda x: pool(x, 10), data)]


def compare_frames(np, package, frames, expected, comparison):
    def measure(name, stage, function, data):
        found = package.to_host(function(data[:1]))
        # Masked pixels are negative here, -1 in quickbeam; counts below 2^24 are exact as float32.
        if not np.array_equal(np.maximum(found.reshape(expected[stage].shape), -1), expected[stage]):
            raise WrongResult("another result than quickbeam's")
        for batch in (1, 4, 16):
            work = lambda turn: function(data[turn * batch % FRAMES:][:batch])
            comparison.add(package, f"{name}, batch {batch}", package.time(work, comparison.repeats), batch,
                           stage, batch, "simulated", FRAME_GOAL)

    for case in frame_cases(package, frames):
        comparison.attempt(case[0], lambda: measure(*case))


def compare_all_frames(np, options, packages, comparison):
    with tempfile.TemporaryDirectory() as folder:
        frames, expected = make_frames(np, options, pathlib.Path(folder))
    for package in packages:
        comparison.attempt(f"{package.name}, frames", lambda: compare_frames(np, package, frames, expected, comparison))


def run_quickbeam(options, *arguments):
    subprocess.run([options.quickbeam, *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)


def make_frames(np, options, folder):
    """Frames as arrays, and what quickbeam says of the first."""
    source = pathlib.Path(options.frames) if options.frames else folder / "frames"
    if not options.frames:
        size = ["--modules-x", "1", "--modules-y", "1"] if options.tiny else []
        run_quickbeam(options, "simulate", "frames", "-q", "-n", "4", "-o", source, *size)
    files = sorted(source.glob("*.cbf"))[:FRAMES]
    for path in files:
        run_quickbeam(options, "convert", path, folder / (path.stem + ".npy"))
    arrays = [np.load(folder / (path.stem + ".npy")) for path in files]
    arrays = [a for a in arrays if a.shape == arrays[0].shape and a.dtype == np.int32]
    expected = {}
    for stage, recipe in ((DILATION, ["--reduce", "dilate", "--window", "10", "--factor", "1", "--restore-mask", "no"]),
                          (BLOCKS, ["--reduce", "max", "--factor", "10"])):
        target = folder / "expected.npy"
        run_quickbeam(options, "thumb", files[0], "-q", "--device", "cpu", "-o", folder / "p.png", "--numeric", target, *recipe)
        expected[stage] = np.load(target)
    return np.stack([arrays[i % len(arrays)] for i in range(FRAMES)]), expected


# ---- stacks

def make_stack(np, side, images, kind):
    """As cuda_bench's: noise around 100, more than the card's cache holds; each image another."""
    some = np.random.default_rng(20261120).normal(100, 20, (32, side, side))
    some = some.astype(np.float32) if kind == "float32" else some.astype(kind)
    return np.stack([np.roll(some[k % 32], k, axis=1) for k in range(images)])


def statistics_of(np, options, stack, folder):
    """quickbeam's mean and variance of every pixel and of every image, both tried on some of them
    against NumPy in double precision: {axis: (mean, variance)}."""
    path, out = folder / "stack.npy", folder / "statistics"
    np.save(path, stack)
    run_quickbeam(options, "stats", path, "-q", "--device", "cpu", "--format", "npy", "-o", out)
    rows = [line.split() for line in (out / "particles.star").read_text().splitlines() if re.match(r"\d+@", line)]
    maps = {0: (np.load(out / "average.npy"), np.load(out / "variance.npy")),
            (1, 2): (np.array([float(r[4]) for r in rows]), np.array([float(r[5]) for r in rows]) ** 2)}
    path.unlink()
    for axis, part, places in ((0, stack[:, :, ::32], np.s_[:, ::32]), ((1, 2), stack[::32], np.s_[::32])):
        doubles = part.astype(np.float64)
        if not (np.allclose(maps[axis][0][places], doubles.mean(axis=axis), rtol=1e-10)
                and np.allclose(maps[axis][1][places], doubles.var(axis=axis), rtol=1e-10)):
            raise WrongResult("quickbeam's statistics are not NumPy's")
    return maps


def stack_case(package, kind, axis):
    """name, function of a stack on the card: its means and variances."""
    module = package.module
    what = "pixels" if axis == 0 else "images"
    if package.name == "cupy":
        return f"CuPy mean and var of {what}, {kind}", lambda x: (module.mean(x, axis=axis), module.var(x, axis=axis))
    def of_torch(x):
        variance, mean = module.var_mean(x, dim=axis, correction=0)
        return mean, variance
    return f"PyTorch var_mean of {what}, {kind}", of_torch


def compare_stack(np, package, kind, data, maps, comparison):
    """data: on the card."""
    images, side = data.shape[:2]

    def measure(name, function, axis):
        for what, found, expected, tolerance in zip(("mean", "variance"), function(data), maps[axis],
                                                    (MEAN_TOLERANCE, VARIANCE_TOLERANCE)):
            off = np.abs(package.to_host(found).astype(np.float64) - expected) / np.abs(expected)
            if not off.shape == expected.shape or not off.max() <= tolerance:  # not of NaN either
                raise WrongResult(f"a {what} is {off.max():.1e} of quickbeam's off, more than {tolerance:.0e}")
        stage = (f"statistics of pixels of {kind} stacks, joined to one map" if axis == 0
                 else f"statistics of images of {kind} stacks")
        comparison.add(package, f"{name}, box {side}", package.time(lambda turn: function(data), comparison.repeats),
                       images, stage, images, f"box {side}", {})

    for axis in (0, (1, 2)):
        name, function = stack_case(package, kind, axis)
        comparison.attempt(f"{name}, box {side}", lambda: measure(name, function, axis))


def compare_all_stacks(np, options, packages, comparison):
    for side, images in [(24, 300)] if options.tiny else [(256, 4096), (512, 1024)]:
        for kind in ("float32", "int16", "uint8"):
            stack = make_stack(np, side, images, kind)
            with tempfile.TemporaryDirectory() as folder:
                maps = statistics_of(np, options, stack, pathlib.Path(folder))
            for package in packages:
                if package.name == "cupy" or kind == "float32":
                    comparison.attempt(f"{package.name}, {kind} stacks, box {side}", lambda: compare_stack(
                        np, package, kind, package.to_card(stack), maps, comparison))


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
        print(f"skipped: {missing}")
        sys.exit(77)
    packages = [Package("cupy"), Package("torch")]
    usable = [package for package in packages if not package.why]
    if not usable:
        print("skipped: " + "; ".join(package.why for package in packages))
        sys.exit(77)
    print("\n".join(f"not run: {package.why}" for package in packages if package.why))
    comparison = Comparison(options, packages)
    comparison.attempt("frames", lambda: compare_all_frames(np, options, usable, comparison))
    comparison.attempt("stacks", lambda: compare_all_stacks(np, options, usable, comparison))
    sys.exit(1 if comparison.failed else 0)


if __name__ == "__main__":
    main()

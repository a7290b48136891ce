#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Statistics of a float32 stack in the page cache: quickbeam stats beside memcpy, read(), NumPy and
RELION, in turn in one run. Results are compared first.

    bench/peers/stack_statistics.py build/release/host/quickbeam [--images 2000] [--box 256]

Needs NumPy; relion_image_handler is used where it is installed. The stack is written three times:
image by image, as acquisition programs do, by 4 KiB writes, and at once; the kernel keeps files in
pieces of the size they were written in, and small pieces take longer."""
import argparse
import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np


def write_mrc(path, images, piece):
    """Mode 2, `piece` bytes a write."""
    n, rows, columns = images.shape
    header = bytearray(1024)
    struct.pack_into("<4i", header, 0, columns, rows, n, 2)
    struct.pack_into("<3i", header, 28, columns, rows, 1)
    struct.pack_into("<3f", header, 40, columns, rows, 1)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    header[208:212] = b"MAP "
    header[212:214] = b"\x44\x44"
    data = images.tobytes()
    with open(path, "wb", buffering=0) as out:
        out.write(header)
        for at in range(0, len(data), piece):
            out.write(data[at : at + piece])


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def stats(command, path, out, *options):
    """Seconds of the whole command, and of reading and adding alone."""
    start = time.perf_counter()
    run = subprocess.run([command, "stats", path, "-o", out, "--json", "-q", *options], check=True,
                         capture_output=True, text=True)
    wall = time.perf_counter() - start
    return wall, json.loads(run.stdout)["summary"]["seconds"]


def compare(command, path, images, folder):
    """Mean and variance against NumPy's in double precision."""
    stats(command, path, folder, "--format", "npy")
    mean, variance = (np.load(os.path.join(folder, name + ".npy")) for name in ("average", "variance"))
    doubles = images[:, :, ::16].astype(np.float64)
    if not (np.allclose(mean[:, ::16], doubles.mean(axis=0), rtol=1e-12)
            and np.allclose(variance[:, ::16], doubles.var(axis=0), rtol=1e-10)):
        sys.exit("quickbeam and NumPy differ")


def read_file(path, buffer):
    descriptor = os.open(path, os.O_RDONLY)
    while os.readv(descriptor, [buffer]):
        pass
    os.close(descriptor)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("command")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--box", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    random = np.random.default_rng(20261120)
    some = random.normal(100, 20, (64, options.box, options.box)).astype(np.float32)
    images = np.stack([np.roll(some[k % 64], k, axis=1) for k in range(options.images)])
    image_bytes = images[0].nbytes
    source, target = np.ones(images.size, np.float32), np.ones(images.size, np.float32)
    buffer = bytearray(1 << 20)
    times = {}

    def note(name, seconds):
        times.setdefault(name, []).append(seconds)

    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        written = {"images": image_bytes, "4 KiB": 4096, "at once": images.nbytes}
        paths = {}
        for name, piece in written.items():
            paths[name] = os.path.join(folder, name.replace(" ", "_") + ".mrcs")
            write_mrc(paths[name], images, piece)
        compare(options.command, paths["images"], images, out)
        for _ in range(options.rounds):
            note("memcpy", seconds_of(lambda: ctypes.memmove(target.ctypes.data, source.ctypes.data, images.nbytes)))
            note("read() into 1 MB", seconds_of(lambda: read_file(paths["images"], buffer)))
            for name, path in paths.items():
                for threads in ("1", "2"):
                    for label, more in (("maps and table", []), ("maps", ["--no-table"])):
                        wall, inner = stats(options.command, path, out, "--threads", threads, *more)
                        note(f"{label}, {threads} thr., written by {name}", inner)
                        if name == "images":
                            note(f"  whole command: {label}, {threads} thr.", wall)
            note("NumPy mean + var, in memory", seconds_of(lambda: (images.mean(axis=0), images.var(axis=0))))
            if shutil.which("relion_image_handler"):
                note("relion_image_handler --stats", seconds_of(lambda: subprocess.run(
                    ["relion_image_handler", "--i", paths["images"], "--stats"], check=True,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)))
        note("NumPy, double sums", seconds_of(lambda: (images.mean(axis=0, dtype=np.float64),
                                                       images.var(axis=0, dtype=np.float64))))

    memcpy = min(times["memcpy"])
    print(f"{options.images} images of {options.box} x {options.box}, {images.nbytes / 1e6:.0f} MB; best and median of {options.rounds}")
    for name, all_seconds in sorted(times.items(), key=lambda item: min(item[1])):
        best, median = min(all_seconds), sorted(all_seconds)[len(all_seconds) // 2]
        print(f"{name:48s} {best * 1e3:8.1f} ms {median * 1e3:8.1f} ms "
              f"{images.nbytes / best / 1e9:6.2f} GB/s  {memcpy / best:5.2f} of memcpy")


if __name__ == "__main__":
    main()

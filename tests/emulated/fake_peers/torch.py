# SPDX-License-Identifier: BSD-3-Clause
"""NumPy under the names that bench/peers/gpu_compare.py calls PyTorch's functions by; see cupy.py.

FAKE_TORCH=wrong: a maximum that is one too high; =absent: cannot be imported."""
import os
import time

import numpy
from scipy import ndimage

FAULT = os.environ.get("FAKE_TORCH", "")
if FAULT == "absent":
    raise ImportError("no such package in this trial")
__version__ = "0, a stand-in"


class Tensor:
    """What the script does with one, and nothing else."""

    def __init__(self, array):
        self.array, self.shape = array, array.shape

    def __getitem__(self, place):
        return Tensor(self.array[place])

    def cuda(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        return self.array

    def float(self):
        return Tensor(self.array.astype(numpy.float32))


def as_tensor(array):
    return Tensor(array)


def var_mean(tensor, dim, correction):
    array = tensor.array
    if not numpy.issubdtype(array.dtype, numpy.floating):
        raise RuntimeError("var and mean of integers are not there")
    return Tensor(array.var(axis=dim, ddof=correction)), Tensor(array.mean(axis=dim))


class nn:
    class functional:
        @staticmethod
        def max_pool2d(tensor, window, stride=None, padding=0):
            edge = ((0, 0), (0, 0), (padding, padding), (padding, padding))
            padded = numpy.pad(tensor.array, edge, constant_values=-numpy.inf)
            # Of windows that begin at each pixel.
            whole = ndimage.maximum_filter(padded, (1, 1, window, window), origin=(0, 0, -(window // 2), -(window // 2)))
            last = [size - window + 1 for size in padded.shape[2:]]
            step = stride or window
            return Tensor(whole[:, :, :last[0]:step, :last[1]:step] + (FAULT == "wrong"))


class cuda:
    device_count = staticmethod(lambda: 1)

    class Event:
        def __init__(self, enable_timing):
            assert enable_timing

        def record(self):
            self.at = time.perf_counter()

        def synchronize(self):
            pass

        def elapsed_time(self, end):
            return 1e3 * (end.at - self.at)

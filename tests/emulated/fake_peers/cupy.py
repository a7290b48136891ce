# SPDX-License-Identifier: BSD-3-Clause
"""NumPy under the names that bench/peers/gpu_compare.py calls CuPy's functions by: to try the
script where there is neither CuPy nor a card. It measures nothing.

FAKE_CUPY=wrong: a variance divided by n - 1; =broken: no variance at all; =absent: cannot be
imported."""
import os
import time

import numpy

FAULT = os.environ.get("FAKE_CUPY", "")
if FAULT == "absent":
    raise ImportError("no such package in this trial")
__version__ = "0, a stand-in"
asarray, asnumpy, mean = numpy.asarray, numpy.asarray, numpy.mean


def var(array, axis):
    if FAULT == "broken":
        raise RuntimeError("out of memory in this trial")
    return numpy.var(array, axis=axis, ddof=1 if FAULT == "wrong" else 0)


class cuda:
    class runtime:
        getDeviceCount = staticmethod(lambda: 1)

    class Event:
        def record(self):
            self.at = time.perf_counter()

        def synchronize(self):
            pass

    @staticmethod
    def get_elapsed_time(begin, end):
        return 1e3 * (end.at - begin.at)

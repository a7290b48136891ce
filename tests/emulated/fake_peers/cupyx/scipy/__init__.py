# SPDX-License-Identifier: BSD-3-Clause
"""A package named as CuPy's, with SciPy in it: see cupy.py."""
from scipy import ndimage

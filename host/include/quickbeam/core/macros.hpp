// SPDX-License-Identifier: BSD-3-Clause
// The one annotation the shared arithmetic needs: compiled by g++ for the host and by nvcc for
// both.
#pragma once

#if defined(__CUDACC__)
#define QUICKBEAM_HD __host__ __device__
#else
#define QUICKBEAM_HD
#endif

// SPDX-License-Identifier: BSD-3-Clause
// The part of CUB that tests/cuda_on_host knows.
#pragma once

#include "cub/block/block_reduce.cuh"
#include "cub/block/block_scan.cuh"
#include "cub/warp/warp_reduce.cuh"
#include "cub/warp/warp_scan.cuh"

// SPDX-License-Identifier: BSD-3-Clause
// Maxima and minima of rows and of runs along a row, compiled once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/fold_kernels.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // must come before highway.h
#include <hwy/highway.h>

#include "kernels/cpu/row_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace quickbeam::kernels::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

template <class W, Fold fold>
struct Folder {
  using D = hn::ScalableTag<W>;
  using V = hn::Vec<D>;
  static HWY_INLINE std::size_t lanes() { return hn::Lanes(D()); }

  static HWY_INLINE V both(V a, V b) {
    if constexpr (fold == Fold::max) {
      return hn::Max(a, b);
    } else if constexpr (std::is_floating_point_v<W>) {
      return hn::Min(a, b);
    } else {
      const hn::RebindToUnsigned<D> unsigned_tag;
      return hn::BitCast(D(), hn::Min(hn::BitCast(unsigned_tag, a), hn::BitCast(unsigned_tag, b)));
    }
  }

  /// Calls `step(i)` for every vector up to `count`, four at a time: the loops below are so short
  /// that counting would cost as much as folding. May reach 4 vectors (row_slack) beyond.
  template <class Step>
  static HWY_INLINE void in_fours(std::size_t count, const Step& step) {
    const std::size_t n = lanes();
    for (std::size_t i = 0; i < count; i += 4 * n) {
      step(i);
      step(i + n);
      step(i + 2 * n);
      step(i + 3 * n);
    }
  }

  /// Integers whose whole non-negative range is valid need no comparison at all.
  static bool needs_check(ValidRange<W> valid) {
    return std::is_floating_point_v<W> || valid.lowest > 0 ||
           valid.highest < std::numeric_limits<W>::max();
  }

  /// Loads pixels, masked ones turned into fold_identity where `check` says they may win.
  template <bool check>
  struct Loader {
    V lowest, highest;
    explicit HWY_INLINE Loader(ValidRange<W> valid)
        : lowest(hn::Set(D(), valid.lowest)), highest(hn::Set(D(), valid.highest)) {}
    HWY_INLINE V operator()(const W* from) const {
      const V v = hn::LoadU(D(), from);
      if constexpr (!check) return v;
      // Equal to itself after clamping: in the range, and not NaN.
      const auto valid = hn::Eq(v, hn::Min(hn::Max(v, lowest), highest));
      return hn::IfThenElse(valid, v, hn::Set(D(), fold_identity<W>(fold)));
    }
  };

  static HWY_INLINE V finished(V v) {
    if constexpr (std::is_floating_point_v<W>) {
      const V none = hn::Set(D(), fold_identity<W>(fold));
      return hn::IfThenElse(hn::Eq(v, none), hn::Set(D(), masked_value<W>()),
                            hn::Add(v, hn::Zero(D())));
    } else {
      return hn::Max(v, hn::Set(D(), W{-1}));
    }
  }

  /// Calls `work` with the loader these pixels need.
  template <class Work>
  static HWY_INLINE void with_loader(ValidRange<W> valid, const Work& work) {
    if (needs_check(valid))
      work(Loader<true>(valid));
    else
      work(Loader<false>(valid));
  }

  static void start(const W* HWY_RESTRICT row, std::size_t count, ValidRange<W> valid,
                    W* HWY_RESTRICT line) {
    with_loader(valid, [=](const auto& load) HWY_ATTR {
      for (std::size_t i = 0; i < count; i += lanes()) hn::StoreU(load(row + i), D(), line + i);
    });
  }

  static void add(const W* row, std::size_t count, ValidRange<W> valid, const W* line, W* out) {
    with_loader(valid, [=](const auto& load) HWY_ATTR {
      for (std::size_t i = 0; i < count; i += lanes())
        hn::StoreU(both(hn::LoadU(D(), line + i), load(row + i)), D(), out + i);
    });
  }

  static void start_two(const W* first, const W* second, std::size_t count, ValidRange<W> valid,
                        W* line) {
    with_loader(valid, [=](const auto& load) HWY_ATTR {
      in_fours(count, [&](std::size_t i) HWY_ATTR {
        hn::StoreU(both(load(first + i), load(second + i)), D(), line + i);
      });
    });
  }

  static void add_two(const W* first, const W* second, std::size_t count, ValidRange<W> valid,
                      W* line) {
    with_loader(valid, [=](const auto& load) HWY_ATTR {
      in_fours(count, [&](std::size_t i) HWY_ATTR {
        const V rows = both(load(first + i), load(second + i));
        hn::StoreU(both(hn::LoadU(D(), line + i), rows), D(), line + i);
      });
    });
  }

  static void merge(const W* a, const W* b, std::size_t count, W* out) {
    for (std::size_t i = 0; i < count; i += lanes())
      hn::StoreU(both(hn::LoadU(D(), a + i), hn::LoadU(D(), b + i)), D(), out + i);
  }

  static void add_merge(const W* row, const W* suffix, std::size_t count, ValidRange<W> valid,
                        W* prefix, W* line) {
    with_loader(valid, [=](const auto& load) HWY_ATTR {
      for (std::size_t i = 0; i < count; i += lanes()) {
        const V v = both(hn::LoadU(D(), prefix + i), load(row + i));
        hn::StoreU(v, D(), prefix + i);
        hn::StoreU(both(v, hn::LoadU(D(), suffix + i)), D(), line + i);
      }
    });
  }

  /// Two vectors at a time; in place, for what is written has been read.
  static void halve(W* line, std::size_t count) {
    const std::size_t n = lanes();
    for (std::size_t i = 0; 2 * i + 1 < count; i += 2 * n) {
      V even[2], odd[2];
      for (std::size_t k = 0; k < 2; ++k)
        hn::LoadInterleaved2(D(), line + 2 * (i + k * n), even[k], odd[k]);
      for (std::size_t k = 0; k < 2; ++k) hn::StoreU(both(even[k], odd[k]), D(), line + i + k * n);
    }
  }

  /// Ascending and in place: what a step reads ahead has not been written yet.
  static std::size_t spread(W* line, std::size_t count, std::size_t window) {
    std::size_t span = 1;
    for (; 3 * span <= window; span *= 3) {
      if (count < 3 * span) continue;
      in_fours(count - 3 * span + 1, [&](std::size_t i) HWY_ATTR {
        const V middle = hn::LoadU(D(), line + i + span);
        const V far = hn::LoadU(D(), line + i + 2 * span);
        hn::StoreU(both(both(hn::LoadU(D(), line + i), middle), far), D(), line + i);
      });
    }
    for (; 2 * span <= window; span *= 2) {
      for (std::size_t i = 0; i + 2 * span <= count; i += lanes()) {
        const V far = hn::LoadU(D(), line + i + span);
        hn::StoreU(both(hn::LoadU(D(), line + i), far), D(), line + i);
      }
    }
    return span;
  }

  static W sample_one(const W* line, std::size_t at, std::size_t shift) {
    const W value = line[at], other = line[at + shift];
    W result = value;
    if constexpr (std::is_floating_point_v<W>) {
      if (fold == Fold::max ? other > value : other < value) result = other;
      return result == fold_identity<W>(fold) ? masked_value<W>() : result + W{0};
    } else {
      using U = std::make_unsigned_t<W>;
      if (fold == Fold::max ? other > value : static_cast<U>(other) < static_cast<U>(value))
        result = other;
      return result < 0 ? masked_value<W>() : result;
    }
  }

  static void sample(const W* HWY_RESTRICT line, std::size_t outputs, std::size_t step,
                     std::size_t shift, W* HWY_RESTRICT out) {
    std::size_t i = 0;
    if (step == 1) {
      for (; i + lanes() <= outputs; i += lanes()) {
        const V v = both(hn::LoadU(D(), line + i), hn::LoadU(D(), line + i + shift));
        hn::StoreU(finished(v), D(), out + i);
      }
    }
    for (; i < outputs; ++i) out[i] = sample_one(line, i * step, shift);
  }

  /// Streaming stores must be aligned, rows of an image are not: the first and the last vector are
  /// stored as usual, and overlap with the aligned ones between them.
  static void stream(const W* HWY_RESTRICT line, std::size_t outputs, std::size_t shift,
                     W* HWY_RESTRICT out, const W* next) {
    if (outputs < 2 * lanes()) return sample(line, outputs, 1, shift, out);
    const auto output = [&](std::size_t i) HWY_ATTR {
      return finished(both(hn::LoadU(D(), line + i), hn::LoadU(D(), line + i + shift)));
    };
    const std::size_t last = outputs - lanes();
    hn::StoreU(output(0), D(), out);
    hn::StoreU(output(last), D(), out + last);
    const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(out) / sizeof(W) % lanes();
    for (std::size_t i = lanes() - misaligned; i < last; i += lanes()) {
      hwy::Prefetch(next + i);
      hn::Stream(output(i), D(), out + i);
    }
  }

  static constexpr FoldKernels<W> table = {start,     add,   start_two, add_two, merge,
                                           add_merge, halve, spread,    sample,  stream};
};

template <class W>
const FoldKernels<W>* choose(Fold fold) {
  return fold == Fold::max ? &Folder<W, Fold::max>::table : &Folder<W, Fold::min>::table;
}
}  // namespace

const FoldKernels<std::int32_t>* fold_i32(Fold fold) { return choose<std::int32_t>(fold); }
const FoldKernels<std::int64_t>* fold_i64(Fold fold) { return choose<std::int64_t>(fold); }
const FoldKernels<float>* fold_f32(Fold fold) { return choose<float>(fold); }
const FoldKernels<double>* fold_f64(Fold fold) { return choose<double>(fold); }

}  // namespace quickbeam::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quickbeam::kernels {
HWY_EXPORT(fold_i32);
HWY_EXPORT(fold_i64);
HWY_EXPORT(fold_f32);
HWY_EXPORT(fold_f64);

template <>
const FoldKernels<std::int32_t>& fold_kernels(Fold fold) {
  return *HWY_DYNAMIC_DISPATCH(fold_i32)(fold);
}
template <>
const FoldKernels<std::int64_t>& fold_kernels(Fold fold) {
  return *HWY_DYNAMIC_DISPATCH(fold_i64)(fold);
}
template <>
const FoldKernels<float>& fold_kernels(Fold fold) {
  return *HWY_DYNAMIC_DISPATCH(fold_f32)(fold);
}
template <>
const FoldKernels<double>& fold_kernels(Fold fold) {
  return *HWY_DYNAMIC_DISPATCH(fold_f64)(fold);
}
}  // namespace quickbeam::kernels
#endif

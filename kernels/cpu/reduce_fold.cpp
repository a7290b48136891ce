// SPDX-License-Identifier: BSD-3-Clause
// Row reducers that keep one value of a window: block maximum and minimum, sampled dilation.
#include <algorithm>

#include <quickbeam/core/buffer.hpp>

#include "kernels/cpu/reducers.hpp"
#include "kernels/cpu/saturation_window.hpp"
#include "kernels/cpu/window_fold.hpp"

namespace quickbeam::kernels {
namespace {

static_assert(row_slack <= row_padding);

/// Whether an output pixel is to be masked is known when its centre passes, and used when its
/// window is complete: in between it is kept in a ring of rows, as many as windows overlap.
template <class W>
class FoldReducer final : public RowReducer<W> {
 public:
  FoldReducer(Extent in, const ReduceSpec& spec, ValidRange<W> valid, W saturation)
      : size_(reduced_extent(in, spec)),
        step_(spec.factor),
        restore_(spec.op == ReduceOp::dilate && spec.restore == MaskRestore::yes),
        valid_(valid),
        level_(saturation_level(saturation)),
        across_(window_axis(in.width, size_.width, spec)),
        down_(window_axis(in.height, size_.height, spec)),
        values_(across_, down_, spec.op == ReduceOp::min ? Fold::min : Fold::max),
        saturation_(across_, down_, valid, saturation,
                    spec.op == ReduceOp::min && saturation < valid.highest),
        open_rows_(down_.after() / step_ + 2) {
    if (restore_) masked_.resize(static_cast<std::size_t>(open_rows_ * size_.width));
  }

  void begin(ReducedImage& out) override {
    out.values.reshape(pixel_type_of<W>(), size_);
    out.saturated.reshape(PixelType::u8, size_);
    out_ = out.values.as<W>();
    flags_ = out.saturated.as<std::uint8_t>();
    row_ = 0;
    values_.begin(valid_);
    saturation_.begin();
  }

  void push(const W* row, const std::uint8_t* saturated) override {
    if (restore_ && row_ % step_ == 0) note_masked(row, row_ / step_);
    ++row_;
    const std::int64_t ready = values_.push(row);
    saturation_.push(row, saturated);
    if (ready >= 0) emit(ready);
  }

  void push_two(const W* first, const W* second) override {
    if (saturation_.needs_rows() || !values_.takes_two())
      return RowReducer<W>::push_two(first, second);
    for (const W* row : {first, second}) {
      if (restore_ && row_ % step_ == 0) note_masked(row, row_ / step_);
      ++row_;
    }
    const std::int64_t ready = values_.push_two(first, second);
    if (ready >= 0) emit(ready);
  }

  void finish() override {
    for (std::int64_t i = 0; i <= down_.after(); ++i) {
      const std::int64_t ready = values_.push_nothing();
      saturation_.push_nothing();
      if (ready >= 0) emit(ready);
    }
  }

 private:
  void note_masked(const W* row, std::int64_t y) {
    if (y >= size_.height) return;
    W* masked = masked_row(y);
    for (std::int64_t x = 0; x < size_.width; ++x)
      masked[x] = static_cast<W>(-static_cast<int>(!valid_(row[x * step_])));
  }

  W* masked_row(std::int64_t y) const { return masked_.data() + y % open_rows_ * size_.width; }

  static void restore(const W* masked, std::size_t count, W* values) {
    for (std::size_t x = 0; x < count; ++x) {
      if constexpr (std::is_floating_point_v<W>)
        values[x] = masked[x] != W{0} ? masked_value<W>() : values[x];
      else
        values[x] |= masked[x];  // 0, or -1 which is masked_value
    }
  }

  /// Most rows have no saturated pixel, which is quickly seen.
  void flag_saturated(const W* values, std::size_t count, std::uint8_t* flags) const {
    int any = 0;  // of the width of most pixels, so that the loop becomes vectors
    for (std::size_t x = 0; x < count; ++x) any |= static_cast<int>(values[x] > level_);
    std::fill_n(flags, count, std::uint8_t{0});
    for (std::size_t x = 0; any != 0 && x < count; ++x) flags[x] = values[x] > level_;
  }

  void emit(std::int64_t y) {
    const auto count = static_cast<std::size_t>(size_.width);
    W* values = out_.row(y);
    std::uint8_t* flags = flags_.row(y);
    values_.take(values);
    if (restore_) restore(masked_row(y), count, values);
    if (!saturation_.active()) return flag_saturated(values, count, flags);
    saturation_.take(flags);
    for (std::size_t x = 0; x < count; ++x) flags[x] = flags[x] & !is_masked(values[x]);
  }

  static bool is_masked(W value) {
    if constexpr (std::is_floating_point_v<W>)
      return value != value;
    else
      return value < 0;
  }

  std::int64_t row_ = 0;
  Extent size_;
  std::int64_t step_;
  bool restore_;
  ValidRange<W> valid_;
  W level_;
  WindowAxis across_, down_;
  WindowFold<W> values_;
  SaturationWindow<W> saturation_;
  std::int64_t open_rows_;
  Buffer<W> masked_;  ///< rows of 0 and -1
  ImageView<W> out_;
  ImageView<std::uint8_t> flags_;
};

}  // namespace

template <class W>
std::unique_ptr<RowReducer<W>> make_fold_reducer(Extent in, const ReduceSpec& spec,
                                                 ValidRange<W> valid, W saturation) {
  return std::make_unique<FoldReducer<W>>(in, spec, valid, saturation);
}
template std::unique_ptr<RowReducer<std::int32_t>> make_fold_reducer(Extent, const ReduceSpec&,
                                                                     ValidRange<std::int32_t>,
                                                                     std::int32_t);
template std::unique_ptr<RowReducer<std::int64_t>> make_fold_reducer(Extent, const ReduceSpec&,
                                                                     ValidRange<std::int64_t>,
                                                                     std::int64_t);
template std::unique_ptr<RowReducer<float>> make_fold_reducer(Extent, const ReduceSpec&,
                                                              ValidRange<float>, float);
template std::unique_ptr<RowReducer<double>> make_fold_reducer(Extent, const ReduceSpec&,
                                                               ValidRange<double>, double);

}  // namespace quickbeam::kernels

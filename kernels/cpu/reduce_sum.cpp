// SPDX-License-Identifier: BSD-3-Clause
// Row reducers that add: block sum, scaled sum and mean.
#include <algorithm>

#include "kernels/cpu/reducers.hpp"
#include "kernels/cpu/saturation_window.hpp"

namespace quickbeam::kernels {
namespace {

/// Keeps the sum and the number of the valid pixels of each column of the current band of blocks.
template <class W>
class SumReducer final : public RowReducer<W> {
 public:
  SumReducer(Extent in, const ReduceSpec& spec, ValidRange<W> valid, W saturation)
      : in_(in),
        size_(reduced_extent(in, spec)),
        spec_(spec),
        valid_(valid),
        width_(static_cast<std::size_t>(in.width)),
        kernels_(sum_kernels<W>()),
        packed_(kernels_.add_packed != nullptr && block_pixels(in, spec) <= PackedSum::largest),
        packed_sums_(packed_ ? width_ + row_slack : 0),
        sums_(packed_ ? 0 : width_ + row_slack),
        counts_(packed_ ? 0 : width_ + row_slack),
        saturation_(window_axis(in.width, size_.width, spec),
                    window_axis(in.height, size_.height, spec), valid, saturation,
                    saturation < valid.highest) {}

  void begin(ReducedImage& out) override {
    out.values.reshape(reduced_type<W>(spec_), size_);
    out.saturated.reshape(PixelType::u8, size_);
    out_ = &out;
    rows_ = 0;
    band_ = 0;
    saturation_.begin();
  }

  void push(const W* row, const std::uint8_t* saturated) override {
    if (band_ == size_.height) return;
    if (packed_)
      kernels_.add_packed(row, width_, valid_, rows_ == 0, packed_sums_.data());
    else
      kernels_.add(row, width_, valid_, rows_ == 0, sums_.data(), counts_.data());
    saturation_.push(row, saturated);
    if (++rows_ == spec_.factor) close_band();
  }

  void finish() override {
    if (rows_ == 0 || band_ == size_.height) return;
    // A saturation window is complete only with its last row, in the image or not.
    const WindowAxis down = window_axis(in_.height, size_.height, spec_);
    for (std::int64_t i = rows_; i < down.window; ++i) saturation_.push_nothing();
    close_band();
  }

 private:
  /// Pixels of the largest block. Cannot overflow: both sides are below 2^31.
  static std::int64_t block_pixels(Extent in, const ReduceSpec& spec) {
    return std::min<std::int64_t>(spec.factor, in.width) *
           std::min<std::int64_t>(spec.factor, in.height);
  }

  void close_band() {
    if (spec_.op == ReduceOp::mean) {
      write_band(values<double>(), [](SumType<W> sum, std::int64_t valid, std::int64_t) {
        return BlockMean<W>::of(sum, valid);
      });
    } else if (spec_.sum_scale == SumScale::valid_fraction) {
      write_band(values<double>(), BlockScaledSum<W>::of);
    } else {
      write_band(values<SumType<W>>(), [](SumType<W> sum, std::int64_t valid, std::int64_t) {
        return valid == 0 ? masked_value<SumType<W>>() : sum;
      });
    }
    write_flags();
    rows_ = 0;
    ++band_;
  }

  template <class T>
  T* values() const {
    return out_->values.template as<T>().row(band_);
  }

  struct Total {
    SumType<W> sum = 0;
    std::int64_t valid = 0;
  };

  Total total(std::int64_t begin, std::int64_t end) const {
    Total total;
    for (std::int64_t i = begin; i < end; ++i) {
      total.sum = add_counts(total.sum, sums_.data()[i]);
      total.valid += counts_.data()[i];
    }
    return total;
  }

  Total packed_total(std::int64_t begin, std::int64_t end) const {
    std::int64_t block = 0;
    for (std::int64_t i = begin; i < end; ++i) block += packed_sums_.data()[i];
    return {static_cast<SumType<W>>(PackedSum::sum(block)), PackedSum::count(block)};
  }

  template <class T, class F>
  void write_band(T* out, const F& value_of) const {
    for (std::int64_t x = 0; x < size_.width; ++x) {
      const std::int64_t begin = x * spec_.factor;
      const std::int64_t end = std::min(begin + spec_.factor, in_.width);
      const auto [sum, valid] = packed_ ? packed_total(begin, end) : total(begin, end);
      out[x] = value_of(sum, valid, (end - begin) * rows_);
    }
  }

  void write_flags() {
    std::uint8_t* flags = out_->saturated.template as<std::uint8_t>().row(band_);
    if (saturation_.active())
      saturation_.take(flags);
    else
      std::fill_n(flags, size_.width, std::uint8_t{0});
  }

  Extent in_, size_;
  ReduceSpec spec_;
  ValidRange<W> valid_;
  std::size_t width_;
  const SumKernels<W>& kernels_;
  bool packed_;  ///< the columns are in packed_sums_, else in sums_ and counts_
  Buffer<std::int64_t> packed_sums_;
  Buffer<SumType<W>> sums_;
  Buffer<CountType<W>> counts_;
  SaturationWindow<W> saturation_;
  ReducedImage* out_ = nullptr;
  std::int64_t rows_ = 0;  ///< of the current band so far
  std::int64_t band_ = 0;  ///< the output row being gathered
};

}  // namespace

template <class W>
std::unique_ptr<RowReducer<W>> make_sum_reducer(Extent in, const ReduceSpec& spec,
                                                ValidRange<W> valid, W saturation) {
  return std::make_unique<SumReducer<W>>(in, spec, valid, saturation);
}

template std::unique_ptr<RowReducer<std::int32_t>> make_sum_reducer(Extent, const ReduceSpec&,
                                                                    ValidRange<std::int32_t>,
                                                                    std::int32_t);
template std::unique_ptr<RowReducer<std::int64_t>> make_sum_reducer(Extent, const ReduceSpec&,
                                                                    ValidRange<std::int64_t>,
                                                                    std::int64_t);
template std::unique_ptr<RowReducer<float>> make_sum_reducer(Extent, const ReduceSpec&,
                                                             ValidRange<float>, float);
template std::unique_ptr<RowReducer<double>> make_sum_reducer(Extent, const ReduceSpec&,
                                                              ValidRange<double>, double);

}  // namespace quickbeam::kernels

// SPDX-License-Identifier: BSD-3-Clause
// The way into the reductions: the size and type of what comes out, and the reducer that makes it.
#include "kernels/ops/bin.hpp"
#include "kernels/cpu/reducers.hpp"

namespace quickbeam::kernels {

Extent reduced_extent(Extent in, const ReduceSpec& spec) {
  if (in.width < 0 || in.height < 0) return {};
  const std::int64_t factor = spec.factor;
  const bool remainder = spec.op == ReduceOp::dilate || spec.edge == Edge::partial;
  const auto outputs = [&](std::int64_t size) {
    return size / factor + (remainder && size % factor != 0 ? 1 : 0);
  };
  return {outputs(in.width), outputs(in.height)};
}

template <class W>
PixelType reduced_type(const ReduceSpec& spec) {
  if (spec.op == ReduceOp::mean) return PixelType::f64;
  if (spec.op != ReduceOp::sum) return pixel_type_of<W>();
  if (spec.sum_scale == SumScale::valid_fraction) return PixelType::f64;
  return pixel_type_of<SumType<W>>();
}

template <class W>
std::unique_ptr<RowReducer<W>> make_row_reducer(Extent in, const ReduceSpec& spec,
                                                ValidRange<W> valid, W saturation) {
  if (spec.op == ReduceOp::sum || spec.op == ReduceOp::mean)
    return make_sum_reducer<W>(in, spec, valid, saturation);
  return make_fold_reducer<W>(in, spec, valid, saturation);
}

template PixelType reduced_type<std::int32_t>(const ReduceSpec&);
template PixelType reduced_type<std::int64_t>(const ReduceSpec&);
template PixelType reduced_type<float>(const ReduceSpec&);
template PixelType reduced_type<double>(const ReduceSpec&);
template std::unique_ptr<RowReducer<std::int32_t>> make_row_reducer(Extent, const ReduceSpec&,
                                                                    ValidRange<std::int32_t>,
                                                                    std::int32_t);
template std::unique_ptr<RowReducer<std::int64_t>> make_row_reducer(Extent, const ReduceSpec&,
                                                                    ValidRange<std::int64_t>,
                                                                    std::int64_t);
template std::unique_ptr<RowReducer<float>> make_row_reducer(Extent, const ReduceSpec&,
                                                             ValidRange<float>, float);
template std::unique_ptr<RowReducer<double>> make_row_reducer(Extent, const ReduceSpec&,
                                                              ValidRange<double>, double);

}  // namespace quickbeam::kernels

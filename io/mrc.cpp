// SPDX-License-Identifier: BSD-3-Clause
// Reads MRC headers; no pixel is touched.
#include "io/mrc.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "io/ascii.hpp"
#include "io/header_words.hpp"
#include "io/looks_like.hpp"
#include "io/mrc_order.hpp"
#include "io/mrc_words.hpp"

namespace quickbeam::io {
namespace {

using mrc::Word;

std::string axis_name(std::size_t i) { return std::string(1, "XYZ"[i]); }

/// One header being understood, field after field.
class MrcReader {
 public:
  MrcReader(const StackHead& head, const StackOptions& options)
      : head_(head),
        options_(options),
        report_("MRC", head.path, options.strictness, info_.notices),
        words_(checked(head), ByteOrder::little) {}

  StackInfo run() {
    words_ = {head_.bytes, mrc::byte_order(head_, report_)};
    info_.format = "MRC";
    info_.order = words_.order();
    read_size();
    read_mode();
    read_axes();
    read_extended_header();
    read_depth();
    place_pixels();
    read_pixel_size();
    read_statistics();
    read_labels();
    describe();
    return std::move(info_);
  }

 private:
  /// Head whose words may be read.
  std::span<const std::byte> checked(const StackHead& head) const {
    check_head(head, report_, "an MRC header");
    return head.bytes;
  }

  [[noreturn]] void refuse(ErrorCode code, std::string field, std::size_t word,
                           std::string expected, std::int32_t found) const {
    report_.fail(
        {code, std::move(field), byte_of(word), std::move(expected), std::to_string(found)});
  }

  void read_size() {
    for (std::size_t i = 0; i < 3; ++i)
      if (const std::int32_t n = words_.i(Word::nx + i); n <= 0)
        refuse(ErrorCode::bad_field, "N" + axis_name(i) + " (word " + std::to_string(i + 1) + ")",
               Word::nx + i, "above 0", n);
    info_.extent = {words_.i(Word::nx), words_.i(Word::ny)};
    sections_ = words_.i(Word::nz);
  }

  void read_mode() {
    const std::int32_t mode = words_.i(Word::mode);
    const auto* const known = std::ranges::find(mrc::mode_types, mode, &mrc::ModeType::mode);
    if (known == std::end(mrc::mode_types)) refuse_mode(mode);
    info_.encoding = known->encoding;
    info_.type = known->type;
    attribute("mode", std::to_string(mode));
    if (mode == 0) read_bytes();
    if (known->encoding == Encoding::complex_int16 || known->encoding == Encoding::complex_float32)
      report_.notice("complex pixels are read as their modulus");
  }

  [[noreturn]] void refuse_mode(std::int32_t mode) const {
    const std::string modes = "0, 1, 2, 3, 4, 6, 12 or 101";
    if (mode == 5 || mode == 16 || mode == 17)
      refuse(ErrorCode::unsupported, "MODE", Word::mode, modes, mode);
    const bool sane = -1000 < mode && mode < 1000;
    report_.fail({ErrorCode::bad_field, "MODE", byte_of(Word::mode), modes,
                  std::to_string(mode) + (sane ? "" : " (the file looks overwritten)")});
  }

  /// Mode 0: signed, unsigned, or something that only IMOD writes.
  void read_bytes() {
    const bool stamped = words_.i(Word::imod_stamp) == mrc::imod_stamp_value;
    const std::int32_t flags = stamped ? words_.i(Word::imod_flags) : 0;
    if ((flags & mrc::imod_two_pixels_flag) != 0) return read_packed_bytes();
    Mode0 reading = options_.mode0;
    std::string reason = "as asked for";
    if (reading == Mode0::automatic) {
      const float low = words_.f(Word::dmin), high = words_.f(Word::dmax);
      const bool yes = stamped ? (flags & mrc::imod_signed_flag) != 0 : low < 0 && high < 128;
      reading = yes ? Mode0::signed_bytes : Mode0::unsigned_bytes;
      reason = stamped ? "by IMOD's flag" : "by DMIN and DMAX, as IMOD does";
    }
    if (reading == Mode0::imod) info_.encoding = Encoding::biased_bytes;
    info_.type = reading == Mode0::signed_bytes ? PixelType::i8 : PixelType::u8;
    attribute("bytes", std::string(reading == Mode0::imod           ? "signed, holding value - 128"
                                   : reading == Mode0::signed_bytes ? "signed"
                                                                    : "unsigned") +
                           ", " + reason);
  }

  void read_packed_bytes() {
    info_.encoding = Encoding::nibbles;
    info_.type = PixelType::u8;
    info_.extent.width *= 2;
    report_.notice("IMOD's flag says that each byte of mode 0 holds two pixels of 4 bits");
  }

  void read_axes() {
    const std::array<std::int32_t, 3> axes = {words_.i(Word::mapc), words_.i(Word::mapc + 1),
                                              words_.i(Word::mapc + 2)};
    const std::string found =
        std::to_string(axes[0]) + ", " + std::to_string(axes[1]) + ", " + std::to_string(axes[2]);
    const Fault fault{ErrorCode::bad_field, "MAPC..MAPS", byte_of(Word::mapc),
                      "1, 2, 3 in any order", found};
    if (axes == std::array<std::int32_t, 3>{}) return report_.oddity(fault, "read as 1, 2, 3");
    if (!mrc::is_permutation(axes)) report_.fail(fault);
    std::ranges::copy(axes, info_.axes.begin());
    if (info_.axes != std::array{1, 2, 3})
      report_.notice("columns, rows and sections run along axes " + found +
                     "; images are given as they are stored");
    attribute("axes", found);
  }

  void read_extended_header() {
    const std::int32_t bytes = words_.i(Word::nsymbt);
    if (bytes < 0) refuse(ErrorCode::bad_field, "NSYMBT", Word::nsymbt, "0 or more", bytes);
    info_.extended_offset = mrc::header_bytes;
    info_.extended_bytes = static_cast<std::uint64_t>(bytes);
    if (info_.extended_bytes > head_.size - mrc::header_bytes)
      report_.fail({ErrorCode::truncated, "NSYMBT", byte_of(Word::nsymbt),
                    std::to_string(bytes) + " bytes of extended header",
                    std::to_string(head_.size - mrc::header_bytes) + " present"});
    if (bytes != 0)
      attribute("extended header",
                std::to_string(bytes) + " bytes, type " +
                    printable(trimmed(words_.text(Word::exttyp, 4), std::string_view(" \0", 2))));
  }

  /// Sections a volume: the rule of parse_mrc.
  void read_depth() {
    constexpr std::int32_t volume_stack = 401, last_volume_stack = 630;
    const std::int32_t space_group = words_.i(Word::ispg), mz = words_.i(Word::mz);
    attribute("space group", std::to_string(space_group));
    if (space_group < 0 || space_group > last_volume_stack)
      report_.oddity({ErrorCode::bad_field, "ISPG", byte_of(Word::ispg), "0 to 630",
                      std::to_string(space_group)},
                     "left out of account");
    const bool volumes = space_group >= volume_stack && space_group <= last_volume_stack;
    if (volumes && mz <= 0) refuse(ErrorCode::bad_field, "MZ", Word::mz, "above 0", mz);
    if (volumes && sections_ % mz != 0)
      report_.fail({ErrorCode::inconsistent, "NZ", byte_of(Word::nz),
                    "a multiple of MZ (" + std::to_string(mz) + "), for ISPG " +
                        std::to_string(space_group) + " means a stack of volumes",
                    std::to_string(sections_)});
    if (options_.reading == StackReading::stack) return;
    if (options_.reading == StackReading::automatic &&
        (mrc::is_stack_name(head_.path) || space_group <= 0 || space_group > last_volume_stack))
      return;
    info_.volume_depth = volumes ? mz : sections_;
  }

  void place_pixels() {
    const Fault overflow{
        ErrorCode::overflow, "NX x NY x NZ", byte_of(Word::nx), "a size below 2^63 bytes",
        std::to_string(info_.extent.width) + " x " + std::to_string(info_.extent.height) + " x " +
            std::to_string(sections_)};
    StackLayout& layout = info_.layout;
    layout.first = mrc::header_bytes + info_.extended_bytes;
    layout.image_bytes = checked_image_bytes(info_, overflow, report_);
    layout.run = sections_;
    info_.count = check_size({sections_, layout, overflow}, head_, options_, report_);
  }

  void read_pixel_size() {
    const auto axis = static_cast<std::size_t>(info_.axes[0] - 1);
    const float cell = words_.f(Word::cella + axis);
    const std::int32_t intervals = words_.i(Word::mx + axis);
    if (std::isfinite(cell) && cell > 0 && intervals > 0)
      info_.pixel_size_angstrom = static_cast<double>(cell) / intervals;
  }

  /// DMAX < DMIN, DMEAN below both and a negative RMS mean "not determined".
  void read_statistics() {
    const float low = words_.f(Word::dmin), high = words_.f(Word::dmax);
    const float mean = words_.f(Word::dmean), rms = words_.f(Word::rms);
    HeaderStatistics& statistics = info_.statistics;
    if (std::isfinite(low) && std::isfinite(high) && low <= high) {
      statistics.min = low;
      statistics.max = high;
    }
    if (std::isfinite(mean) && mean >= std::min(low, high)) statistics.mean = mean;
    if (std::isfinite(rms) && rms >= 0) statistics.sd = rms;
  }

  void read_labels() {
    std::int32_t count = words_.i(Word::nlabl);
    if (count < 0 || count > static_cast<std::int32_t>(mrc::label_count)) {
      report_.oddity(
          {ErrorCode::bad_field, "NLABL", byte_of(Word::nlabl), "0 to 10", std::to_string(count)},
          "10 labels read");
      count = mrc::label_count;
    }
    for (std::int32_t k = 0; k < count; ++k) {
      const std::size_t word = Word::labels + static_cast<std::size_t>(k) * mrc::label_length / 4;
      const std::string_view text =
          trimmed(words_.text(word, mrc::label_length), std::string_view(" \0", 2));
      if (!text.empty()) attribute("label " + std::to_string(k + 1), printable(text));
    }
  }

  void describe() {
    attribute("version", std::to_string(words_.i(Word::nversion)));
    std::string origin, cell;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string separator = i == 0 ? "" : " x ";
      cell += separator + number_text(words_.f(Word::cella + i));
      origin += (i == 0 ? "" : ", ") + number_text(words_.f(Word::origin + i));
    }
    attribute("cell", cell + " angstrom");
    attribute("origin", origin);
  }

  void attribute(std::string key, std::string value) {
    info_.attributes.emplace_back(std::move(key), std::move(value));
  }

  const StackHead& head_;
  const StackOptions& options_;
  StackInfo info_;
  FaultReport report_;
  HeaderWords words_;
  std::int32_t sections_ = 0;
};

}  // namespace

StackInfo parse_mrc(const StackHead& head, const StackOptions& options) {
  return MrcReader(head, options).run();
}

}  // namespace quickbeam::io

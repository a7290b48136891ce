// SPDX-License-Identifier: BSD-3-Clause
// Reads SPIDER headers; no pixel is touched.
#include "io/spider.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "io/header_words.hpp"
#include "io/looks_like.hpp"
#include "io/spider_words.hpp"

namespace quickbeam::io {
namespace {

using spider::Word;

constexpr std::size_t whole_words[] = {Word::nslice, Word::nrow,   Word::iform, Word::nsam,
                                       Word::labrec, Word::labbyt, Word::lenbyt};

bool is_whole(float value) { return std::isfinite(value) && std::trunc(value) == value; }

/// Words that are whole numbers of a sensible size: of the right byte order all or nearly all, of
/// the other one hardly any but zeros.
std::size_t whole_count(const HeaderWords& words) {
  return static_cast<std::size_t>(std::ranges::count_if(whole_words, [&](std::size_t word) {
    const float value = words.f(word);
    return is_whole(value) && value != 0 && std::abs(value) <= 1e12F;
  }));
}

bool is_known_form(float form) {
  constexpr float forms[] = {1, 3, -11, -12, -21, -22};
  return std::ranges::find(forms, form) != std::end(forms);
}

/// The test Pillow makes too: nothing else has seven such words.
bool is_certain(const HeaderWords& words) {
  return std::ranges::all_of(whole_words,
                             [&](std::size_t word) { return is_whole(words.f(word)); }) &&
         is_known_form(words.f(Word::iform)) && words.f(Word::nrow) >= 1 &&
         words.f(Word::nsam) >= 1 && words.f(Word::labbyt) >= 1 &&
         words.f(Word::labbyt) == words.f(Word::labrec) * words.f(Word::lenbyt);
}

/// One header being understood, word after word.
class SpiderReader {
 public:
  SpiderReader(const StackHead& head, const StackOptions& options)
      : head_(head),
        options_(options),
        report_("Spider", head.path, options.strictness, info_.notices),
        words_(head.bytes, ByteOrder::little) {}

  StackInfo run() {
    check_head(head_, report_, "a Spider header");
    choose_order();
    info_.format = "Spider";
    info_.order = words_.order();
    read_form();
    read_size();
    read_header_size();
    read_stack();
    place_pixels();
    read_facts();
    return std::move(info_);
  }

 private:
  void choose_order() {
    const HeaderWords big(head_.bytes, ByteOrder::big);
    const std::size_t as_little = whole_count(words_), as_big = whole_count(big);
    constexpr std::size_t enough = 4;
    if (!is_certain(words_) && !is_certain(big) && std::max(as_little, as_big) < enough)
      report_.fail(
          {ErrorCode::not_this_format, "file", 0, "a Spider header", looks_like(head_.bytes)});
    if (is_certain(big) ? !is_certain(words_) : !is_certain(words_) && as_big > as_little)
      words_ = big;
  }

  [[noreturn]] void refuse(ErrorCode code, std::string_view name, std::size_t word,
                           std::string expected, std::string found) const {
    report_.fail({code, std::string(name) + " (word " + std::to_string(word) + ")", byte_of(word),
                  std::move(expected), std::move(found)});
  }

  /// A word that must hold a whole number from `least` on.
  std::int64_t whole(std::string_view name, std::size_t word, std::int64_t least) const {
    const float value = words_.f(word);
    if (!std::isfinite(value))
      refuse(ErrorCode::bad_field, name, word, "a number", number_text(value) + " (not finite)");
    if (!is_whole(value))
      refuse(ErrorCode::bad_field, name, word, "a whole number",
             number_text(value) + " (not an integer)");
    if (value < static_cast<float>(least))
      refuse(ErrorCode::bad_field, name, word, std::to_string(least) + " or more",
             number_text(value));
    if (value > static_cast<float>(spider::largest_exact))
      refuse(ErrorCode::limit, name, word, "at most 16777216, which float32 holds exactly",
             number_text(value));
    return static_cast<std::int64_t>(value);
  }

  /// A side or a length: 2^24 may be 2^24 + 1 rounded.
  std::int64_t exact(std::string_view name, std::size_t word) const {
    const std::int64_t value = whole(name, word, 1);
    if (value == spider::largest_exact)
      refuse(ErrorCode::limit, name, word, "less than 16777216, beyond which float32 is not exact",
             std::to_string(value));
    return value;
  }

  void read_form() {
    const std::int64_t form = whole("IFORM", Word::iform, -spider::largest_exact);
    const std::string expected = "1 (images) or 3 (volumes)";
    info_.attributes.emplace_back("form", std::to_string(form));
    if (form == 1 || form == 3) return;
    refuse(is_known_form(static_cast<float>(form)) ? ErrorCode::unsupported : ErrorCode::bad_field,
           "IFORM", Word::iform, expected,
           std::to_string(form) +
               (is_known_form(static_cast<float>(form)) ? " (a Fourier transform)" : ""));
  }

  void read_size() {
    info_.extent.width = exact("NSAM", Word::nsam);
    info_.extent.height = exact("NROW", Word::nrow);
    const std::int64_t slices = whole("NSLICE", Word::nslice, -spider::largest_exact);
    sections_ = std::abs(slices);  // files of the first days hold the negative
    if (sections_ == 0) refuse(ErrorCode::bad_field, "NSLICE", Word::nslice, "1 or more", "0");
    if (sections_ == spider::largest_exact)
      refuse(ErrorCode::limit, "NSLICE", Word::nslice, "less than 16777216",
             std::to_string(sections_));
  }

  void read_header_size() {
    header_bytes_ = exact("LABBYT", Word::labbyt);
    const float records = words_.f(Word::labrec), record = words_.f(Word::lenbyt);
    if (static_cast<float>(header_bytes_) != records * record ||
        record != 4.0F * words_.f(Word::nsam))
      report_.oddity(
          {ErrorCode::inconsistent, "LABBYT (word 22)", byte_of(Word::labbyt),
           "LABREC x LENBYT, LENBYT being 4 NSAM: " +
               std::to_string(spider::header_records(info_.extent.width) * 4 * info_.extent.width),
           std::to_string(header_bytes_) + ", " + number_text(records) + " x " +
               number_text(record)},
          "LABBYT is used");
    if (static_cast<std::uint64_t>(header_bytes_) > head_.size)
      refuse(ErrorCode::truncated, "LABBYT", Word::labbyt,
             std::to_string(header_bytes_) + " bytes of header",
             std::to_string(head_.size) + " in the file");
    if (header_bytes_ < spider::least_header_bytes)
      refuse(ErrorCode::bad_field, "LABBYT", Word::labbyt, "1024 or more",
             std::to_string(header_bytes_));
  }

  void read_stack() {
    const std::int64_t kind = whole("ISTACK", Word::istack, -spider::largest_exact);
    if (kind < 0)
      refuse(ErrorCode::unsupported, "ISTACK", Word::istack, "0 or 2",
             std::to_string(kind) + " (an indexed stack)");
    is_stack_ = kind > 0;
    info_.attributes.emplace_back("stack", is_stack_ ? "yes" : "no");
    if (is_stack_) items_ = whole("MAXIM", Word::maxim, 1);
    const float number = words_.f(Word::imgnum);
    if (!std::isfinite(number) || (!is_stack_ && number > 1))
      report_.oddity({ErrorCode::bad_field, "IMGNUM (word 27)", byte_of(Word::imgnum), "0",
                      number_text(number)},
                     "left out of account");
  }

  void place_pixels() {
    const Fault overflow{ErrorCode::overflow, "NSAM x NROW x NSLICE", byte_of(Word::nslice),
                         "a size below 2^63 bytes",
                         std::to_string(info_.extent.width) + " x " +
                             std::to_string(info_.extent.height) + " x " +
                             std::to_string(sections_)};
    StackLayout& layout = info_.layout;
    layout.header_bytes = is_stack_ ? static_cast<std::uint64_t>(header_bytes_) : 0;
    layout.first = static_cast<std::uint64_t>(header_bytes_) + layout.header_bytes;
    layout.image_bytes = checked_image_bytes(info_, overflow, report_);
    layout.run = sections_;
    // Both factors are at most 2^24.
    info_.count = check_size({items_ * sections_, layout, overflow}, head_, options_, report_);
    if (options_.reading != StackReading::stack) info_.volume_depth = sections_;
    if (options_.reading == StackReading::volume && sections_ == 1)
      info_.volume_depth = info_.count;
  }

  /// The main header's scale is where Xmipp, RELION and Scipion put the pixel size. FMIN and FMAX
  /// hold only where IMAMI says so, SIG only where it is above 0.
  void read_facts() {
    const float scale = words_.f(Word::scale);
    if (std::isfinite(scale) && scale > 0) info_.pixel_size_angstrom = static_cast<double>(scale);
    const float low = words_.f(Word::fmin), high = words_.f(Word::fmax), mean = words_.f(Word::av);
    if (words_.f(Word::imami) != 1 || !std::isfinite(low) || !std::isfinite(high) ||
        !(low <= high) || !std::isfinite(mean))
      return;
    info_.statistics.min = low;
    info_.statistics.max = high;
    info_.statistics.mean = mean;
    const float sd = words_.f(Word::sig);
    if (std::isfinite(sd) && sd > 0) info_.statistics.sd = sd;
  }

  const StackHead& head_;
  const StackOptions& options_;
  StackInfo info_;
  FaultReport report_;
  HeaderWords words_;
  std::int64_t sections_ = 1, items_ = 1, header_bytes_ = 0;
  bool is_stack_ = false;
};

}  // namespace

bool is_spider(std::span<const std::byte> head) {
  if (head.size() < static_cast<std::size_t>(spider::least_header_bytes)) return false;
  return is_certain({head, ByteOrder::little}) || is_certain({head, ByteOrder::big});
}

StackInfo parse_spider(const StackHead& head, const StackOptions& options) {
  return SpiderReader(head, options).run();
}

void check_spider_image(const StackInfo& info, std::span<const std::byte> header,
                        std::uint64_t offset, std::int64_t frame, const FaultReport& report) {
  const auto fits = [&](ByteOrder order) {
    const HeaderWords words(header, order);
    return words.f(Word::nsam) == static_cast<float>(info.extent.width) &&
           words.f(Word::nrow) == static_cast<float>(info.extent.height / info.sections);
  };
  const bool is_little = info.order == ByteOrder::little;
  if (fits(info.order)) return;
  const auto number = static_cast<std::uint64_t>(frame);
  if (fits(is_little ? ByteOrder::big : ByteOrder::little))
    report.fail({ErrorCode::inconsistent, "image header", offset,
                 is_little ? "little-endian, as the main header" : "big-endian, as the main header",
                 is_little ? "big-endian" : "little-endian", number});
  const HeaderWords words(header, info.order);
  report.oddity(
      {ErrorCode::inconsistent, "image header", offset,
       std::to_string(info.extent.width) + " x " + std::to_string(info.extent.height) +
           ", as the main header",
       number_text(words.f(Word::nsam)) + " x " + number_text(words.f(Word::nrow)), number},
      "read by the main header");
}

}  // namespace quickbeam::io

#include "engine/data/nfc.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uniset.h>

#include <algorithm>
#include <memory>

#include "engine/data/utf8.h"

namespace weft::data {
namespace {

struct Normalizers {
  const icu::Normalizer2* current = nullptr;  // of the system's ICU
  std::unique_ptr<icu::UnicodeSet> known;
  std::unique_ptr<icu::FilteredNormalizer2> asOfUnicode9;

  Normalizers() {
    UErrorCode status = U_ZERO_ERROR;
    current = icu::Normalizer2::getNFCInstance(status);
    known = std::make_unique<icu::UnicodeSet>(icu::UnicodeString(u"[:age=9.0:]"), status);
    if (U_FAILURE(status))
      return;  // the data are compiled into ICU: only an ICU that is broken gets here, and text then stays as it is
    known->freeze();
    asOfUnicode9 = std::make_unique<icu::FilteredNormalizer2>(*current, *known);
  }
};

void appendNfc(std::string_view text, std::string& normalized) {
  static const Normalizers normalizers;
  UErrorCode status = U_ZERO_ERROR;
  const icu::StringPiece piece(text.data(), static_cast<std::int32_t>(text.size()));
  const std::size_t before = normalized.size();
  // Text that is normal for a newer Unicode is so for an older one, and the newer question is the faster one.
  if (!isAscii(text) && normalizers.asOfUnicode9 && !normalizers.current->isNormalizedUTF8(piece, status)) {
    icu::StringByteSink<std::string> sink(&normalized);
    normalizers.asOfUnicode9->normalizeUTF8(0, piece, sink, nullptr, status);
    if (U_SUCCESS(status)) return;
    normalized.resize(before);
  }
  normalized.append(text);
}

}  // namespace

// In slices, because ICU counts in 32 bits; nothing composes with an ASCII character after it, so slices end before
// one.
std::string toNfc(std::string_view text) {
  constexpr std::size_t kSlice = 1 << 14;
  std::string normalized;
  normalized.reserve(text.size());
  while (!text.empty()) {
    std::size_t end = std::min(text.size(), kSlice);
    while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x80) ++end;
    appendNfc(text.substr(0, end), normalized);
    text.remove_prefix(end);
  }
  return normalized;
}

}  // namespace weft::data

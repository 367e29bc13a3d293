#include "engine/data/character_kind.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace weft::data {
namespace {

enum class Addition : std::uint8_t { Letter, Number, Mark };
struct Range {
  std::int32_t first, last;
  Addition kind;
};

// The letters, numbers and marks of Unicode 15.1 and 16.0, which ICU 72 (Debian 12) and 74 (Ubuntu 24.04) lack in whole
// or in part.
constexpr auto kL = Addition::Letter, kN = Addition::Number, kM = Addition::Mark;
constexpr Range kAdditions[] = {
    {0x897, 0x897, kM},     {0x1C89, 0x1C8A, kL},   {0xA7CB, 0xA7CD, kL},   {0xA7DA, 0xA7DC, kL},
    {0x105C0, 0x105F3, kL}, {0x10D40, 0x10D49, kN}, {0x10D4A, 0x10D65, kL}, {0x10D69, 0x10D6D, kM},
    {0x10D6F, 0x10D85, kL}, {0x10EC2, 0x10EC4, kL}, {0x10EFC, 0x10EFC, kM}, {0x11380, 0x11389, kL},
    {0x1138B, 0x1138B, kL}, {0x1138E, 0x1138E, kL}, {0x11390, 0x113B5, kL}, {0x113B7, 0x113B7, kL},
    {0x113B8, 0x113C0, kM}, {0x113C2, 0x113C2, kM}, {0x113C5, 0x113C5, kM}, {0x113C7, 0x113CA, kM},
    {0x113CC, 0x113D0, kM}, {0x113D1, 0x113D1, kL}, {0x113D2, 0x113D2, kM}, {0x113D3, 0x113D3, kL},
    {0x113E1, 0x113E2, kM}, {0x116D0, 0x116E3, kN}, {0x11BC0, 0x11BE0, kL}, {0x11BF0, 0x11BF9, kN},
    {0x11F5A, 0x11F5A, kM}, {0x13460, 0x143FA, kL}, {0x16100, 0x1611D, kL}, {0x1611E, 0x1612F, kM},
    {0x16130, 0x16139, kN}, {0x16D40, 0x16D6C, kL}, {0x16D70, 0x16D79, kN}, {0x18CFF, 0x18CFF, kL},
    {0x1CCF0, 0x1CCF9, kN}, {0x1E5D0, 0x1E5ED, kL}, {0x1E5EE, 0x1E5EF, kM}, {0x1E5F0, 0x1E5F0, kL},
    {0x1E5F1, 0x1E5FA, kN}, {0x2EBF0, 0x2EE5D, kL}};

const Range* additionOf(std::int32_t code) {
  const Range* found = std::lower_bound(std::begin(kAdditions), std::end(kAdditions), code,
                                        [](const Range& r, std::int32_t c) { return r.last < c; });
  return found != std::end(kAdditions) && found->first <= code ? found : nullptr;
}

bool isNewerThan16(std::int32_t code) {
  UVersionInfo age;
  u_charAge(code, age);
  return age[0] > 16;
}

CharacterKind slowKindOf(std::int32_t code) {
  if (const Range* addition = additionOf(code)) {
    if (addition->kind == Addition::Mark) return CharacterKind::Other;
    return addition->kind == Addition::Letter ? CharacterKind::Letter : CharacterKind::Number;
  }
  const std::uint32_t category = U_GET_GC_MASK(code);
  if (category & (U_GC_L_MASK | U_GC_N_MASK)) {
    if (isNewerThan16(code)) return CharacterKind::Other;
    return category & U_GC_L_MASK ? CharacterKind::Letter : CharacterKind::Number;
  }
  return u_isUWhiteSpace(code) ? CharacterKind::Space : CharacterKind::Other;
}

constexpr std::size_t kBasicPlane = 0x10000;

}  // namespace

const CharacterKind* basicPlaneKinds() {
  static const std::array<CharacterKind, kBasicPlane> kinds = [] {
    std::array<CharacterKind, kBasicPlane> table{};
    for (std::size_t code = 0; code < kBasicPlane; ++code) table[code] = slowKindOf(static_cast<std::int32_t>(code));
    return table;
  }();
  return kinds.data();
}

CharacterKind kindOf(std::int32_t code) {
  return code >= 0 && code < static_cast<std::int32_t>(kBasicPlane) ? basicPlaneKinds()[code] : slowKindOf(code);
}

bool isWordCharacter(std::int32_t code) {
  if (additionOf(code)) return true;
  const bool isWord = u_isUAlphabetic(code) || (U_GET_GC_MASK(code) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) ||
                      code == 0x200C || code == 0x200D;
  return isWord && !isNewerThan16(code);
}

}  // namespace weft::data

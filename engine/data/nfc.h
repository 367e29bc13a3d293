// engine/data/nfc.h -- Unicode normalization form C, as Hugging Face tokenizers know it.
#pragma once

#include <string>
#include <string_view>

namespace weft::data {

// By the tables of Unicode 9.0, which the wheel has (0.23 still; its crate unicode-normalization-alignments): combining
// marks that came later are left where they stand. `text` is valid UTF-8.
std::string toNfc(std::string_view text);

}  // namespace weft::data

// engine/sharing/foreign_forms.h -- maps as other projects write them: a JSON object with their own keys, so that a
// config.json can be passed whole, that of a multimodal model too (its text_config). Keys that say nothing of sharing
// are ignored; of the forms below the first whose keys are there is taken.
//
//   {"sharing_pattern": [0,0,2,2]}
//       the CLA authors' code (dolomite-engine, gpt_crosslayer): never upward or back
//   {"layer_types": "0_1s_1"}
//       LCKV: "s" = the model's window; may read upward
//   {"layer_types": ["sliding_attention", ...], "num_kv_shared_layers": 15}
//       Gemma 3n: the last layers read the last of their kind before them
//   {"num_hidden_layers": 64, "use_cla": true, "cla_share_factor": 2}
//       Hunyuan: layer i reads i - i % factor
//   {"num_hidden_layers": 32, "kv_reuse_group": [[1,2],...], "global_attn_idx": [0,15,31]}
//       Hymba: a group reads its first; all but the global layers have windows
//   {"num_hidden_layers": 12, "num_key_value_layers": 6}
//       MLKV: even groups read their first
//
// In LCKV's older files a layer may compute K and V that only others read ("1_2s_0"). A SharingMap's source always
// reads itself, as LCKV's own check asks by now, so such a string is refused at that layer.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/sharing/sharing_map.h"

namespace weft::sharing {

enum class ForeignForm { SharingPattern, Lckv, Gemma3n, Hunyuan, Hymba, Mlkv };
inline constexpr std::array kForeignForms{ForeignForm::SharingPattern, ForeignForm::Lckv,  ForeignForm::Gemma3n,
                                          ForeignForm::Hunyuan,        ForeignForm::Hymba, ForeignForm::Mlkv};
const char* toString(ForeignForm form);  // "sharing-pattern", "lckv", "gemma-3n", "hunyuan", "hymba", "mlkv"
[[nodiscard]] Result<ForeignForm> parseForeignForm(std::string_view name);

// InvalidInput naming the field and, where there is one, the layer: no JSON object, no form's keys, a field of the
// wrong type, sources that are no map.
[[nodiscard]] Result<SharingMap> parseForeign(std::string_view json, UpwardReads upward);
// The object of this form, without other keys; parseForeign of it is the map. InvalidInput naming the first layer that
// the form cannot say, and why.
[[nodiscard]] Result<std::string> toForeign(const SharingMap& map, ForeignForm form);

}  // namespace weft::sharing

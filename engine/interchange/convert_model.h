// engine/interchange/convert_model.h -- a checkpoint under another sharing map, or with fewer KV heads: what training
// goes on from ("uptraining").
//   first   a producer's K and V weights are those that its own layer read before (the CLA authors' conversion)
//   mean    the mean over what all of its readers read before, each counted once (MLKV, arXiv 2406.09297; its code
//           averages step by step, so that later layers weigh more; ours is the mean)
//   heads   G -> G': each new head is the mean of G / G' neighbouring ones (Ainslie et al. 2023, arXiv 2305.13245,
//           sec. 2.1)
// The KV norm of a producer is the one that its layer's K and V went through before, a copy of the query norm where
// that served both (own_kv_norm is then turned on, unless the map shares nothing). Biases go with the rows that they
// belong to, the norm over a key's heads with the keys. All else stays as it is, bit for bit and in its type; means are
// taken in float64.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/sharing/sharing_map.h"

namespace weft::interchange {

enum class Merge { First, Mean };

struct ConvertRequest {
  std::string map;  // any text form
  Merge merge = Merge::First;
  std::optional<int> kvHeads;  // the model's; nullopt: as it is
  sharing::UpwardReads upward = sharing::UpwardReads::Refuse;
};

struct ConvertReport {
  std::int64_t parameters = 0, before = 0;
  std::vector<std::string> dropped;  // "NAME: why" for every tensor that is not there any more
};

// `folder` is a checkpoint (nn/checkpoint.h), `out` becomes one; see importModel. InvalidInput: a map that is none or
// of another layer count, heads that do not divide.
[[nodiscard]] Result<ConvertReport> convertModel(const std::filesystem::path& folder, const std::filesystem::path& out,
                                                 const ConvertRequest& request,
                                                 const std::function<void(double)>& progress = {});

}  // namespace weft::interchange

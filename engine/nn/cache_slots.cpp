// B batch, G KV heads, S entries, D head width.
#include "engine/nn/cache_slots.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace weft::nn {

CacheSpec cacheSpecOf(const sharing::SlotPlan& plan, std::int64_t batch, std::int64_t capacity, at::ScalarType dtype,
                      at::Device device) {
  CacheSpec spec;
  for (const sharing::Slot& slot : plan.slots) {
    spec.slots.push_back({.layer = slot.layer,
                          .storesK = slot.keepsK,
                          .storesV = slot.keepsV,
                          .heads = slot.heads,
                          .headWidth = slot.headWidth,
                          .window = slot.window});
  }
  spec.batch = batch;
  spec.capacity = capacity;
  spec.dtype = dtype;
  spec.device = device;
  return spec;
}

at::Tensor headsRead(const sharing::SlotPlan& plan, const std::vector<sharing::SlotHeads>& parts,
                     const std::vector<SlotView>& views, Take take) {
  std::vector<at::Tensor> read;
  for (const sharing::SlotHeads& part : parts) {
    const sharing::Slot& slot = plan.slots.at(static_cast<std::size_t>(part.slot));
    const SlotView& view = views.at(static_cast<std::size_t>(part.slot));
    const at::Tensor& stored_BGSD = take == Take::Keys || slot.isValueKey ? view.k_BGSD : view.v_BGSD;
    read.push_back(part.first == 0 && part.heads == slot.heads ? stored_BGSD
                                                               : stored_BGSD.narrow(1, part.first, part.heads));
    const at::Tensor &first = read.front(), &last = read.back();
    if (last.size(2) != first.size(2) || last.size(3) != first.size(3)) {
      throw std::invalid_argument(fmt::format("cache: heads of [{}] and [{}] do not stand side by side",
                                              fmt::join(first.sizes(), ", "), fmt::join(last.sizes(), ", ")));
    }
  }
  return read.size() == 1 ? read.front() : at::cat(read, 1);
}

}  // namespace weft::nn

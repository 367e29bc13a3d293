#include "engine/infer/perplexity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace weft::infer {

namespace {

// One window: inputs ids[begin .. begin+length), of which the targets from `firstScored` on count.
struct Window {
  std::int64_t begin = 0, length = 0, firstScored = 0;
};

std::vector<Window> windowsOver(std::int64_t tokens, const PerplexityOptions& options) {
  const std::int64_t stride = options.stride > 0 ? options.stride : options.window;
  const std::int64_t targets = options.tokens > 0 ? std::min(tokens - 1, options.tokens) : tokens - 1;
  std::vector<Window> windows;
  std::int64_t scored = 0;  // targets 0 .. scored-1 are done; target i is token i + 1
  for (std::int64_t begin = 0; scored < targets; begin += stride) {
    const std::int64_t length = std::min(options.window, targets - begin);
    windows.push_back({begin, length, scored - begin});
    scored = begin + length;
  }
  return windows;
}

}  // namespace

TextMeasures textMeasures(double totalNats, std::int64_t bytes, std::int64_t words) {
  TextMeasures measures;
  if (bytes > 0) {
    measures.bitsPerByte = totalNats / (static_cast<double>(bytes) * std::numbers::ln2);
    measures.bytePerplexity = std::exp(totalNats / static_cast<double>(bytes));
  }
  if (words > 0) measures.wordPerplexity = std::exp(totalNats / static_cast<double>(words));
  return measures;
}

Perplexity perplexity(nn::Decoder& decoder, const std::vector<std::int64_t>& ids, const PerplexityOptions& options,
                      const std::function<void(double)>& onProgress) {
  if (ids.size() < 2)
    throw std::invalid_argument(fmt::format("perplexity: {} token(s) are too few; it takes 2", ids.size()));
  if (options.window < 1 || options.stride > options.window) {
    throw std::invalid_argument(
        fmt::format("perplexity: a stride of {} does not fit a window of {}", options.stride, options.window));
  }
  const torch::NoGradGuard noGrad;
  const std::vector<Window> windows = windowsOver(static_cast<std::int64_t>(ids.size()), options);
  double total = 0;
  std::int64_t counted = 0;
  for (std::size_t first = 0; first < windows.size();) {
    // Windows of equal length share a batch; only the last one can be shorter.
    std::size_t last = first + 1;
    while (last < windows.size() && last - first < static_cast<std::size_t>(options.batch) &&
           windows[last].length == windows[first].length)
      ++last;
    const std::int64_t rows = static_cast<std::int64_t>(last - first), length = windows[first].length;
    torch::Tensor inputs = torch::empty({rows, length}, torch::kLong),
                  targets = torch::full({rows, length}, -1, torch::kLong);
    std::int64_t batchCount = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      const Window& window = windows[first + static_cast<std::size_t>(row)];
      for (std::int64_t i = 0; i < length; ++i) {
        inputs.mutable_data_ptr<std::int64_t>()[row * length + i] = ids[static_cast<std::size_t>(window.begin + i)];
        if (i < window.firstScored) continue;
        targets.mutable_data_ptr<std::int64_t>()[row * length + i] =
            ids[static_cast<std::size_t>(window.begin + i + 1)];
        ++batchCount;
      }
    }
    std::unique_ptr<nn::KvCache> cache;
    if (options.caches) cache = options.caches->make(decoder.cacheSpec(rows, length));
    const torch::Tensor loss = decoder.loss(inputs.to(decoder.device()), targets.to(decoder.device()), cache.get());
    total += loss.item<double>() * static_cast<double>(batchCount);
    counted += batchCount;
    first = last;
    if (onProgress) onProgress(static_cast<double>(first) / static_cast<double>(windows.size()));
  }
  Perplexity result{.loss_nats = total / static_cast<double>(counted), .tokens = counted};
  result.perplexity = std::exp(result.loss_nats);
  return result;
}

}  // namespace weft::infer

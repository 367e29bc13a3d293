// engine/train/batch_loader.h -- micro batches in the sampler's order, read ahead by a thread of its own: the step
// never waits for a page of the shard. One caller.
#pragma once

#include <torch/types.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "engine/data/sampler.h"
#include "engine/data/token_shard.h"

namespace weft::train {

class BatchLoader {
 public:
  // Rows of `length` + 1 tokens, `rows` at once, from the training's sequence number `first` on. The shard outlives
  // this. On CUDA the rows come through pinned memory.
  struct Order {
    std::int64_t rows = 1, length = 1, first = 0;
  };
  BatchLoader(const data::TokenShard& shard, const data::SequenceSampler& sampler, const Order& order,
              torch::Device device);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  // The next [rows, length + 1] int64, on the device. What reading threw is thrown here.
  torch::Tensor next();

 private:
  void readAhead();

  const data::TokenShard& m_shard;
  const data::SequenceSampler& m_sampler;
  const std::int64_t m_rows, m_length;
  const torch::Device m_device;
  std::mutex m_mutex;
  std::condition_variable m_changed;
  // A tensor for each batch: torch's allocator of pinned memory gives none out again that a copy still reads.
  std::deque<torch::Tensor> m_ready;
  std::int64_t m_next;  // sequence number that the thread reads next
  bool m_isEnding = false;
  std::exception_ptr m_failure;
  std::thread m_reader;  // last: it sees everything above
};

}  // namespace weft::train

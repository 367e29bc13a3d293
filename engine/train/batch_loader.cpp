#include "engine/train/batch_loader.h"

#include <utility>

namespace weft::train {

BatchLoader::BatchLoader(const data::TokenShard& shard, const data::SequenceSampler& sampler, const Order& order,
                         torch::Device device)
    : m_shard(shard),
      m_sampler(sampler),
      m_rows(order.rows),
      m_length(order.length),
      m_device(device),
      m_next(order.first),
      m_reader([this] { readAhead(); }) {}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(m_mutex);
    m_isEnding = true;
  }
  m_changed.notify_all();
  m_reader.join();
}

void BatchLoader::readAhead() {
  constexpr std::size_t kAhead = 2;
  const auto options = torch::TensorOptions().dtype(torch::kLong).pinned_memory(m_device.is_cuda());
  std::unique_lock lock(m_mutex);
  for (;;) {
    m_changed.wait(lock, [&] { return m_isEnding || m_ready.size() < kAhead; });
    if (m_isEnding) return;
    lock.unlock();
    torch::Tensor rows;
    std::exception_ptr failure;
    try {
      rows = torch::empty({m_rows, m_length + 1}, options);
      auto* tokens = rows.mutable_data_ptr<std::int64_t>();
      for (std::int64_t row = 0; row < m_rows; ++row) {
        m_shard.copy(m_sampler.offsetOf(m_next + row),
                     {tokens + row * (m_length + 1), static_cast<std::size_t>(m_length + 1)});
      }
    } catch (const std::exception&) {
      failure = std::current_exception();
    }
    lock.lock();
    m_failure = failure;
    if (!failure) m_ready.push_back(rows);
    m_next += m_rows;
    m_changed.notify_all();
    if (failure) return;
  }
}

torch::Tensor BatchLoader::next() {
  std::unique_lock lock(m_mutex);
  m_changed.wait(lock, [&] { return m_failure || !m_ready.empty(); });
  if (m_ready.empty()) std::rethrow_exception(m_failure);
  const torch::Tensor rows = m_ready.front();
  m_ready.pop_front();
  lock.unlock();
  m_changed.notify_all();
  return rows.to(m_device, /*non_blocking=*/true);
}

}  // namespace weft::train

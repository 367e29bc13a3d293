// ui/models/run_rows.h -- the runs of a snapshot: immutable rows that snapshots, models and pages share. A new snapshot
// copies pointers, and a row that is the same object as before has not changed. Reads like a list of RunSummary.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "engine/store/run_store.h"

namespace weft::ui {

class RunRows {
 public:
  using Row = std::shared_ptr<const store::RunSummary>;

  class Iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = store::RunSummary;
    using difference_type = std::ptrdiff_t;
    using pointer = const store::RunSummary*;
    using reference = const store::RunSummary&;

    Iterator() = default;
    explicit Iterator(std::vector<Row>::const_iterator at) : m_at(at) {}
    reference operator*() const { return **m_at; }
    pointer operator->() const { return m_at->get(); }
    reference operator[](difference_type n) const { return *m_at[n]; }
    Iterator& operator+=(difference_type n) {
      m_at += n;
      return *this;
    }
    Iterator& operator-=(difference_type n) { return *this += -n; }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this += -1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator operator--(int) { return std::exchange(*this, *this - 1); }
    friend Iterator operator+(Iterator a, difference_type n) { return a += n; }
    friend Iterator operator+(difference_type n, Iterator a) { return a += n; }
    friend Iterator operator-(Iterator a, difference_type n) { return a -= n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) { return a.m_at - b.m_at; }
    auto operator<=>(const Iterator&) const = default;

   private:
    std::vector<Row>::const_iterator m_at;
  };
  using value_type = store::RunSummary;
  using const_iterator = Iterator;

  RunRows() = default;
  explicit RunRows(std::vector<Row> rows) : m_rows(std::move(rows)) {}
  explicit RunRows(const std::vector<store::RunSummary>& runs) {
    for (const store::RunSummary& run : runs) push_back(run);
  }

  Iterator begin() const { return Iterator(m_rows.begin()); }
  Iterator end() const { return Iterator(m_rows.end()); }
  std::size_t size() const { return m_rows.size(); }
  bool empty() const { return m_rows.empty(); }
  const store::RunSummary& operator[](std::size_t place) const { return *m_rows[place]; }
  const store::RunSummary& front() const { return *m_rows.front(); }
  const Row& row(std::size_t place) const { return m_rows[place]; }
  const std::vector<Row>& rows() const { return m_rows; }
  std::vector<Row>& rows() { return m_rows; }
  void push_back(store::RunSummary run) { m_rows.push_back(std::make_shared<const store::RunSummary>(std::move(run))); }
  void push_back(Row row) { m_rows.push_back(std::move(row)); }

 private:
  std::vector<Row> m_rows;
};

// Rows that one list has and the other has not. Both are ordered by falling numbers; rows that are the same object are
// passed over without a look into them.
struct RowChanges {
  std::vector<RunRows::Row> gone, come;  // a run that changed is in both
};
RowChanges changesBetween(const RunRows& before, const RunRows& after);

}  // namespace weft::ui

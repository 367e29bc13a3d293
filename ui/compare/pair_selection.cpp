#include "ui/compare/pair_selection.h"

#include <algorithm>

namespace weft::ui {

std::vector<store::RunId> PairSelection::runs() const {
  if (m_a.value == 0) return {};
  return m_b.value == 0 ? std::vector<store::RunId>{m_a} : std::vector<store::RunId>{m_a, m_b};
}

void PairSelection::chooseSecond(store::RunId run) {
  if (run.value != 0 && run != m_a) set(m_a.value != 0 ? m_a : run, m_a.value != 0 ? run : store::RunId{});
}

void PairSelection::toggle(store::RunId run) {
  if (run.value == 0) return;
  if (run == m_a) return set(m_b, {});
  if (run == m_b) return set(m_a, {});
  if (m_a.value == 0) return set(run, {});
  set(m_a, run);
}

void PairSelection::setRuns(const std::vector<store::RunId>& runs) {
  const auto has = [&](store::RunId run) {
    return run.value != 0 && std::find(runs.begin(), runs.end(), run) != runs.end();
  };
  if (runs.empty()) return clear();
  const store::RunId a = has(m_a) ? m_a : has(m_b) ? m_b : runs.front();
  // B is whoever came last: with three marked, the newest takes B's place.
  store::RunId b;
  for (const store::RunId run : runs)
    if (run != a && (b.value == 0 || run != m_b)) b = run;
  set(a, b);
}

void PairSelection::swap() {
  if (m_b.value != 0) set(m_b, m_a);
}

void PairSelection::keepOnly(const std::vector<store::RunId>& runs) {
  const auto kept = [&](store::RunId run) {
    return std::find(runs.begin(), runs.end(), run) != runs.end() ? run : store::RunId{};
  };
  const store::RunId a = kept(m_a), b = kept(m_b);
  set(a.value != 0 ? a : b, a.value != 0 ? b : store::RunId{});
}

void PairSelection::set(store::RunId a, store::RunId b) {
  if (a == m_a && b == m_b) return;
  m_a = a;
  m_b = b;
  Q_EMIT changed();
}

}  // namespace weft::ui

// The page's side of base/statistics: which points are seeds of one configuration, which pair is worth a look, and what
// may be said of it.
#include "ui/compare/compare_model.h"
#include "ui/compare/compare_page.h"
#include "ui/compare/pair_panel.h"

namespace weft::ui {

bool ComparePage::areOneConfiguration(const store::RunSummary& a, const store::RunSummary& b) const {
  return !a.configurationKey.empty() && a.configurationKey == b.configurationKey;
}

// The configurations are known now, or others: what is said of them, and which pair is worth a look, may change.
void ComparePage::applyGroups() {
  if (!m_hasChosen) chooseFirstPair();
  updatePanel();
  m_plot->redrawReading();
}

// What the program is for: two configurations of equal KV memory, one of them on the frontier. Shown until somebody
// chooses otherwise.
void ComparePage::chooseFirstPair() {
  const ParetoData& drawn = m_plot->data();
  const ParetoPoint* low = nullptr;
  const ParetoPoint* high = nullptr;
  for (const std::size_t i : drawn.frontier) {
    const ParetoPoint& point = drawn.points[i];
    const store::RunSummary* run = m_snapshot->find(point.run);
    for (const ParetoPoint& other : drawn.points) {
      if (other.isReference() || other.x != point.x || other.y <= point.y ||
          (low && other.y - point.y <= high->y - low->y))
        continue;
      const store::RunSummary* against = m_snapshot->find(other.run);
      if (!run || !against || areOneConfiguration(*run, *against)) continue;
      low = &point;
      high = &other;
    }
  }
  if (low)
    m_selection->setRuns({low->run, high->run});
  else
    m_selection->clear();
  m_hasChosen = false;
}

void ComparePage::updateVerdict(store::RunId a, store::RunId b) {
  const QString sentence = m_groups->sentence(a, b);
  m_panel->showVerdict({.a = m_groups->perplexityText(a),
                        .b = m_groups->perplexityText(b),
                        .sentence = sentence.isEmpty() ? sentence : sentence + u'.'});
}

}  // namespace weft::ui

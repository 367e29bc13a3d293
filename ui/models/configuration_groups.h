// ui/models/configuration_groups.h -- which of the runs shown are one configuration under several seeds, and what may
// be said of two of them. The words are base/statistics.h's.
#pragma once

#include <QObject>
#include <QStringList>
#include <map>
#include <optional>
#include <unordered_map>

#include "engine/service/run_groups.h"

namespace weft::ui {

class ConfigurationGroups : public QObject {
  Q_OBJECT
 public:
  explicit ConfigurationGroups(QObject* parent = nullptr) : QObject(parent) {}

  void setRuns(std::vector<store::RunSummary> runs);

  const std::vector<service::RunGroup>& groups() const { return m_groups; }
  // The configuration of one of the runs; nullptr where it cannot be read. A run that a newer one of its seed has
  // replaced belongs to it, too.
  const service::RunGroup* groupOf(store::RunId run) const;

  // The configuration of `subject` against that of `reference`, adjusted for the others that stand in the same list
  // against this reference. Two runs of one configuration: that they are, by their labels.
  std::optional<statistics::Comparison> compare(store::RunId subject, store::RunId reference) const;
  // "MQA-CLA2 against MQA: half of MQA's KV bytes; perplexity +0.2% ± 0.6% (3 seeds, paired): no difference beyond the
  // seeds". Empty where one cannot be read.
  QString sentence(store::RunId subject, store::RunId reference) const;
  // "6.39 ± 0.31 (3 seeds)", "6.39"; empty without a final perplexity.
  QString perplexityText(store::RunId run) const;

 Q_SIGNALS:
  void changed();  // groups() or what is said of them

 private:
  void regroup();

  std::vector<store::RunSummary> m_runs;
  QStringList m_labels;  // of m_runs
  std::vector<service::RunGroup> m_groups;
  std::unordered_map<store::RunId, std::size_t> m_groupOf;
  std::unordered_map<store::RunId, std::size_t> m_placeOf;  // in m_runs
  mutable std::map<std::size_t, std::vector<statistics::Comparison>>
      m_against;  // by the reference's group: every group against it
};

}  // namespace weft::ui

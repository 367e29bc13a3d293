#include "ui/models/configuration_groups.h"

#include <tuple>

#include "engine/base/text.h"
#include "ui/models/run_text.h"

namespace weft::ui {
namespace {

// What a comparison or a label of the run depends on.
auto compared(const store::RunSummary& run) {
  return std::tie(run.id, run.name, run.state, run.perplexity, run.kvBytesPerToken, run.seed, run.map, run.generator,
                  run.cache, run.steps, run.configurationKey);
}

}  // namespace

void ConfigurationGroups::setRuns(std::vector<store::RunSummary> runs) {
  const bool isSame =
      std::equal(runs.begin(), runs.end(), m_runs.begin(), m_runs.end(),
                 [](const store::RunSummary& a, const store::RunSummary& b) { return compared(a) == compared(b); });
  if (isSame) return;
  m_runs = std::move(runs);
  regroup();
}

void ConfigurationGroups::regroup() {
  m_groupOf.clear();
  m_placeOf.clear();
  m_against.clear();
  m_groups = service::groupRuns(m_runs);
  m_labels = runLabels(m_runs);
  std::unordered_map<std::string, std::size_t> byConfiguration;
  for (std::size_t i = 0; i < m_groups.size(); ++i) byConfiguration.emplace(m_groups[i].configurationKey, i);
  for (std::size_t i = 0; i < m_runs.size(); ++i) {
    m_placeOf[m_runs[i].id] = i;
    if (const auto group = byConfiguration.find(m_runs[i].configurationKey); group != byConfiguration.end())
      m_groupOf[m_runs[i].id] = group->second;
  }
  Q_EMIT changed();
}

const service::RunGroup* ConfigurationGroups::groupOf(store::RunId run) const {
  const auto found = m_groupOf.find(run);
  return found == m_groupOf.end() ? nullptr : &m_groups[found->second];
}

std::optional<statistics::Comparison> ConfigurationGroups::compare(store::RunId subject, store::RunId reference) const {
  const auto of = m_groupOf.find(subject), to = m_groupOf.find(reference);
  if (of == m_groupOf.end() || to == m_groupOf.end() || subject == reference) return std::nullopt;
  if (of->second == to->second) {
    const std::size_t a = m_placeOf.at(subject), b = m_placeOf.at(reference);
    statistics::Comparison same;
    same.subject = {.name = m_labels[static_cast<qsizetype>(a)].toStdString(), .kvBytesPerToken = {}};
    same.reference = {.name = m_labels[static_cast<qsizetype>(b)].toStdString(), .kvBytesPerToken = {}};
    same.obstacle =
        m_runs[a].seed == m_runs[b].seed ? statistics::Obstacle::SameSeed : statistics::Obstacle::SameConfiguration;
    return same;
  }
  std::vector<statistics::Comparison>& all = m_against[to->second];
  if (all.empty()) {
    for (const service::RunGroup& group : m_groups) all.push_back(service::compareGroups(m_groups[to->second], group));
    statistics::adjust(all);  // the reference against itself has no p value and counts for nothing
  }
  return all[of->second];
}

QString ConfigurationGroups::sentence(store::RunId subject, store::RunId reference) const {
  const auto comparison = compare(subject, reference);
  if (!comparison) return {};
  return QStringLiteral("%1 against %2: %3")
      .arg(QString::fromStdString(comparison->subject.name), QString::fromStdString(comparison->reference.name),
           QString::fromStdString(statistics::sentence(*comparison)));
}

QString ConfigurationGroups::perplexityText(store::RunId run) const {
  const service::RunGroup* group = groupOf(run);
  const statistics::Summary summary = group ? service::perplexitySummary(*group) : statistics::Summary{};
  return summary.n > 0 ? QString::fromStdString(statistics::summaryText(summary, formatPerplexity)) : QString();
}

}  // namespace weft::ui

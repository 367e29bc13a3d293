// ui/figures/figure_document.h -- a saved figure: what it draws of which runs, and how. Plain values; the list of them
// is a JSON text.
#pragma once

#include <QString>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "ui/models/project_session.h"
#include "ui/paper/figure.h"

namespace weft::ui {

class ConfigurationGroups;

enum class FigureRuns { All, Filter, Listed };

// What a run had reached when its figure was frozen. A run's name and map do not change.
struct FrozenRun {
  store::RunId run;
  std::int64_t step = 0;
  std::optional<double> perplexity, bestPerplexity, lastLoss, kvMeasured;
};

struct FigureDocument {
  QString title;
  FigureOptions options;
  FigureRuns which = FigureRuns::All;
  QString filter;                    // FigureRuns::Filter
  std::vector<store::RunId> listed;  // FigureRuns::Listed
  // A frozen figure draws what its runs had reached at this time (seconds since 1970), whatever they do since. 0: it
  // draws what there is.
  double frozenAt = 0;
  std::vector<FrozenRun> frozen;
  bool isFrozen() const { return frozenAt > 0; }

  QString fileName() const;  // of the exported file, without ending: "kv-memory-against-perplexity"
};

// Perplexity against memory, training loss, sharing maps, of all runs: what a project begins with.
std::vector<FigureDocument> usualFigures();
QString kindTitle(FigureKind kind);  // "Memory and perplexity"

QString figuresToJson(const std::vector<FigureDocument>& figures);
// A field that is missing or wrong keeps its usual value. Corrupt: no JSON, or no list of figures.
[[nodiscard]] Result<std::vector<FigureDocument>> figuresFromJson(const QByteArray& json);

// The runs of the snapshot that the figure is about, oldest first; pointers into the snapshot. Of a frozen figure, too:
// what it would draw if it were frozen now.
std::vector<const store::RunSummary*> liveRunsOf(const FigureDocument& figure, const RunsSnapshot& snapshot);
// What it draws: those, or of a frozen figure the ones that it was frozen with, as they were.
std::vector<store::RunSummary> runsOf(const FigureDocument& figure, const RunsSnapshot& snapshot);
// Freezes it with the runs as they are.
void freeze(FigureDocument& figure, const RunsSnapshot& snapshot, double now_s);
// Changes whenever the figure of these runs would look different. Ten thousand runs take a millisecond: it is asked for
// at every snapshot.
std::uint64_t fingerprint(const FigureDocument& figure, const std::vector<const store::RunSummary*>& runs);

// What stands under the figure in a paper, from its numbers. `groups`: of the figure's runs; without them, or while
// they are not known, it names no difference.
QString captionOf(const FigureDocument& figure, const std::vector<FigureRun>& runs,
                  const ConfigurationGroups* groups = nullptr);
// A figure environment that includes the exported PDF.
QString latexOf(const FigureDocument& figure, const std::vector<FigureRun>& runs,
                const ConfigurationGroups* groups = nullptr);

}  // namespace weft::ui

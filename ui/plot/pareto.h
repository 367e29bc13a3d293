// ui/plot/pareto.h -- runs as points of memory against quality: which of them are beaten, which belong together, what a
// curve says between its points. Values only: Compare and Figures draw the same ones.
#pragma once

#include <QString>
#include <optional>
#include <vector>

#include "engine/store/run_store.h"
#include "ui/plot/series_style.h"

namespace weft::ui {

enum class ParetoX { KvBytes, KvMeasured, Parameters };
enum class ParetoY { Perplexity, BestPerplexity, LastLoss };

// nullopt: not there, not finite, or not positive (the axes may be logarithmic).
std::optional<double> valueOf(const store::RunSummary& run, ParetoX x);
std::optional<double> valueOf(const store::RunSummary& run, ParetoY y);
QString titleOf(ParetoX x);  // "KV cache per token"
QString titleOf(ParetoY y);  // "Validation perplexity"
QString unitOf(ParetoX x);   // "B", "" for parameters

struct ParetoPoint {
  store::RunId run;  // 0: a reference row of the paper
  QString name;      // with what tells the run from others of its name among those shown (store/run_labels.h)
  QString label;     // short: the same without its family where that is enough
  Family family;
  double x = 0, y = 0;
  bool isOnFrontier = false;
  bool isReference() const { return run.value == 0; }
};

// A family's points by x; several at one x by y.
struct ParetoCurve {
  Family family;
  std::vector<std::size_t> points;
};

struct ParetoData {
  std::vector<ParetoPoint> points;    // in the order of the runs, then the references
  std::vector<std::size_t> frontier;  // by x, then y; references are never on it
  std::vector<ParetoCurve> curves;    // in the legend's order
  QString kvTypes;                    // of the points' bytes: "float32", "float32 and 16-bit"; "" where x is no memory
  const ParetoPoint* find(store::RunId run) const;
};

enum class References { Hide, Show };
// Runs without both values are left out.
ParetoData paretoData(const std::vector<store::RunSummary>& runs, ParetoX x = ParetoX::KvBytes,
                      ParetoY y = ParetoY::Perplexity, References references = References::Hide);

// Indices of the (x, y) that no other one beats: none is at most as large in both and smaller in one. Equal points
// stand together. By x, then y.
std::vector<std::size_t> frontierOf(const std::vector<std::pair<double, double>>& points);

// What a curve says at x: the best of its points there, else linear in log x between its neighbours; nullopt outside.
struct CurveReading {
  double y = 0;
  bool isInterpolated = false;
  store::RunId run;  // of the point, if it is one
};
std::optional<CurveReading> readCurve(const ParetoData& data, const ParetoCurve& curve, double x);

}  // namespace weft::ui

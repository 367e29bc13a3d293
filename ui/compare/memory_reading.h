// ui/compare/memory_reading.h -- what the iso-memory cursor says: which curves have a value at this memory, and by how much one is better.
#pragma once

#include <QString>
#include <optional>
#include <vector>

#include "ui/plot/pareto.h"

namespace weft::ui {

struct MemoryReading {
  struct Line {
    QString name;  // the run's if it is one, else the family's
    Family family;
    double y = 0;
    bool isInterpolated = false;
  };
  double x = 0;
  std::vector<Line> lines;  // none, one or two

  QString headline(const QString& unit) const;  // "at 2,560 B/token: 13.89 vs 14.37"; numbers read between points in <i>
  QString sentence() const;                     // "H64-MQA-CLA2 is 0.48 lower than H32-MQA"; empty with fewer than two
};

// The chosen runs where they lie at x, else their families' curves there; without a choice the two best curves.
MemoryReading readMemory(const ParetoData& data, double x, const std::vector<store::RunId>& chosen);

}  // namespace weft::ui

// ui/compare/memory_reading.h -- what the iso-memory cursor says: which curves have a value at this memory, and what
// may be said of the two.
#pragma once

#include <QString>
#include <optional>
#include <vector>

#include "ui/plot/pareto.h"

namespace weft::ui {

class ConfigurationGroups;

struct MemoryReading {
  struct Line {
    store::RunId run;  // 0: read between two
    QString name;      // the run's if it is one, else the family's
    Family family;
    double y = 0;
    bool isInterpolated = false;
  };
  double x = 0;
  std::vector<Line> lines;  // none, one or two

  QString headline(
      const QString& unit) const;  // "at 2,560 B/token: 13.89 vs 14.37"; numbers read between points in <i>
  // Of two lines what their configurations say over their seeds (ConfigurationGroups::sentence); of one its name. Empty
  // while that is not known.
  QString sentence(const ConfigurationGroups* groups) const;
};

// The chosen runs where they lie at x, else their families' curves there; without a choice the two best curves.
MemoryReading readMemory(const ParetoData& data, double x, const std::vector<store::RunId>& chosen);

}  // namespace weft::ui

// ui/compare/compare_plot.h -- the runs as points of memory against quality, to click, walk along and read. Wheel
// zooms, drag pans, double click fits (see Plot); a click chooses, Ctrl+click makes the pair; Left and Right walk along
// the frontier, with Shift along the family; the handle at the top drags the iso-memory cursor.
#pragma once

#include <optional>

#include "ui/compare/compare_overlay.h"
#include "ui/compare/pair_selection.h"
#include "ui/plot/plot.h"
#include "ui/plot/tickers.h"

namespace weft::ui {

class ComparePlot : public Plot {
  Q_OBJECT
 public:
  struct View {
    ParetoX x = ParetoX::KvBytes;
    ParetoY y = ParetoY::Perplexity;
    bool frontier = true, dominated = true, labels = true, paperTable = false;
    bool operator==(const View&) const = default;
  };

  explicit ComparePlot(PairSelection* selection, QWidget* parent = nullptr);

  // Nothing is redrawn when no point has changed. A view that the user has not touched grows with its points, it never
  // shrinks under them.
  void setRuns(const std::vector<store::RunSummary>& runs);
  void setBaseline(store::RunId run);
  // What the cursor's reading says of two runs; looked up at every drawing: redrawReading() when it has changed.
  void setGroups(const ConfigurationGroups* groups) { m_overlay->state.groups = groups; }
  void redrawReading() { redrawOverlay(); }
  void setView(const View& view);
  const View& view() const { return m_view; }
  const ParetoData& data() const { return m_points->data(); }

  std::optional<double> cursorX() const { return m_overlay->state.cursor; }
  void setCursorX(double x);  // and read it
  const std::optional<MemoryReading>& reading() const { return m_overlay->state.reading; }
  QRectF handleBox() const { return m_overlay->handleBox(); }
  std::optional<QPointF> pixelOf(store::RunId run) const;
  const ParetoItem* points() const { return m_points; }

  // The next one along the frontier (or the family's curve) in the direction of growing memory (+1) or shrinking (-1).
  store::RunId neighbour(store::RunId from, int direction, bool alongFamily) const;

 Q_SIGNALS:
  void walked(weft::store::RunId run);  // by an arrow key

 protected:
  void fitAxes() override;
  void applyTheme() override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool event(QEvent* event) override;

 private:
  void rebuild();
  bool showsAllPoints() const;
  void applySelection();
  void redrawOverlay();
  bool isOverCursor(const QPointF& position) const;
  void dragCursorTo(double pixel);

  PairSelection* m_selection;
  ParetoItem* m_points;
  CompareOverlay* m_overlay;
  QSharedPointer<DoublingTicker> m_doublings;
  std::vector<store::RunSummary> m_runs;
  View m_view;
  store::RunId m_baseline;
  bool m_dragsCursor = false;
  bool m_hasData = false;
};

}  // namespace weft::ui

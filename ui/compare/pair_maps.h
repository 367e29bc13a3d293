// ui/compare/pair_maps.h -- the painted parts of the pair panel: who A and B are, and their two maps with KV slots to
// one scale.
#pragma once

#include <QWidget>
#include <array>
#include <optional>

#include "engine/sharing/sharing_map.h"
#include "engine/store/run_store.h"

namespace weft::ui {

// One of the two, and whether its marker is filled.
struct PairSide {
  store::RunSummary run;
  QString label;  // its name, with what tells it from the others of the plot
  bool isOnFrontier = false;
};

// Badge, marker, name; elided.
class PairHead : public QWidget {
 public:
  PairHead(const QString& letter, QWidget* parent = nullptr);
  void setSide(const std::optional<PairSide>& side, bool isBaseline);
  QSize sizeHint() const override { return {150, 26}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_letter;
  std::optional<PairSide> m_side;
  bool m_isBaseline = false;
};

class PairMaps : public QWidget {
 public:
  explicit PairMaps(QWidget* parent = nullptr);
  void setSides(const std::optional<PairSide>& a, const std::optional<PairSide>& b);
  // Where the second map begins: the panel's second column.
  void setColumns(int first, int second) {
    m_lefts = {first, second};
    update();
  }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  struct Side {
    std::optional<sharing::SharingMap> map;
    int kvHeads = 1;
    double slotBytes = 0;
    int slots = 0;
  };
  std::array<Side, 2> m_sides;
  std::array<int, 2> m_lefts{0, 160};
};

}  // namespace weft::ui

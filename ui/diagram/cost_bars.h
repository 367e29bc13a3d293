// ui/diagram/cost_bars.h -- the two painted bars of the cost panel: bytes per token beside the plain maps, and a
// device's memory.
#pragma once

#include <QString>
#include <QWidget>
#include <cstdint>
#include <vector>

namespace weft::ui {

// Bytes per token of the plain maps and of this one, on one scale, with the ratio.
class ComparisonBars : public QWidget {
 public:
  using QWidget::QWidget;
  struct Bar {
    QString name;
    std::int64_t bytes = 0;
    bool isThis = false;
  };
  void show(std::vector<Bar> bars);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  std::vector<Bar> m_bars;
};

// Weights and KV in a device's memory.
class MemoryBar : public QWidget {
 public:
  explicit MemoryBar(QWidget* parent = nullptr);
  void show(double weights, double kv, double total);
  QString text() const;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  double m_weights = 0, m_kv = 0, m_total = 0;
};

}  // namespace weft::ui

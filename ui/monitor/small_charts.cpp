#include "ui/monitor/small_charts.h"

#include <QVBoxLayout>
#include <algorithm>

#include "ui/monitor/chart_title.h"
#include "ui/monitor/linked_charts.h"
#include "ui/parts/widgets.h"
#include "ui/plot/shared_cursor.h"

namespace weft::ui {
namespace {

constexpr int kUsualHeight = 112, kLeastHeight = 84;
constexpr int kLeftMargin = 52;  // the same for all: their x must lie below each other

}  // namespace

SmallCharts::SmallCharts(LinkedCharts& link, SharedCursor& cursor, QWidget* parent)
    : QScrollArea(parent),
      m_link(link),
      m_cursor(cursor),
      m_column(new Surface(Surface::Fill::Panel)),
      m_layout(new QVBoxLayout(m_column)) {
  setAccessibleName(QStringLiteral("Small charts"));
  setFrameShape(QFrame::NoFrame);
  setWidgetResizable(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFocusPolicy(Qt::NoFocus);
  m_layout->setContentsMargins(0, 0, 0, 0);
  m_layout->setSpacing(0);
  m_none = new TextLabel(QStringLiteral("Learning rate, gradient norm and whatever else a run reports appear here."),
                         Type::Body, Tone::Text2);
  m_none->setWordWrap(true);
  m_none->setContentsMargins(metrics::panelMargin, 16, metrics::panelMargin, 0);
  m_none->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  m_layout->addWidget(m_none);
  setWidget(m_column);
}

void SmallCharts::setMetrics(const std::set<std::string>& names) {
  for (Box& box : m_boxes) box.isAsked = names.contains(box.metric);
  for (const std::string& name : names) {
    if (name == kLossMetric || chart(name)) continue;
    const MetricText text = metricText(name);
    auto* widget = new Surface(Surface::Fill::Panel, Qt::BottomEdge);
    auto* column = new QVBoxLayout(widget);
    column->setContentsMargins(0, 0, 0, 1);
    column->setSpacing(0);
    Box box{.metric = name,
            .order = text.order,
            .widget = widget,
            .title = new ChartTitle(text.title, text.caption),
            .chart = nullptr,
            .isAsked = true};
    box.chart = new MetricChart(name, MetricChart::Detail::Small);
    box.chart->axisRect()->setAutoMargins(QCP::msNone);
    box.chart->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(box.chart, &QWidget::customContextMenuRequested, this, [this, name, chart = box.chart](const QPoint& at) {
      Q_EMIT exportRequested(name, chart->mapToGlobal(at));
    });
    column->addWidget(box.title);
    column->addWidget(box.chart, 1);
    m_link.add(box.chart);
    m_cursor.add(box.chart, SharedCursor::Tag::No);
    const auto at = std::find_if(m_boxes.begin(), m_boxes.end(), [&](const Box& other) {
      return std::tie(box.order, box.metric) < std::tie(other.order, other.metric);
    });
    m_layout->insertWidget(static_cast<int>(at - m_boxes.begin()), widget, 1);
    m_boxes.insert(at, box);
  }
  arrange();
}

void SmallCharts::setHidden(const std::string& metric, bool hidden) {
  if (hidden)
    m_hidden.insert(metric);
  else
    m_hidden.erase(metric);
  arrange();
}

void SmallCharts::arrange() {
  MetricChart* last = nullptr;
  int shown = 0;
  for (const Box& box : m_boxes) {
    const bool isShown = box.isAsked && !m_hidden.contains(box.metric);
    box.widget->setVisible(isShown);
    if (!isShown) continue;
    last = box.chart;
    ++shown;
  }
  m_none->setVisible(!last);
  const int axisHeight = QFontMetrics(captionFont()).height() + 8;
  const int least = leastHeight(shown, axisHeight - 10);
  for (const Box& box : m_boxes) {
    const bool isLast = box.chart == last;
    box.chart->xAxis->setTickLabels(isLast);
    box.chart->axisRect()->setMargins(QMargins(kLeftMargin, 4, metrics::panelMargin, isLast ? axisHeight : 10));
    box.widget->setMinimumHeight(least + (isLast ? axisHeight - 10 : 0));
    box.chart->replot(QCustomPlot::rpQueuedReplot);
  }
}

// Lower where that makes all fit; where even that does not, so high that whole charts fill the column and none is cut.
int SmallCharts::leastHeight(int charts, int axis) const {
  const int room = viewport()->height();
  if (charts == 0 || room <= 0 || charts * kUsualHeight + axis <= room) return kUsualHeight;
  const int all = (room - axis) / charts;
  if (all >= kLeastHeight) return all;
  return std::max(kLeastHeight, room / std::max(1, room / kUsualHeight));
}

void SmallCharts::resizeEvent(QResizeEvent* event) {
  QScrollArea::resizeEvent(event);
  arrange();
}

std::vector<std::string> SmallCharts::metrics() const {
  std::vector<std::string> names;
  for (const Box& box : m_boxes)
    if (box.isAsked) names.push_back(box.metric);
  return names;
}

MetricChart* SmallCharts::chart(const std::string& metric) const {
  const auto found = std::find_if(m_boxes.begin(), m_boxes.end(), [&](const Box& box) { return box.metric == metric; });
  return found == m_boxes.end() ? nullptr : found->chart;
}

const ChartTitle* SmallCharts::title(const std::string& metric) const {
  const auto found = std::find_if(m_boxes.begin(), m_boxes.end(), [&](const Box& box) { return box.metric == metric; });
  return found == m_boxes.end() ? nullptr : found->title;
}

void SmallCharts::updateReadings() {
  for (const Box& box : m_boxes) {
    if (!box.isAsked) continue;
    std::vector<ChartReading> readings;
    for (const ChartRun& run : m_link.runs()) {
      const auto at = m_cursor.x() ? box.chart->reading(run.id, *m_cursor.x()) : box.chart->lastReading(run.id);
      if (at)
        readings.push_back(
            {run.id, run.style.value_or(styleNumber(run.id)), metricValue(at->raw, box.chart->text().quantity)});
    }
    box.title->setReadings(std::move(readings));
  }
}

}  // namespace weft::ui

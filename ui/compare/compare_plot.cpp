#include "ui/compare/compare_plot.h"

#include <QHelpEvent>
#include <QMouseEvent>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "ui/models/run_text.h"
#include "ui/plot/axis_range.h"
#include "ui/plot/axis_ticker.h"

namespace weft::ui {
namespace {

constexpr double kGrab_px = 5, kSnap_px = 7;
constexpr double kTick_px = 84;  // room of one number such as "163,840"

bool areSame(const ParetoData& a, const ParetoData& b) {
  return std::equal(a.points.begin(), a.points.end(), b.points.begin(), b.points.end(),
                    [](const ParetoPoint& p, const ParetoPoint& q) {
                      return p.run == q.run && p.x == q.x && p.y == q.y && p.label == q.label && p.family == q.family &&
                             p.isOnFrontier == q.isOnFrontier;
                    });
}

}  // namespace

ComparePlot::ComparePlot(PairSelection* selection, QWidget* parent)
    : Plot(QStringLiteral("Perplexity against KV bytes per token"), parent),
      m_selection(selection),
      m_points(new ParetoItem(this)),
      m_overlay(new CompareOverlay(m_points)),
      m_doublings(QSharedPointer<DoublingTicker>::create()) {
  axisRect()->setMinimumMargins(QMargins(12, 22, 16, 8));
  xAxis->setTicker(m_doublings);
  m_points->setLook(ParetoLook::onScreen(Theme::current()));
  connect(m_selection, &PairSelection::changed, this, &ComparePlot::applySelection);
  connect(this, &Plot::clicked, this, [this](QPointF pixel, Qt::KeyboardModifiers modifiers) {
    const auto hit = m_points->pointAt(pixel);
    const store::RunId run = hit ? data().points[*hit].run : store::RunId{};
    if (modifiers & Qt::ControlModifier)
      m_selection->toggle(run);
    else if (run.value != 0)
      m_selection->choose(run);
    else if (!hit)
      m_selection->clear();
  });
  connect(this, &Plot::pointerMoved, this, [this](QPointF pixel) {
    const auto hit = m_points->pointAt(pixel);
    setCursor(hit ? Qt::PointingHandCursor : isOverCursor(pixel) ? Qt::SizeHorCursor : Qt::ArrowCursor);
    if (hit == m_overlay->state.hovered) return;
    m_overlay->state.hovered = hit;
    redrawOverlay();
  });
  connect(this, &Plot::pointerLeft, this, [this] {
    if (!m_overlay->state.hovered) return;
    m_overlay->state.hovered.reset();
    redrawOverlay();
  });
  applyTheme();
}

void ComparePlot::applyTheme() {
  Plot::applyTheme();
  ParetoLook look = ParetoLook::onScreen(Theme::current());
  look.emphasisRadius = CompareOverlay::kRing;
  look.showsFrontier = m_view.frontier;
  look.showsDominated = m_view.dominated;
  look.showsLabels = m_view.labels;
  m_points->setLook(look);
}

void ComparePlot::setRuns(const std::vector<store::RunSummary>& runs) {
  m_runs = runs;
  rebuild();
}

void ComparePlot::setView(const View& view) {
  if (view == m_view) return;
  const bool hasNewAxes = view.x != m_view.x || view.y != m_view.y || view.paperTable != m_view.paperTable;
  m_view = view;
  applyTheme();
  if (hasNewAxes) {
    m_hasData = false;
    m_overlay->state.cursor.reset();
    m_overlay->state.reading.reset();
  }
  rebuild();
  applySelection();
  replot(rpQueuedReplot);
}

void ComparePlot::setBaseline(store::RunId run) {
  if (run == m_baseline) return;
  m_baseline = run;
  m_points->setBaseline(run);
  replot(rpQueuedReplot);
}

void ComparePlot::rebuild() {
  ParetoData fresh = paretoData(m_runs, m_view.x, m_view.y, m_view.paperTable ? References::Show : References::Hide);
  if (m_hasData && areSame(fresh, data())) return;
  std::vector<double> xs;
  for (const ParetoPoint& point : fresh.points) xs.push_back(point.x);
  m_doublings->setValues(xs);
  m_points->setData(std::move(fresh));
  m_overlay->state.hovered.reset();
  if (data().points.empty()) {
    m_hasData = false;
    replot(rpQueuedReplot);
    return;
  }
  if (!m_hasData || (isFitted() && !showsAllPoints())) {
    m_hasData = true;
    fitAxes();
    setFitted(true);
  }
  if (!m_overlay->state.cursor && !data().frontier.empty())
    m_overlay->state.cursor = data().points[data().frontier.front()].x;
  // A reading follows its points.
  if (m_overlay->state.cursor && m_overlay->state.reading)
    m_overlay->state.reading = readMemory(data(), *m_overlay->state.cursor, m_selection->runs());
  replot(rpQueuedReplot);
}

bool ComparePlot::showsAllPoints() const {
  return std::all_of(data().points.begin(), data().points.end(), [&](const ParetoPoint& point) {
    return !m_points->isShown(point) || (xAxis->range().contains(point.x) && yAxis->range().contains(point.y));
  });
}

void ComparePlot::fitAxes() {
  std::vector<double> xs, ys;
  for (const ParetoPoint& point : data().points) {
    if (!m_points->isShown(point)) continue;
    xs.push_back(point.x);
    ys.push_back(point.y);
  }
  if (xs.empty()) return;
  const auto [xLow, xHigh] = std::minmax_element(xs.begin(), xs.end());
  const auto [yLow, yHigh] = std::minmax_element(ys.begin(), ys.end());
  const bool isLogX = isLogMemory(*xLow, *xHigh), isLogY = isLogQuality(*yLow, *yHigh);
  setScale(xAxis, isLogX ? Scale::Logarithmic : Scale::Linear);
  setScale(yAxis, isLogY ? Scale::Logarithmic : Scale::Linear);
  if (isLogX)
    xAxis->setTicker(m_doublings);
  else
    xAxis->setTicker(QSharedPointer<AxisTicker>::create());
  m_doublings->setMaximumTicks(std::max(2, static_cast<int>(plotArea().width() / kTick_px)));
  xAxis->setRange(isLogX ? niceLogRange(*xLow, *xHigh) : niceRange(*xLow, *xHigh));
  yAxis->setRange(isLogY ? niceLogRange(*yLow, *yHigh) : niceRange(*yLow, *yHigh));
  QStringList remarks;
  if (const QString unit = unitOf(m_view.x); !unit.isEmpty()) remarks << unit;
  if (!data().kvTypes.isEmpty()) remarks << data().kvTypes;
  if (isLogX) remarks << QStringLiteral("log scale");
  xAxis->setLabel(remarks.isEmpty()
                      ? titleOf(m_view.x)
                      : QStringLiteral("%1 (%2)").arg(titleOf(m_view.x), remarks.join(QStringLiteral(", "))));
  yAxis->setLabel(titleOf(m_view.y));
  setAccessibleName(QStringLiteral("%1 against %2").arg(titleOf(m_view.y), titleOf(m_view.x)));
}

void ComparePlot::applySelection() {
  m_points->setEmphasised(m_selection->runs());
  CompareOverlay::State& state = m_overlay->state;
  state.chosen = m_selection->runs();
  state.unit = unitOf(m_view.x);
  if (const ParetoPoint* a = data().find(m_selection->a())) {
    state.cursor = a->x;
    state.reading = readMemory(data(), a->x, state.chosen);
  } else {
    state.reading.reset();
  }
  replot(rpQueuedReplot);
}

void ComparePlot::setCursorX(double x) {
  m_overlay->state.cursor = x;
  m_overlay->state.unit = unitOf(m_view.x);
  m_overlay->state.reading = readMemory(data(), x, m_selection->runs());
  redrawOverlay();
}

void ComparePlot::redrawOverlay() {
  if (QCPLayer* overlay = layer(QStringLiteral("overlay"))) overlay->replot();
}

std::optional<QPointF> ComparePlot::pixelOf(store::RunId run) const {
  const ParetoPoint* point = data().find(run);
  return point ? std::optional(m_points->pixelOf(*point)) : std::nullopt;
}

store::RunId ComparePlot::neighbour(store::RunId from, int direction, bool alongFamily) const {
  const ParetoPoint* start = data().find(from);
  std::vector<std::size_t> path = data().frontier;
  if (alongFamily && start)
    for (const ParetoCurve& curve : data().curves)
      if (curve.family == start->family) path = curve.points;
  std::erase_if(path,
                [&](std::size_t i) { return !m_points->isShown(data().points[i]) || data().points[i].isReference(); });
  if (path.empty()) return {};
  if (!start) return data().points[direction > 0 ? path.front() : path.back()].run;
  const auto here = std::find_if(path.begin(), path.end(), [&](std::size_t i) { return data().points[i].run == from; });
  if (here != path.end()) {
    const auto at =
        std::clamp<std::ptrdiff_t>(here - path.begin() + direction, 0, static_cast<std::ptrdiff_t>(path.size()) - 1);
    return data().points[path[static_cast<std::size_t>(at)]].run;
  }
  // Not on the path: to its next point in that direction, or its end.
  if (direction > 0) {
    const auto next =
        std::find_if(path.begin(), path.end(), [&](std::size_t i) { return data().points[i].x >= start->x; });
    return data().points[next == path.end() ? path.back() : *next].run;
  }
  const auto next =
      std::find_if(path.rbegin(), path.rend(), [&](std::size_t i) { return data().points[i].x <= start->x; });
  return data().points[next == path.rend() ? path.front() : *next].run;
}

bool ComparePlot::isOverCursor(const QPointF& position) const {
  if (!m_overlay->state.cursor) return false;
  if (handleBox().adjusted(-kGrab_px, -kGrab_px, kGrab_px, kGrab_px).contains(position)) return true;
  return QRectF(plotArea()).contains(position) && std::abs(position.x() - handleBox().center().x()) <= kGrab_px &&
         !m_points->pointAt(position);
}

void ComparePlot::dragCursorTo(double pixel) {
  pixel = std::clamp(pixel, static_cast<double>(plotArea().left()), static_cast<double>(plotArea().right()));
  double x = xAxis->pixelToCoord(pixel), nearest = kSnap_px;
  for (const ParetoPoint& point : data().points) {
    if (!m_points->isShown(point)) continue;
    if (const double distance = std::abs(xAxis->coordToPixel(point.x) - pixel); distance < nearest) {
      nearest = distance;
      x = point.x;
    }
  }
  setCursorX(x);
}

void ComparePlot::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton && isOverCursor(event->position())) {
    m_dragsCursor = true;
    setCursor(Qt::SizeHorCursor);
    event->accept();
    return;
  }
  Plot::mousePressEvent(event);
}

void ComparePlot::mouseMoveEvent(QMouseEvent* event) {
  if (m_dragsCursor) {
    dragCursorTo(event->position().x());
    event->accept();
    return;
  }
  Plot::mouseMoveEvent(event);
  if (!isDragging() && !QRectF(plotArea()).contains(event->position()))
    setCursor(isOverCursor(event->position()) ? Qt::SizeHorCursor : Qt::ArrowCursor);
}

void ComparePlot::mouseReleaseEvent(QMouseEvent* event) {
  if (m_dragsCursor) {
    m_dragsCursor = false;
    setCursor(Qt::ArrowCursor);
    event->accept();
    return;
  }
  Plot::mouseReleaseEvent(event);
}

void ComparePlot::keyPressEvent(QKeyEvent* event) {
  const bool isArrow = event->key() == Qt::Key_Left || event->key() == Qt::Key_Right;
  if (!isArrow || (event->modifiers() & (Qt::ControlModifier | Qt::AltModifier))) return Plot::keyPressEvent(event);
  const store::RunId from = m_selection->b().value != 0 ? m_selection->b() : m_selection->a();
  const store::RunId next =
      neighbour(from, event->key() == Qt::Key_Right ? 1 : -1, event->modifiers() & Qt::ShiftModifier);
  if (next.value != 0) Q_EMIT walked(next);
  event->accept();
}

bool ComparePlot::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const auto hit = m_points->pointAt(help->pos());
    if (!hit) {
      QToolTip::hideText();
      return true;
    }
    const ParetoPoint& point = data().points[*hit];
    const QString x =
        unitOf(m_view.x).isEmpty() ? countText(point.x) : QStringLiteral("%1 B/token").arg(bytesPerTokenText(point.x));
    const QString place = point.isReference()  ? QStringLiteral("published")
                          : point.isOnFrontier ? QStringLiteral("on the frontier")
                                               : QStringLiteral("dominated");
    QToolTip::showText(help->globalPos(),
                       QStringLiteral("%1: %2 at %3, %4").arg(point.name, perplexityText(point.y), x, place), this);
    return true;
  }
  return Plot::event(event);
}

}  // namespace weft::ui

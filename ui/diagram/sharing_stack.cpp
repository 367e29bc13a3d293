#include "ui/diagram/sharing_stack.h"

#include <QAccessible>
#include <QApplication>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>
#include <algorithm>
#include <cmath>

namespace weft::ui {
namespace {

constexpr int kMostDigits = 4;

LayerSet rangeOf(int a, int b) {
  LayerSet layers;
  for (int layer = std::min(a, b); layer <= std::max(a, b); ++layer) layers.push_back(layer);
  return layers;
}

}  // namespace

SharingStack::SharingStack(SharingDocument* document, QWidget* parent)
    : QAbstractScrollArea(parent), m_document(document) {
  setFrameShape(QFrame::NoFrame);
  setFocusPolicy(Qt::StrongFocus);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setMinimumSize(520, 240);
  viewport()->setMouseTracking(true);
  setAccessibleName(tr("Sharing stack: one row a layer, layer 0 at the bottom"));
  connect(document, &SharingDocument::changed, this, &SharingStack::documentChanged);
  documentChanged();
}

void SharingStack::select(const LayerSet& layers, int current) {
  m_state.selection = layers;
  std::sort(m_state.selection.begin(), m_state.selection.end());
  m_state.selection.erase(std::unique(m_state.selection.begin(), m_state.selection.end()), m_state.selection.end());
  m_state.current = current;
  m_state.typed.clear();
  if (current >= 0) showLayer(current);
  announce();
  viewport()->update();
  Q_EMIT selectionChanged();
}

void SharingStack::clearSelection() {
  m_anchor = -1;
  select({}, -1);
}

void SharingStack::showNextProblem() {
  LayerSet rows;
  for (const RowProblem& problem : m_document->problems()) {
    if (problem.layer >= 0 && problem.layer < m_layout.layers) rows.push_back(problem.layer);
  }
  if (rows.empty()) {
    if (m_document->isValid()) Q_EMIT messageRaised(tr("The map is valid: there is no error to go to."), false);
    return;
  }
  const auto next = std::upper_bound(rows.begin(), rows.end(), m_state.current);
  const int layer = next == rows.end() ? rows.front() : *next;
  m_anchor = layer;
  select({layer}, layer);
}

void SharingStack::setRowHeight(std::optional<qreal> rowHeight) {
  m_rowHeight = rowHeight;
  relayout();
}

void SharingStack::documentChanged() {
  const int layers = m_document->map().layerCount();
  const std::size_t before = m_state.selection.size();
  std::erase_if(m_state.selection, [&](int layer) { return layer >= layers; });
  if (m_state.current >= layers) m_state.current = m_state.selection.empty() ? -1 : m_state.selection.back();
  if (m_anchor >= layers) m_anchor = m_state.current;
  if (m_state.hovered >= layers) m_state.hovered = -1;
  endDrag();
  relayout();
  announce();
  if (before != m_state.selection.size()) Q_EMIT selectionChanged();
}

void SharingStack::relayout() {
  m_layout = SceneLayout(viewport()->size(), m_document->map().layerCount(), m_rowHeight);
  verticalScrollBar()->setPageStep(static_cast<int>(std::max(1.0, m_layout.visibleHeight())));
  verticalScrollBar()->setSingleStep(static_cast<int>(m_layout.rowHeight));
  verticalScrollBar()->setRange(0, static_cast<int>(std::ceil(m_layout.maximumScroll())));
  m_layout.scroll = verticalScrollBar()->value();
  viewport()->update();
}

void SharingStack::paintEvent(QPaintEvent*) {
  QPainter painter(viewport());
  paintScene(painter, m_layout, *m_document, m_state, Theme::current());
}

void SharingStack::resizeEvent(QResizeEvent*) { relayout(); }

void SharingStack::scrollContentsBy(int, int) {
  m_layout.scroll = verticalScrollBar()->value();
  viewport()->update();
}

void SharingStack::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  const int layer = m_layout.layerAt(event->position());
  if (layer < 0) return clearSelection();
  m_pressedAt = event->position();
  m_pressedRing = m_layout.ringAt(event->position());
  m_drag = Drag::Pressed;
  if (event->modifiers() & Qt::ShiftModifier) {
    if (m_anchor < 0) m_anchor = layer;
    select(rangeOf(m_anchor, layer), layer);
  } else if (event->modifiers() & Qt::ControlModifier) {
    LayerSet layers = m_state.selection;
    if (std::erase(layers, layer) == 0) layers.push_back(layer);
    m_anchor = layer;
    select(layers, layer);
  } else if (m_pressedRing >= 0 && std::binary_search(m_state.selection.begin(), m_state.selection.end(), layer)) {
    // A ring within the selection may be about to move all of it.
    m_state.current = layer;
    viewport()->update();
  } else {
    m_anchor = layer;
    select({layer}, layer);
  }
}

void SharingStack::mouseMoveEvent(QMouseEvent* event) {
  const int layer = m_layout.layerAt(event->position());
  if (layer != m_state.hovered) {
    m_state.hovered = layer;
    viewport()->update();
  }
  if (m_drag == Drag::Pressed &&
      (event->position() - m_pressedAt).manhattanLength() >= QApplication::startDragDistance()) {
    const bool isSource = m_pressedRing >= 0 && event->modifiers() == Qt::NoModifier;
    m_drag = isSource ? Drag::Source : Drag::Rows;
    if (isSource) m_state.dragged = m_state.selection;
  }
  if (m_drag == Drag::Rows && layer >= 0 && m_anchor >= 0 && layer != m_state.current)
    select(rangeOf(m_anchor, layer), layer);
  if (m_drag == Drag::Source) {
    m_state.pointer = event->position();
    const bool isTarget = layer >= 0 && std::all_of(m_state.dragged.begin(), m_state.dragged.end(),
                                                    [&](int reader) { return m_document->mayRead(reader, layer); });
    m_state.dragSource = isTarget ? std::optional(layer) : std::nullopt;
    viewport()->update();
  }
  if (m_drag == Drag::None)
    viewport()->setCursor(m_layout.ringAt(event->position()) >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

void SharingStack::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  if (m_drag == Drag::Source) return dropSource();
  if (m_drag == Drag::Pressed && m_pressedRing >= 0 && event->modifiers() == Qt::NoModifier) {
    m_anchor = m_pressedRing;
    select({m_pressedRing}, m_pressedRing);
  }
  endDrag();
}

void SharingStack::dropSource() {
  const LayerSet dragged = m_state.dragged;
  const std::optional<int> source = m_state.dragSource;
  const int under = m_layout.layerAt(m_state.pointer);
  endDrag();
  if (source) {
    m_document->setSource(dragged, *source);
  } else if (under >= 0 && !dragged.empty()) {
    Q_EMIT messageRaised(
        tr("Layer %1 cannot read layer %2: a source must have its own K and V and lie below its reader.")
            .arg(dragged.front())
            .arg(under),
        true);
  }
}

void SharingStack::endDrag() {
  m_drag = Drag::None;
  m_pressedRing = -1;
  m_state.dragged.clear();
  m_state.dragSource.reset();
  viewport()->update();
}

void SharingStack::moveCurrent(int layer, bool extends) {
  const int target = std::clamp(layer, 0, m_layout.layers - 1);
  if (extends && m_anchor >= 0) return select(rangeOf(m_anchor, target), target);
  m_anchor = target;
  select({target}, target);
}

void SharingStack::keyPressEvent(QKeyEvent* event) {
  const bool shift = event->modifiers() & Qt::ShiftModifier;
  const int current = m_state.current;
  const bool hasRow = current >= 0;
  if (event->modifiers() & (Qt::ControlModifier | Qt::AltModifier)) {
    if (event->key() != Qt::Key_A || event->modifiers() != Qt::ControlModifier)
      return QAbstractScrollArea::keyPressEvent(event);
    m_anchor = 0;
    return select(rangeOf(0, m_layout.layers - 1), hasRow ? current : 0);
  }
  const QString text = event->text();
  if (hasRow && text.size() == 1 && text[0].isDigit() && text[0].unicode() < 128 &&
      m_state.typed.size() < kMostDigits) {
    m_state.typed += text;
    viewport()->update();
    return;
  }
  switch (event->key()) {
    case Qt::Key_Up:
      return moveCurrent(hasRow ? current + 1 : 0, shift);
    case Qt::Key_Down:
      return moveCurrent(hasRow ? current - 1 : m_layout.layers - 1, shift);
    case Qt::Key_Home:
      return moveCurrent(m_layout.layers - 1, shift);
    case Qt::Key_End:
      return moveCurrent(0, shift);
    case Qt::Key_G:
      return m_document->group(m_state.selection);
    case Qt::Key_U:
      return m_document->separate(m_state.selection);
    case Qt::Key_BracketLeft:
    case Qt::Key_BracketRight:
      if (hasRow)
        m_document->moveBoundary(current, event->key() == Qt::Key_BracketRight ? Boundary::Up : Boundary::Down);
      return;
    case Qt::Key_W:
      if (!m_state.selection.empty()) m_document->toggleWindow(m_state.selection);
      return;
    case Qt::Key_Backspace:
      m_state.typed.chop(1);
      viewport()->update();
      return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (!m_state.typed.isEmpty()) return enterTyped();
      if (hasRow) Q_EMIT sourceEditRequested();
      return;
    case Qt::Key_Escape:
      if (m_drag != Drag::None) return endDrag();
      if (!m_state.typed.isEmpty()) {
        m_state.typed.clear();
        viewport()->update();
        return;
      }
      return clearSelection();
    default:
      QAbstractScrollArea::keyPressEvent(event);
  }
}

void SharingStack::enterTyped() {
  const int source = m_state.typed.toInt();
  m_state.typed.clear();
  m_document->setSource(m_state.selection.empty() ? LayerSet{m_state.current} : m_state.selection, source);
  viewport()->update();
}

void SharingStack::showLayer(int layer) {
  const qreal top = m_layout.rowTop(layer) - SceneLayout::kHeader;
  if (top < 0)
    verticalScrollBar()->setValue(static_cast<int>(m_layout.scroll + top));
  else if (const qreal below = top + m_layout.rowHeight - m_layout.visibleHeight(); below > 0)
    verticalScrollBar()->setValue(static_cast<int>(std::ceil(m_layout.scroll + below)));
}

void SharingStack::announce() {
  setAccessibleDescription(
      m_state.current >= 0
          ? m_document->describeLayer(m_state.current)
          : tr("%1 layers, %2 with their own K and V").arg(m_layout.layers).arg(m_document->map().producers().size()));
  QAccessibleEvent event(this, QAccessible::DescriptionChanged);
  QAccessible::updateAccessibility(&event);
}

void SharingStack::focusInEvent(QFocusEvent* event) {
  m_state.hasFocus = true;
  if (m_state.current < 0 && event->reason() != Qt::MouseFocusReason) moveCurrent(0, false);
  viewport()->update();
}

void SharingStack::focusOutEvent(QFocusEvent*) {
  m_state.hasFocus = false;
  m_state.typed.clear();
  viewport()->update();
}

void SharingStack::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) viewport()->update();
}

bool SharingStack::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const int layer = m_layout.layerAt(help->pos());
    if (layer >= 0)
      QToolTip::showText(help->globalPos(), m_document->describeLayer(layer), viewport(), m_layout.row(layer).toRect());
    else
      QToolTip::hideText();
    return true;
  }
  if (event->type() == QEvent::Leave && m_state.hovered >= 0) {
    m_state.hovered = -1;
    viewport()->update();
  }
  return QAbstractScrollArea::viewportEvent(event);
}

}  // namespace weft::ui

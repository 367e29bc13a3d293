#include "ui/compare/pair_maps.h"

#include <QPainter>
#include <algorithm>
#include <cmath>

#include "engine/sharing/map_text.h"
#include "ui/compare/compare_table.h"
#include "ui/models/run_text.h"
#include "ui/parts/sharing_painter.h"
#include "ui/parts/widgets.h"
#include "ui/plot/series_style.h"

namespace weft::ui {

PairHead::PairHead(const QString& letter, QWidget* parent) : QWidget(parent), m_letter(letter) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setMinimumWidth(80);
}

void PairHead::setSide(const std::optional<PairSide>& side, bool isBaseline) {
  m_side = side;
  m_isBaseline = isBaseline;
  const QString name = side ? side->label : QString();
  setToolTip(name);
  setAccessibleName(side ? QStringLiteral("%1: %2").arg(isBaseline ? QStringLiteral("baseline") : m_letter, name)
                         : QString());
  update();
}

void PairHead::paintEvent(QPaintEvent*) {
  if (!m_side) return;
  const Theme& theme = Theme::current();
  QPainter painter(this);
  const double middle = height() / 2.0;
  double left = 0;
  if (m_isBaseline) {
    painter.setFont(captionFont());
    painter.setPen(theme.text3);
    painter.drawText(QRectF(0, 0, width(), height()), Qt::AlignVCenter | Qt::AlignLeft, QStringLiteral("baseline"));
    left = painter.fontMetrics().horizontalAdvance(QStringLiteral("baseline")) + 8;
  } else {
    paintPairBadge(painter, QPointF(9, middle), m_letter, theme);
    left = 26;
  }
  paintMarker(painter, QPointF(left + 6, middle), 5, familyStyle(familyOf(m_side->run), theme),
              m_side->isOnFrontier ? MarkerFill::Filled : MarkerFill::Hollow, theme.panel);
  painter.setFont(typeFont(Type::Section));
  painter.setPen(theme.text);
  const QRectF text(left + 18, 0, width() - left - 18, height());
  painter.drawText(text, Qt::AlignVCenter | Qt::AlignLeft | Qt::TextSingleLine,
                   painter.fontMetrics().elidedText(m_side->label, Qt::ElideMiddle, static_cast<int>(text.width())));
}

PairMaps::PairMaps(QWidget* parent) : QWidget(parent) { setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed); }

void PairMaps::setSides(const std::optional<PairSide>& a, const std::optional<PairSide>& b) {
  int layers = 0;
  QStringList spoken;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::optional<PairSide>& side = i == 0 ? a : b;
    m_sides[i] = {};
    if (!side) continue;
    const store::RunSummary& run = side->run;
    const auto map = sharing::parseMap(run.map, {.layers = std::nullopt, .upward = sharing::UpwardReads::Allow});
    if (!map) continue;
    m_sides[i].map = *map;
    m_sides[i].kvHeads = std::max(1, run.kvHeads);
    m_sides[i].slots = static_cast<int>(map->producers().size());
    m_sides[i].slotBytes = run.kvBytesPerToken / m_sides[i].slots;
    layers = std::max(layers, map->layerCount());
    spoken << QString::fromStdString(run.map);
  }
  setFixedHeight(std::clamp(layers * 7, 56, 148) + 8);
  setAccessibleName(QStringLiteral("Sharing maps: %1").arg(spoken.join(QStringLiteral(" against "))));
  update();
}

void PairMaps::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.setFont(typeFont(Type::Body));
  painter.setPen(theme.text2);
  painter.drawText(QRectF(0, 0, m_lefts[0] - 8, height()), Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap,
                   QStringLiteral("sharing, KV to scale"));
  const double widest = std::max(m_sides[0].slotBytes, m_sides[1].slotBytes);
  const QFontMetricsF caption(captionFont());
  for (std::size_t i = 0; i < 2; ++i) {
    const Side& side = m_sides[i];
    if (!side.map) continue;
    const double left = m_lefts[i], right = i == 0 ? m_lefts[1] - 12 : width();
    const QString count = QStringLiteral("%1 ×").arg(side.slots);
    const QString bytes = QStringLiteral("%1 B").arg(bytesPerTokenText(side.slotBytes));
    const double note = std::max(caption.horizontalAdvance(count), caption.horizontalAdvance(bytes)) + 8;
    const double share = widest > 0 ? std::max(0.04, side.slotBytes / widest) : 1;
    paintMiniDiagram(painter, QRectF(left, 2, std::max(40.0, right - left - note), height() - 8), *side.map,
                     side.kvHeads, theme, share);
    painter.setFont(captionFont());
    painter.setPen(theme.text2);
    painter.drawText(QRectF(right - note + 8, 2, note, 40), Qt::AlignLeft | Qt::AlignTop, count + u'\n' + bytes);
  }
}

}  // namespace weft::ui

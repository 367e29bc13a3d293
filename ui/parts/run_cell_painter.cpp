#include "ui/parts/run_cell_painter.h"

#include <QFontMetricsF>
#include <QPainterPath>
#include <QPixmapCache>
#include <algorithm>
#include <cmath>

#include "engine/sharing/map_text.h"
#include "ui/models/run_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/sharing_painter.h"

namespace weft::ui {

QColor stateColor(store::RunState state, const Theme& theme) {
  switch (state) {
    case store::RunState::Starting:
    case store::RunState::Running:
      return theme.accent;
    case store::RunState::Stopping:
    case store::RunState::Paused:
      return theme.warning;
    case store::RunState::Finished:
      return theme.good;
    case store::RunState::Failed:
    case store::RunState::Lost:
    case store::RunState::Killed:
      return theme.error;
    default:
      return theme.text2;
  }
}

void paintMapGlyph(QPainter& painter, const QRectF& area, const std::string& map, const Theme& theme) {
  if (map.empty() || area.isEmpty()) return;
  const qreal ratio = painter.device() ? painter.device()->devicePixelRatioF() : 1;
  const QSize pixels = (area.size() * ratio).toSize();
  const QString key =
      QStringLiteral("weft-glyph/%1x%2@%3/%4/").arg(pixels.width()).arg(pixels.height()).arg(ratio).arg(theme.dark) +
      QString::fromStdString(map);
  QPixmap glyph;
  if (!QPixmapCache::find(key, &glyph)) {
    const auto parsed = sharing::parseMap(map, {.layers = std::nullopt, .upward = sharing::UpwardReads::Allow});
    glyph = QPixmap(pixels);
    glyph.setDevicePixelRatio(ratio);
    glyph.fill(Qt::transparent);
    if (parsed) {
      QPainter into(&glyph);
      paintGlyph(into, QRectF(QPointF(0, 0), area.size()), *parsed, theme);
    }
    QPixmapCache::insert(key, glyph);
  }
  painter.drawPixmap(area.topLeft(), glyph);
}

void paintStateIcon(QPainter& painter, const QRectF& area, store::RunState state, const Theme& theme) {
  const QPointF center = area.center();
  paintIcon(painter, QRectF(center.x() - 8, center.y() - 8, 16, 16), stateIconName(state), stateColor(state, theme));
}

void paintProgressBar(QPainter& painter, const QRectF& area, double progress, const QColor& color, const Theme& theme) {
  const QRectF track(area.left(), std::round(area.center().y() - 3), area.width(), 6);
  painter.fillRect(track, theme.track);
  painter.fillRect(QRectF(track.left(), track.top(), track.width() * std::clamp(progress, 0.0, 1.0), track.height()),
                   color);
}

void paintSparkline(QPainter& painter, const QRectF& area, const std::vector<float>& losses, double share,
                    const Theme& theme) {
  std::vector<float> finite;
  std::copy_if(losses.begin(), losses.end(), std::back_inserter(finite),
               [](float loss) { return std::isfinite(loss); });
  if (finite.size() < 2) return;
  const auto [low, high] = std::minmax_element(finite.begin(), finite.end());
  const double range = std::max(1e-9, static_cast<double>(*high) - *low);
  const double width = area.width() * std::clamp(share, 0.05, 1.0);
  QPainterPath path;
  for (std::size_t i = 0; i < finite.size(); ++i) {
    const QPointF point(area.left() + width * static_cast<double>(i) / static_cast<double>(finite.size() - 1),
                        area.bottom() - (finite[i] - *low) / range * area.height());
    if (i == 0)
      path.moveTo(point);
    else
      path.lineTo(point);
  }
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.text2, 1.2));
  painter.drawPath(path);
  painter.restore();
}

void paintTags(QPainter& painter, const QRectF& area, const QStringList& tags, const Theme& theme) {
  painter.save();
  painter.setFont(captionFont());
  const QFontMetricsF font(painter.font(), painter.device());
  const qreal height = std::ceil(font.height()) + 4;
  qreal left = area.left();
  for (qsizetype i = 0; i < tags.size(); ++i) {
    const qsizetype rest = tags.size() - i - 1;
    const qreal width = std::ceil(font.horizontalAdvance(tags[i])) + 12;
    const qreal reserve = rest > 0 ? font.horizontalAdvance(QStringLiteral("+9")) + 6 : 0;
    if (left + width + reserve > area.right() && !(rest == 0 && left + width <= area.right())) {
      painter.setPen(theme.text3);
      const QString more =
          i == 0 ? font.elidedText(tags[0], Qt::ElideRight, area.width()) : QStringLiteral("+%1").arg(rest + 1);
      painter.drawText(QRectF(left, area.top(), area.right() - left, area.height()), Qt::AlignVCenter | Qt::AlignLeft,
                       more);
      break;
    }
    const QRectF chip(left, std::round(area.center().y() - height / 2), width, height);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.hairline, 1));
    painter.setBrush(theme.header);
    painter.drawRoundedRect(chip.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    painter.setPen(theme.text2);
    painter.drawText(chip, Qt::AlignCenter, tags[i]);
    left += width + 4;
  }
  painter.restore();
}

}  // namespace weft::ui

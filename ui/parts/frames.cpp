#include "ui/parts/frames.h"

#include <QPainter>

#include "ui/parts/icons.h"
#include "ui/parts/theme.h"

namespace weft::ui {

void ErrorBand::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.fillRect(rect(), theme.errorFill);
  painter.fillRect(QRect(0, 0, width(), 1), theme.hairline);
  const int top = m_sign == Sign::Middle ? height() / 2 - 8 : 14;
  paintIcon(painter, QRectF(metrics::pageMargin, top, 16, 16), QStringLiteral("failed"), theme.error);
}

void paintPopupFrame(QPainter& painter, const QRect& area, int fieldHeight, int hintHeight) {
  const Theme& theme = Theme::current();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme.text3, 1.5));
  painter.setBrush(theme.panel);
  painter.drawRoundedRect(QRectF(area).adjusted(1, 1, -1, -1), 4, 4);
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.fillRect(QRect(2, fieldHeight + 2, area.width() - 4, 1), theme.hairline);
  painter.fillRect(QRect(2, area.height() - hintHeight, area.width() - 4, 1), theme.hairline);
}

}  // namespace weft::ui

#include "ui/window/message_bar.h"

#include <QAccessible>
#include <QPainter>
#include <QToolButton>

#include "ui/parts/icons.h"
#include "ui/parts/theme.h"

namespace weft::ui {

MessageBar::MessageBar(QWidget* parent) : QWidget(parent) {
  auto* close = new QToolButton(this);
  close->setIcon(icon(QStringLiteral("close"), IconColor::Error));
  close->setAutoRaise(true);
  close->setAccessibleName(QStringLiteral("Close the message"));
  close->resize(metrics::control, metrics::control);
  connect(close, &QToolButton::clicked, this, &QWidget::hide);
  m_close = close;
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  hide();
}

void MessageBar::showError(const QString& sentence) {
  m_sentence = sentence;
  setAccessibleName(QStringLiteral("Error: %1").arg(sentence));
  updateGeometry();
  show();
  update();
  QAccessibleEvent alert(this, QAccessible::Alert);
  QAccessible::updateAccessibility(&alert);
}

int MessageBar::heightForWidth(int width) const {
  const QRect text =
      QFontMetrics(bodyFont()).boundingRect(QRect(0, 0, qMax(80, width - 96), 4000), Qt::TextWordWrap, m_sentence);
  return qMax(36, text.height() + 20);
}

QSize MessageBar::sizeHint() const { return {400, heightForWidth(width())}; }

void MessageBar::resizeEvent(QResizeEvent*) {
  m_close->move(width() - 36, (qMin(height(), 36) - m_close->height()) / 2);
}

void MessageBar::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.fillRect(rect(), theme.errorFill);
  painter.fillRect(QRect(0, 0, 3, height()), theme.error);
  painter.fillRect(QRect(0, height() - 1, width(), 1), theme.hairline);
  paintIcon(painter, QRectF(metrics::pageMargin, (qMin(height(), 36) - 16) / 2.0, 16, 16), QStringLiteral("failed"),
            theme.error);
  painter.setFont(bodyFont());
  painter.setPen(theme.text);
  painter.drawText(QRect(metrics::pageMargin + 26, 0, width() - 96, height()), Qt::AlignVCenter | Qt::TextWordWrap,
                   m_sentence);
}

}  // namespace weft::ui

#include "ui/parts/sheet.h"

#include <QAbstractButton>
#include <QApplication>
#include <QKeyEvent>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/parts/icons.h"
#include "ui/parts/widgets.h"

namespace weft::ui {

// Panel colour, a strong edge, no shadow.
class Sheet::Card : public QWidget {
 public:
  using QWidget::QWidget;

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.text3, 1));
    painter.setBrush(theme.panel);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  }
};

Sheet::Sheet(const QString& title, int width, QWidget* window) : QWidget(window), m_card(new Card(this)) {
  setObjectName(QStringLiteral("sheet"));
  setAccessibleName(title);
  m_card->setFixedWidth(width);
  auto* rows = new QVBoxLayout(m_card);
  rows->setContentsMargins(1, 1, 1, 1);
  rows->setSpacing(0);
  auto* head = new Surface(Surface::Fill::Window, Qt::BottomEdge);
  head->setFixedHeight(33);
  auto* headRow = new QHBoxLayout(head);
  headRow->setContentsMargins(metrics::panelMargin, 0, 4, 1);
  headRow->addWidget(new TextLabel(title, Type::Section));
  headRow->addStretch(1);
  auto* close = new QToolButton;
  close->setIcon(icon(QStringLiteral("close")));
  close->setAutoRaise(true);
  close->setFixedSize(metrics::control, metrics::control);
  close->setFocusPolicy(Qt::NoFocus);  // Esc does it
  close->setToolTip(QStringLiteral("Close (Esc)"));
  close->setAccessibleName(QStringLiteral("Close"));
  connect(close, &QToolButton::clicked, this, &Sheet::dismiss);
  headRow->addWidget(close);
  rows->addWidget(head);
  m_body = new QVBoxLayout;
  m_body->setSpacing(0);
  rows->addLayout(m_body);
  hide();
}

QWidget* Sheet::card() const { return m_card; }

void Sheet::popUp() {
  m_before = QApplication::focusWidget();
  parentWidget()->installEventFilter(this);
  setGeometry(parentWidget()->rect());
  show();
  raise();
  fitCard();
  setFocus(Qt::PopupFocusReason);
  focusNextPrevChild(true);
}

void Sheet::dismiss() {
  if (isHidden()) return;
  hide();
  if (m_before) m_before->setFocus(Qt::OtherFocusReason);
  Q_EMIT dismissed();
  deleteLater();
}

void Sheet::fitCard() {
  m_card->layout()->activate();
  m_card->resize(m_card->width(), m_card->layout()->hasHeightForWidth()
                                      ? m_card->layout()->totalHeightForWidth(m_card->width())
                                      : m_card->layout()->totalSizeHint().height());
  // A little above the middle, where the eye is; whole in a low window as far as there is room.
  m_card->move((width() - m_card->width()) / 2, qMax(8, (height() - m_card->height()) * 2 / 5));
}

bool Sheet::event(QEvent* event) {
  // The window's and the page's keys (Ctrl+1, Ctrl+K, Alt+P) rest while the sheet is open.
  if (event->type() == QEvent::ShortcutOverride) {
    event->accept();
    return true;
  }
  return QWidget::event(event);
}

bool Sheet::eventFilter(QObject* watched, QEvent* event) {
  if (watched == parentWidget() && event->type() == QEvent::Resize) {
    setGeometry(parentWidget()->rect());
    fitCard();
  }
  return QWidget::eventFilter(watched, event);
}

// Tab goes round within the card.
bool Sheet::focusNextPrevChild(bool next) {
  QWidget* from = isAncestorOf(QApplication::focusWidget()) ? QApplication::focusWidget() : this;
  for (QWidget* widget = next ? from->nextInFocusChain() : from->previousInFocusChain(); widget != from;
       widget = next ? widget->nextInFocusChain() : widget->previousInFocusChain()) {
    if (!m_card->isAncestorOf(widget) || !widget->isVisible() || !widget->isEnabled() ||
        !(widget->focusPolicy() & Qt::TabFocus))
      continue;
    if (widget->focusProxy()) continue;
    widget->setFocus(next ? Qt::TabFocusReason : Qt::BacktabFocusReason);
    return true;
  }
  return true;
}

void Sheet::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) return dismiss();
  if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) &&
      !(event->modifiers() & ~Qt::KeypadModifier)) {
    if (auto* button = qobject_cast<QAbstractButton*>(QApplication::focusWidget()); button && isAncestorOf(button))
      return button->click();
    return accept();
  }
  event->accept();
}

void Sheet::mousePressEvent(QMouseEvent* event) { event->accept(); }

void Sheet::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  QColor veil = Theme::current().dark ? QColor(Qt::black) : QColor(0x1A, 0x1E, 0x24);
  veil.setAlphaF(Theme::current().dark ? 0.40F : 0.28F);
  painter.fillRect(rect(), veil);
}

}  // namespace weft::ui

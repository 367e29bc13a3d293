#include "ui/figures/panel_lines.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QPushButton>
#include <algorithm>

#include "ui/parts/icons.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

// Painted, not a pixmap: it follows a change of theme.
class Mark : public QWidget {
 public:
  explicit Mark(bool isGood) : m_isGood(isGood) { setFixedSize(14, 14); }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    paintIcon(painter, QRectF(rect()), m_isGood ? QStringLiteral("check") : QStringLiteral("warning"),
              m_isGood ? Theme::current().good : Theme::current().warning);
  }

 private:
  bool m_isGood;
};

}  // namespace

QWidget* panelLine(const QString& label, const QList<QWidget*>& fields) {
  auto* widget = new QWidget;
  auto* row = new QHBoxLayout(widget);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(8);
  auto* text = new TextLabel(label, Type::Body, Tone::Text2);
  text->setFixedWidth(kPanelLabel);
  row->addWidget(text);
  for (QWidget* field : fields)
    row->addWidget(field, qobject_cast<QComboBox*>(field) || qobject_cast<QLineEdit*>(field) ? 1 : 0);
  if (std::none_of(fields.begin(), fields.end(),
                   [](QWidget* field) { return qobject_cast<QComboBox*>(field) || qobject_cast<QLineEdit*>(field); }))
    row->addStretch(1);
  return widget;
}

QWidget* segments(QButtonGroup* group, const QStringList& texts) {
  auto* widget = new QWidget;
  auto* row = new QHBoxLayout(widget);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(4);
  for (int i = 0; i < texts.size(); ++i) {
    auto* button = new QPushButton(texts[i]);
    button->setCheckable(true);
    button->setMinimumWidth(44);
    group->addButton(button, i);
    row->addWidget(button, 1);
  }
  return widget;
}

QWidget* checkLine(const QString& text, bool isGood) {
  auto* widget = new QWidget;
  auto* row = new QHBoxLayout(widget);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(6);
  auto* mark = new Mark(isGood);
  auto* words = new TextLabel(text, Type::Caption, isGood ? Tone::Text2 : Tone::Warning);
  words->setWordWrap(true);
  row->addWidget(mark, 0, Qt::AlignTop);
  row->addWidget(words, 1);
  return widget;
}

}  // namespace weft::ui

#include "ui/parts/panel_parts.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QLocale>
#include <QPainter>
#include <QStyle>
#include <QStyleOptionFrame>
#include <QStyleOptionSpinBox>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/parts/icons.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

// The sunken box around a formula.
class FormulaBox : public QWidget {
 public:
  using QWidget::QWidget;

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(Theme::current().hairline, 1));
    painter.setBrush(Theme::current().header);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
  }
};

}  // namespace

NumberField::NumberField(const QString& accessibleName, int minimum, int maximum, QWidget* parent) : QSpinBox(parent) {
  setLocale(QLocale(QLocale::English, QLocale::UnitedStates));
  setGroupSeparatorShown(true);
  setKeyboardTracking(false);
  setRange(minimum, maximum);
  setAccessibleName(accessibleName);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  connect(this, &QSpinBox::textChanged, this, &QWidget::updateGeometry);
}

QSize NumberField::minimumSizeHint() const {
  ensurePolished();
  constexpr int kLeast = 64, kSlack = 2;
  const int text =
      std::max(fontMetrics().horizontalAdvance(specialValueText()), fontMetrics().horizontalAdvance(this->text()));
  QStyleOptionSpinBox option;
  initStyleOption(&option);
  option.rect = QRect(0, 0, 200, QSpinBox::minimumSizeHint().height());
  // Whatever of 200 the style leaves to the text, less the field's own margins.
  const QRect field = style()->subControlRect(QStyle::CC_SpinBox, &option, QStyle::SC_SpinBoxEditField, this);
  QStyleOptionFrame inner;
  inner.rect = field;
  const int left = style()->subElementRect(QStyle::SE_LineEditContents, &inner, lineEdit()).width() - 4;
  return {std::max(kLeast, text + 200 - left + kSlack), option.rect.height()};
}

void NumberField::show(int value) {
  const QSignalBlocker blocker(this);
  setValue(value);
}

void NumberField::stepBy(int steps) {
  if (m_stepper)
    setValue(m_stepper(value(), steps));
  else
    QSpinBox::stepBy(steps);
}

int nextDivisor(int whole, int value, int direction) {
  for (int next = value + direction; next >= 1 && next <= whole; next += direction) {
    if (whole % next == 0) return next;
  }
  return value;
}

QWidget* labelled(const QString& label, QWidget* field) {
  auto* widget = new QWidget;
  auto* layout = new QVBoxLayout(widget);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(3);
  auto* caption = new TextLabel(label, Type::Caption, Tone::Text2);
  caption->setBuddy(field);
  layout->addWidget(caption);
  layout->addWidget(field);
  return widget;
}

QWidget* fieldRow(const QList<QWidget*>& fields) {
  auto* widget = new QWidget;
  auto* layout = new QHBoxLayout(widget);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(metrics::gap);
  for (QWidget* field : fields) layout->addWidget(field, 1);
  return widget;
}

PanelSection::PanelSection(const QString& title, QWidget* parent)
    : QWidget(parent),
      m_title(new TextLabel(title, Type::Section)),
      m_heading(new QHBoxLayout),
      m_rows(new QVBoxLayout(this)) {
  m_rows->setContentsMargins(metrics::panelMargin, 12, metrics::panelMargin, 13);
  m_rows->setSpacing(6);
  m_heading->setSpacing(4);
  m_heading->addWidget(m_title, 1);
  m_rows->addLayout(m_heading);
}

void PanelSection::setTitle(const QString& title) { m_title->setText(title); }
void PanelSection::addAtHeading(QWidget* widget) { m_heading->addWidget(widget); }
void PanelSection::add(QWidget* widget) { m_rows->addWidget(widget); }

void PanelSection::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(QRect(0, height() - 1, width(), 1), Theme::current().hairline);
}

CostLine::CostLine(const QString& label, QWidget* parent)
    : QWidget(parent),
      m_label(new TextLabel(label, Type::Body, Tone::Text2)),
      m_value(new TextLabel({}, Type::Strong)),
      m_formula(new TextLabel({}, Type::Fixed, Tone::Text2)),
      m_box(new FormulaBox),
      m_button(new QToolButton) {
  m_button->setIcon(icon(QStringLiteral("formula")));
  m_button->setCheckable(true);
  m_button->setAutoRaise(true);
  m_button->setFixedSize(22, 20);
  m_button->setToolTip(tr("Show the formula with its numbers (Ctrl+Shift+F: all)"));
  m_button->setAccessibleName(tr("Formula of %1").arg(label));
  m_formula->setWordWrap(true);
  m_formula->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_value->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* boxLayout = new QVBoxLayout(m_box);
  boxLayout->setContentsMargins(8, 5, 8, 5);
  boxLayout->addWidget(m_formula);
  m_box->hide();
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(3);
  auto* line = new QHBoxLayout;
  line->setSpacing(6);
  line->addWidget(m_label, 1);
  line->addWidget(m_value);
  line->addWidget(m_button);
  layout->addLayout(line);
  layout->addWidget(m_box);
  connect(m_button, &QToolButton::toggled, m_box, &QWidget::setVisible);
}

void CostLine::show(const QString& label, const QString& value, const QString& symbols, const QString& numbers) {
  m_label->setText(label);
  m_value->setText(value);
  m_formula->setText(symbols + u'\n' + numbers);
}

QString CostLine::value() const { return m_value->text(); }
QString CostLine::formula() const { return m_formula->text(); }
void CostLine::setStale(bool stale) { m_value->setTone(stale ? Tone::Text3 : Tone::Text); }
void CostLine::setFormulaShown(bool shown) { m_button->setChecked(shown); }

}  // namespace weft::ui

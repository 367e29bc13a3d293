#include "ui/parts/filter_field.h"

#include <QAbstractItemView>
#include <QCompleter>
#include <QCoreApplication>
#include <QInputMethodEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QRegularExpression>
#include <QStringListModel>
#include <QTextCharFormat>

#include "ui/parts/icons.h"
#include "ui/parts/theme.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

QTextCharFormat inColor(const QColor& color) {
  QTextCharFormat format;
  format.setForeground(color);
  return format;
}

}  // namespace

FilterField::FilterField(QWidget* parent)
    : QLineEdit(parent), m_words(new QStringListModel(this)), m_completer(new QCompleter(m_words, this)) {
  setFont(fixedFont());
  setPlaceholderText(
      QStringLiteral("Filter: a name, or state = finished and kv_bytes_per_token <= 5120 and not archived"));
  setAccessibleName(QStringLiteral("Filter of the run table"));
  setClearButtonEnabled(false);
  addAction(icon(QStringLiteral("filter")), QLineEdit::LeadingPosition);
  // The completer is driven by hand: it completes the word at the cursor, not the whole text.
  m_completer->setWidget(this);
  m_completer->setCaseSensitivity(Qt::CaseInsensitive);
  m_completer->setCompletionMode(QCompleter::PopupCompletion);
  connect(m_completer, qOverload<const QString&>(&QCompleter::activated), this, &FilterField::complete);
  connect(this, &QLineEdit::textChanged, this, &FilterField::textEdited);
}

void FilterField::setCountText(const QString& text) {
  m_countText = text;
  setTextMargins(0, 0, fontMetrics().horizontalAdvance(text) + 16, 0);
  update();
}

void FilterField::textEdited() {
  const auto filter = RunFilter::parse(text());
  m_error = filter ? std::nullopt : std::optional(filter.error());
  colour();
  if (filter)
    Q_EMIT filterChanged(*filter);
  else
    Q_EMIT filterRejected(m_error->message);
  if (hasFocus()) offerCompletion();
}

void FilterField::colour() {
  // QLineEdit has no formats of its own; its input-method attributes are text formats for parts of the text.
  const Theme& theme = Theme::current();
  static const QRegularExpression pieces(
      QStringLiteral("(\"[^\"]*\"?)|(\\b(?:and|or|not)\\b)|((?<![\\w.])[\\d][\\d.,]*[kMG]?\\b)"),
      QRegularExpression::CaseInsensitiveOption);
  QList<QInputMethodEvent::Attribute> attributes;
  const auto add = [&](int begin, int length, const QTextCharFormat& format) {
    attributes << QInputMethodEvent::Attribute(QInputMethodEvent::TextFormat, begin - cursorPosition(), length, format);
  };
  for (auto match = pieces.globalMatch(text()); match.hasNext();) {
    const QRegularExpressionMatch piece = match.next();
    const QColor color = !piece.captured(1).isEmpty()   ? theme.good
                         : !piece.captured(2).isEmpty() ? theme.text3
                                                        : theme.accent;
    add(static_cast<int>(piece.capturedStart()), static_cast<int>(piece.capturedLength()), inColor(color));
  }
  if (m_error && !text().isEmpty()) {
    QTextCharFormat wrong;
    wrong.setUnderlineStyle(QTextCharFormat::WaveUnderline);
    wrong.setUnderlineColor(theme.error);
    wrong.setForeground(theme.error);
    const int begin = qMin(m_error->begin, static_cast<int>(text().size()) - 1);
    add(begin, qMax(1, m_error->end - begin), wrong);
  }
  QInputMethodEvent event(QString(), attributes);
  QCoreApplication::sendEvent(this, &event);
}

int FilterField::wordBegin() const {
  int begin = cursorPosition();
  while (begin > 0 && (text()[begin - 1].isLetterOrNumber() || QStringLiteral("_-.").contains(text()[begin - 1])))
    --begin;
  return begin;
}

void FilterField::offerCompletion() {
  const int begin = wordBegin();
  const QString word = text().mid(begin, cursorPosition() - begin);
  static const QRegularExpression beforeValue(QStringLiteral("(\\w+)\\s*(?:=|!=|~)\\s*\"?$"));
  const QRegularExpressionMatch comparison = beforeValue.match(text().left(begin));
  const bool isValue = comparison.hasMatch();
  if (word.isEmpty() && !isValue) return m_completer->popup()->hide();
  QStringList words = isValue && m_values ? m_values(comparison.captured(1)) : RunFilter::fields();
  if (!isValue) words << QStringLiteral("and") << QStringLiteral("or") << QStringLiteral("not");
  m_words->setStringList(words);
  m_completer->setCompletionPrefix(word);
  const bool isComplete =
      m_completer->completionCount() == 1 && m_completer->currentCompletion().compare(word, Qt::CaseInsensitive) == 0;
  if (m_completer->completionCount() == 0 || isComplete) return m_completer->popup()->hide();
  QRect place = cursorRect();
  place.setWidth(260);
  m_completer->complete(place);
}

void FilterField::complete(const QString& word) {
  const int begin = wordBegin();
  static const QRegularExpression plain(QStringLiteral("^[\\w.:/+*-]+$"));
  const bool needsQuotes = !plain.match(word).hasMatch();
  const QString before = text().left(begin), after = text().mid(cursorPosition());
  const QString insert = needsQuotes && !before.endsWith(u'"') ? QStringLiteral("\"%1\"").arg(word) : word;
  setText(before + insert + after);
  setCursorPosition(static_cast<int>(before.size() + insert.size()));
  m_completer->popup()->hide();
}

void FilterField::keyPressEvent(QKeyEvent* event) {
  if (m_completer->popup()->isVisible()) {
    if (event->key() == Qt::Key_Tab) {
      const QModelIndex chosen = m_completer->popup()->currentIndex();
      complete(chosen.isValid() ? chosen.data().toString() : m_completer->currentCompletion());
      return;
    }
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_Up ||
        event->key() == Qt::Key_Down) {
      event->ignore();
      return;
    }
  }
  if (event->key() == Qt::Key_Escape) {
    if (m_completer->popup()->isVisible()) return m_completer->popup()->hide();
    if (!text().isEmpty()) return clear();
  }
  QLineEdit::keyPressEvent(event);
}

void FilterField::paintEvent(QPaintEvent* event) {
  QLineEdit::paintEvent(event);
  QPainter painter(this);
  painter.setFont(captionFont());
  painter.setPen(m_error ? Theme::current().error : Theme::current().text2);
  painter.drawText(rect().adjusted(0, 0, -10, 0), Qt::AlignRight | Qt::AlignVCenter, m_countText);
}

void FilterField::changeEvent(QEvent* event) {
  QLineEdit::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) colour();
  if (event->type() == QEvent::ApplicationFontChange) setFont(fixedFont());
}

TextLabel* makeErrorLabel(FilterField* field) {
  auto* label = new TextLabel({}, Type::Caption, Tone::Error);
  label->hide();
  QObject::connect(field, &FilterField::filterChanged, label, &QWidget::hide);
  QObject::connect(field, &FilterField::filterRejected, label, [label](const QString& sentence) {
    label->setText(sentence);
    label->show();
  });
  return label;
}

}  // namespace weft::ui

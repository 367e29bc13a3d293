#include "ui/diagram/map_field.h"

#include <QCoreApplication>
#include <QInputMethodEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QTextCharFormat>

#include "ui/parts/theme.h"

namespace weft::ui {

MapField::MapField(SharingDocument* document, QWidget* parent) : QLineEdit(parent), m_document(document) {
  setFont(fixedFont());
  setAccessibleName(tr("Map"));
  setPlaceholderText(tr("one source a layer, like 0_0_2_2, or a pattern, like cla2"));
  setMaxLength(32'000);
  connect(this, &QLineEdit::textEdited, this,
          [this](const QString& text) { m_document->setMapText(text.toStdString()); });
  connect(this, &QLineEdit::editingFinished, document, &SharingDocument::endTyping);
  connect(document, &SharingDocument::changed, this, &MapField::documentChanged);
  documentChanged();
}

bool MapField::event(QEvent* event) {
  // Undo is the document's, whatever has the focus: leave its keys to the page's actions.
  if (event->type() == QEvent::ShortcutOverride) {
    const auto* key = static_cast<QKeyEvent*>(event);
    if (key->matches(QKeySequence::Undo) || key->matches(QKeySequence::Redo)) {
      event->ignore();
      return true;
    }
  }
  return QLineEdit::event(event);
}

void MapField::paintEvent(QPaintEvent* event) {
  QLineEdit::paintEvent(event);
  if (m_document->isValid()) return;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(Theme::current().error, 2));
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 4, 4);
}

void MapField::changeEvent(QEvent* event) {
  QLineEdit::changeEvent(event);
  if (event->type() == QEvent::FontChange && font() != fixedFont()) setFont(fixedFont());
  if (event->type() == QEvent::PaletteChange) underline();
}

void MapField::focusOutEvent(QFocusEvent* event) {
  QLineEdit::focusOutEvent(event);
  m_document->endTyping();
}

void MapField::documentChanged() {
  const QString text = QString::fromStdString(m_document->text());
  if (text != this->text()) {
    const int cursor = cursorPosition();
    setText(text);
    setCursorPosition(hasFocus() ? std::min<int>(cursor, static_cast<int>(text.size())) : 0);
  }
  underline();
  update();
}

void MapField::underline() {
  m_underlined = {0, 0};
  QList<QInputMethodEvent::Attribute> formats;
  if (const auto& error = m_document->error()) {
    // The parser counts bytes, the field characters.
    const std::string& bytes = m_document->text();
    const auto characters = [&](std::size_t end) {
      return static_cast<int>(QString::fromStdString(bytes.substr(0, end)).size());
    };
    const bool isWhole = error->end <= error->begin;
    m_underlined = {isWhole ? 0 : characters(error->begin), characters(isWhole ? bytes.size() : error->end)};
    QTextCharFormat format;
    format.setUnderlineStyle(QTextCharFormat::WaveUnderline);
    format.setUnderlineColor(Theme::current().error);
    format.setForeground(Theme::current().error);
    formats.append({QInputMethodEvent::TextFormat, m_underlined.first - cursorPosition(),
                    m_underlined.second - m_underlined.first, format});
  }
  // The only door that QLineEdit has to the formats of its QTextLayout.
  QInputMethodEvent event(QString(), formats);
  QCoreApplication::sendEvent(this, &event);
}

}  // namespace weft::ui

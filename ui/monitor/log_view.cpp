#include "ui/monitor/log_view.h"

#include <QAction>
#include <QCheckBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QSyntaxHighlighter>
#include <QTextBlock>
#include <QVBoxLayout>

#include "ui/parts/icons.h"

namespace weft::ui {
namespace {

constexpr int kMostLines = 4000;

// Errors red, warnings and checkpoints in their tones: by the words the worker uses.
class LogColours : public QSyntaxHighlighter {
 public:
  using QSyntaxHighlighter::QSyntaxHighlighter;

 protected:
  void highlightBlock(const QString& text) override {
    const Theme& theme = Theme::current();
    const auto has = [&](const char* word) { return text.contains(QLatin1String(word), Qt::CaseInsensitive); };
    if (has("error") || has("failed") || has("out of memory") || has("exception"))
      setFormat(0, static_cast<int>(text.size()), theme.error);
    else if (has("warn"))
      setFormat(0, static_cast<int>(text.size()), theme.warning);
    else if (has("checkpoint"))
      setFormat(0, static_cast<int>(text.size()), theme.good);
  }
};

QFont logFont() {
  QFont font = fixedFont();
  font.setPixelSize(font.pixelSize() - 1);
  return font;
}

}  // namespace

LogView::LogView(QWidget* parent) : Surface(Fill::Panel, {}, parent) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* head = new Surface(Surface::Fill::Header, Qt::TopEdge | Qt::BottomEdge);
  head->setFixedHeight(metrics::headerRow + 8);
  auto* row = new QHBoxLayout(head);
  row->setContentsMargins(metrics::panelMargin, 1, 8, 1);
  row->setSpacing(8);
  row->addWidget(new TextLabel(QStringLiteral("Log"), Type::Section));
  m_name = new TextLabel({}, Type::Caption, Tone::Text2);
  m_name->setElided(true);
  row->addWidget(m_name, 1);
  m_follow = new QCheckBox(QStringLiteral("Follow"));
  m_follow->setChecked(true);
  m_follow->setToolTip(QStringLiteral("Stay at the end while the log grows"));
  row->addWidget(m_follow);
  m_find = new QLineEdit;
  m_find->setPlaceholderText(QStringLiteral("Find"));
  m_find->setAccessibleName(QStringLiteral("Find in the log"));
  m_find->setClearButtonEnabled(true);
  m_find->setFixedWidth(112);
  m_find->addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
  row->addWidget(m_find);
  column->addWidget(head);

  m_text = new QPlainTextEdit;
  m_text->setReadOnly(true);
  m_text->setFrameShape(QFrame::NoFrame);
  m_text->setLineWrapMode(QPlainTextEdit::NoWrap);
  m_text->setUndoRedoEnabled(false);
  m_text->setMaximumBlockCount(kMostLines);
  m_text->setFont(logFont());
  m_text->setAccessibleName(QStringLiteral("Log"));
  m_text->setTabChangesFocus(true);
  m_text->document()->setDocumentMargin(8);
  new LogColours(m_text->document());
  column->addWidget(m_text, 1);

  connect(m_follow, &QCheckBox::toggled, this, [this](bool on) {
    if (on) m_text->verticalScrollBar()->setValue(m_text->verticalScrollBar()->maximum());
  });
  // Scrolling away from the end is a wish to read.
  connect(m_text->verticalScrollBar(), &QScrollBar::sliderMoved, this,
          [this](int value) { m_follow->setChecked(value >= m_text->verticalScrollBar()->maximum()); });
  connect(m_find, &QLineEdit::textChanged, this, [this] {
    highlight();
    // While typing the match grows in place.
    QTextCursor from = m_text->textCursor();
    from.setPosition(from.selectionStart());
    m_text->setTextCursor(from);
    findNext();
  });
  connect(m_find, &QLineEdit::returnPressed, this, &LogView::findNext);
}

void LogView::setRun(const QString& name) {
  m_name->setText(name);
  m_shown.clear();
  m_text->clear();
}

void LogView::setName(const QString& name) { m_name->setText(name); }

void LogView::setHint(const QString& hint) { m_text->setPlaceholderText(hint); }

void LogView::setText(const QString& text) {
  if (text == m_shown) return;
  QScrollBar* bar = m_text->verticalScrollBar();
  const int before = bar->value();
  if (!m_shown.isEmpty() && text.startsWith(m_shown)) {
    QTextCursor end(m_text->document());
    end.movePosition(QTextCursor::End);
    end.insertText(text.mid(m_shown.size()));
  } else {
    // The window of 64 KiB moved on: the lines that both have need not be found, the view only keeps its place.
    m_text->setPlainText(text);
  }
  m_shown = text;
  bar->setValue(m_follow->isChecked() ? bar->maximum() : before);
  highlight();
}

QString LogView::lastLine() const {
  const QStringList lines = m_shown.split(u'\n', Qt::SkipEmptyParts);
  return lines.isEmpty() ? QString() : lines.last().trimmed();
}

void LogView::findNext() {
  if (m_find->text().isEmpty() || m_text->find(m_find->text())) return;
  // From the top again.
  QTextCursor start = m_text->textCursor();
  start.movePosition(QTextCursor::Start);
  m_text->setTextCursor(start);
  m_text->find(m_find->text());
}

void LogView::highlight() {
  QList<QTextEdit::ExtraSelection> found;
  if (!m_find->text().isEmpty()) {
    QTextCursor at(m_text->document());
    while (found.size() < 500 && !(at = m_text->document()->find(m_find->text(), at)).isNull()) {
      QTextEdit::ExtraSelection selection;
      selection.cursor = at;
      selection.format.setBackground(Theme::current().warningFill);
      found << selection;
    }
  }
  m_text->setExtraSelections(found);
}

void LogView::changeEvent(QEvent* event) {
  Surface::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) {
    if (auto* colours = m_text->document()->findChild<QSyntaxHighlighter*>()) colours->rehighlight();
    highlight();
  } else if (event->type() == QEvent::FontChange || event->type() == QEvent::ApplicationFontChange) {
    m_text->setFont(logFont());
  }
}

}  // namespace weft::ui

#include "ui/window/command_palette.h"

#include <QAbstractItemView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QTextLayout>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/parts/frames.h"
#include "ui/parts/icons.h"
#include "ui/parts/run_cell_painter.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

QStringList wordsOf(const QString& query) {
  QString text = query.trimmed();
  if (!text.isEmpty() && QStringLiteral("@>=").contains(text[0])) text.remove(0, 1);
  return text.split(u' ', Qt::SkipEmptyParts);
}

// Lower is better; -1 = not found. A word at the beginning beats one at the start of a part, which beats one inside.
int score(const PaletteEntry& entry, const QStringList& words) {
  int total = 0;
  for (const QString& word : words) {
    const qsizetype at = entry.text.indexOf(word, 0, Qt::CaseInsensitive);
    if (at == 0)
      continue;
    else if (at > 0)
      total += entry.text[at - 1].isLetterOrNumber() ? 20 : 8;
    else if (entry.detail.contains(word, Qt::CaseInsensitive) || QString::fromStdString(entry.map).startsWith(word))
      total += 60;
    else
      return -1;
  }
  return total;
}

QString heading(PaletteEntry::Kind kind) {
  switch (kind) {
    case PaletteEntry::Kind::Run:
      return QStringLiteral("Runs");
    case PaletteEntry::Kind::Map:
      return QStringLiteral("Maps");
    case PaletteEntry::Kind::Page:
      return QStringLiteral("Pages");
    case PaletteEntry::Kind::Action:
      return QStringLiteral("Actions");
  }
  return {};
}

QString headingHint(PaletteEntry::Kind kind) {
  switch (kind) {
    case PaletteEntry::Kind::Run:
      return QStringLiteral("@ runs only");
    case PaletteEntry::Kind::Map:
      return QStringLiteral("= maps only, e.g. =0_0_2_2");
    case PaletteEntry::Kind::Page:
      return {};
    case PaletteEntry::Kind::Action:
      return QStringLiteral("> actions only");
  }
  return {};
}

constexpr int kHeadingHeight = 26, kEntryHeight = 30;

// One line with the found words in semibold.
void drawFound(QPainter& painter, const QRectF& area, const QString& text, const QStringList& words,
               const Theme& theme) {
  QTextLayout layout(text, bodyFont());
  QList<QTextLayout::FormatRange> found;
  QTextCharFormat strong;
  strong.setFontWeight(QFont::DemiBold);
  for (const QString& word : words)
    if (const qsizetype at = text.indexOf(word, 0, Qt::CaseInsensitive); at >= 0)
      found << QTextLayout::FormatRange{int(at), int(word.size()), strong};
  layout.setFormats(found);
  layout.beginLayout();
  QTextLine line = layout.createLine();
  line.setLineWidth(10000);
  layout.endLayout();
  painter.save();
  painter.setClipRect(area);
  painter.setPen(theme.text);
  layout.draw(&painter, QPointF(area.left(), area.center().y() - line.height() / 2));
  painter.restore();
}

class PaletteDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const override {
    const bool isHeading = !index.data(PaletteModel::EntryRole).value<void*>();
    return {100, isHeading ? kHeadingHeight : qMax(kEntryHeight, QFontMetrics(bodyFont()).height() + 12)};
  }
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const Theme& theme = Theme::current();
    const auto* model = static_cast<const PaletteModel*>(index.model());
    const PaletteEntry* entry = model->entryAt(index.row());
    const QRect area = option.rect.adjusted(16, 0, -16, 0);
    painter->save();
    if (!entry) {
      QFont font = captionFont();
      font.setWeight(QFont::DemiBold);
      painter->setFont(font);
      painter->setPen(theme.text2);
      painter->drawText(area, Qt::AlignVCenter | Qt::AlignLeft, index.data(Qt::DisplayRole).toString());
      painter->setFont(captionFont());
      painter->setPen(theme.text3);
      painter->drawText(area, Qt::AlignVCenter | Qt::AlignRight, index.data(Qt::ToolTipRole).toString());
      painter->restore();
      return;
    }
    if (option.state & QStyle::State_Selected) painter->fillRect(option.rect.adjusted(6, 0, -6, 0), theme.selection);
    paintIcon(*painter, QRectF(area.left(), area.center().y() - 8, 16, 16), entry->iconName, theme.text2);
    const bool hasGlyph = !entry->map.empty();
    const int detailLeft = area.left() + (hasGlyph ? 400 : 340);
    drawFound(*painter, QRectF(area.left() + 28, area.top(), (hasGlyph ? 284 : 306) - 8, area.height()), entry->text,
              wordsOf(model->query()), theme);
    if (hasGlyph) paintMapGlyph(*painter, QRectF(area.left() + 312, area.center().y() - 6, 72, 14), entry->map, theme);
    painter->setPen(theme.text2);
    painter->setFont(bodyFont());
    QRect detail(detailLeft, area.top(), area.right() - detailLeft, area.height());
    qreal keysWidth = 0;
    for (const QString& key : entry->keys.split(u'+', Qt::SkipEmptyParts))
      keysWidth += QFontMetricsF(captionFont()).horizontalAdvance(key) + 18;
    qreal left = area.right() - keysWidth;
    for (const QString& key : entry->keys.split(u'+', Qt::SkipEmptyParts))
      left += paintKeyCap(*painter, {left, area.center().y() + 0.5}, key, theme) + 4;
    detail.setRight(static_cast<int>(area.right() - keysWidth - 8));
    painter->drawText(detail, Qt::AlignVCenter | Qt::AlignLeft,
                      painter->fontMetrics().elidedText(entry->detail, Qt::ElideRight, detail.width()));
    painter->restore();
  }
};

}  // namespace

std::vector<PaletteEntry> findEntries(const std::vector<PaletteEntry>& entries, const QString& query, int limit) {
  const QString text = query.trimmed();
  const QChar prefix = text.isEmpty() ? QChar() : text[0];
  const QStringList words = wordsOf(query);
  std::vector<PaletteEntry> found;
  for (const auto kind :
       {PaletteEntry::Kind::Run, PaletteEntry::Kind::Map, PaletteEntry::Kind::Page, PaletteEntry::Kind::Action}) {
    if (prefix == u'@' && kind != PaletteEntry::Kind::Run) continue;
    if (prefix == u'>' && kind != PaletteEntry::Kind::Action) continue;
    if (prefix == u'=' && kind != PaletteEntry::Kind::Map) continue;
    std::vector<std::pair<int, const PaletteEntry*>> ranked;
    for (const PaletteEntry& entry : entries)
      if (entry.kind == kind)
        if (const int points = score(entry, words); points >= 0) ranked.emplace_back(points, &entry);
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const bool isOnly = prefix == u'@' || prefix == u'>' || prefix == u'=';
    const std::size_t most = static_cast<std::size_t>(isOnly ? limit * 3 : limit);
    for (std::size_t i = 0; i < std::min(most, ranked.size()); ++i) found.push_back(*ranked[i].second);
  }
  return found;
}

void PaletteModel::setEntries(std::vector<PaletteEntry> entries, const QString& query) {
  // The list is made anew for each keystroke; nothing in it outlives one.
  beginResetModel();
  m_entries = std::move(entries);
  m_query = query;
  m_rows.clear();
  for (std::size_t i = 0; i < m_entries.size(); ++i) {
    if (i == 0 || m_entries[i].kind != m_entries[i - 1].kind) m_rows.push_back({-1, m_entries[i].kind});
    m_rows.push_back({static_cast<int>(i), m_entries[i].kind});
  }
  endResetModel();
}

const PaletteEntry* PaletteModel::entryAt(int row) const {
  if (row < 0 || row >= rowCount()) return nullptr;
  const int entry = m_rows[static_cast<std::size_t>(row)].entry;
  return entry < 0 ? nullptr : &m_entries[static_cast<std::size_t>(entry)];
}

int PaletteModel::firstEntryRow() const { return m_entries.empty() ? -1 : 1; }

int PaletteModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant PaletteModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const PaletteEntry* entry = entryAt(index.row());
  const auto kind = m_rows[static_cast<std::size_t>(index.row())].kind;
  if (role == Qt::DisplayRole) return entry ? entry->text : heading(kind);
  if (role == Qt::ToolTipRole && !entry) return headingHint(kind);
  if (role == Qt::AccessibleTextRole)
    return entry ? QStringLiteral("%1, %2").arg(entry->text, entry->detail) : heading(kind);
  if (role == EntryRole) return QVariant::fromValue(const_cast<void*>(static_cast<const void*>(entry)));
  return {};
}

Qt::ItemFlags PaletteModel::flags(const QModelIndex& index) const {
  return entryAt(index.row()) ? Qt::ItemIsEnabled | Qt::ItemIsSelectable : Qt::NoItemFlags;
}

CommandPalette::CommandPalette(QWidget* window)
    : QFrame(window), m_field(new QLineEdit(this)), m_list(new QListView(this)), m_model(new PaletteModel(this)) {
  setAccessibleName(QStringLiteral("Command palette"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(2, 2, 2, 2);
  layout->setSpacing(0);
  m_field->setFrame(false);
  m_field->setFixedHeight(46);
  m_field->setTextMargins(8, 0, 90, 0);
  m_field->setPlaceholderText(QStringLiteral("Runs, maps, actions"));
  m_field->setAccessibleName(QStringLiteral("Search"));
  m_field->addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
  m_list->setModel(m_model);
  m_list->setItemDelegate(new PaletteDelegate(m_list));
  m_list->setFrameShape(QFrame::NoFrame);
  m_list->setFocusPolicy(Qt::NoFocus);
  m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_list->setMouseTracking(true);
  m_list->setAccessibleName(QStringLiteral("Found"));
  layout->addWidget(m_field);
  layout->addWidget(m_list, 1);
  layout->addSpacing(30);
  connect(m_field, &QLineEdit::textChanged, this, &CommandPalette::search);
  connect(m_list, &QListView::clicked, this, &CommandPalette::accept);
  m_field->installEventFilter(this);
  window->installEventFilter(this);
  hide();
}

void CommandPalette::popUp() {
  m_all = m_source ? m_source() : std::vector<PaletteEntry>();
  m_field->clear();
  search();
  show();
  raise();
  m_field->setFocus(Qt::ShortcutFocusReason);
}

void CommandPalette::search() {
  m_model->setEntries(findEntries(m_all, m_field->text()), m_field->text());
  if (m_model->firstEntryRow() >= 0) m_list->setCurrentIndex(m_model->index(m_model->firstEntryRow()));
  place();
}

void CommandPalette::place() {
  const QWidget* window = parentWidget();
  int content = 0;
  for (int row = 0; row < m_model->rowCount(); ++row) content += m_list->sizeHintForRow(row);
  const int width = qMin(588, window->width() - 40);
  const int height = qMin(46 + content + 40, window->height() - 140);
  setGeometry((window->width() - width) / 2, 62, width, height);
}

void CommandPalette::move(int step) {
  int row = m_list->currentIndex().row();
  const int count = m_model->rowCount();
  if (count == 0) return;
  do row = (row + step + count) % count;
  while (!m_model->entryAt(row));
  m_list->setCurrentIndex(m_model->index(row));
}

void CommandPalette::accept() {
  const PaletteEntry* entry = m_model->entryAt(m_list->currentIndex().row());
  hide();
  if (!entry) return;
  const auto run = entry->run;
  if (run) run();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible()) place();
  if (watched != m_field || !isVisible()) return QFrame::eventFilter(watched, event);
  if (event->type() == QEvent::FocusOut) {
    hide();
    return false;
  }
  if (event->type() == QEvent::ShortcutOverride && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
    event->accept();
    return true;
  }
  if (event->type() != QEvent::KeyPress) return QFrame::eventFilter(watched, event);
  switch (static_cast<QKeyEvent*>(event)->key()) {
    case Qt::Key_Escape:
      hide();
      parentWidget()->setFocus();
      return true;
    case Qt::Key_Down:
      move(1);
      return true;
    case Qt::Key_Up:
      move(-1);
      return true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      accept();
      return true;
    case Qt::Key_Tab:
      if (const PaletteEntry* entry = m_model->entryAt(m_list->currentIndex().row())) m_field->setText(entry->text);
      return true;
    default:
      return QFrame::eventFilter(watched, event);
  }
}

void CommandPalette::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  paintPopupFrame(painter, rect(), 45, 32);
  painter.setFont(captionFont());
  painter.setPen(theme.text2);
  painter.drawText(QRect(18, height() - 31, width() - 36, 29), Qt::AlignVCenter | Qt::AlignLeft,
                   m_model->rowCount() == 0 ? QStringLiteral("Nothing found")
                                            : QStringLiteral("Up and Down choose, Enter opens, Tab completes"));
  painter.drawText(QRect(18, height() - 31, width() - 36, 29), Qt::AlignVCenter | Qt::AlignRight,
                   QStringLiteral("Esc closes"));
}

}  // namespace weft::ui

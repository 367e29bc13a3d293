#include "ui/diagram/preset_browser.h"

#include <QApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMap>
#include <QPainter>
#include <QScrollBar>
#include <QStandardItemModel>
#include <QTreeView>
#include <QVBoxLayout>
#include <algorithm>
#include <optional>

#include "engine/base/text.h"
#include "engine/config/presets.h"
#include "engine/service/local_executor.h"
#include "engine/service/resolved_run.h"
#include "ui/models/qt_text.h"
#include "ui/parts/frames.h"
#include "ui/parts/icons.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kWidth = 700, kMostHeight = 560, kFieldHeight = 40, kHintHeight = 44;

// What a run of the preset has: no tokenizer.json is read for it, since no preset names one.
std::optional<service::ResolvedRun> resolved(const config::RunConfig& config) {
  static const std::vector<service::Lane> lanes = service::localLanes();
  auto run = service::resolveRun(config, {.lanes = lanes, .tokenizerVocabulary = config.model.vocabulary});
  if (!run) return std::nullopt;
  return *std::move(run);
}

std::optional<sharing::CostReport> costIn16Bits(const service::ResolvedRun& run) {
  const auto cost = sharing::cost(run.shape, run.map, {.cacheType = sharing::ElementType::BFloat16});
  if (!cost) return std::nullopt;
  return *cost;
}

QString typeText(sharing::ElementType type) {
  return type == sharing::ElementType::BFloat16  ? QStringLiteral("bf16")
         : type == sharing::ElementType::Float32 ? QStringLiteral("fp32")
                                                 : QString::fromLatin1(sharing::toString(type));
}

QStandardItem* plainItem(const QString& text, Qt::Alignment alignment = Qt::AlignLeft | Qt::AlignVCenter) {
  auto* item = new QStandardItem(text);
  item->setEditable(false);
  item->setTextAlignment(alignment);
  return item;
}

QList<QStandardItem*> rowOf(const config::Preset& preset) {
  const QString name = toQt(preset.name), description = toQt(preset.description);
  const auto run = resolved(preset.config);
  const auto cost = run ? costIn16Bits(*run) : std::nullopt;
  const Qt::Alignment right = Qt::AlignRight | Qt::AlignVCenter;
  QList<QStandardItem*> row{
      plainItem(name),
      plainItem(cost ? toQt(formatCount(static_cast<double>(cost->parameters.total()))) : QString(), right),
      plainItem(cost ? toQt(groupDigits(cost->kv.bytesPerToken)) : QString(), right),
      plainItem(
          run ? QStringLiteral("%1 %2").arg(toQt(groupDigits(run->cost.kv.bytesPerToken)), typeText(run->types.cache))
              : QString(),
          right)};
  for (QStandardItem* item : row) {
    item->setToolTip(description);
    item->setData(name, PresetBrowser::NameRole);
    item->setData(description, PresetBrowser::DescriptionRole);
    item->setData(QStringList{name, toQt(preset.config.name), toQt(preset.group), description}.join(u'\n'),
                  PresetBrowser::SearchRole);
  }
  row[PresetBrowser::Name]->setAccessibleText(
      PresetBrowser::tr("%1, %2 parameters, %3 bytes of KV a token in 16 bits, a run here keeps %4")
          .arg(name, row[1]->text(), row[2]->text(), row[3]->text()));
  return row;
}

QStandardItemModel* makeModel(QObject* parent) {
  auto* model = new QStandardItemModel(0, PresetBrowser::ColumnCount, parent);
  model->setHorizontalHeaderLabels({PresetBrowser::tr("Preset"), PresetBrowser::tr("Parameters"),
                                    PresetBrowser::tr("KV B/token, bf16"), PresetBrowser::tr("of a run here")});
  QMap<QString, QStandardItem*> families;
  for (const config::Preset& preset : config::presets()) {
    const QString family = toQt(preset.group);
    if (!families.contains(family)) {
      auto* item = plainItem(family);
      item->setSelectable(false);
      QFont font = bodyFont();
      font.setWeight(QFont::DemiBold);
      item->setFont(font);
      families[family] = item;
      model->appendRow(QList<QStandardItem*>{item, plainItem({}), plainItem({}), plainItem({})});
    }
    families[family]->appendRow(rowOf(preset));
  }
  return model;
}

}  // namespace

PresetFilter::PresetFilter(QObject* parent) : QSortFilterProxyModel(parent) { setRecursiveFilteringEnabled(true); }

void PresetFilter::setWords(const QString& text) {
  m_words = text.split(u' ', Qt::SkipEmptyParts);
  invalidateFilter();
}

bool PresetFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
  const QString searched = sourceModel()->index(row, 0, parent).data(PresetBrowser::SearchRole).toString();
  if (searched.isEmpty()) return false;  // a family: shown for its presets' sake
  return std::all_of(m_words.begin(), m_words.end(),
                     [&](const QString& word) { return searched.contains(word, Qt::CaseInsensitive); });
}

PresetBrowser::PresetBrowser(QWidget* page)
    : QFrame(page),
      m_field(new QLineEdit(this)),
      m_list(new QTreeView(this)),
      m_model(makeModel(this)),
      m_filter(new PresetFilter(this)) {
  setAccessibleName(tr("Presets"));
  m_filter->setSourceModel(m_model);
  m_field->setFrame(false);
  m_field->setFixedHeight(kFieldHeight);
  m_field->setTextMargins(8, 0, 8, 0);
  m_field->setPlaceholderText(tr("Filter %1 presets, like 3b cla2").arg(config::presets().size()));
  m_field->setAccessibleName(tr("Filter"));
  m_field->addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
  m_list->setModel(m_filter);
  m_list->setAccessibleName(tr("Presets by family"));
  m_list->setFrameShape(QFrame::NoFrame);
  m_list->setFocusPolicy(Qt::NoFocus);
  m_list->setUniformRowHeights(true);
  m_list->setAllColumnsShowFocus(true);
  m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_list->setExpandsOnDoubleClick(false);
  m_list->header()->setSectionsMovable(false);
  m_list->header()->setStretchLastSection(false);
  m_list->header()->setSectionResizeMode(Name, QHeaderView::Stretch);
  m_list->header()->setSectionResizeMode(Parameters, QHeaderView::ResizeToContents);
  m_list->header()->setSectionResizeMode(KvBytes, QHeaderView::ResizeToContents);
  m_list->header()->setSectionResizeMode(KvBytesHere, QHeaderView::ResizeToContents);
  for (const Column column : {Parameters, KvBytes, KvBytesHere})
    m_model->setHeaderData(column, Qt::Horizontal, int(Qt::AlignRight | Qt::AlignVCenter), Qt::TextAlignmentRole);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(2, 2, 2, kHintHeight);
  layout->setSpacing(1);
  layout->addWidget(m_field);
  layout->addWidget(m_list, 1);
  connect(m_field, &QLineEdit::textChanged, this, &PresetBrowser::search);
  connect(m_list, &QTreeView::clicked, this, &PresetBrowser::accept);
  connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &PresetBrowser::refreshHint);
  m_field->installEventFilter(this);
  hide();
}

void PresetBrowser::toggleBelow(const QWidget* anchor) {
  if (isVisible()) return close();
  m_anchor = anchor;
  const QPoint corner = anchor->mapTo(parentWidget(), QPoint(anchor->width(), anchor->height() + 4));
  const int width = qMin(kWidth, parentWidget()->width() - 16);
  setGeometry(qMax(8, corner.x() - width), corner.y(), width,
              qMin(kMostHeight, parentWidget()->height() - corner.y() - 8));
  m_field->clear();
  search();
  show();
  raise();
  m_field->setFocus(Qt::PopupFocusReason);
}

void PresetBrowser::close() {
  hide();
  parentWidget()->setFocus();
}

void PresetBrowser::search() {
  m_filter->setWords(m_field->text());
  m_list->expandAll();
  m_list->setCurrentIndex(m_filter->index(0, 0, m_filter->index(0, 0)));
  m_list->verticalScrollBar()->setValue(0);
  refreshHint();
}

void PresetBrowser::move(int step) {
  QModelIndex next = m_list->currentIndex();
  do {
    next = step > 0 ? m_list->indexBelow(next) : m_list->indexAbove(next);
  } while (next.isValid() && next.data(NameRole).toString().isEmpty());
  if (next.isValid()) m_list->setCurrentIndex(next);
}

void PresetBrowser::accept(const QModelIndex& index) {
  const QString name = index.data(NameRole).toString();
  if (name.isEmpty()) return;
  close();
  Q_EMIT chosen(name.toStdString());
}

void PresetBrowser::refreshHint() {
  const QModelIndex current = m_list->currentIndex();
  m_hint = current.isValid() ? current.data(DescriptionRole).toString() : tr("No preset has all of these words.");
  update();
}

bool PresetBrowser::eventFilter(QObject* watched, QEvent* event) {
  // A click elsewhere takes the focus, and with it the reason to be here. One on the list does not: it takes no focus.
  // One on the button closes by itself.
  const auto isMeant = [](Qt::FocusReason reason) {
    return reason != Qt::ActiveWindowFocusReason && reason != Qt::PopupFocusReason;
  };
  if (event->type() == QEvent::FocusOut && isMeant(static_cast<QFocusEvent*>(event)->reason()) &&
      QApplication::focusWidget() != m_anchor) {
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
      close();
      return true;
    case Qt::Key_Down:
      move(1);
      return true;
    case Qt::Key_Up:
      move(-1);
      return true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      accept(m_list->currentIndex());
      return true;
    default:
      return QFrame::eventFilter(watched, event);
  }
}

void PresetBrowser::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  paintPopupFrame(painter, rect(), kFieldHeight, kHintHeight);
  painter.setFont(captionFont());
  painter.setPen(theme.text2);
  painter.drawText(QRect(14, height() - kHintHeight + 2, width() - 28, kHintHeight - 6),
                   Qt::AlignVCenter | Qt::AlignLeft | Qt::TextWordWrap, m_hint);
}

}  // namespace weft::ui

#include "ui/parts/run_picker.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>

#include "engine/store/run_labels.h"
#include "ui/models/run_text.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kWidth = 420, kHeight = 380;
constexpr int kRunRole = Qt::UserRole;

}  // namespace

RunPicker::RunPicker(QWidget* parent)
    : QFrame(parent, Qt::Popup), m_field(new QLineEdit), m_list(new QListWidget), m_count(new TextLabel) {
  setAccessibleName(QStringLiteral("Runs to choose from"));
  resize(kWidth, kHeight);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(12, 12, 12, 10);
  column->setSpacing(8);
  m_field->setPlaceholderText(QStringLiteral("Part of a name, a tag or a map"));
  m_field->setAccessibleName(QStringLiteral("Narrow the list"));
  m_field->installEventFilter(this);
  column->addWidget(m_field);
  m_list->setFrameShape(QFrame::NoFrame);
  m_list->setUniformItemSizes(true);
  m_list->setAccessibleName(QStringLiteral("Runs"));
  column->addWidget(m_list, 1);
  column->addWidget(m_count);
  connect(m_field, &QLineEdit::textChanged, this, &RunPicker::narrow);
  connect(m_list, &QListWidget::itemChanged, this, &RunPicker::report);
  connect(m_list, &QListWidget::itemActivated, this, [](QListWidgetItem* item) {
    item->setCheckState(item->checkState() == Qt::Checked ? Qt::Unchecked : Qt::Checked);
  });
}

void RunPicker::popUp(QWidget* anchor, const RunRows& runs, const std::vector<store::RunId>& ticked) {
  const QSignalBlocker quiet(m_list);
  m_list->clear();
  const auto isTicked = [&](const store::RunSummary& run) {
    return std::find(ticked.begin(), ticked.end(), run.id) != ticked.end();
  };
  std::vector<const store::RunSummary*> ordered;
  for (const store::RunSummary& run : runs) ordered.push_back(&run);
  std::stable_partition(ordered.begin(), ordered.end(), [&](const store::RunSummary* run) { return isTicked(*run); });
  const std::vector<std::string> labels = store::runLabels(ordered);
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    const store::RunSummary* run = ordered[i];
    const QString label = QString::fromStdString(labels[i]);
    const QString value =
        run->perplexity
            ? QStringLiteral("%1 at %2 B").arg(perplexityText(run->perplexity), bytesPerTokenText(run->kvBytesPerToken))
            : stateLabel(run->state).toLower();
    auto* item = new QListWidgetItem(QStringLiteral("%1   %2").arg(label, value), m_list);
    item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
    item->setCheckState(isTicked(*run) ? Qt::Checked : Qt::Unchecked);
    item->setData(kRunRole, QVariant::fromValue(static_cast<qlonglong>(run->id.value)));
    QStringList words{label, QString::fromStdString(run->map), QString::fromStdString(run->generator)};
    for (const std::string& tag : run->tags) words << QString::fromStdString(tag);
    item->setData(kRunRole + 1, words.join(u' ').toLower());
  }
  m_field->clear();
  m_count->setText(QStringLiteral("%1 of %2 chosen").arg(ticked.size()).arg(runs.size()));
  move(anchor->mapToGlobal(QPoint(anchor->width() - kWidth, anchor->height() + 4)));
  QFrame::show();
  m_field->setFocus();
}

void RunPicker::narrow(const QString& text) {
  const QStringList words = text.toLower().split(u' ', Qt::SkipEmptyParts);
  for (int row = 0; row < m_list->count(); ++row) {
    QListWidgetItem* item = m_list->item(row);
    const QString hay = item->data(kRunRole + 1).toString();
    item->setHidden(!std::all_of(words.begin(), words.end(), [&](const QString& word) { return hay.contains(word); }));
  }
}

void RunPicker::report() {
  std::vector<store::RunId> runs;
  for (int row = 0; row < m_list->count(); ++row)
    if (m_list->item(row)->checkState() == Qt::Checked)
      runs.push_back({m_list->item(row)->data(kRunRole).toLongLong()});
  m_count->setText(QStringLiteral("%1 of %2 chosen").arg(runs.size()).arg(m_list->count()));
  Q_EMIT picked(runs);
}

bool RunPicker::eventFilter(QObject* watched, QEvent* event) {
  // Down leaves the field for the list, as in the command palette.
  if (watched == m_field && event->type() == QEvent::KeyPress &&
      static_cast<QKeyEvent*>(event)->key() == Qt::Key_Down) {
    for (int row = 0; row < m_list->count(); ++row)
      if (!m_list->item(row)->isHidden()) {
        m_list->setCurrentRow(row);
        break;
      }
    m_list->setFocus();
    return true;
  }
  return QFrame::eventFilter(watched, event);
}

void RunPicker::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), Theme::current().panel);
  painter.setPen(Theme::current().controlEdge);
  painter.drawRect(rect().adjusted(0, 0, -1, -1));
}

}  // namespace weft::ui

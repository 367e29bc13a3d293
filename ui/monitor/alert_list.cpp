#include "ui/monitor/alert_list.h"

#include <QPainter>
#include <QStyledItemDelegate>
#include <algorithm>
#include <cmath>

#include "engine/base/text.h"
#include "ui/models/run_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr qsizetype kLongestTitle = 60;
constexpr int kMostRows = 3;

class AlertDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override {
    return {
        200,
        static_cast<int>(std::ceil(QFontMetricsF(bodyFont()).height() + QFontMetricsF(captionFont()).height())) + 14};
  }

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const Theme& theme = Theme::current();
    painter->save();
    const QRect row = option.rect;
    painter->fillRect(row, option.state & QStyle::State_Selected    ? theme.selection
                           : option.state & QStyle::State_MouseOver ? theme.hover
                                                                    : theme.panel);
    painter->fillRect(QRect(row.left(), row.bottom(), row.width(), 1), theme.hairline);
    const auto level = static_cast<AlertLevel>(index.data(AlertModel::LevelRole).toInt());
    paintIcon(*painter, QRectF(row.left() + 16, row.top() + 7, 16, 16), alertShape(level), alertTone(level, theme));
    const int left = row.left() + 40, width = row.width() - 40 - 12;
    const int title = static_cast<int>(std::ceil(QFontMetricsF(bodyFont()).height()));
    painter->setFont(typeFont(Type::Strong));
    painter->setPen(theme.text);
    painter->drawText(QRect(left, row.top() + 5, width, title), Qt::AlignVCenter | Qt::AlignLeft,
                      QFontMetrics(painter->font()).elidedText(index.data().toString(), Qt::ElideRight, width));
    painter->setFont(captionFont());
    painter->setPen(theme.text2);
    painter->drawText(
        QRect(left, row.top() + 6 + title, width, row.height() - title - 10), Qt::AlignVCenter | Qt::AlignLeft,
        QFontMetrics(painter->font()).elidedText(index.data(AlertModel::DetailRole).toString(), Qt::ElideRight, width));
    painter->restore();
  }
};

}  // namespace

AlertText alertText(const store::Alert& alert) {
  const QString message = QString::fromStdString(alert.message);
  const qsizetype colon = message.indexOf(QStringLiteral(": "));
  if (colon <= 0 || colon > kLongestTitle) return {message, {}};
  QString detail = message.mid(colon + 2);
  if (!detail.isEmpty()) detail[0] = detail[0].toUpper();
  return {message.left(colon), detail};
}

AlertLevel alertLevel(const store::Alert& alert) {
  return alert.level == "error" ? AlertLevel::Error : alert.level == "info" ? AlertLevel::Info : AlertLevel::Warning;
}

void AlertModel::setSnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot) {
  m_snapshot = snapshot;
  const std::int64_t last = m_alerts.empty() ? 0 : m_alerts.back().id;
  std::vector<store::Alert> fresh;
  for (const store::Alert& alert : snapshot->alerts)
    if (alert.id > last) fresh.push_back(alert);
  if (!fresh.empty()) {
    beginInsertRows({}, 0, static_cast<int>(fresh.size()) - 1);
    m_alerts.insert(m_alerts.end(), fresh.begin(), fresh.end());
    endInsertRows();
  }
  // Ages change.
  if (!m_alerts.empty()) Q_EMIT dataChanged(index(0), index(rowCount() - 1), {DetailRole});
}

void AlertModel::clear() {
  beginResetModel();
  m_alerts.clear();
  m_snapshot.reset();
  endResetModel();
}

const store::Alert* AlertModel::alertAt(int row) const {
  return row >= 0 && row < rowCount() ? &m_alerts[m_alerts.size() - 1 - static_cast<std::size_t>(row)] : nullptr;
}

const store::Alert* AlertModel::find(std::int64_t id) const { return alertAt(rowOf(id)); }

int AlertModel::rowOf(std::int64_t id) const {
  for (int row = 0; row < rowCount(); ++row)
    if (alertAt(row)->id == id) return row;
  return -1;
}

int AlertModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_alerts.size());
}

QVariant AlertModel::data(const QModelIndex& index, int role) const {
  const store::Alert* alert = index.isValid() ? alertAt(index.row()) : nullptr;
  if (!alert) return {};
  const store::RunSummary* run = m_snapshot ? m_snapshot->find(alert->run) : nullptr;
  switch (role) {
    case Qt::DisplayRole:
      return alertText(*alert).title;
    case Qt::ToolTipRole:
    case Qt::AccessibleTextRole:
      return QString::fromStdString(alert->message);
    case IdRole:
      return QVariant::fromValue<qint64>(alert->id);
    case LevelRole:
      return static_cast<int>(alertLevel(*alert));
    case DetailRole: {
      QStringList parts;
      if (run) parts << m_snapshot->label(*run);
      if (alert->step > 0) parts << QStringLiteral("step %1").arg(QString::fromStdString(groupDigits(alert->step)));
      if (const QString age = ageText(alert->time, now_s()); !age.isEmpty())
        parts << (age == QStringLiteral("now") ? age : QStringLiteral("%1 ago").arg(age));
      return parts.join(QStringLiteral(", "));
    }
    default:
      return {};
  }
}

AlertList::AlertList(AlertModel* model, QWidget* parent) : QListView(parent) {
  setModel(model);
  setItemDelegate(new AlertDelegate(this));
  setAccessibleName(QStringLiteral("Alerts"));
  setFrameShape(QFrame::NoFrame);
  setUniformItemSizes(true);
  setMouseTracking(true);
  setSelectionMode(QAbstractItemView::SingleSelection);
  setEditTriggers(QAbstractItemView::NoEditTriggers);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  const auto choose = [this](const QModelIndex& index) {
    if (index.isValid()) Q_EMIT alertChosen(index.data(AlertModel::IdRole).toLongLong());
  };
  connect(this, &QAbstractItemView::clicked, this, choose);
  connect(this, &QAbstractItemView::activated, this, choose);
}

QSize AlertList::sizeHint() const {
  const int rows = std::clamp(model()->rowCount(), 1, kMostRows);
  return {200, rows * std::max(1, sizeHintForRow(0))};
}

void AlertList::select(std::int64_t id) {
  const int row = static_cast<const AlertModel*>(model())->rowOf(id);
  if (row < 0) return clearSelection();
  setCurrentIndex(model()->index(row, 0));
}

}  // namespace weft::ui

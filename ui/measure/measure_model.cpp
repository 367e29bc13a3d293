#include "ui/measure/measure_model.h"

#include <cmath>
#include <utility>

#include "engine/base/text.h"
#include "ui/models/qt_text.h"

namespace weft::ui {
namespace {

const QString kDash = QStringLiteral("–");

QString whole(const std::optional<double>& value) {
  return value ? QString::fromStdString(groupDigits(std::llround(*value))) : kDash;
}

std::optional<double> numberOf(const MeasuredPoint& point, MeasureColumn column) {
  switch (column) {
    case MeasureColumn::Run:
      return std::nullopt;
    case MeasureColumn::Context:
      return static_cast<double>(point.context);
    case MeasureColumn::Batch:
      return point.batch ? std::optional(static_cast<double>(*point.batch)) : std::nullopt;
    case MeasureColumn::Prefill:
      return point.prefill;
    case MeasureColumn::Decode:
      return point.decode;
    case MeasureColumn::Step:
      return point.step_ms;
    case MeasureColumn::Analytic:
      return point.analytic;
    case MeasureColumn::Storage:
      return point.storage;
    case MeasureColumn::Allocator:
      return point.allocator;
    case MeasureColumn::Device:
      return point.device;
    case MeasureColumn::Largest:
      return point.largest;
    case MeasureColumn::Predicted:
      return point.predicted;
  }
  return std::nullopt;
}

QString textOf(const MeasuredPoint& point, MeasureColumn column) {
  if (column == MeasureColumn::Run) return point.name;
  if (column == MeasureColumn::Prefill && !point.fits) return QStringLiteral("out of memory");
  const std::optional<double> number = numberOf(point, column);
  if (column == MeasureColumn::Step) return number ? QString::number(*number, 'f', *number < 10 ? 2 : 1) : kDash;
  return whole(number);
}

QString explain(MeasureColumn column) {
  switch (column) {
    case MeasureColumn::Prefill:
      return QStringLiteral("batch × prompt tokens / time of one pass; the median of the timed rounds");
    case MeasureColumn::Decode:
      return QStringLiteral("batch × steps / time of the steps; the median of the timed rounds");
    case MeasureColumn::Step:
      return QStringLiteral("time of one decode step for the whole batch; the median");
    case MeasureColumn::Analytic:
      return QStringLiteral("the cache's formula, for batch × context");
    case MeasureColumn::Storage:
      return QStringLiteral("distinct tensor storages under the cache; must equal the formula");
    case MeasureColumn::Allocator:
      return QStringLiteral("what torch's allocator gained when the cache was made; a GPU's only");
    case MeasureColumn::Device:
      return QStringLiteral("what the device gained until the cache was filled; on a CPU the process' resident memory");
    case MeasureColumn::Largest:
      return QStringLiteral("the largest batch that really fitted at this context, tried with real allocations");
    case MeasureColumn::Predicted:
      return QStringLiteral("memory limit / KV bytes of one sequence at this context: activations not counted");
    default:
      return {};
  }
}

}  // namespace

void MeasureModel::setPoints(std::vector<MeasuredPoint> points) {
  beginResetModel();
  m_points = std::move(points);
  endResetModel();
}

int MeasureModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_points.size());
}
int MeasureModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : kMeasureColumns; }

QVariant MeasureModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const MeasuredPoint& point = m_points[static_cast<std::size_t>(index.row())];
  const auto column = static_cast<MeasureColumn>(index.column());
  switch (role) {
    case Qt::DisplayRole:
      return textOf(point, column);
    case SortRole: {
      if (column == MeasureColumn::Run) return point.name;
      const std::optional<double> number = numberOf(point, column);
      return number ? *number : -1.0;
    }
    case Qt::TextAlignmentRole:
      return static_cast<int>((column == MeasureColumn::Run ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case Qt::ToolTipRole:
      if (column == MeasureColumn::Prefill && point.prefillLow && point.prefillHigh)
        return QStringLiteral("Half of the rounds lie between %1 and %2 tokens/s.")
            .arg(whole(point.prefillLow), whole(point.prefillHigh));
      if (column == MeasureColumn::Decode && point.decodeLow && point.decodeHigh)
        return QStringLiteral("Half of the rounds lie between %1 and %2 tokens/s.")
            .arg(whole(point.decodeLow), whole(point.decodeHigh));
      return point.setting;
    default:
      return {};
  }
}

QVariant MeasureModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= kMeasureColumns) return {};
  static const QStringList titles{
      QStringLiteral("run"),           QStringLiteral("context"),       QStringLiteral("batch"),
      QStringLiteral("prefill tok/s"), QStringLiteral("decode tok/s"),  QStringLiteral("ms/step"),
      QStringLiteral("KV B analytic"), QStringLiteral("KV B storage"),  QStringLiteral("KV B allocator"),
      QStringLiteral("KV B device"),   QStringLiteral("largest batch"), QStringLiteral("predicted")};
  const auto column = static_cast<MeasureColumn>(section);
  if (role == Qt::DisplayRole) return titles[section];
  if (role == Qt::ToolTipRole) return explain(column);
  if (role == Qt::TextAlignmentRole)
    return static_cast<int>((column == MeasureColumn::Run ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
  return {};
}

QString MeasureModel::csv() const {
  QString text = QStringLiteral(
      "id,run,context,batch,fits,prefill_tokens_per_second,decode_tokens_per_second,decode_step_ms,kv_bytes_analytic,"
      "kv_bytes_storage,"
      "kv_bytes_allocator,kv_bytes_device,largest_batch,predicted_batch,measured_on\n");
  for (const MeasuredPoint& point : m_points) {
    QStringList cells{QString::number(point.run.value), csvField(point.name), QString::number(point.context),
                      point.batch ? QString::number(*point.batch) : QString(),
                      point.fits ? QStringLiteral("yes") : QStringLiteral("no")};
    for (int i = static_cast<int>(MeasureColumn::Prefill); i < kMeasureColumns; ++i) {
      const std::optional<double> number = numberOf(point, static_cast<MeasureColumn>(i));
      cells << (number ? QString::number(*number, 'g', 12) : QString());
    }
    text += (cells << csvField(point.setting)).join(u',') + u'\n';
  }
  return text;
}

}  // namespace weft::ui

#include "ui/diagram/map_table_model.h"

#include "engine/base/text.h"
#include "engine/sharing/map_words.h"

namespace weft::ui {
namespace {

QString number(std::int64_t value) { return QString::fromStdString(groupDigits(value)); }

}  // namespace

MapTableModel::MapTableModel(SharingDocument* document, QObject* parent)
    : QAbstractTableModel(parent), m_document(document), m_rows(document->map().layerCount()) {
  connect(document, &SharingDocument::changed, this, &MapTableModel::documentChanged);
}

void MapTableModel::documentChanged() {
  const int rows = m_document->map().layerCount();
  if (rows != m_rows) {
    beginResetModel();
    m_rows = rows;
    endResetModel();
  } else {
    Q_EMIT dataChanged(index(0, 0), index(m_rows - 1, ColumnCount - 1));
  }
}

int MapTableModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : m_rows; }
int MapTableModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant MapTableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || index.row() >= m_document->map().layerCount()) return {};
  if (role == Qt::DisplayRole && index.column() == KvHeads) {
    // Only the number is edited; what else the producer is stands beside it.
    const std::string own = sharing::ownWords(m_document->map().layer(index.row()));
    const QString heads = text(index.row(), KvHeads);
    return own.empty() ? heads : heads + QStringLiteral(", ") + QString::fromStdString(own);
  }
  if (role == Qt::DisplayRole || role == Qt::EditRole) return text(index.row(), index.column());
  if (role == Qt::ToolTipRole || role == Qt::AccessibleDescriptionRole) return m_document->describeLayer(index.row());
  if (role == Qt::TextAlignmentRole) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
  return {};
}

QString MapTableModel::text(int layer, int column) const {
  const sharing::SharingMap& map = m_document->map();
  const sharing::LayerSharing& from = map.layer(layer);
  const auto& costs = m_document->costs();
  const bool hasCosts = costs && static_cast<int>(costs->perLayer.size()) == map.layerCount();
  switch (column) {
    case Layer:
      return QString::number(layer);
    case Source: {
      const QString k = QString::fromStdString(readingMark(from, sharing::Role::Key));
      const QString v = QString::fromStdString(readingMark(from, sharing::Role::Value));
      return k == v ? k : tr("K %1, V %2").arg(k, v);
    }
    case ReadBy: {
      LayerSet readers = map.readersOf(layer);
      std::erase(readers, layer);
      QStringList names;
      for (const int reader : readers) names << QString::number(reader);
      return names.join(QStringLiteral(", "));
    }
    case Window: {
      const auto window = map.windowOf(layer, m_document->design().model.window);
      return window ? number(*window) : tr("full");
    }
    case KvHeads:
      return map.isProducer(layer) ? QString::number(map.kvHeads(layer, m_document->design().model.kvHeads))
                                   : QString();
    case BytesPerToken:
      return hasCosts ? number(costs->perLayer[static_cast<std::size_t>(layer)].bytesPerToken) : QString();
    case BytesAtContext:
      return hasCosts ? number(costs->perLayer[static_cast<std::size_t>(layer)].bytesAtContext) : QString();
    default:
      return {};
  }
}

QVariant MapTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  const QString titles[] = {tr("Layer"),
                            tr("Source"),
                            tr("Read by"),
                            tr("Window"),
                            tr("KV heads"),
                            tr("Bytes per token"),
                            tr("Bytes at %1 tokens").arg(number(m_document->request().context))};
  return section >= 0 && section < ColumnCount ? titles[section] : QString();
}

Qt::ItemFlags MapTableModel::flags(const QModelIndex& index) const {
  Qt::ItemFlags flags = QAbstractTableModel::flags(index);
  if (!index.isValid()) return flags;
  const bool isEditable = index.column() == Source || index.column() == Window ||
                          (index.column() == KvHeads && m_document->map().isProducer(index.row()));
  return isEditable ? flags | Qt::ItemIsEditable : flags;
}

bool MapTableModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (role != Qt::EditRole || !(flags(index) & Qt::ItemIsEditable)) return false;
  const LayerSet layer{index.row()};
  QString digits = value.toString().trimmed();
  digits.remove(u',');
  bool isNumber = false;
  const qlonglong entered = digits.toLongLong(&isNumber);
  if (index.column() == Window && value.toString().trimmed() == tr("full")) {
    m_document->setWindow(layer, {});
    return true;
  }
  if (!isNumber || entered < 0 || entered > 1'000'000'000) {
    Q_EMIT m_document->refused(tr("“%1” is no number for layer %2.").arg(value.toString()).arg(index.row()));
    return false;
  }
  if (index.column() == Source) m_document->setSource(layer, static_cast<int>(entered));
  if (index.column() == Window)
    m_document->setWindow(layer, {.kind = sharing::Window::Kind::Own, .positions = entered});
  if (index.column() == KvHeads) m_document->setKvHeads(layer, static_cast<int>(entered));
  return true;
}

}  // namespace weft::ui

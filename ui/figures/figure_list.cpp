#include "ui/figures/figure_list.h"

#include <QPainter>
#include <QStyledItemDelegate>
#include <QTextLayout>
#include <cmath>

#include "ui/paper/figure_scene.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kRow = 66, kThumbWidth = 64, kThumbHeight = 46;

// The figure without words: what is left is its shape.
FigureOptions thumbnailOptions(FigureOptions options) {
  options.labels = false;
  options.grid = false;
  options.legend = FigureLegend::None;
  options.width_in = options.kind == FigureKind::SharingMaps ? 3 : 2;
  options.height_in = options.width_in * kThumbHeight / kThumbWidth;
  options.fontSize_pt = 4;
  options.tickSize_pt = options.kind == FigureKind::SharingMaps ? 12 : 4;
  options.markerSize_pt = 12;
  options.lineWidth_pt = 3;
  return options;
}

// Three maps say what a dozen too small to see would not.
std::vector<FigureRun> thumbnailRuns(const FigureDocument& figure, const std::vector<FigureRun>& runs) {
  if (figure.options.kind != FigureKind::SharingMaps || runs.size() <= 3) return runs;
  return {runs.front(), runs[runs.size() / 2], runs.back()};
}

class FigureDelegate : public QStyledItemDelegate {
 public:
  FigureDelegate(FigureLibrary* library, QObject* parent) : QStyledItemDelegate(parent), m_library(library) {
    connect(library, &FigureLibrary::figureChanged, this, [this](int index) { m_thumbnails.erase(index); });
    connect(library, &FigureLibrary::listChanged, this, [this] { m_thumbnails.clear(); });
  }

  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {200, kRow}; }

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const Theme& theme = Theme::current();
    const bool isSelected = option.state & QStyle::State_Selected;
    painter->save();
    painter->fillRect(option.rect, isSelected                                 ? theme.selection
                                   : (option.state & QStyle::State_MouseOver) ? theme.hover
                                                                              : theme.panel);
    painter->fillRect(QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1), theme.hairline);
    if (isSelected)
      painter->fillRect(QRect(option.rect.left(), option.rect.top(), 2, option.rect.height()), theme.accent);
    const QRect thumb(option.rect.left() + 24, option.rect.top() + 10, kThumbWidth, kThumbHeight);
    painter->fillRect(thumb, Qt::white);
    painter->drawPixmap(thumb, thumbnail(index.row(), painter->device()->devicePixelRatioF()));
    painter->setPen(theme.strongLine);
    painter->drawRect(thumb.adjusted(0, 0, -1, -1));

    const QRect text = QRect(thumb.right() + 12, option.rect.top() + 8, option.rect.right() - thumb.right() - 20,
                             option.rect.height() - 16);
    painter->setFont(typeFont(Type::Strong));
    painter->setPen(theme.text);
    // Two lines at most.
    QTextLayout layout(index.data().toString(), painter->font());
    layout.beginLayout();
    QTextLine first = layout.createLine();
    first.setLineWidth(text.width());
    const QTextLine second = layout.createLine();
    layout.endLayout();
    const double line = painter->fontMetrics().lineSpacing();
    const QString title = index.data().toString();
    painter->drawText(QRectF(text.left(), text.top(), text.width(), line), Qt::AlignLeft | Qt::AlignVCenter,
                      title.left(first.textLength()).trimmed());
    const bool hasSecond = second.isValid();
    if (hasSecond)
      painter->drawText(QRectF(text.left(), text.top() + line, text.width(), line), Qt::AlignLeft | Qt::AlignVCenter,
                        painter->fontMetrics().elidedText(title.mid(first.textLength()), Qt::ElideRight, text.width()));
    painter->setFont(captionFont());
    painter->setPen(theme.text2);
    const QRectF note(text.left(), text.top() + (hasSecond ? 2 : 1) * line + 1, text.width(),
                      painter->fontMetrics().height());
    const QString words = index.data(FigureListModel::NoteRole).toString();
    painter->drawText(note, Qt::AlignLeft | Qt::AlignVCenter,
                      painter->fontMetrics().elidedText(words, Qt::ElideRight, text.width()));
    if (index.data(FigureListModel::NewerRole).toBool()) {
      painter->setPen(theme.warning);
      painter->drawText(note.adjusted(painter->fontMetrics().horizontalAdvance(words + QStringLiteral(", ")), 0, 0, 0),
                        Qt::AlignLeft | Qt::AlignVCenter, QStringLiteral("newer data"));
    }
    painter->restore();
  }

 private:
  QPixmap thumbnail(int row, double ratio) const {
    const auto held = m_thumbnails.find(row);
    if (held != m_thumbnails.end() && held->second.devicePixelRatioF() == ratio) return held->second;
    QPixmap pixmap(QSize(kThumbWidth, kThumbHeight) * ratio);
    pixmap.setDevicePixelRatio(ratio);
    pixmap.fill(Qt::white);
    if (row < m_library->count())
      if (const auto scene = FigureScene::create(thumbnailOptions(m_library->figure(row).options),
                                                 thumbnailRuns(m_library->figure(row), m_library->runs(row)))) {
        // Painted larger and scaled down: lines of half a pixel stay lines.
        const double scale = 3.0 * ratio * kThumbWidth / (*scene)->size().width();
        QImage image((QSizeF((*scene)->size()) * scale).toSize(), QImage::Format_RGB32);
        image.fill(Qt::white);
        (*scene)->paint(&image, scale);
        pixmap = QPixmap::fromImage(image.scaled(pixmap.size(), Qt::IgnoreAspectRatio, Qt::SmoothTransformation));
        pixmap.setDevicePixelRatio(ratio);
      }
    m_thumbnails[row] = pixmap;
    return pixmap;
  }

  FigureLibrary* m_library;
  mutable std::map<int, QPixmap> m_thumbnails;
};

}  // namespace

FigureListModel::FigureListModel(FigureLibrary* library, QObject* parent)
    : QAbstractListModel(parent), m_library(library), m_count(library->count()) {
  connect(library, &FigureLibrary::figureChanged, this,
          [this](int row) { Q_EMIT dataChanged(index(row), index(row)); });
  connect(library, &FigureLibrary::listChanged, this, [this] {
    beginResetModel();
    m_count = m_library->count();
    endResetModel();
  });
}

int FigureListModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : m_count; }

QVariant FigureListModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid) || index.row() >= m_library->count()) return {};
  const FigureDocument& figure = m_library->figure(index.row());
  const auto note = [&] {
    const auto runs = m_library->runs(index.row()).size();
    return QStringLiteral("%1 in, %2")
        .arg(figure.options.width_in)
        .arg(runs == 1 ? QStringLiteral("1 run") : QStringLiteral("%1 runs").arg(runs));
  };
  switch (role) {
    case Qt::DisplayRole:
      return figure.title;
    case Qt::AccessibleTextRole:
      return QStringLiteral("%1, %2%3")
          .arg(figure.title, note(), m_library->hasNewerData(index.row()) ? QStringLiteral(", newer data") : QString());
    case Qt::ToolTipRole:
      return m_library->hasNewerData(index.row()) ? QStringLiteral("Its runs have changed; F5 draws the newest data.")
                                                  : figure.title;
    case NewerRole:
      return m_library->hasNewerData(index.row());
    case NoteRole:
      return m_library->hasNewerData(index.row()) ? note()
             : m_library->isLoading(index.row())  ? QStringLiteral("loading")
                                                  : note();
    default:
      return {};
  }
}

FigureList::FigureList(FigureLibrary* library, QWidget* parent) : QListView(parent) {
  setModel(new FigureListModel(library, this));
  setItemDelegate(new FigureDelegate(library, this));
  setFrameShape(QFrame::NoFrame);
  setMouseTracking(true);
  setUniformItemSizes(true);
  setEditTriggers(QAbstractItemView::NoEditTriggers);
  setContextMenuPolicy(Qt::CustomContextMenu);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setAccessibleName(QStringLiteral("Saved figures"));
}

void FigureList::setCurrent(int row) {
  if (row >= 0 && row < model()->rowCount()) setCurrentIndex(model()->index(row, 0));
}

void FigureList::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
  QListView::currentChanged(current, previous);
  Q_EMIT currentFigureChanged(current.row());
}

}  // namespace weft::ui

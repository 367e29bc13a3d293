#include "ui/diagram/sharing_scene.h"

#include <QFontMetricsF>
#include <algorithm>
#include <cmath>

#include "engine/base/text.h"
#include "engine/sharing/map_words.h"
#include "ui/models/qt_text.h"
#include "ui/parts/sharing_painter.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr qreal kBytesLabel = 84;  // room at the right of a scale for "163,840 B"
constexpr int kMostTicks = 64;

QString number(std::int64_t value) { return QString::fromStdString(groupDigits(value)); }
QString bytesText(std::int64_t bytes) { return QString::fromStdString(formatBytes(static_cast<double>(bytes))); }

QPen dashed(const QColor& color, qreal width = 1) {
  QPen pen(color, width);
  pen.setDashPattern({3 / width, 2.4 / width});
  pen.setCapStyle(Qt::FlatCap);
  return pen;
}

// One paint of the scene: the painter with everything it needs at hand.
class ScenePainter {
 public:
  ScenePainter(QPainter& painter, const SceneLayout& layout, const SharingDocument& document, const SceneState& state,
               const Theme& theme)
      : m_painter(painter),
        m_layout(layout),
        m_document(document),
        m_map(document.map()),
        m_state(state),
        m_theme(theme),
        m_groups(sharingGroups(document.map())) {
    // Costs may be those of an earlier shape; rows are then drawn without slots.
    const auto& costs = document.costs();
    const auto& all = document.unsharedCosts();
    if (costs && all && costs->perLayer.size() == all->perLayer.size() &&
        static_cast<int>(costs->perLayer.size()) == m_map.layerCount()) {
      m_kept = &*costs;
      m_whole = &*all;
      for (std::size_t i = 0; i < m_whole->perLayer.size(); ++i) {
        m_mostPerToken =
            std::max({m_mostPerToken, m_whole->perLayer[i].bytesPerToken, m_kept->perLayer[i].bytesPerToken});
        m_mostAtContext =
            std::max({m_mostAtContext, m_whole->perLayer[i].bytesAtContext, m_kept->perLayer[i].bytesAtContext});
      }
    }
  }

  void paint() {
    m_painter.fillRect(QRectF(QPointF(), m_layout.view), m_theme.panel);
    m_painter.save();
    m_painter.setClipRect(QRectF(0, SceneLayout::kHeader, m_layout.view.width(), m_layout.visibleHeight()),
                          Qt::IntersectClip);
    paintCaptions();
    paintBackgrounds();
    paintGrid();
    paintArcs();
    const int top = firstVisible(), bottom = lastVisible();
    for (int layer = bottom; layer <= top; ++layer) paintRow(layer);
    paintProblems();
    paintDrag();
    paintFrames();
    m_painter.restore();
    paintHeader();
    paintFooter();
  }

 private:
  int group(int layer) const { return m_groups[static_cast<std::size_t>(layer)]; }
  bool isSelected(int layer) const {
    return std::binary_search(m_state.selection.begin(), m_state.selection.end(), layer);
  }
  bool isFull() const { return m_layout.density() == Density::Full; }
  int lastVisible() const {
    const qreal below = m_layout.kHeader + m_layout.kCaption + m_layout.layers * m_layout.rowHeight - m_layout.scroll -
                        m_layout.kHeader - m_layout.visibleHeight();
    return std::clamp(static_cast<int>(below / m_layout.rowHeight) - 1, 0, m_layout.layers - 1);
  }
  int firstVisible() const {
    const qreal above = m_layout.scroll - m_layout.kCaption;
    return std::clamp(m_layout.layers - static_cast<int>(above / m_layout.rowHeight), 0, m_layout.layers - 1);
  }
  // Bars are 14 px high in a 28-px row and never touch the next row.
  qreal cellHeight() const {
    return std::max(4.0, std::min({std::round(m_layout.rowHeight * 0.5), 16.0, m_layout.rowHeight - 3}));
  }

  void text(const QRectF& area, int flags, const QString& what, const QColor& color, const QFont& font) {
    m_painter.setFont(font);
    m_painter.setPen(color);
    m_painter.drawText(area, flags | Qt::TextSingleLine | Qt::TextDontClip, what);
  }

  void paintCaptions() {
    const qreal top = m_layout.rowTop(m_layout.layers - 1) - SceneLayout::kCaption;
    const qreal bottom = m_layout.rowTop(0) + m_layout.rowHeight;
    text(QRectF(m_layout.heads, top, 120, SceneLayout::kCaption), Qt::AlignVCenter, SharingDocument::tr("output head"),
         m_theme.text3, captionFont());
    text(QRectF(m_layout.heads, bottom, 120, SceneLayout::kCaption), Qt::AlignVCenter, SharingDocument::tr("embedding"),
         m_theme.text3, captionFont());
  }

  void paintBackgrounds() {
    const bool hasHover = m_state.hovered >= 0 && m_state.hovered < m_layout.layers;
    const int hoveredSource = hasHover ? m_map.layer(m_state.hovered).kSource : -1;
    for (int layer = 0; layer < m_layout.layers; ++layer) {
      const QRectF row = m_layout.row(layer);
      if (isSelected(layer))
        m_painter.fillRect(row, m_theme.selection);
      else if (layer == m_state.hovered || layer == hoveredSource)
        m_painter.fillRect(row, m_theme.hover);
      if (m_layout.density() == Density::Full || (m_layout.density() == Density::Minimal && layer % 4 == 0) ||
          m_layout.density() == Density::Bars)
        m_painter.fillRect(QRectF(row.left(), std::round(row.bottom()) - 1, row.width(), 1), m_theme.grid);
    }
  }

  void paintGrid() {
    const qreal top = m_layout.rowTop(m_layout.layers - 1), height = m_layout.layers * m_layout.rowHeight;
    for (const auto& [left, width] : {std::pair(m_layout.perToken, m_layout.perTokenWidth),
                                      std::pair(m_layout.atContext, m_layout.atContextWidth)}) {
      if (width <= 0) continue;
      m_painter.fillRect(QRectF(left, top, 1, height), m_theme.strongLine);
      for (const qreal share : {0.5, 1.0})
        m_painter.fillRect(QRectF(std::round(left + share * (width - kBytesLabel)), top, 1, height), m_theme.grid);
    }
  }

  void paintArcs() {
    const qreal most = m_layout.ringX - 20;
    const ArcLines none = ArcLines::Single;
    for (int layer = 0; layer < m_layout.layers; ++layer) {
      const sharing::LayerSharing& from = m_map.layer(layer);
      const bool isHovered = m_state.hovered == layer || m_state.hovered == from.kSource;
      const qreal width = isHovered ? 2.5 : 1.5;
      if (from.kSource != layer && !isReplaced(layer)) {
        const ArcLines lines = isFull() && groupBars(group(layer)) > 1 ? ArcLines::Double : none;
        paintArc(m_painter, m_layout.ringX, m_layout.rowMiddle(layer), m_layout.rowMiddle(from.kSource), most,
                 QPen(groupLineColor(group(layer), m_theme), width), lines);
      }
      if (from.vSource != layer && from.vSource != from.kSource)
        paintArc(m_painter, m_layout.ringX, m_layout.rowMiddle(layer), m_layout.rowMiddle(from.vSource), most,
                 dashed(groupLineColor(group(from.vSource), m_theme), width));
      paintFurtherArcs(layer, most, width);
    }
  }

  // To the other parts of a mixture or of ranges of heads, and, dotted, to what a residual adds.
  void paintFurtherArcs(int layer, qreal most, qreal width) {
    if (isReplaced(layer)) return;
    const sharing::LayerSharing& from = m_map.layer(layer);
    const auto arc = [&](int source, const QPen& pen) {
      if (source != layer && source != from.kSource && source != from.vSource)
        paintArc(m_painter, m_layout.ringX, m_layout.rowMiddle(layer), m_layout.rowMiddle(source), most, pen);
    };
    for (const sharing::HeadRange& part : from.kReading.parts)
      arc(part.source, QPen(groupLineColor(group(part.source), m_theme), width));
    if (from.vReading != from.kReading) {
      for (const sharing::HeadRange& part : from.vReading.parts)
        arc(part.source, dashed(groupLineColor(group(part.source), m_theme), width));
    }
    if (from.residual)
      arc(from.residual->source, QPen(groupLineColor(group(from.residual->source), m_theme), width, Qt::DotLine));
  }

  // The row's written source is wrong, so its old arc is not drawn.
  bool isReplaced(int layer) const {
    return std::any_of(m_document.problems().begin(), m_document.problems().end(),
                       [&](const RowProblem& problem) { return problem.layer == layer && problem.source >= 0; });
  }

  void paintRow(int layer) {
    m_painter.save();
    if (isDimmed(layer)) m_painter.setOpacity(0.3);
    const qreal middle = m_layout.rowMiddle(layer);
    const qreal radius = std::clamp(m_layout.rowHeight * 0.19, 2.0, 5.0);
    const bool isProducer = m_map.isProducer(layer) && !isReplaced(layer);
    paintRing(m_painter, {m_layout.ringX, middle}, isProducer ? radius : radius - 0.5, isProducer,
              isReplaced(layer) ? -1 : group(layer), m_theme);
    paintIndexAndHeads(layer, middle);
    if (!isReplaced(layer)) {
      paintCells(layer, middle);
      if (m_kept) paintSlots(layer, middle);
    }
    paintWindow(layer, middle);
    m_painter.restore();
  }

  bool isDimmed(int layer) const {
    if (m_state.dragged.empty() || std::binary_search(m_state.dragged.begin(), m_state.dragged.end(), layer))
      return false;
    return !std::all_of(m_state.dragged.begin(), m_state.dragged.end(),
                        [&](int reader) { return m_document.mayRead(reader, layer); });
  }

  void paintIndexAndHeads(int layer, qreal middle) {
    if (m_layout.density() != Density::Minimal || layer % 4 == 0 || layer == m_layout.layers - 1) {
      QFont font = fixedFont();
      if (m_layout.density() == Density::Minimal) font.setPixelSize(std::min(font.pixelSize(), 10));
      text(QRectF(m_layout.rowLeft, middle - 10, m_layout.indexRight - m_layout.rowLeft, 20),
           Qt::AlignRight | Qt::AlignVCenter, QString::number(layer), m_theme.text, font);
    }
    const int heads = m_document.shape().queryHeads;
    const qreal height = isFull() ? 8 : std::max(4.0, cellHeight() - 1);
    const QRectF whole(m_layout.heads, std::round(middle - height / 2), m_layout.headsWidth, height);
    if (!isFull() || heads < 1 || heads > kMostTicks) {
      m_painter.fillRect(whole, m_theme.heads);
      return;
    }
    const qreal step = std::min(whole.width() / heads, 24.0);
    for (int head = 0; head < heads; ++head) {
      const qreal left = std::round(whole.left() + head * step), right = std::round(whole.left() + (head + 1) * step);
      m_painter.fillRect(QRectF(left, whole.top(), std::max(1.0, right - left - (step >= 3 ? 2 : 1)), height),
                         m_theme.heads);
    }
  }

  void paintCells(int layer, qreal middle) {
    const sharing::LayerSharing& from = m_map.layer(layer);
    const qreal height = cellHeight();
    const auto cell = [&](qreal left, int cellGroup, int heads) {
      const int parts = isFull() && heads <= 8 ? std::max(1, heads) : 1;
      const qreal step = m_layout.cellWidth / parts;
      for (int part = 0; part < parts; ++part) {
        const qreal from_px = std::round(left + part * step), to_px = std::round(left + (part + 1) * step);
        paintGroupBar(
            m_painter,
            QRectF(from_px, std::round(middle - height / 2), to_px - from_px - (part + 1 < parts ? 2 : 0), height),
            cellGroup, m_theme);
      }
    };
    const int modelHeads = m_document.shape().kvHeads;
    if (m_map.producesK(layer)) cell(m_layout.keys, group(layer), m_map.kvHeads(layer, modelHeads));
    if (m_map.producesV(layer) && !from.isValueKey)
      cell(m_layout.values, group(layer), m_map.valueHeads(layer, modelHeads));
    const bool isTyping = layer == m_state.current && !m_state.typed.isEmpty();
    if (isTyping) {
      text(QRectF(m_layout.keys, middle - 10, 90, 20), Qt::AlignVCenter,
           SharingDocument::tr("reads %1▏").arg(m_state.typed), m_theme.accent, bodyFont());
      return;
    }
    if (!isFull()) return;
    const auto reads = [&](qreal left, const QString& what) {
      text(QRectF(left, middle - 10, 90, 20), Qt::AlignVCenter, what, m_theme.text2, bodyFont());
    };
    const QString k = toQt(sharing::readingMark(from, sharing::Role::Key));
    const QString v = toQt(sharing::readingMark(from, sharing::Role::Value));
    if (from.isValueKey) reads(m_layout.values, QStringLiteral("= K"));
    if (from.kSource != layer && k == v)
      reads(m_layout.keys, SharingDocument::tr("reads %1").arg(k));
    else if (from.kSource != layer)
      reads(m_layout.keys, k);
    if (from.vSource != layer && k != v) reads(m_layout.values, v);
  }

  void paintSlots(int layer, qreal middle) {
    const sharing::LayerKv& kept = m_kept->perLayer[static_cast<std::size_t>(layer)];
    const sharing::LayerKv& whole = m_whole->perLayer[static_cast<std::size_t>(layer)];
    paintSlot(m_layout.perToken, m_layout.perTokenWidth, middle, layer, kept.bytesPerToken, whole.bytesPerToken,
              m_mostPerToken);
    paintSlot(m_layout.atContext, m_layout.atContextWidth, middle, layer, kept.bytesAtContext, whole.bytesAtContext,
              m_mostAtContext);
  }

  void paintSlot(qreal left, qreal width, qreal middle, int layer, std::int64_t kept, std::int64_t whole,
                 std::int64_t most) {
    if (width <= 0 || most <= 0) return;
    const qreal perByte = (width - kBytesLabel) / static_cast<qreal>(most);
    const qreal height = cellHeight(), top = std::round(middle - height / 2);
    // A slot is never so thin that it looks like none.
    const qreal bar = kept > 0 ? std::max(2.0, static_cast<qreal>(kept) * perByte) : 0;
    if (kept > 0) {
      const bool isPair = left == m_layout.perToken && isFull() && m_map.producesK(layer) && m_map.producesV(layer) &&
                          !m_map.layer(layer).isValueKey;
      const QRectF slot(left + 1, top, bar, height);
      paintGroupBar(m_painter, slot, group(layer), m_theme);
      if (isPair)
        m_painter.fillRect(QRectF(std::round(slot.center().x()), top, 1, height),
                           isSelected(layer) ? m_theme.selection : m_theme.panel);
      if (m_layout.density() != Density::Minimal) {
        const QString label = left == m_layout.perToken
                                  ? SharingDocument::tr("%1 B").arg(number(kept)) + furtherMarks(layer)
                                  : bytesText(kept);
        text(QRectF(slot.right() + 8, middle - 10, kBytesLabel, 20), Qt::AlignVCenter, label, m_theme.text2,
             captionOrBody());
      }
    }
    if (kept == 0 && whole > 0) {
      m_painter.setPen(dashed(m_theme.ghost));
      m_painter.setBrush(Qt::NoBrush);
      m_painter.drawRect(
          QRectF(left + 1.5, top + 0.5, std::max(2.0, static_cast<qreal>(whole) * perByte) - 1, height - 1));
    }
  }

  // What a producer is and reads beyond the first edition, as the map's text has it.
  QString furtherMarks(int layer) const {
    const sharing::LayerSharing& own = m_map.layer(layer);
    if (sharing::secondEditionWords(own, layer).empty()) return {};
    QStringList marks;
    if (const std::string mark = sharing::ownMark(own); !mark.empty()) marks << toQt(mark);
    if (!own.kReading.parts.empty() && own.kSource == layer)
      marks << SharingDocument::tr("K %1").arg(toQt(sharing::readingMark(own, sharing::Role::Key)));
    if (!own.vReading.parts.empty() && own.vSource == layer)
      marks << SharingDocument::tr("V %1").arg(toQt(sharing::readingMark(own, sharing::Role::Value)));
    return QStringLiteral("  ") + marks.join(QStringLiteral(", "));
  }

  QFont captionOrBody() const {
    QFont font = bodyFont();
    font.setPixelSize(std::max(10, font.pixelSize() - 1));
    return isFull() ? font : captionFont();
  }

  void paintWindow(int layer, qreal middle) {
    const auto window = m_map.windowOf(layer, m_document.shape().window);
    const bool isModelsFull = m_map.layer(layer).window.kind != sharing::Window::Kind::Full && !window;
    if (!window && !isModelsFull) return;
    if (!isFull()) {
      if (m_layout.density() == Density::Bars)
        text(QRectF(m_layout.window, middle - 10, m_layout.windowWidth, 20), Qt::AlignVCenter,
             window ? number(*window) : SharingDocument::tr("s"), m_theme.text2, captionFont());
      return;
    }
    const QString what = window ? number(*window) : SharingDocument::tr("none");
    const qreal width = std::max(40.0, QFontMetricsF(captionFont()).horizontalAdvance(what) + 10);
    const QRectF badge(m_layout.window + 0.5, std::round(middle - 9) + 0.5, std::round(width), 17);
    m_painter.save();
    m_painter.setRenderHint(QPainter::Antialiasing);
    m_painter.setPen(QPen(m_theme.strongLine, 1));
    m_painter.setBrush(m_theme.panel);
    m_painter.drawRoundedRect(badge, 3, 3);
    m_painter.restore();
    text(badge, Qt::AlignCenter, what, m_theme.text, captionFont());
  }

  void paintProblems() {
    if (m_document.isValid()) return;
    for (const RowProblem& problem : m_document.problems()) {
      if (problem.layer < 0 || problem.layer >= m_layout.layers) continue;
      const QRectF row = m_layout.row(problem.layer);
      const qreal middle = m_layout.rowMiddle(problem.layer);
      m_painter.fillRect(row.adjusted(0, 0, 0, -1), m_theme.errorFill);
      m_painter.setPen(QPen(m_theme.error, 1));
      m_painter.setBrush(Qt::NoBrush);
      m_painter.drawRect(row.adjusted(0.5, 0.5, -0.5, -1.5));
      paintIndexAndHeads(problem.layer, middle);
      const bool isInside = problem.source >= 0 && problem.source < m_layout.layers && problem.source != problem.layer;
      if (isInside)
        paintArc(m_painter, m_layout.ringX, middle, m_layout.rowMiddle(problem.source), m_layout.ringX - 20,
                 dashed(m_theme.error, 2));
      m_painter.setRenderHint(QPainter::Antialiasing);
      m_painter.setPen(QPen(m_theme.error, 1.5));
      m_painter.setBrush(m_theme.panel);
      m_painter.drawEllipse(QPointF(m_layout.ringX, middle), 4.5, 4.5);
      m_painter.setRenderHint(QPainter::Antialiasing, false);
      if (m_layout.density() == Density::Minimal) continue;
      if (problem.source >= 0)
        text(QRectF(m_layout.keys, middle - 10, 90, 20), Qt::AlignVCenter,
             SharingDocument::tr("reads %1").arg(problem.source), m_theme.error, bodyFont());
      text(QRectF(m_layout.perToken + 8, middle - 10, 200, 20), Qt::AlignVCenter,
           SharingDocument::tr("source not valid"), m_theme.error, captionOrBody());
    }
    paintFixPreview();
  }

  void paintFixPreview() {
    const int layer = m_document.error()->layer;
    if (m_document.fixes().empty() || layer < 0 || layer >= m_layout.layers) return;
    const auto& source = m_document.fixes().front().source;
    if (!source || *source == layer || *source >= m_layout.layers) return;
    QPen dots(m_theme.accent, 2);
    dots.setDashPattern({0.9, 1.4});
    paintArc(m_painter, m_layout.ringX, m_layout.rowMiddle(layer), m_layout.rowMiddle(*source), m_layout.ringX - 20,
             dots);
    const qreal bulge = std::abs(layer - *source) * m_layout.rowHeight / 2;
    text(QRectF(0, m_layout.rowMiddle(*source) - 10, m_layout.ringX - std::min(bulge, m_layout.ringX - 90) - 6, 20),
         Qt::AlignRight | Qt::AlignVCenter, SharingDocument::tr("fix: read %1").arg(*source), m_theme.accent,
         captionFont());
  }

  void paintDrag() {
    if (m_state.dragged.empty()) return;
    for (const int layer : m_state.dragged) {
      const qreal from = m_layout.rowMiddle(layer);
      if (m_state.dragSource && *m_state.dragSource != layer) {
        paintArc(m_painter, m_layout.ringX, from, m_layout.rowMiddle(*m_state.dragSource), m_layout.ringX - 20,
                 QPen(m_theme.accent, 2.5));
      } else {
        m_painter.setRenderHint(QPainter::Antialiasing);
        m_painter.setPen(dashed(m_theme.accent, 1.5));
        m_painter.drawLine(QPointF(m_layout.ringX, from), m_state.pointer);
        m_painter.setRenderHint(QPainter::Antialiasing, false);
      }
    }
  }

  void paintFrames() {
    m_painter.setRenderHint(QPainter::Antialiasing, false);
    for (const int layer : m_state.selection) {
      if (layer < m_layout.layers)
        m_painter.fillRect(QRectF(m_layout.rowLeft, m_layout.rowTop(layer), 2, m_layout.rowHeight), m_theme.accent);
    }
    const auto frame = [&](int layer, qreal width) {
      m_painter.setPen(QPen(m_theme.accent, width));
      m_painter.setBrush(Qt::NoBrush);
      m_painter.drawRect(m_layout.row(layer).adjusted(width / 2, width / 2 - 1, -width / 2, -width / 2));
    };
    if (m_state.current >= 0 && m_state.current < m_layout.layers) frame(m_state.current, m_state.hasFocus ? 2 : 1);
    if (m_state.dragSource && !m_state.dragged.empty()) frame(*m_state.dragSource, 2);
  }

  void paintHeader() {
    const QRectF band(0, 0, m_layout.view.width(), SceneLayout::kHeader);
    m_painter.fillRect(band, m_state.isFigure ? m_theme.panel : m_theme.header);
    m_painter.fillRect(QRectF(0, band.bottom() - 1, band.width(), 1), m_theme.hairline);
    const QFont font = captionFont();
    const auto title = [&](qreal left, const QString& what, int flags = Qt::AlignLeft, qreal width = 200) {
      text(QRectF(left, 0, width, band.height() - 1), flags | Qt::AlignVCenter, what, m_theme.text2, font);
    };
    title(24, SharingDocument::tr("Sharing"));
    title(m_layout.indexRight - 60, SharingDocument::tr("Layer"), Qt::AlignRight, 60);
    title(m_layout.heads, SharingDocument::tr("Query heads"));
    title(m_layout.keys, QStringLiteral("K"), Qt::AlignHCenter, m_layout.cellWidth);
    title(m_layout.values, QStringLiteral("V"), Qt::AlignHCenter, m_layout.cellWidth);
    if (m_layout.windowWidth > 0) title(m_layout.window, SharingDocument::tr("Window"));
    title(m_layout.perToken, m_layout.perTokenWidth >= 190 ? SharingDocument::tr("KV cache per token, to scale")
                                                           : SharingDocument::tr("KV per token"));
    if (m_layout.atContextWidth > 0)
      title(m_layout.atContext, SharingDocument::tr("at %1 tokens").arg(number(m_document.request().context)));
  }

  void paintFooter() {
    const qreal top = m_layout.view.height() - SceneLayout::kFooter;
    m_painter.fillRect(QRectF(0, top, m_layout.view.width(), SceneLayout::kFooter), m_theme.panel);
    const qreal middle = top + 24;
    const QFont font = captionFont();
    const QFontMetricsF metrics(font);
    qreal left = 24;
    for (const bool isProducer : {true, false}) {
      const QString name = isProducer ? SharingDocument::tr("producer") : SharingDocument::tr("consumer");
      paintRing(m_painter, {left + 5, middle}, isProducer ? 5 : 4, isProducer, -1, m_theme);
      text(QRectF(left + 16, middle - 10, 100, 20), Qt::AlignVCenter, name, m_theme.text2, font);
      left += 16 + metrics.horizontalAdvance(name) + 16;
    }
    m_painter.setPen(dashed(m_theme.ghost));
    m_painter.setBrush(Qt::NoBrush);
    const qreal ghost = std::max(left, m_layout.heads);
    m_painter.drawRect(QRectF(ghost + 0.5, middle - 6.5, 20, 12));
    const QString ghostText = SharingDocument::tr("slot that sharing removed");
    if (ghost + 28 + metrics.horizontalAdvance(ghostText) < m_layout.perToken)
      text(QRectF(ghost + 28, middle - 10, 200, 20), Qt::AlignVCenter, ghostText, m_theme.text2, font);
    if (!m_kept) return;
    const auto total = [&](qreal x, qreal width, const QString& kept, const QString& removed) {
      if (width <= 0) return;
      m_painter.fillRect(QRectF(x, top + 8, width - 12, 1), m_theme.strongLine);
      const QFont strong = sectionFont();
      text(QRectF(x, middle - 10, width, 20), Qt::AlignVCenter, kept, m_theme.text, strong);
      const qreal used = QFontMetricsF(strong).horizontalAdvance(kept) + 12;
      const QString rest = QFontMetricsF(font).elidedText(removed, Qt::ElideRight, std::max(0.0, width - used - 12));
      text(QRectF(x + used, middle - 10, width - used, 20), Qt::AlignVCenter, rest, m_theme.text2, font);
    };
    const auto kept = m_kept->kv.bytesPerToken;
    total(m_layout.perToken, m_layout.perTokenWidth, SharingDocument::tr("%1 B").arg(number(kept)),
          SharingDocument::tr("kept, %1 B removed").arg(number(m_whole->kv.bytesPerToken - kept)));
    std::int64_t keptAtContext = 0, wholeAtContext = 0;
    for (const sharing::LayerKv& row : m_kept->perLayer) keptAtContext += row.bytesAtContext;
    for (const sharing::LayerKv& row : m_whole->perLayer) wholeAtContext += row.bytesAtContext;
    total(m_layout.atContext, m_layout.atContextWidth, bytesText(keptAtContext),
          SharingDocument::tr("kept, %1 removed").arg(bytesText(wholeAtContext - keptAtContext)));
  }

  QPainter& m_painter;
  const SceneLayout& m_layout;
  const SharingDocument& m_document;
  const sharing::SharingMap& m_map;
  const SceneState& m_state;
  const Theme& m_theme;
  std::vector<int> m_groups;
  const sharing::CostReport* m_kept = nullptr;
  const sharing::CostReport* m_whole = nullptr;
  std::int64_t m_mostPerToken = 0, m_mostAtContext = 0;
};

}  // namespace

SceneLayout::SceneLayout(QSizeF size, int layerCount, std::optional<qreal> fixedRow) : layers(layerCount), view(size) {
  const qreal automatic = std::floor((visibleHeight() - 2 * kCaption) / std::max(1, layers));
  rowHeight = std::clamp(fixedRow.value_or(automatic), kLowestRow, kHighestRow);
  right = view.width() - 17;
  // Narrow views squeeze the columns at the left first, then drop the scale at the context.
  const qreal room = std::clamp((view.width() - 560) / 440, 0.0, 1.0);
  ringX = std::round(72 + 104 * room);
  rowLeft = ringX + 12;
  indexRight = rowLeft + 30;
  heads = indexRight + 20;
  headsWidth = std::round(56 + 70 * room);
  keys = heads + headsWidth + 24;
  cellWidth = 33;
  values = keys + cellWidth + 4;
  window = values + cellWidth + 24;
  windowWidth = 44;
  perToken = std::round(window + windowWidth + 24 + 12 * room);
  const qreal rest = right - perToken;
  const bool hasBoth = rest >= 2 * kBytesLabel + 120;
  perTokenWidth = hasBoth ? std::round(rest * 0.54) : std::max(rest, kBytesLabel + 40.0);
  atContext = perToken + perTokenWidth;
  atContextWidth = hasBoth ? rest - perTokenWidth : 0;
}

int SceneLayout::layerAt(const QPointF& point) const {
  if (point.y() < kHeader || point.y() >= view.height() - kFooter || point.x() < 0 || point.x() > view.width())
    return -1;
  const qreal fromTop = point.y() + scroll - kHeader - kCaption;
  if (fromTop < 0 || fromTop >= layers * rowHeight) return -1;
  return layers - 1 - static_cast<int>(fromTop / rowHeight);
}

int SceneLayout::ringAt(const QPointF& point) const { return std::abs(point.x() - ringX) <= 10 ? layerAt(point) : -1; }

void paintScene(QPainter& painter, const SceneLayout& layout, const SharingDocument& document, const SceneState& state,
                const Theme& theme) {
  painter.save();
  ScenePainter(painter, layout, document, state, theme).paint();
  painter.restore();
}

}  // namespace weft::ui

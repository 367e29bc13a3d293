#include "ui/figures/paper_view.h"

#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTextDocument>
#include <algorithm>
#include <cmath>

#include "ui/paper/figure_scene.h"
#include "ui/parts/theme.h"

namespace weft::ui {
namespace {

constexpr double kDotsPerInch = 96;
constexpr double kMargin_in = 0.25;  // of the page beside the figure
constexpr double kText_in = 0.66;    // of grey lines above the figure
constexpr double kLine_in = 0.135;   // from one grey line to the next
constexpr int kRuler = 24, kAround = 12;
constexpr double kLeastHeight_in = 1, kMostHeight_in = 9;

}  // namespace

PaperView::PaperView(QWidget* parent) : QAbstractScrollArea(parent) {
  setFrameShape(QFrame::NoFrame);
  setAccessibleName(QStringLiteral("Preview on paper"));
  setFocusPolicy(Qt::StrongFocus);
  viewport()->setMouseTracking(true);
  setMinimumWidth(280);
}

PaperView::~PaperView() = default;

void PaperView::setFigure(const FigureOptions& options, const std::vector<FigureRun>& runs, const QString& caption) {
  m_caption = caption;
  m_message.clear();
  m_pixmap = {};
  m_problems.clear();
  m_scene.reset();
  if (auto scene = FigureScene::create(options, runs)) {
    m_size_in = QSizeF((*scene)->size()) / kUnitsPerInch;
    m_scene = std::move(*scene);
  } else {
    m_message = QString::fromStdString(scene.error().message);
    m_size_in = QSizeF(options.width_in, options.height_in > 0 ? options.height_in : options.width_in / 1.618);
  }
  setAccessibleDescription(m_message.isEmpty() ? caption : m_message);
  updateScroll();
  viewport()->update();
}

void PaperView::setCaption(const QString& caption) {
  if (caption == m_caption) return;
  m_caption = caption;
  if (m_message.isEmpty()) setAccessibleDescription(caption);
  updateScroll();
  viewport()->update();
}

void PaperView::setMessage(const QString& message) {
  m_message = message;
  m_scene.reset();
  m_pixmap = {};
  setAccessibleDescription(message);
  viewport()->update();
}

void PaperView::setZoom(double zoom) {
  m_zoom = zoom;
  updateScroll();
  viewport()->update();
  Q_EMIT zoomChanged();
}

void PaperView::setInPage(bool inPage) {
  m_isInPage = inPage;
  updateScroll();
  viewport()->update();
}

void PaperView::setGreyscale(bool greyscale) {
  m_isGrey = greyscale;
  m_pixmap = {};
  viewport()->update();
}

double PaperView::zoom() const {
  if (m_zoom > 0) return m_zoom;
  const double room = viewport()->width() - 2 * kAround;
  return std::clamp(room / ((m_size_in.width() + 2 * kMargin_in) * kDotsPerInch), 0.3, 2.5);
}

double PaperView::pixelsPerInch() const { return kDotsPerInch * zoom(); }

QRectF PaperView::pageBox() const {
  const double scale = pixelsPerInch();
  const double width = (m_size_in.width() + 2 * kMargin_in) * scale;
  const double left = std::max<double>(kAround, (viewport()->width() - width) / 2) - horizontalScrollBar()->value();
  return {std::round(left), kRuler + kAround - static_cast<double>(verticalScrollBar()->value()), std::round(width),
          contentHeight()};
}

double PaperView::contentHeight() const {
  const double scale = pixelsPerInch();
  const double figure = (m_size_in.height() + kMargin_in * 2) * scale;
  return m_isInPage ? std::max<double>(figure + (kText_in + 2.2) * scale, viewport()->height() - kRuler - 2 * kAround)
                    : figure;
}

QRectF PaperView::figureBox() const {
  const QRectF page = pageBox();
  const double scale = pixelsPerInch();
  return {page.left() + kMargin_in * scale, page.top() + (kMargin_in + (m_isInPage ? kText_in : 0)) * scale,
          m_size_in.width() * scale, m_size_in.height() * scale};
}

QRectF PaperView::handleBox() const {
  const QRectF figure = figureBox();
  return {std::round(figure.center().x()) - 4, std::round(figure.bottom()) - 4, 8, 8};
}

void PaperView::updateScroll() {
  const QSize view = viewport()->size();
  verticalScrollBar()->setRange(0,
                                std::max(0, static_cast<int>(contentHeight()) + kRuler + 2 * kAround - view.height()));
  verticalScrollBar()->setPageStep(view.height());
  verticalScrollBar()->setSingleStep(24);
  const int width = static_cast<int>((m_size_in.width() + 2 * kMargin_in) * pixelsPerInch()) + 2 * kAround;
  horizontalScrollBar()->setRange(0, std::max(0, width - view.width()));
  horizontalScrollBar()->setPageStep(view.width());
}

const QPixmap& PaperView::rendered(double ratio) {
  const double scale = pixelsPerInch() / kUnitsPerInch * ratio;
  if (!m_pixmap.isNull() && std::abs(scale - m_pixmapScale) < 1e-9) return m_pixmap;
  m_pixmapScale = scale;
  if (!m_scene) return m_pixmap;
  QImage image((QSizeF(m_scene->size()) * scale).toSize().expandedTo({1, 1}), QImage::Format_RGB32);
  image.fill(Qt::white);
  m_scene->paint(&image, scale);
  m_problems = m_scene->problems();
  if (m_isGrey) image = image.convertToFormat(QImage::Format_Grayscale8);
  m_pixmap = QPixmap::fromImage(image);
  m_pixmap.setDevicePixelRatio(ratio);
  return m_pixmap;
}

void PaperView::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), theme.window);
  const QRectF page = pageBox(), figure = figureBox();
  painter.fillRect(page, Qt::white);
  painter.setPen(QPen(theme.strongLine, 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(page.adjusted(-0.5, -0.5, 0.5, 0.5));
  if (m_isInPage)
    paintText(painter, figure.left(), figure.width(), page.top() + kMargin_in * pixelsPerInch(),
              figure.top() - 0.14 * pixelsPerInch());
  if (m_message.isEmpty()) {
    painter.drawPixmap(figure.topLeft(), rendered(painter.device()->devicePixelRatioF()));
  } else {
    painter.setPen(QColor(0x4A, 0x52, 0x5D));
    painter.setFont(bodyFont());
    painter.drawText(figure.adjusted(24, 8, -24, -8), static_cast<int>(Qt::AlignCenter) | Qt::TextWordWrap, m_message);
  }
  // Frame and handle are the window's, not the paper's: the light accent is read on white in both themes.
  const QColor accent = Theme::light().accent;
  painter.setPen(QPen(accent, 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(figure.adjusted(-0.5, -0.5, 0.5, 0.5));
  if (m_message.isEmpty()) {
    painter.setBrush(Qt::white);
    painter.drawRect(handleBox().adjusted(0.5, 0.5, -0.5, -0.5));
  }
  if (m_isInPage) {
    const QRectF caption = paintCaption(painter, figure);
    paintText(painter, figure.left(), figure.width(), caption.bottom() + 0.16 * pixelsPerInch(),
              page.bottom() - kMargin_in * pixelsPerInch());
  }
  paintRuler(painter);
}

QRectF PaperView::paintCaption(QPainter& painter, const QRectF& figure) const {
  const double scale = pixelsPerInch();
  QTextDocument text;
  QFont font = figureFont({.font = FigureFont::Serif}, 1);
  font.setPixelSize(std::max(6, static_cast<int>(std::lround(9.5 / 72 * scale))));
  text.setDefaultFont(font);
  text.setDocumentMargin(0);
  text.setTextWidth(figure.width());
  text.setHtml(QStringLiteral("<span style='color:#000'>Figure 1: %1</span>").arg(m_caption.toHtmlEscaped()));
  const QRectF box(figure.left(), figure.bottom() + 0.12 * scale, figure.width(), text.size().height());
  painter.save();
  painter.translate(box.topLeft());
  if (m_message.isEmpty()) text.drawContents(&painter);
  painter.restore();
  return box;
}

// Words of uneven length, the same ones every time.
void PaperView::paintText(QPainter& painter, double left, double width, double top, double bottom) const {
  const double scale = pixelsPerInch(), line = kLine_in * scale, height = std::max(2.0, 0.05 * scale);
  int word = 0;
  for (double y = top; y + height <= bottom; y += line) {
    const bool isLast = y + line + height > bottom;
    const double end = left + width * (isLast ? 0.6 : 1);
    for (double x = left; x < end;) {
      const double length = (0.16 + 0.07 * ((word * 7 + 3) % 5)) * scale;
      painter.fillRect(QRectF(x, y, std::min(length, end - x), height), QColor(0xE7, 0xE9, 0xEC));
      x += length + 0.06 * scale;
      ++word;
    }
  }
}

void PaperView::paintRuler(QPainter& painter) const {
  const Theme& theme = Theme::current();
  const double scale = pixelsPerInch(), left = figureBox().left(), width = figureBox().width();
  painter.fillRect(QRect(0, 0, viewport()->width(), kRuler), theme.header);
  painter.fillRect(QRect(0, kRuler - 1, viewport()->width(), 1), theme.hairline);
  painter.setFont(captionFont());
  for (int tick = 0; tick <= static_cast<int>(m_size_in.width() * 8 + 0.01); ++tick) {
    const double x = std::round(left + tick * scale / 8);
    const int height = tick % 8 == 0 ? 16 : tick % 4 == 0 ? 7 : 4;
    painter.fillRect(QRectF(x, kRuler - 1 - height, 1, height), theme.controlEdge);
    if (tick % 8 != 0) continue;
    painter.setPen(theme.text2);
    painter.drawText(QRectF(x + 4, 0, 60, 18), Qt::AlignLeft | Qt::AlignVCenter,
                     tick == 0 ? QStringLiteral("0 in") : QString::number(tick / 8));
  }
  painter.fillRect(QRectF(left, kRuler - 3, width, 3), theme.accent);
}

void PaperView::resizeEvent(QResizeEvent* event) {
  QAbstractScrollArea::resizeEvent(event);
  updateScroll();
  if (m_zoom == 0) Q_EMIT zoomChanged();
}

void PaperView::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !m_message.isEmpty() ||
      !handleBox().adjusted(-6, -6, 6, 6).contains(event->position()))
    return;
  m_dragFrom = event->position().y() - figureBox().bottom();
}

void PaperView::mouseMoveEvent(QMouseEvent* event) {
  viewport()->setCursor(m_dragFrom ||
                                (m_message.isEmpty() && handleBox().adjusted(-6, -6, 6, 6).contains(event->position()))
                            ? Qt::SizeVerCursor
                            : Qt::ArrowCursor);
  if (!m_dragFrom) return;
  const double height = (event->position().y() - *m_dragFrom - figureBox().top()) / pixelsPerInch();
  // Twentieths of an inch: a height that can be written down.
  Q_EMIT heightDragged(std::clamp(std::round(height * 20) / 20, kLeastHeight_in, kMostHeight_in));
}

void PaperView::mouseReleaseEvent(QMouseEvent*) { m_dragFrom.reset(); }

void PaperView::wheelEvent(QWheelEvent* event) {
  if (!(event->modifiers() & Qt::ControlModifier)) return QAbstractScrollArea::wheelEvent(event);
  setZoom(std::clamp(zoom() * std::pow(1.1, event->angleDelta().y() / 120.0), 0.3, 4.0));
  event->accept();
}

void PaperView::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) viewport()->update();
}

}  // namespace weft::ui

#include "ui/parts/icons.h"

#include <QFile>
#include <QGuiApplication>
#include <QHash>
#include <QIconEngine>
#include <QPixmapCache>
#include <QSvgRenderer>

static void loadIconResources() { Q_INIT_RESOURCE(weft); }

namespace weft::ui {
namespace {

// The bytes of every icon asked for so far; GUI thread only, as QPixmap is.
const QByteArray& source(const QString& name) {
  static QHash<QString, QByteArray> sources;
  const auto known = sources.constFind(name);
  if (known != sources.constEnd()) return *known;
  loadIconResources();
  QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
  return *sources.insert(name, file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray());
}

QPixmap pixmap(const QString& name, const QColor& color, const QSize& pixels) {
  const QString key = QStringLiteral("weft-icon/%1/%2/%3x%4")
                          .arg(name, color.name(QColor::HexArgb))
                          .arg(pixels.width())
                          .arg(pixels.height());
  QPixmap result;
  if (QPixmapCache::find(key, &result)) return result;
  QImage image(pixels, QImage::Format_ARGB32_Premultiplied);
  image.fill(Qt::transparent);
  if (const QByteArray& svg = source(name); !svg.isEmpty()) {
    QSvgRenderer renderer(QByteArray(svg).replace("currentColor", color.name().toLatin1()));
    QPainter painter(&image);
    renderer.render(&painter);
  }
  result = QPixmap::fromImage(image);
  QPixmapCache::insert(key, result);
  return result;
}

class ThemedIconEngine : public QIconEngine {
 public:
  ThemedIconEngine(QString name, IconColor color) : m_name(std::move(name)), m_color(color) {}

  void paint(QPainter* painter, const QRect& area, QIcon::Mode mode, QIcon::State) override {
    paintIcon(*painter, area, m_name, colorFor(mode));
  }
  QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State) override {
    return weft::ui::pixmap(m_name, colorFor(mode), size);
  }
  // The pixmap keeps the device ratio, so that callers lay it out in logical pixels. Qt 6.8 gives the size in those
  // (seen with 6.8.2), Qt 6.4 gives it already multiplied by `scale`.
  QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State, qreal scale) override {
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
    const QSize pixels = (QSizeF(size) * scale).toSize();
#else
    const QSize pixels = size;
#endif
    QPixmap result = weft::ui::pixmap(m_name, colorFor(mode), pixels);
    result.setDevicePixelRatio(scale);
    return result;
  }
  QIconEngine* clone() const override { return new ThemedIconEngine(m_name, m_color); }
  QString key() const override { return QStringLiteral("weft"); }
  QString iconName() override { return m_name; }
  bool isNull() override { return source(m_name).isEmpty(); }

 private:
  QColor colorFor(QIcon::Mode mode) const {
    const Theme& theme = Theme::current();
    if (mode == QIcon::Disabled) return theme.palette().color(QPalette::Disabled, QPalette::ButtonText);
    return iconColor(m_color, theme);
  }
  QString m_name;
  IconColor m_color;
};

}  // namespace

QColor iconColor(IconColor color, const Theme& theme) {
  switch (color) {
    case IconColor::Text:
      return theme.text;
    case IconColor::Text2:
      return theme.text2;
    case IconColor::Text3:
      return theme.text3;
    case IconColor::Accent:
      return theme.accent;
    case IconColor::OnAccent:
      return theme.onAccent;
    case IconColor::Good:
      return theme.good;
    case IconColor::Warning:
      return theme.warning;
    case IconColor::Error:
      return theme.error;
  }
  return theme.text;
}

QIcon icon(const QString& name, IconColor color) { return QIcon(new ThemedIconEngine(name, color)); }

bool hasIcon(const QString& name) { return !source(name).isEmpty(); }

void paintIcon(QPainter& painter, const QRectF& area, const QString& name, const QColor& color) {
  const qreal ratio = painter.device() ? painter.device()->devicePixelRatioF() : 1;
  const qreal side = qMin(area.width(), area.height());
  const QSize pixels = QSizeF(side * ratio, side * ratio).toSize();
  if (pixels.isEmpty()) return;
  QPixmap image = pixmap(name, color, pixels);
  image.setDevicePixelRatio(ratio);
  // On whole pixels: half a pixel off would blur every stroke.
  const QPointF corner(area.center().x() - side / 2, area.center().y() - side / 2);
  painter.drawPixmap(QPointF(qRound(corner.x() * ratio) / ratio, qRound(corner.y() * ratio) / ratio), image);
}

}  // namespace weft::ui

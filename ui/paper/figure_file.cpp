#include "ui/paper/figure_file.h"

#include <QBuffer>
#include <QCryptographicHash>
#include <QDateTime>
#include <QImage>
#include <QImageReader>
#include <QPageSize>
#include <QPdfWriter>
#include <QRegularExpression>
#include <QSvgGenerator>
#include <QTimeZone>
#include <QXmlStreamReader>
#include <QXmlStreamWriter>
#include <cmath>

namespace weft::ui {
namespace {

QString inches(double width, double height) {
  return QStringLiteral("%1 in wide, %2 in high").arg(width, 0, 'f', 3).arg(height, 0, 'f', 3);
}

QString title(const FigureOptions& options) {
  return options.title.empty() ? QStringLiteral("Figure") : QString::fromStdString(options.title);
}

// Qt writes the hour and a random id into every PDF, Qt 6.4 its metadata as elements and Qt 6.8 as attributes. Both
// become functions of the content, with as many characters as before: the file's table of positions stays right.
void makeReproducible(QByteArray& pdf, double newestRun_s) {
  const QByteArray date = QDateTime::fromSecsSinceEpoch(static_cast<qint64>(newestRun_s), QTimeZone::utc())
                              .toString(QStringLiteral("yyyyMMddHHmmss"))
                              .toLatin1();
  const auto overwrite = [&](const QRegularExpression& pattern, const QByteArray& with) {
    const QString text = QString::fromLatin1(pdf);
    auto found = pattern.globalMatch(text);
    while (found.hasNext()) {
      const auto match = found.next();
      for (int group = 1; group <= match.lastCapturedIndex(); ++group) {
        const auto length = match.capturedLength(group);
        pdf.replace(match.capturedStart(group), length,
                    with.repeated(static_cast<int>(length / with.size()) + 1).left(length));
      }
    }
  };
  static const QRegularExpression dates(QStringLiteral(R"(/(?:CreationDate|ModDate) ?\(D:(\d{14}))"));
  static const QRegularExpression zones(QStringLiteral(R"(/(?:CreationDate|ModDate) ?\(D:\d{14}([+-]\d\d'\d\d)')"));
  static const QRegularExpression xmpDates(QStringLiteral(R"(xmp:\w+Date(?:>|=")([^<"]*))"));
  static const QRegularExpression ids(QStringLiteral(R"(/ID ?\[ ?<([0-9a-fA-F]+)> ?<([0-9a-fA-F]+)>)"));
  static const QRegularExpression xmpIds(QStringLiteral(R"((?:uuid:|<xmpMM:\w+ID>)([0-9a-fA-F-]{32,36}))"));
  overwrite(dates, date);
  overwrite(zones, "+00'00");
  overwrite(xmpDates, QDateTime::fromSecsSinceEpoch(static_cast<qint64>(newestRun_s), QTimeZone::utc())
                          .toString(Qt::ISODate)
                          .toLatin1());
  overwrite(ids, QByteArray(1, '0'));
  overwrite(xmpIds, QByteArray(1, '0'));
  const QByteArray hash = QCryptographicHash::hash(pdf, QCryptographicHash::Sha256).toHex();
  overwrite(ids, hash);
}

}  // namespace

QByteArray pdfOf(FigureScene& scene, const FigureOptions& options, double newestRun_s) {
  QBuffer buffer;
  buffer.open(QIODevice::WriteOnly);
  {
    QPdfWriter pdf(&buffer);
    pdf.setTitle(title(options));
    pdf.setCreator(QStringLiteral("Weft"));
    pdf.setResolution(static_cast<int>(kUnitsPerInch));
    const QSizeF points = QSizeF(scene.size()) / kUnitsPerPoint;
    pdf.setPageSize(QPageSize(points, QPageSize::Point, {}, QPageSize::ExactMatch));
    pdf.setPageMargins(QMarginsF());
    scene.paint(&pdf, 1);
  }
  QByteArray bytes = buffer.data();
  makeReproducible(bytes, newestRun_s);
  return bytes;
}

QByteArray svgOf(FigureScene& scene, const FigureOptions& options) {
  QBuffer buffer;
  buffer.open(QIODevice::WriteOnly);
  {
    QSvgGenerator svg;
    svg.setOutputDevice(&buffer);
    svg.setResolution(static_cast<int>(kUnitsPerInch));
    svg.setSize(scene.size());
    svg.setViewBox(QRect(QPoint(), scene.size()));
    svg.setTitle(title(options));
    svg.setDescription(QStringLiteral("Made by Weft"));
    scene.paint(&svg, 1);
  }
  return options.svgText == SvgText::Outlines ? textAsOutlines(buffer.data()) : buffer.data();
}

QByteArray pngOf(FigureScene& scene, const FigureOptions& options) {
  const double scale = kPngDotsPerInch / kUnitsPerInch;
  QImage image((QSizeF(scene.size()) * scale).toSize(), QImage::Format_RGB32);
  image.fill(Qt::white);
  const int dotsPerMeter = static_cast<int>(std::lround(kPngDotsPerInch / 0.0254));
  image.setDotsPerMeterX(dotsPerMeter);
  image.setDotsPerMeterY(dotsPerMeter);
  image.setText(QStringLiteral("Title"), title(options));
  scene.paint(&image, scale);
  QBuffer buffer;
  buffer.open(QIODevice::WriteOnly);
  image.save(&buffer, "PNG");
  return buffer.data();
}

QByteArray textAsOutlines(const QByteArray& svg) {
  QXmlStreamReader in(svg);
  QByteArray result;
  QXmlStreamWriter out(&result);
  const auto number = [](const QXmlStreamAttributes& attributes, const char* name) {
    return attributes.value(QLatin1String(name)).toDouble();
  };
  while (!in.atEnd()) {
    in.readNext();
    if (!in.isStartElement() || in.name() != QStringLiteral("text")) {
      if (!in.isDTD() && !in.hasError()) out.writeCurrentToken(in);
      continue;
    }
    const QXmlStreamAttributes attributes = in.attributes();
    QFont font(attributes.value(QLatin1String("font-family")).toString());
    font.setPixelSize(static_cast<int>(std::lround(number(attributes, "font-size"))));
    font.setWeight(static_cast<QFont::Weight>(std::max(1, attributes.value(QLatin1String("font-weight")).toInt())));
    font.setItalic(attributes.value(QLatin1String("font-style")) == QStringLiteral("italic"));
    font.setHintingPreference(QFont::PreferNoHinting);
    const QString fill = attributes.value(QLatin1String("fill")).toString();
    const QString opacity = attributes.value(QLatin1String("fill-opacity")).toString();
    const QPointF origin(number(attributes, "x"), number(attributes, "y"));
    const QString words = in.readElementText();
    QPainterPath path;
    path.addText(origin, font, words);
    QString d;
    const auto point = [](const QPainterPath::Element& e) {
      return QStringLiteral("%1,%2 ").arg(e.x, 0, 'g', 7).arg(e.y, 0, 'g', 7);
    };
    for (int i = 0; i < path.elementCount(); ++i) {
      const QPainterPath::Element element = path.elementAt(i);
      if (element.isMoveTo())
        d += QStringLiteral("M") + point(element);
      else if (element.isLineTo())
        d += QStringLiteral("L") + point(element);
      else if (element.type == QPainterPath::CurveToElement && i + 2 < path.elementCount()) {
        d += QStringLiteral("C") + point(element) + point(path.elementAt(i + 1)) + point(path.elementAt(i + 2));
        i += 2;
      }
    }
    out.writeStartElement(QStringLiteral("path"));
    out.writeAttribute(QStringLiteral("aria-label"), words);
    out.writeAttribute(QStringLiteral("fill"), fill.isEmpty() ? QStringLiteral("#000000") : fill);
    if (!opacity.isEmpty()) out.writeAttribute(QStringLiteral("fill-opacity"), opacity);
    out.writeAttribute(QStringLiteral("stroke"), QStringLiteral("none"));
    out.writeAttribute(QStringLiteral("d"), d.trimmed());
    out.writeEndElement();
  }
  return in.hasError() ? svg : result;
}

void inspectPdf(const QByteArray& pdf, FigureFile& file) {
  const QString text = QString::fromLatin1(pdf);
  static const QRegularExpression box(QStringLiteral(R"(/MediaBox ?\[ ?([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+))"));
  if (const auto match = box.match(text); match.hasMatch())
    file.checks << inches(match.captured(3).toDouble() / 72, match.captured(4).toDouble() / 72);
  else
    file.problems << QStringLiteral("the page has no size");
  static const QRegularExpression fonts(QStringLiteral(R"(/Type ?/Font\s)"));
  static const QRegularExpression type3(QStringLiteral(R"(/Subtype ?/Type3\b)"));
  const bool hasText = text.contains(fonts);
  if (text.contains(type3))
    file.problems << QStringLiteral("a font is embedded as Type 3");
  else if (hasText && !text.contains(QStringLiteral("/FontFile2")))
    file.problems << QStringLiteral("the fonts are not embedded");
  else
    file.checks << (hasText ? QStringLiteral("fonts embedded as TrueType, no Type 3") : QStringLiteral("no fonts"));
}

void inspectSvg(const QByteArray& svg, SvgText text, FigureFile& file) {
  QXmlStreamReader in(svg);
  double width_mm = 0, height_mm = 0, boxWidth = 0, boxHeight = 0;
  int texts = 0;
  while (!in.atEnd()) {
    in.readNext();
    if (!in.isStartElement()) continue;
    if (in.name() == QStringLiteral("text")) ++texts;
    if (in.name() != QStringLiteral("svg")) continue;
    width_mm = in.attributes().value(QLatin1String("width")).toString().remove(QStringLiteral("mm")).toDouble();
    height_mm = in.attributes().value(QLatin1String("height")).toString().remove(QStringLiteral("mm")).toDouble();
    const QStringList box = in.attributes().value(QLatin1String("viewBox")).toString().simplified().split(u' ');
    boxWidth = box.value(2).toDouble();
    boxHeight = box.value(3).toDouble();
  }
  if (in.hasError()) file.problems << QStringLiteral("the SVG is not well-formed: %1").arg(in.errorString());
  file.checks << inches(width_mm / 25.4, height_mm / 25.4);
  if (boxWidth > 0 && height_mm > 0 && std::abs(boxWidth / boxHeight - width_mm / height_mm) < 1e-2)
    file.checks << QStringLiteral("view box fits the size");
  else
    file.problems << QStringLiteral("the view box does not fit the size");
  if (text == SvgText::Text)
    file.checks << QStringLiteral("%1 texts as text").arg(texts);
  else if (texts == 0)
    file.checks << QStringLiteral("text as outlines");
  else
    file.problems << QStringLiteral("%1 texts are no outlines").arg(texts);
}

void inspectPng(const QByteArray& png, FigureFile& file) {
  QBuffer buffer;
  buffer.setData(png);
  buffer.open(QIODevice::ReadOnly);
  const QImage image = QImageReader(&buffer, "png").read();
  if (image.isNull()) {
    file.problems << QStringLiteral("the picture cannot be read back");
    return;
  }
  const double dotsPerInch = image.dotsPerMeterX() * 0.0254;
  file.checks << inches(image.width() / dotsPerInch, image.height() / dotsPerInch)
              << QStringLiteral("%1 × %2 pixels at %3 dpi")
                     .arg(image.width())
                     .arg(image.height())
                     .arg(std::lround(dotsPerInch));
}

}  // namespace weft::ui

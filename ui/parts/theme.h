// ui/parts/theme.h -- every colour and measure of the studio by name; the numbers are the tokens of the design, light
// and dark.
#pragma once

#include <QColor>
#include <QFont>
#include <QPalette>
#include <QPen>
#include <QString>
#include <QVector>
#include <array>

namespace weft::ui {

struct SeriesStyle {
  QString name;            // "blue"
  QColor fill, line, ink;  // ink: text in this colour
  QVector<qreal> dash;     // empty = solid
  int marker = 0;          // index into Marker
};
enum class Marker { Circle, TriangleUp, Square, Pentagon, Diamond, TriangleDown, Star, Cross };

struct Theme {
  bool dark = false;
  QColor panel, window, header, sunken, hover, selection;
  QColor hairline, strongLine, grid, track, controlEdge, ghost;
  QColor text, text2, text3;
  QColor accent, onAccent;
  QColor good, goodFill, warning, warningFill, error, errorFill;
  QColor axis, heads, groupOfOne;
  std::array<SeriesStyle, 8> series;  // Okabe-Ito

  static const Theme& light();
  static const Theme& dark_();
  // The theme in force (setting: system, light, dark). A change reaches every widget as QEvent::PaletteChange, after
  // current() has changed: paint from current() and drop cached pixmaps there; ThemeController::changed tells those
  // that are no widgets.
  static const Theme& current();
  static void setCurrent(const Theme& theme);

  QPalette palette() const;
};

// Fonts of the design: body 13 px, caption 11, section 13 semibold, title 16 semibold, fixed 12, plus the user's
// adjustment. The families are the bundled Inter (digits made tabular) and JetBrains Mono, or the system's if the user
// prefers them.
QFont bodyFont();
QFont captionFont();
QFont sectionFont();
QFont titleFont();
QFont fixedFont();

struct FontChoice {
  int adjustment_px = 0;     // added to every size, -2 .. 6
  bool systemFonts = false;  // the system's families instead of the bundled ones
  bool operator==(const FontChoice&) const = default;
};
FontChoice fontChoice();
void setFontChoice(
    const FontChoice& choice);  // the caller then gives QApplication the new body font: widgets see QEvent::FontChange

// Spacing in pixels at scale 1.
namespace metrics {
inline constexpr int control = 26, row = 26, headerRow = 28, pageHeader = 48, menuBar = 32, rail = 72, statusBar = 24;
inline constexpr int gap = 8, panelMargin = 16, pageMargin = 24;
}  // namespace metrics

}  // namespace weft::ui

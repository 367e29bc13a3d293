// ui/window/theme.h -- every colour and measure of the studio by name; the numbers are the tokens of the design, light and dark.
#pragma once

#include <QColor>
#include <QFont>
#include <QPalette>
#include <QPen>
#include <QString>
#include <array>

namespace weft::ui {

struct SeriesStyle {
  QString name;                 // "blue"
  QColor fill, line, ink;       // ink: text in this colour
  QVector<qreal> dash;          // empty = solid
  int marker = 0;               // index into Marker
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
  // The theme in force (setting: system, light, dark); changes are announced by ThemeController::changed.
  static const Theme& current();

  QPalette palette() const;
};

// Fonts of the design: body 13 px, caption 11, section 13 semibold, title 16 semibold, fixed 12. Tabular digits preferred.
QFont bodyFont();
QFont captionFont();
QFont sectionFont();
QFont titleFont();
QFont fixedFont();

// Spacing in pixels at scale 1.
namespace metrics {
inline constexpr int control = 26, row = 26, headerRow = 28, pageHeader = 48, menuBar = 32, rail = 72, statusBar = 24;
inline constexpr int gap = 8, panelMargin = 16, pageMargin = 24;
}

}  // namespace weft::ui

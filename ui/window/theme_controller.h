// ui/window/theme_controller.h -- which theme is in force: the setting (system, light, dark) and, for "system", the
// desktop's own colours. One per QApplication, made in main() or a test; it owns style, palette and font of the
// application.
#pragma once

#include <QObject>
#include <QPalette>

#include "ui/parts/theme.h"

namespace weft::ui {

enum class ThemeChoice { System, Light, Dark };

class ThemeController : public QObject {
  Q_OBJECT
 public:
  // Installs the Weft style, the palette of `choice` and the body font on the QApplication.
  explicit ThemeController(ThemeChoice choice = ThemeChoice::System, QObject* parent = nullptr);

  ThemeChoice choice() const { return m_choice; }
  void setChoice(ThemeChoice choice);
  void setFonts(const FontChoice& fonts);

 Q_SIGNALS:
  void changed();  // Theme::current() is already the new one

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void apply();
  ThemeChoice m_choice;
  QPalette m_systemPalette;  // as it was before ours replaced it
};

}  // namespace weft::ui

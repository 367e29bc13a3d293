#include "ui/window/theme_controller.h"

#include <QApplication>
#include <QEvent>
#include <QStyleHints>

#include "ui/parts/weft_style.h"

namespace weft::ui {
namespace {

bool systemIsDark(const QPalette& palette) {
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
  const Qt::ColorScheme scheme = QGuiApplication::styleHints()->colorScheme();
  if (scheme != Qt::ColorScheme::Unknown) return scheme == Qt::ColorScheme::Dark;
#endif
  return palette.color(QPalette::WindowText).lightness() > palette.color(QPalette::Window).lightness();
}

}  // namespace

ThemeController::ThemeController(ThemeChoice choice, QObject* parent)
    : QObject(parent), m_choice(choice), m_systemPalette(QGuiApplication::palette()) {
  QApplication::setStyle(new WeftStyle);
  qApp->installEventFilter(this);
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
  connect(QGuiApplication::styleHints(), &QStyleHints::colorSchemeChanged, this, [this] {
    if (m_choice == ThemeChoice::System) apply();
  });
#endif
  apply();
}

void ThemeController::setChoice(ThemeChoice choice) {
  if (choice == m_choice) return;
  m_choice = choice;
  apply();
}

void ThemeController::setFonts(const FontChoice& fonts) {
  if (fonts == fontChoice()) return;
  setFontChoice(fonts);
  apply();
}

void ThemeController::apply() {
  const bool dark = m_choice == ThemeChoice::Dark || (m_choice == ThemeChoice::System && systemIsDark(m_systemPalette));
  Theme::setCurrent(dark ? Theme::dark_() : Theme::light());
  QApplication::setPalette(Theme::current().palette());
  QApplication::setFont(bodyFont());
  Q_EMIT changed();
}

bool ThemeController::eventFilter(QObject* watched, QEvent* event) {
  // A desktop that switches at run time sends new system colours; ours are set over them again at once.
  if (event->type() == QEvent::ThemeChange && watched == qApp && m_choice == ThemeChoice::System) apply();
  return QObject::eventFilter(watched, event);
}

}  // namespace weft::ui

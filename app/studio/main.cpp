#include <QApplication>

#include "ui/window/theme_controller.h"

int main(int argc, char** argv) {
  QApplication app(argc, argv);
  const weft::ui::ThemeController theme;
  return 0;
}

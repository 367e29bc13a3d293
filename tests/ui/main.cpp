// The studio's tests run without a display (unless QT_QPA_PLATFORM says otherwise) and with settings of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QApplication>
#include <QSettings>
#include <QTemporaryDir>

#include "ui/window/theme_controller.h"

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  // The tests play the service themselves: a real one would answer their requests first.
  qputenv("WEFT_PROGRAM", "/bin/true");
  // Drafts and settings of its own: several of these programs run at once, and none may touch the user's.
  const QTemporaryDir home;
  for (const char* variable : {"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"}) qputenv(variable, home.path().toUtf8());
  if (!qEnvironmentVariableIsSet("WEFT_SCREENSHOTS")) qputenv("WEFT_SCREENSHOTS", home.path().toUtf8());
  ::testing::InitGoogleMock(&argc, argv);
  QApplication app(argc, argv);
  QApplication::setOrganizationName(QStringLiteral("weft-test"));
  QApplication::setApplicationName(QStringLiteral("studio-test"));
  QSettings::setDefaultFormat(QSettings::IniFormat);
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, home.path());
  // Style, palette and fonts as in the studio; a test that needs the other theme changes it and back.
  const weft::ui::ThemeController theme(weft::ui::ThemeChoice::Light);
  return RUN_ALL_TESTS();
}

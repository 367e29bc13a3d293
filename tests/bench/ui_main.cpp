// weft_ui_bench [filter] [--benchmark_... options]: what the studio's window costs, drawn into memory. The column CPU
// is the GUI thread's own time, which other work on the machine does not lengthen.
#include <QApplication>
#include <QSettings>
#include <QTemporaryDir>

#include "tests/bench/run_filtered.h"
#include "ui/window/theme_controller.h"

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  // Nothing of the user's is read or written, and no service is started.
  qputenv("WEFT_PROGRAM", "/bin/true");
  const QTemporaryDir home;
  for (const char* variable :
       {"HOME", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"})
    qputenv(variable, home.path().toUtf8());
  QApplication app(argc, argv);
  QApplication::setOrganizationName(QStringLiteral("weft-bench"));
  QApplication::setApplicationName(QStringLiteral("studio-bench"));
  QSettings::setDefaultFormat(QSettings::IniFormat);
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, home.path());
  const weft::ui::ThemeController theme(weft::ui::ThemeChoice::Light);
  return weft::bench::runFiltered(argc, argv);
}

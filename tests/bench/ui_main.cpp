// weft_ui_bench [filter] [--benchmark_... options]: the studio's pages at the sizes of a long project, without a display.
#include <benchmark/benchmark.h>

#include <QApplication>
#include <QSettings>
#include <QTemporaryDir>
#include <string>
#include <vector>

#include "ui/window/theme_controller.h"

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  qputenv("WEFT_PROGRAM", "/bin/true");  // no engine is started
  const QTemporaryDir home;
  for (const char* variable : {"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"}) qputenv(variable, home.path().toUtf8());
  std::vector<std::string> words(argv, argv + argc);
  for (std::size_t at = 1; at < words.size(); ++at)
    if (words[at].rfind("--", 0) != 0) words[at] = "--benchmark_filter=" + words[at];
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;
  QApplication app(argc, argv);
  QApplication::setOrganizationName(QStringLiteral("weft-bench"));
  QApplication::setApplicationName(QStringLiteral("studio-bench"));
  QSettings::setDefaultFormat(QSettings::IniFormat);
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, home.path());
  const weft::ui::ThemeController theme(weft::ui::ThemeChoice::Light);
  if (benchmark::RunSpecifiedBenchmarks() == 0) return 2;
  benchmark::Shutdown();
  return 0;
}

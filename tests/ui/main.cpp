// The studio's tests run without a display (unless QT_QPA_PLATFORM says otherwise), in a folder of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QApplication>
#include <QDir>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <filesystem>

#include "ui/diagram/design_draft.h"
#include "ui/window/app_settings.h"
#include "ui/window/theme_controller.h"

namespace {

// After each test: whatever the studio writes by itself still lies in this process' folder. Several of these programs
// run at once, beside the user's own studio; a test that leads elsewhere fails here.
class OwnFolder : public testing::EmptyTestEventListener {
 public:
  explicit OwnFolder(QString folder) : m_folder(std::move(folder)) {}

  void OnTestEnd(const testing::TestInfo&) override {
    if (QStandardPaths::isTestModeEnabled()) {
      ADD_FAILURE() << "setTestModeEnabled() leads to one folder for all processes: two tests would share it";
      QStandardPaths::setTestModeEnabled(false);
    }
    QStringList places{QDir::homePath(), QDir::tempPath(), QSettings().fileName(), weft::ui::settings::file(),
                       weft::ui::settings::projectsFolder()};
    for (const auto place :
         {QStandardPaths::AppDataLocation, QStandardPaths::AppLocalDataLocation, QStandardPaths::AppConfigLocation,
          QStandardPaths::ConfigLocation, QStandardPaths::GenericDataLocation, QStandardPaths::GenericConfigLocation,
          QStandardPaths::CacheLocation, QStandardPaths::GenericCacheLocation, QStandardPaths::RuntimeLocation,
          QStandardPaths::DocumentsLocation, QStandardPaths::HomeLocation, QStandardPaths::TempLocation})
      places << QStandardPaths::writableLocation(place);
    places << weft::ui::DesignDraft::files({});
    places << QString::fromStdString(std::filesystem::temp_directory_path().string())
           << QString::fromStdString(testing::TempDir());
    for (const QString& place : places)
      EXPECT_TRUE(place == m_folder || place.startsWith(m_folder + u'/'))
          << place.toStdString() << " is outside " << m_folder.toStdString();
  }

 private:
  QString m_folder;
};

}  // namespace

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  // The tests play the service themselves: a real one would answer their requests first.
  qputenv("WEFT_PROGRAM", "/bin/true");
  // Home, drafts, settings and temporary files of its own: several of these programs run at once, and none may touch
  // the user's.
  const QTemporaryDir home;
  for (const char* variable : {"HOME", "TMPDIR", "TEST_TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
                               "XDG_STATE_HOME", "XDG_RUNTIME_DIR"})
    qputenv(variable, home.path().toUtf8());
  if (!qEnvironmentVariableIsSet("WEFT_SCREENSHOTS")) qputenv("WEFT_SCREENSHOTS", home.path().toUtf8());
  ::testing::InitGoogleMock(&argc, argv);
  QApplication app(argc, argv);
  QApplication::setOrganizationName(QStringLiteral("weft-test"));
  QApplication::setApplicationName(QStringLiteral("studio-test"));
  QSettings::setDefaultFormat(QSettings::IniFormat);
  QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, home.path());
  ::testing::UnitTest::GetInstance()->listeners().Append(new OwnFolder(home.path()));
  // Style, palette and fonts as in the studio; a test that needs the other theme changes it and back.
  const weft::ui::ThemeController theme(weft::ui::ThemeChoice::Light);
  return RUN_ALL_TESTS();
}

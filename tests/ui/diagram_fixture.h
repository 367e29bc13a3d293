// tests/ui/diagram_fixture.h -- the light theme for the editor's tests, and no draft of an earlier test.
#pragma once

#include <gtest/gtest.h>

#include <QDir>
#include <QFile>
#include <memory>

#include "ui/diagram/design_draft.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {

class DiagramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    m_theme = std::make_unique<ThemeController>(ThemeChoice::Light);
    removeDrafts();
  }
  void TearDown() override { removeDrafts(); }
  // Those of no project: in this process' own data folder.
  static void removeDrafts() {
    for (const QString& file : DesignDraft::files({})) QFile::remove(file);
  }

  // Where a screenshot is kept: $WEFT_SCREENSHOTS, else a folder that goes with the program.
  static QString screenshotFile(const QString& name) {
    const QString folder = qEnvironmentVariable("WEFT_SCREENSHOTS");
    QDir().mkpath(folder);
    return QDir(folder).filePath(name + QStringLiteral(".png"));
  }

  std::unique_ptr<ThemeController> m_theme;
};

}  // namespace weft::ui

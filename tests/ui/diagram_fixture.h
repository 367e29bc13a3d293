// tests/ui/diagram_fixture.h -- the light theme for the editor's tests, and drafts away from the user's own.
#pragma once

#include <gtest/gtest.h>

#include <QDir>
#include <QFile>
#include <QStandardPaths>
#include <memory>

#include "ui/diagram/design_draft.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {

class DiagramTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { QStandardPaths::setTestModeEnabled(true); }
  void SetUp() override {
    m_theme = std::make_unique<ThemeController>(ThemeChoice::Light);
    QFile::remove(DesignDraft::usualFile());
  }
  void TearDown() override { QFile::remove(DesignDraft::usualFile()); }

  // Where a screenshot is kept: $WEFT_SCREENSHOTS, else a folder that goes with the program.
  static QString screenshotFile(const QString& name) {
    const QString folder = qEnvironmentVariable("WEFT_SCREENSHOTS");
    QDir().mkpath(folder);
    return QDir(folder).filePath(name + QStringLiteral(".png"));
  }

  std::unique_ptr<ThemeController> m_theme;
};

}  // namespace weft::ui

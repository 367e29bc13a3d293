// ui/window/settings_page.h -- theme, fonts, the engine's start, folders. A change holds at once; there is nothing to
// apply.
#pragma once

#include "ui/parts/page.h"

class QComboBox;
class QLabel;

namespace weft::ui {

class TextLabel;
class ThemeController;

class SettingsPage : public Page {
  Q_OBJECT
 public:
  SettingsPage(ThemeController& theme, QWidget* parent = nullptr);
  PageId id() const override { return pages::kSettings; }
  QString iconName() const override { return QStringLiteral("settings"); }
  void setSession(ProjectSession* session) override;

  QComboBox* themeBox() const { return m_theme; }

 private:
  ThemeController& m_controller;
  QComboBox* m_theme;
  TextLabel* m_project;
};

}  // namespace weft::ui

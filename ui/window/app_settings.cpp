#include "ui/window/app_settings.h"

#include <QDir>
#include <QSettings>

namespace weft::ui::settings {
namespace {

QVariant get(const char* key, const QVariant& fallback = {}) { return QSettings().value(QLatin1String(key), fallback); }
void set(const char* key, const QVariant& value) { QSettings().setValue(QLatin1String(key), value); }

}  // namespace

ThemeChoice theme() {
  const QString name = get("appearance/theme").toString();
  return name == QStringLiteral("light")  ? ThemeChoice::Light
         : name == QStringLiteral("dark") ? ThemeChoice::Dark
                                          : ThemeChoice::System;
}

void setTheme(ThemeChoice choice) {
  set("appearance/theme", choice == ThemeChoice::Light  ? QStringLiteral("light")
                          : choice == ThemeChoice::Dark ? QStringLiteral("dark")
                                                        : QStringLiteral("system"));
}

FontChoice fonts() {
  return {.adjustment_px = get("appearance/font_adjustment", 0).toInt(),
          .systemFonts = get("appearance/system_fonts", false).toBool()};
}

void setFonts(const FontChoice& fonts) {
  set("appearance/font_adjustment", fonts.adjustment_px);
  set("appearance/system_fonts", fonts.systemFonts);
}

bool startsEngine() { return get("engine/start_with_project", true).toBool(); }
void setStartsEngine(bool starts) { set("engine/start_with_project", starts); }

QString projectsFolder() { return get("paths/projects", QDir::home().filePath(QStringLiteral("weft"))).toString(); }
void setProjectsFolder(const QString& folder) { set("paths/projects", folder); }

QStringList recentProjects() { return get("projects/recent").toStringList(); }

void addRecentProject(const QString& folder) {
  QStringList recent = recentProjects();
  recent.removeAll(folder);
  recent.prepend(folder);
  QSettings settings;
  settings.setValue(QStringLiteral("projects/recent"), recent.mid(0, kMaximumRecentProjects));
  settings.sync();
}

void removeRecentProject(const QString& folder) {
  QStringList recent = recentProjects();
  recent.removeAll(folder);
  set("projects/recent", recent);
}

QByteArray windowGeometry() { return get("window/geometry").toByteArray(); }
void setWindowGeometry(const QByteArray& geometry) { set("window/geometry", geometry); }
QString lastPage() { return get("window/page").toString(); }
void setLastPage(const QString& name) { set("window/page", name); }
QString file() { return QSettings().fileName(); }

}  // namespace weft::ui::settings

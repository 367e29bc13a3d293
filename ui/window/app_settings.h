// ui/window/app_settings.h -- what the studio remembers of its user: theme, fonts, recent projects, window. Values over
// QSettings, GUI thread.
#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>

#include "ui/parts/theme.h"
#include "ui/window/theme_controller.h"

namespace weft::ui::settings {

inline constexpr int kMaximumRecentProjects = 12;

ThemeChoice theme();
void setTheme(ThemeChoice choice);
FontChoice fonts();
void setFonts(const FontChoice& fonts);
// Start the engine of a project as soon as it is opened and something waits in its queue.
bool startsEngine();
void setStartsEngine(bool starts);
QString projectsFolder();  // where New project begins; ~/weft unless set
void setProjectsFolder(const QString& folder);

QStringList
recentProjects();  // absolute folders, latest first; remembered at once, so that a killed window loses nothing
void addRecentProject(const QString& folder);
void removeRecentProject(const QString& folder);

QByteArray windowGeometry();
void setWindowGeometry(const QByteArray& geometry);
QString lastPage();
void setLastPage(const QString& name);
QString file();  // where all this is kept

}  // namespace weft::ui::settings

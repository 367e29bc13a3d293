// ui/parts/file_dialog.h -- the one way in which the studio asks for files and folders: a dialog that holds up
// nothing, whose answer comes to a callback on the GUI thread; nothing comes if it is cancelled, or if `parent` is
// gone.
#pragma once

#include <QString>
#include <QStringList>
#include <functional>

class QWidget;

namespace weft::ui {

struct FileQuestion {
  QString title;
  QString folder{};       // where it begins; the nearest one above it that is there, else the current folder
  QString name{};         // of a file to write
  QStringList filters{};  // "CSV (*.csv)"; a name written without an ending gets that of the filter that is chosen
};
void askSaveFile(QWidget* parent, const FileQuestion& question, std::function<void(const QString& path)> chosen);
void askOpenFile(QWidget* parent, const FileQuestion& question, std::function<void(const QString& path)> chosen);
void askOpenFiles(QWidget* parent, const FileQuestion& question, std::function<void(const QStringList& paths)> chosen);
void askFolder(QWidget* parent, const FileQuestion& question, std::function<void(const QString& path)> chosen);

}  // namespace weft::ui

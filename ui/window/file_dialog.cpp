#include "ui/window/file_dialog.h"

#include <QDir>
#include <QFileDialog>
#include <QRegularExpression>

namespace weft::ui {
namespace {

QString nearestFolder(const QString& folder) {
  for (QString path = QDir::cleanPath(folder); !path.isEmpty(); path = QFileInfo(path).path()) {
    if (QFileInfo(path).isDir()) return path;
    if (path == QFileInfo(path).path()) break;
  }
  return {};
}

QFileDialog* makeDialog(QWidget* parent, const FileQuestion& question, QFileDialog::FileMode mode) {
  auto* dialog = new QFileDialog(parent, question.title, nearestFolder(question.folder));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(mode);
  if (!question.filters.isEmpty()) dialog->setNameFilters(question.filters);
  return dialog;
}

// "svg" of "SVG (*.svg)".
QString endingOf(const QString& filter) {
  static const QRegularExpression pattern(QStringLiteral("\\*\\.(\\w+)"));
  return pattern.match(filter).captured(1);
}

}  // namespace

void askSaveFile(QWidget* parent, const FileQuestion& question, std::function<void(const QString&)> chosen) {
  QFileDialog* dialog = makeDialog(parent, question, QFileDialog::AnyFile);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  if (!question.filters.isEmpty()) dialog->setDefaultSuffix(endingOf(question.filters.first()));
  dialog->selectFile(question.name);
  QObject::connect(dialog, &QFileDialog::filterSelected, dialog,
                   [dialog](const QString& filter) { dialog->setDefaultSuffix(endingOf(filter)); });
  QObject::connect(dialog, &QFileDialog::fileSelected, parent, std::move(chosen));
  dialog->open();
}

void askOpenFile(QWidget* parent, const FileQuestion& question, std::function<void(const QString&)> chosen) {
  QFileDialog* dialog = makeDialog(parent, question, QFileDialog::ExistingFile);
  QObject::connect(dialog, &QFileDialog::fileSelected, parent, std::move(chosen));
  dialog->open();
}

void askOpenFiles(QWidget* parent, const FileQuestion& question, std::function<void(const QStringList&)> chosen) {
  QFileDialog* dialog = makeDialog(parent, question, QFileDialog::ExistingFiles);
  QObject::connect(dialog, &QFileDialog::filesSelected, parent, std::move(chosen));
  dialog->open();
}

void askFolder(QWidget* parent, const FileQuestion& question, std::function<void(const QString&)> chosen) {
  QFileDialog* dialog = makeDialog(parent, question, QFileDialog::Directory);
  dialog->setOption(QFileDialog::ShowDirsOnly);
  QObject::connect(dialog, &QFileDialog::fileSelected, parent, std::move(chosen));
  dialog->open();
}

}  // namespace weft::ui

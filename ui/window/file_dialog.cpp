#include "ui/window/file_dialog.h"

#include <QDir>
#include <QFileDialog>
#include <QMessageBox>
#include <QPushButton>
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

// Qt's dialog, but its two questions (a name that is not there, a file that is there already) hold up nothing either: Qt
// asks them in an event loop of their own, inside the key press.
class FileDialog final : public QFileDialog {
 public:
  using QFileDialog::QFileDialog;

 protected:
  void accept() override {
    const QStringList files = selectedFiles();
    const bool writes = acceptMode() == QFileDialog::AcceptSave;
    for (const QString& file : files) {
      const QFileInfo info(file);
      if (writes && info.exists() && !info.isDir()) return askToReplace(info);
      if (!writes && (fileMode() == QFileDialog::Directory ? !info.isDir() : !info.exists())) return say(info);
    }
    QFileDialog::accept();
  }

 private:
  QMessageBox* makeBox(const QString& text, const QString& detail) {
    auto* box = new QMessageBox(QMessageBox::NoIcon, windowTitle(), text, QMessageBox::NoButton, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(detail);
    return box;
  }
  void say(const QFileInfo& info) {
    const bool folder = fileMode() == QFileDialog::Directory;
    const QString where = QDir::toNativeSeparators(info.path());
    QMessageBox* box =
        folder && info.exists()
            ? makeBox(QStringLiteral("“%1” is a file.").arg(info.fileName()), QStringLiteral("A folder is asked for."))
            : makeBox(folder ? QStringLiteral("There is no folder “%1”.").arg(info.fileName())
                             : QStringLiteral("There is no file “%1”.").arg(info.fileName()),
                      QFileInfo(info.path()).isDir() ? QStringLiteral("It was looked for in %1.").arg(where)
                                                     : QStringLiteral("%1 is not there either.").arg(where));
    box->addButton(QMessageBox::Ok);
    box->open();
  }
  void askToReplace(const QFileInfo& info) {
    QMessageBox* box = makeBox(QStringLiteral("Replace “%1”?").arg(info.fileName()),
                               QStringLiteral("%1 has a file of that name already; what it holds would be lost.")
                                   .arg(QDir::toNativeSeparators(info.path())));
    QPushButton* replace = box->addButton(QStringLiteral("Replace"), QMessageBox::DestructiveRole);
    QPushButton* cancel = box->addButton(QMessageBox::Cancel);
    box->setDefaultButton(cancel);
    box->setEscapeButton(cancel);
    connect(replace, &QPushButton::clicked, this, [this] { QFileDialog::accept(); });
    box->open();
  }
};

QFileDialog* makeDialog(QWidget* parent, const FileQuestion& question, QFileDialog::FileMode mode) {
  auto* dialog = new FileDialog(parent, question.title, nearestFolder(question.folder));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setOption(QFileDialog::DontConfirmOverwrite);  // asked by accept()
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

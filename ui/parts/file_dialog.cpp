#include "ui/parts/file_dialog.h"

#include <QDir>
#include <QFileDialog>
#include <QLineEdit>
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

// "svg" of "SVG (*.svg)".
QString endingOf(const QString& filter) {
  static const QRegularExpression pattern(QStringLiteral("\\*\\.(\\w+)"));
  return pattern.match(filter).captured(1);
}

// Qt's dialog, but its two questions (a name that is not there, a file that is there already) hold up nothing either:
// Qt asks them in an event loop of their own, inside the key press. What is chosen is what the name field says, which
// follows the list; Qt's selectedFiles() may still hold what an earlier name had selected in the list.
class FileDialog final : public QFileDialog {
 public:
  using QFileDialog::QFileDialog;

 protected:
  void accept() override {
    const QStringList files = typedFiles();
    if (files.isEmpty()) return;
    const bool writes = acceptMode() == QFileDialog::AcceptSave, wantsFolder = fileMode() == QFileDialog::Directory;
    if (!wantsFolder && files.size() == 1 && QFileInfo(files.first()).isDir()) {
      setDirectory(files.first());
      field()->clear();
      return;
    }
    for (const QString& file : files) {
      const QFileInfo info(file);
      if (writes && info.exists()) return askToReplace(info);
      if (!writes && !(wantsFolder ? info.isDir() : info.isFile())) return say(info);
    }
    choose(files);
  }

 private:
  QLineEdit* field() const { return findChild<QLineEdit*>(QStringLiteral("fileNameEdit")); }
  // One path, or several, each in quotes; "~" is the home folder, and an empty field the folder on show.
  QStringList typedFiles() const {
    const QString text = field()->text().trimmed();
    QStringList names;
    if (text.contains(u'"')) {
      const QStringList parts = text.split(u'"');
      for (qsizetype i = 1; i < parts.size(); i += 2) names << parts[i];
    } else if (!text.isEmpty()) {
      names << text;
    } else if (fileMode() == QFileDialog::Directory) {
      names << QStringLiteral(".");
    }
    QStringList files;
    for (QString name : names) {
      if (name == QStringLiteral("~") || name.startsWith(QStringLiteral("~/"))) name.replace(0, 1, QDir::homePath());
      QString path = QDir::cleanPath(directory().absoluteFilePath(name));
      if (acceptMode() == QFileDialog::AcceptSave && QFileInfo(path).suffix().isEmpty() && !defaultSuffix().isEmpty() &&
          !QFileInfo(path).isDir())
        path += u'.' + defaultSuffix();
      files << path;
    }
    return files;
  }
  void choose(const QStringList& files) {
    done(QDialog::Accepted);
    Q_EMIT filesSelected(files);
    Q_EMIT fileSelected(files.first());
  }
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
    connect(replace, &QPushButton::clicked, this, [this, info] { choose({info.filePath()}); });
    box->open();
  }
};

QFileDialog* makeDialog(QWidget* parent, const FileQuestion& question, QFileDialog::FileMode mode) {
  auto* dialog = new FileDialog(parent, question.title, nearestFolder(question.folder));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  // The name field has to be there: a dialog of the desktop's own has none that can be asked.
  dialog->setOption(QFileDialog::DontUseNativeDialog);
  dialog->setFileMode(mode);
  if (!question.filters.isEmpty()) dialog->setNameFilters(question.filters);
  return dialog;
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

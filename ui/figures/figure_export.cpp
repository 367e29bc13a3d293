#include "ui/figures/figure_export.h"

#include <QCoreApplication>
#include <QFileDialog>
#include <QFileInfo>
#include <QPointer>
#include <QThreadPool>
#include <filesystem>
#include <memory>

#include "engine/base/files.h"

namespace weft::ui {
namespace {

Result<void> write(const QString& path, const QByteArray& bytes) {
  const std::filesystem::path file = path.toStdString();
  if (file.has_parent_path()) WEFT_TRY(createFolders(file.parent_path()));
  return writeFileAtomically(file, std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
}

}  // namespace

void writeFigureInBackground(const QString& path, const FigureOptions& options, const std::vector<FigureRun>& runs, QObject* context,
                             FigureDone done) {
  auto file = std::make_shared<Result<FigureFile>>(renderFigure(QFileInfo(path).suffix().toLower(), options, runs));
  if (!*file) return done(*file);
  QThreadPool::globalInstance()->start([path, file, guard = QPointer<QObject>(context), done = std::move(done)] {
    if (auto written = write(path, (*file)->bytes); !written) *file = tl::unexpected(written.error());
    QMetaObject::invokeMethod(
        QCoreApplication::instance(),
        [guard, done, file] {
          if (guard) done(*file);
        },
        Qt::QueuedConnection);
  });
}

void askFigureFile(QWidget* parent, const QString& suggestion, const QString& format, std::function<void(const QString& path)> chosen) {
  auto* dialog = new QFileDialog(parent, QStringLiteral("Export as %1").arg(format.toUpper()));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setAcceptMode(QFileDialog::AcceptSave);
  dialog->setNameFilter(QStringLiteral("%1 (*.%2)").arg(format.toUpper(), format));
  dialog->setDefaultSuffix(format);
  // A project has its figures folder from the start; an older one may lack it.
  const QFileInfo place(suggestion);
  dialog->setDirectory(QFileInfo::exists(place.path()) ? place.path() : QFileInfo(place.path()).path());
  dialog->selectFile(place.fileName() + u'.' + format);
  QObject::connect(dialog, &QFileDialog::fileSelected, parent, std::move(chosen));
  dialog->open();
}

QString exportSentence(const QString& path, const Result<FigureFile>& file) {
  if (!file) return QString::fromStdString(file.error().message);
  return QStringLiteral("Exported to %1: %2.").arg(path, (file->checks + file->problems).join(QStringLiteral("; ")));
}

}  // namespace weft::ui

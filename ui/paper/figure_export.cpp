#include "ui/paper/figure_export.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QPointer>
#include <QThreadPool>
#include <filesystem>
#include <memory>

#include "engine/base/files.h"
#include "ui/paper/figure_scene.h"
#include "ui/parts/file_dialog.h"

namespace weft::ui {
namespace {

Result<void> write(const QString& path, const QByteArray& bytes) {
  const std::filesystem::path file = path.toStdString();
  if (file.has_parent_path()) WEFT_TRY(createFolders(file.parent_path()));
  return writeFileAtomically(file, std::string_view(bytes.constData(), static_cast<std::size_t>(bytes.size())));
}

}  // namespace

void writeFigureInBackground(const QString& path, const FigureOptions& options, const std::vector<FigureRun>& runs,
                             QObject* context, FigureDone done) {
  const QString format = QFileInfo(path).suffix().toLower();
  auto file = std::make_shared<Result<FigureFile>>(FigureFile{});
  std::function<void()> fill;  // on the pool's thread
  if (format == QStringLiteral("csv")) {
    // Drawing belongs to this thread, writing a million rows does not.
    if (const auto scene = FigureScene::create(options, runs); !scene) return done(tl::unexpected(scene.error()));
    fill = [file, options, runs] {
      (*file)->bytes = figureCsv(options, runs);
      (*file)->checks << rowsSentence(figureRows(options, runs));
    };
  } else {
    *file = renderFigure(format, options, runs);
    if (!*file) return done(*file);
  }
  QThreadPool::globalInstance()->start(
      [path, file, fill = std::move(fill), guard = QPointer<QObject>(context), done = std::move(done)] {
        if (fill) fill();
        if (auto written = write(path, (*file)->bytes); !written) *file = tl::unexpected(written.error());
        QMetaObject::invokeMethod(
            QCoreApplication::instance(),
            [guard, done, file] {
              if (guard) done(*file);
            },
            Qt::QueuedConnection);
      });
}

void askFigureFile(QWidget* parent, const QString& suggestion, const QString& format,
                   std::function<void(const QString& path)> chosen) {
  const QFileInfo place(suggestion);
  askSaveFile(parent,
              {.title = QStringLiteral("Export as %1").arg(format.toUpper()),
               .folder = place.path(),
               .name = place.fileName() + u'.' + format,
               .filters = {QStringLiteral("%1 (*.%2)").arg(format.toUpper(), format)}},
              std::move(chosen));
}

QString exportSentence(const QString& path, const Result<FigureFile>& file) {
  if (!file) return QString::fromStdString(file.error().message);
  return QStringLiteral("Exported to %1: %2.").arg(path, (file->checks + file->problems).join(QStringLiteral("; ")));
}

}  // namespace weft::ui
